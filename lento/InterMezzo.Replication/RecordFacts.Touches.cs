// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

public static partial class RecordFacts
{
    public const int MaxTouches = 8;

    /// <summary>
    /// The facets that an update decides, and those that it relies on. Reads like the table in the documentation:
    /// what isn't here, nobody can disagree about.
    /// </summary>
    /// <returns>How many.</returns>
    public static int Touches(RecordView record, ulong self, Span<Touch> touches)
    {
        if (!IsUpdate(record) && record.Op != Op.Dirty)
        {
            return 0;
        }

        var list = new TouchList(touches);
        var it = Object(record, self);
        var directory = Parent(record, self);
        switch (record.Op)
        {
            case Op.Create or Op.Mkdir or Op.Symlink or Op.Mknod:
                list.Writes(Facet.Name(directory, record.Name));
                list.Writes(Facet.Existence(it));
                list.ReliesOn(Facet.Existence(directory));
                break;
            case Op.Link:
                list.Writes(Facet.Name(directory, record.Name));
                list.ReliesOn(Facet.Existence(it));
                list.ReliesOn(Facet.Existence(directory));
                break;
            case Op.Unlink when !IsLastName(record):
                list.Writes(Facet.Name(directory, record.Name));
                list.ReliesOn(Facet.Existence(it));
                break;
            case Op.Unlink or Op.Rmdir or Op.Leave:
                list.Writes(Facet.Name(directory, record.Name));
                list.Writes(Facet.Existence(it));
                break;
            case Op.Rename:
                record.TryGetParent2(out var second);
                list.Writes(Facet.Name(directory, record.Name));
                list.Writes(Facet.Name(second.Fid.Canonical(self), record.Name2));
                list.ReliesOn(Facet.Existence(it));
                list.ReliesOn(Facet.Existence(second.Fid.Canonical(self)));
                AddReplaced(ref list, record, self);
                break;
            case Op.SetAttr:
                record.TryGetAttr(out var attr);
                if (attr.Has(AttrValid.Size))
                {
                    list.Writes(Facet.Content(it));
                }
                else
                {
                    list.Writes(Facet.Attributes(it));
                }

                list.ReliesOn(Facet.Existence(it));
                break;
            case Op.SetXattr or Op.RemoveXattr:
                list.Writes(Facet.Xattr(it, record.XattrName));
                list.ReliesOn(Facet.Existence(it));
                break;
            case Op.Close or Op.Dirty:
                list.Writes(Facet.Content(it));
                list.ReliesOn(Facet.Existence(it));

                // Last: of several clashes the first one counts, and this one alone costs no content.
                if (record.Flags.HasFlag(RecordFlags.Attr))
                {
                    list.Writes(Facet.Attributes(it));
                }

                break;
            case Op.Enter when IsNewContent(record, self):
                list.Writes(Facet.Content(it));
                list.ReliesOn(Facet.Existence(it));
                break;
            case Op.Enter when IsFound(record):
                // An object that others have as well, perhaps; what it holds may be new.
                list.Writes(Facet.Name(directory, record.Name));
                if (IsRegular(record))
                {
                    list.Writes(Facet.Content(it));
                }

                list.ReliesOn(Facet.Existence(it));
                list.ReliesOn(Facet.Existence(directory));
                break;
            case Op.List:
                // The names that it doesn't have are judged one by one.
                list.ReliesOn(Facet.Existence(it));
                break;
            case Op.Enter:
                list.Writes(Facet.Name(directory, record.Name));
                list.Writes(Facet.Existence(it));
                list.ReliesOn(Facet.Existence(directory));
                AddReplaced(ref list, record, self);
                break;
        }

        return list.Count;
    }

    private static void AddReplaced(ref TouchList list, RecordView record, ulong self)
    {
        if (record.TryGetReplaced(out var replaced))
        {
            var fid = replaced.Fid.Canonical(self);
            if (IsExchange(record))
            {
                // It is as before, but for its name.
                list.ReliesOn(Facet.Existence(fid));
            }
            else
            {
                list.Writes(Facet.Existence(fid));
            }
        }
    }

    private ref struct TouchList(Span<Touch> touches)
    {
        private readonly Span<Touch> _touches = touches;

        public int Count { get; private set; }

        public void Writes(Facet facet) => _touches[Count++] = new Touch(facet, true);

        public void ReliesOn(Facet facet) => _touches[Count++] = new Touch(facet, false);
    }
}

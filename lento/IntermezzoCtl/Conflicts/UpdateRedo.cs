// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Platform;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <summary>Does updates again that lost, to the object as it is now.</summary>
internal static class UpdateRedo
{
    private const AttrValid Lasting = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.ModifyTime;

    /// <param name="detail">The conflict; its object is in the tree.</param>
    /// <param name="directory">Where.</param>
    /// <returns>Its path, in the end.</returns>
    public static byte[] Run(ConflictDetail detail, UserDirectory directory)
    {
        var (path, name) = (detail.Place.Directory.ToByteArray(), detail.Place.Name.ToByteArray());
        var opened = new List<UserDirectory>();
        try
        {
            foreach (var update in detail.Updates)
            {
                var record = RecordView.Parse(update.Record.Span);
                if (record.Op == Op.Rename)
                {
                    var to = Open(detail, update.Parent2);
                    opened.Add(to);
                    directory.Rename(name, to, record.Name2.ToArray());
                    (directory, path, name) = (to, update.Parent2.Path.ToByteArray(), record.Name2.ToArray());
                }
                else
                {
                    Do(detail, update, record, directory, name);
                }
            }
        }
        finally
        {
            opened.ForEach(other => other.Dispose());
        }

        return path.Length == 0 ? name : [.. path, (byte)'/', .. name];
    }

    private static void Do(ConflictDetail detail, LostUpdate update, RecordView record, UserDirectory directory, byte[] name)
    {
        if (record.Op is Op.Unlink or Op.Rmdir)
        {
            directory.Remove(name, record.Op == Op.Rmdir);
            return;
        }

        using var there = directory.Look(name) ?? throw new RefusedException($"{ByteName.ForPeople(ConflictParts.PathOf(detail.Place))} has gone meanwhile: look again");
        switch (record.Op)
        {
            case Op.Link:
                using (var parent = Open(detail, update.Parent))
                {
                    parent.Link(there, record.Name.ToArray());
                }

                break;
            case Op.SetAttr when record.TryGetAttr(out var attr):
                there.SetAttributes(attr with { Valid = attr.Valid & Lasting });
                break;
            case Op.SetXattr:
                there.SetXattr(record.XattrName, record.XattrValue.ToArray());
                break;
            case Op.RemoveXattr:
                there.SetXattr(record.XattrName, null);
                break;
        }
    }

    private static UserDirectory Open(ConflictDetail detail, TreeDirectory? place) => place is null
        ? throw new RefusedException($"conflict {detail.Conflict.Id}: the directory that the update is about is gone: --keep ours drops the entry")
        : UserDirectory.Open(detail.Mount, place.Path.ToByteArray());
}

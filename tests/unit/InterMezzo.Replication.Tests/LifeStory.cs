// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;

namespace InterMezzo.Replication.Tests;

/// <summary>
/// A client's log written as a line, each word a real record: "mkdir:r/d create:d/a close:a resize:a chmod:a chown:a chown+chmod:a xattr:a=user.x noxattr:a=user.x link:a>d/b rename:d/a>r/c over:d/a>d/b=b
/// unname:d/a unlink:a@d/b rmdir:r/d dirty:a list:d mark". Objects are called by the name that they were made under; r is the
/// root. "3!create:r/a" was made by replica 3.
/// </summary>
internal sealed class LifeStory
{
    public const ulong Self = 7;

    private readonly Dictionary<string, Fid> _names = [];
    private readonly List<byte[]> _records = [];

    public LifeStory(string story, Direction direction = Direction.ToServer, ulong peer = 1)
    {
        Words = story.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (var word in Words)
        {
            Add(word);
        }

        ulong offset = KmlFormat.Align;
        foreach (var bytes in _records)
        {
            var record = RecordView.Parse(bytes);
            Window.Add(RecordFacts.Entry(record, offset, Self, RecordFacts.Forward(record, direction, peer).Ships));
            Steps.Add(RecordFacts.Step(record, Self, direction, peer, joining: false));
            offset += (ulong)record.Length;
        }
    }

    public string[] Words { get; }

    public List<LogEntry> Window { get; } = [];

    public List<LogStep> Steps { get; } = [];

    /// <summary>The words that are sent; those that are sent in case the object is there with a question mark.</summary>
    public string Sent(LogOptimizer optimizer, BatchPlan plan) => string.Join(
        ' ', plan.Records.Select(record => Words[record.Index] + (optimizer[record.Index] == Fate.Gone ? "?" : "")));

    private void Add(string word)
    {
        var maker = word.IndexOf('!') is > 0 and var mark ? ulong.Parse(word[..mark], System.Globalization.CultureInfo.InvariantCulture) : 0;
        var parts = word[(word.IndexOf('!') + 1)..].Split(':', '>', '=', '@');
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], OpOf(parts[0])) { Dot = new Dot(maker, (ulong)_records.Count + 1), Time = Time(_records.Count) };
        switch (parts[0])
        {
            case "create" or "mkdir" or "symlink":
                var made = new Fid(maker, (ulong)_names.Count + 100, 1);
                _names.Add(parts[1].Split('/')[1], made);
                writer.Result = new KmlResult(KmlFormat.Done, made.Ino, made.Gen, 0, 0, 0, default, ResultFlags.None);
                Place(ref writer, FieldType.Parent, FieldType.Name, parts[1]);
                break;
            case "close" or "dirty" or "list" or "resize":
                Object(ref writer, parts[1]);
                writer.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Size, Size = 10, Links = 1 });
                break;
            case "chmod" or "chown" or "chown+chmod":
                Object(ref writer, parts[1]);
                writer.Add(FieldType.Attr, new KmlAttr { Valid = (parts[0] == "chmod" ? 0 : AttrValid.Uid) | (parts[0] == "chown" ? 0 : AttrValid.Mode) });
                break;
            case "xattr" or "noxattr":
                Object(ref writer, parts[1]);
                writer.Add(FieldType.XattrName, Encoding.ASCII.GetBytes(parts[2]));
                break;
            case "link":
                Object(ref writer, parts[1]);
                Place(ref writer, FieldType.Parent, FieldType.Name, parts[2]);
                break;
            case "rename" or "over" or "exchange":
                writer.Aux = parts[0] == "exchange" ? 2u : 0;
                Object(ref writer, parts[1].Split('/')[1]);
                Place(ref writer, FieldType.Parent, FieldType.Name, parts[1]);
                Place(ref writer, FieldType.Parent2, FieldType.Name2, parts[2]);
                if (parts.Length > 3)
                {
                    var replaced = Find(parts[3]);
                    writer.Add(FieldType.Replaced, new KmlObject(replaced, replaced.Ino, replaced.Gen, 0));
                }

                break;
            case "unname" or "unlink" or "rmdir":
                Object(ref writer, parts.Length > 2 ? parts[1] : parts[1].Split('/')[1]);
                Place(ref writer, FieldType.Parent, FieldType.Name, parts[^1]);
                writer.Add(FieldType.AttrBefore, new KmlAttr { Links = parts[0] == "unname" ? 2u : 1u });
                break;
        }

        _records.Add(writer.Finish().ToArray());
    }

    private static Op OpOf(string word) => word switch
    {
        "create" => Op.Create,
        "mkdir" => Op.Mkdir,
        "symlink" => Op.Symlink,
        "close" => Op.Close,
        "chmod" or "chown" or "chown+chmod" or "resize" => Op.SetAttr,
        "xattr" => Op.SetXattr,
        "noxattr" => Op.RemoveXattr,
        "dirty" => Op.Dirty,
        "list" => Op.List,
        "link" => Op.Link,
        "rename" or "over" or "exchange" => Op.Rename,
        "unname" or "unlink" => Op.Unlink,
        "rmdir" => Op.Rmdir,
        "mark" => Op.Mark,
        _ => throw new ArgumentException(word),
    };

    private static KmlTime Time(int index) => new(index + 1, 0);

    /// <summary>Who wasn't made here was there before.</summary>
    private Fid Find(string name) => _names.TryGetValue(name, out var fid) ? fid : new Fid(1, name[0], 1);

    private void Object(ref RecordWriter writer, string name)
    {
        var fid = Find(name);
        writer.Add(FieldType.Object, new KmlObject(fid, fid.Ino, fid.Gen, 0));
    }

    private void Place(ref RecordWriter writer, FieldType parent, FieldType name, string path)
    {
        var parts = path.Split('/');
        var fid = Find(parts[0]);
        writer.Add(parent, new KmlObject(fid, fid.Ino, fid.Gen, 0));
        writer.Add(name, Encoding.ASCII.GetBytes(parts[1]));
    }
}

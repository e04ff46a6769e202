// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using System.Text.Json;
using InterMezzo.Journal;
using InterMezzo.Platform;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Native.Tests;

/// <summary>
/// Fills the conflict store of a server before it starts, as its daemon does when a client's update loses: the module, without
/// which no client sends any, isn't there.
/// </summary>
internal sealed class KeptVersions : IDisposable
{
    private const ulong Laptop = 0x22;

    private readonly PlainReplica _replica;
    private readonly ulong _self;
    private ulong _count;

    private KeptVersions(PlainReplica replica, ulong self)
    {
        (_replica, _self) = (replica, self);
        replica.CatchUp(null);
    }

    public static async Task<KeptVersions> OpenAsync(CliNode node, string tree)
    {
        var identity = JsonDocument.Parse(await node.DoAsync("init", "--json")).RootElement;
        var self = ulong.Parse(identity.GetProperty("replica").GetString()!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return new KeptVersions(PlainReplica.Open(tree, "home", self, Path.Combine(node.State, "filesets")), self);
    }

    /// <summary>What a file holds now.</summary>
    public void Copy(string path)
    {
        var (conflict, _) = Describe(path, "content/content");
        Demand(_replica.Applier.CopyToConflictStore(conflict.Object, conflict));
    }

    /// <summary>An object with all below it; it leaves the tree.</summary>
    public void Evict(string path)
    {
        var (conflict, origin) = Describe(path, "remove/change");
        Demand(_replica.Applier.EvictToConflictStore(origin, conflict.Parent, conflict.Name, conflict.Object, conflict));
    }

    /// <summary>A change of a mode that wasn't made.</summary>
    public void RefuseMode(string path, uint mode) => Refuse(Op.SetAttr, path, "attribute/attribute", (ref RecordWriter record) =>
        record.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Mode, Mode = mode }));

    /// <summary>A removal that wasn't done.</summary>
    public void RefuseUnlink(string path) => Refuse(Op.Unlink, path, "remove/change", (ref RecordWriter record) => AddPlace(ref record, path));

    /// <summary>A rename that wasn't done.</summary>
    public void RefuseRename(string path, string directory, string name) => Refuse(Op.Rename, path, "name/name", (ref RecordWriter record) =>
    {
        AddPlace(ref record, path);
        record.Add(FieldType.Parent2, ObjectOf(Find(directory).Fid));
        record.Add(FieldType.Name2, Encoding.UTF8.GetBytes(name));
    });

    public void Dispose() => _replica.Dispose();

    private delegate void Fill(ref RecordWriter record);

    private void Refuse(Op op, string path, string reason, Fill fill)
    {
        var (conflict, origin) = Describe(path, reason);
        var record = new RecordWriter(new byte[1024], op) { Dot = origin.Dot };
        record.Add(FieldType.Object, ObjectOf(conflict.Object));
        fill(ref record);
        _replica.Applier.PreserveIncoming(RecordView.Parse(record.Finish()), null, null, conflict, asObject: false);
    }

    private void AddPlace(ref RecordWriter record, string path)
    {
        record.Add(FieldType.Parent, ObjectOf(Find(path).Parent));
        record.Add(FieldType.Name, Encoding.UTF8.GetBytes(Path.GetFileName(path)));
    }

    private (Conflict Conflict, Origin Origin) Describe(string path, string reason)
    {
        var (fid, parent) = Find(path);
        var dot = new Dot(Laptop, ++_count);
        var conflict = new Conflict(dot, new Dot(_self, 7), reason, DateTimeOffset.UnixEpoch, fid, parent, Encoding.UTF8.GetBytes(Path.GetFileName(path)));
        return (conflict, new Origin(dot, 4096));
    }

    private (Fid Fid, Fid Parent) Find(string path)
    {
        var (fid, parent) = (_replica.Tree.Root, default(Fid));
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            parent = fid;
            foreach (var entry in _replica.Tree.Walk(fid))
            {
                if (entry.Parent == parent && entry.Name.Span.SequenceEqual(Encoding.UTF8.GetBytes(name)))
                {
                    fid = entry.Object.Fid;
                    break;
                }
            }
        }

        return (fid, parent);
    }

    private static KmlObject ObjectOf(Fid fid) => new(fid, fid.Ino, fid.Gen, 0x8000);

    private static void Demand(ApplyOutcome outcome)
    {
        if (!outcome.IsDone)
        {
            throw new InvalidOperationException($"{outcome}");
        }
    }
}

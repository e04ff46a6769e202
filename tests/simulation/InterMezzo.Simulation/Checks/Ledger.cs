// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Kernel;

namespace InterMezzo.Simulation.Checks;

/// <summary>
/// What users did, as far as it says what must be left in the end: each content that was closed has a mark of its own in
/// it, and counts until somebody who saw it wrote over it or removed it.
/// </summary>
internal sealed class Ledger
{
    private readonly Dictionary<string, Written> _written = [];
    private readonly Dictionary<Fid, HashSet<ulong>> _touched = [];
    private readonly Dictionary<Fid, ulong> _removed = [];
    private readonly HashSet<Inode> _nameless = [];
    private int _last;

    /// <summary>Marks of contents that must be somewhere.</summary>
    public IEnumerable<string> Owed => _written.Where(written => written.Value is { IsClosed: true, IsSuperseded: false }).Select(written => written.Key);

    /// <summary>Objects that were removed, and that nobody else had changed: they stay away.</summary>
    public IEnumerable<Fid> Gone => _removed.Where(removed => _touched.GetValueOrDefault(removed.Key)?.All(replica => replica == removed.Value) ?? true).Select(removed => removed.Key);

    public (string Mark, byte[] Bytes) NewContent(Machine machine, int size)
    {
        var mark = $"<{machine.Replica}:{++_last}>";
        var length = size % 97 == 0 ? 150_000 + (size % 1000) : size % 5 == 0 ? 4096 + (size % 8192) : size % 40;
        return (mark, Encoding.ASCII.GetBytes(mark.PadRight(mark.Length + length, '.')));
    }

    public void Creates(Machine machine, Inode inode, Inode directory)
    {
        // Its maker; whoever changes it later is noted besides.
        _ = inode;
        Touches(machine, directory);
    }

    public void Writes(Machine machine, Inode inode, string mark)
    {
        // Who has removed it here knows that nobody will ever see what is written to it; so it is on one machine, and with permits.
        _written[mark] = new Written(machine, inode) { IsSuperseded = _nameless.Contains(inode) || (inode.State.Links == 0 && machine.History.Plan.Permits is not null) };
        Touches(machine, inode);
    }

    public void Closes(Machine machine, Inode inode)
    {
        foreach (var written in _written.Values)
        {
            written.IsClosed |= written.Inode == inode && written.Machine == machine && inode.Writers == 0;
        }
    }

    public void Overwrites(Machine machine, Inode inode)
    {
        foreach (var mark in MarksIn(inode.State.Data))
        {
            if (_written.TryGetValue(mark, out var written))
            {
                written.IsSuperseded = true;
            }
        }

        Touches(machine, inode);
    }

    public void Touches(Machine machine, Inode inode)
    {
        var fid = machine.Mount.FidOf(inode).Canonical(machine.Replica);
        if (!_touched.TryGetValue(fid, out var replicas))
        {
            _touched[fid] = replicas = [];
        }

        replicas.Add(machine.Replica);
    }

    /// <summary>A name of it is gone.</summary>
    public void Removes(Machine machine, Inode inode)
    {
        if (inode.State.Links == 0)
        {
            Overwrites(machine, inode);
            _nameless.Add(inode);
            _removed[machine.Mount.FidOf(inode).Canonical(machine.Replica)] = machine.Replica;
        }
    }

    /// <summary>A power cut has taken back what wasn't synced.</summary>
    public void Forgets(Machine machine)
    {
        var left = machine.Disk.Inodes.Values.SelectMany(inode => MarksIn(inode.State.Data)).ToHashSet();
        foreach (var (mark, written) in _written)
        {
            if (written.Machine == machine && !left.Contains(mark) && !written.IsSuperseded)
            {
                // If somebody else has it, so much the better.
                written.IsSuperseded = true;
            }
        }

        ForgetsRemovals(machine);
    }

    /// <summary>It joins anew, and gets back what it has removed meanwhile.</summary>
    public void ForgetsRemovals(Machine machine)
    {
        foreach (var (fid, _) in _removed.Where(removed => removed.Value == machine.Replica).ToArray())
        {
            _removed.Remove(fid);
        }
    }

    public static IEnumerable<string> MarksIn(byte[] data)
    {
        for (var at = 0; at < data.Length;)
        {
            var end = Array.IndexOf(data, (byte)'>', at);
            if (end < 0)
            {
                yield break;
            }

            var begin = Array.LastIndexOf(data, (byte)'<', end, end - at + 1);
            if (begin < 0)
            {
                at = end + 1;
                continue;
            }

            yield return Encoding.ASCII.GetString(data, begin, end + 1 - begin);
            at = end + 1;
        }
    }

    private sealed class Written(Machine machine, Inode inode)
    {
        public Machine Machine { get; } = machine;

        public Inode Inode { get; } = inode;

        public bool IsClosed { get; set; }

        public bool IsSuperseded { get; set; }
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The staging files, named by what they hold.</summary>
internal sealed class ContentStage(ReplicaRoot root) : IContentStage
{
    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly HashSet<string> _open = [];

    public IReadOnlyList<StagedLength> List()
    {
        var all = new List<StagedLength>();
        foreach (var name in Names())
        {
            if (TryParse(name, out var key) && TryOpen(name, OpenFlags.ReadOnly, out var fd))
            {
                using (fd)
                {
                    var (length, _, size) = StagingFile.ReadNote(fd);
                    all.Add(new StagedLength(key, length, size != ulong.MaxValue));
                }
            }
        }

        return all;
    }

    public IStagingFile Open(ContentKey key)
    {
        var name = NameOf(key);
        lock (_gate)
        {
            if (!_open.Add(name))
            {
                throw new InvalidOperationException($"the staging file of {key} is open already");
            }
        }

        try
        {
            return new StagingFile(this, key, name, OpenFile(name, OpenFlags.Create));
        }
        catch
        {
            Release(name);
            throw;
        }
    }

    public void Clean(Predicate<ContentKey> keep)
    {
        foreach (var name in Names())
        {
            if (!TryParse(name, out var key) || !keep(key))
            {
                lock (_gate)
                {
                    if (!_open.Contains(name))
                    {
                        Remove(name);
                    }
                }
            }
        }
    }

    internal static byte[] ToPath(string name) => Encoding.ASCII.GetBytes(name + '\0');

    internal Fd OpenFile(string name, int flags = 0) => new(SysException.Check(
        Interop.Sys.OpenAt(root.Contents, ToPath(name), OpenFlags.ReadWrite | OpenFlags.NoFollow | flags, 0x180), "open", name));

    internal void Remove(string name)
    {
        var result = Interop.Sys.UnlinkAt(root.Contents, ToPath(name), 0);
        if (result != -Errno.ENOENT)
        {
            SysException.Check(result, "unlink", name);
        }
    }

    internal void Release(string name)
    {
        lock (_gate)
        {
            _open.Remove(name);
        }
    }

    private static string NameOf(ContentKey key) => string.Create(CultureInfo.InvariantCulture,
        $"{key.Object.Replica:x16}-{key.Object.Ino:x16}-{key.Object.Gen:x8}-{key.Log.High:x16}{key.Log.Low:x16}-{key.Source:x16}");

    private static bool TryParse(string name, out ContentKey key)
    {
        key = default;
        var parts = name.Split('-');
        if (parts.Length != 5 || parts[3].Length != 32 ||
            !TryParseHex(parts[0], out var replica) || !TryParseHex(parts[1], out var ino) || !TryParseHex(parts[2], out var gen) ||
            !TryParseHex(parts[3][..16], out var high) || !TryParseHex(parts[3][16..], out var low) || !TryParseHex(parts[4], out var source))
        {
            return false;
        }

        key = new ContentKey(new Fid(replica, ino, (uint)gen), new LogId(high, low), source);
        return true;
    }

    private static bool TryParseHex(string text, out ulong value) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    private bool TryOpen(string name, int flags, [NotNullWhen(true)] out Fd? fd)
    {
        var result = Interop.Sys.OpenAt(root.Contents, ToPath(name), flags | OpenFlags.NoFollow);
        fd = result >= 0 ? new Fd(result) : null;
        return fd is not null;
    }

    private List<string> Names()
    {
        using var reader = new DirectoryReader(Reopen.ForReading(root.Contents, FileType.Directory));
        var names = new List<string>();
        while (reader.Next(out var name))
        {
            names.Add(Encoding.ASCII.GetString(name.Span));
        }

        return names;
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>
/// Directories that were used last, held open with O_PATH: names in them can be changed without finding them again.
/// For one thread.
/// </summary>
/// <param name="find">Opens an object with O_PATH and tells its type; null: it isn't here.</param>
internal sealed class DirectoryCache(DirectoryCache.Finder find) : IDisposable
{
    internal delegate Fd? Finder(Fid fid, out Interop.Sys.StatXData stat);

    private const int Capacity = 256;

    private readonly Dictionary<Fid, LinkedListNode<(Fid Fid, Fd Fd)>> _nodes = [];

    // The one used last is first.
    private readonly LinkedList<(Fid Fid, Fd Fd)> _order = new();

    /// <summary>Null: it isn't here, or is no directory (then <paramref name="isOther"/>).</summary>
    internal Fd? Open(Fid fid, out bool isOther)
    {
        isOther = false;
        if (_nodes.TryGetValue(fid, out var node))
        {
            if (node != _order.First)
            {
                _order.Remove(node);
                _order.AddFirst(node);
            }

            return node.Value.Fd;
        }

        var fd = find(fid, out var stat);
        if (fd is null || stat.Type != FileType.Directory)
        {
            isOther = fd is not null;
            fd?.Dispose();
            return null;
        }

        Add(fid, fd);
        return fd;
    }

    internal void Forget(Fid fid)
    {
        if (_nodes.Remove(fid, out var node))
        {
            _order.Remove(node);
            node.Value.Fd.Dispose();
        }
    }

    internal void Clear()
    {
        foreach (var (_, fd) in _order)
        {
            fd.Dispose();
        }

        _order.Clear();
        _nodes.Clear();
    }

    public void Dispose() => Clear();

    private void Add(Fid fid, Fd fd)
    {
        // Two parents of one operation are in use at once, so the capacity must be more than that.
        if (_nodes.Count >= Capacity)
        {
            Forget(_order.Last!.Value.Fid);
        }

        _nodes[fid] = _order.AddFirst((fid, fd));
    }
}

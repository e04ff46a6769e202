// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Replication;

/// <summary>
/// How far peers may know of the own log without saying so: what was sent to them once (an interrupted batch, a power cut
/// that left a tree ahead of its log), and what they read from the live tree. Any thread.
/// </summary>
/// <param name="head">Where the own log ends now.</param>
/// <param name="begin">Where it ended when the fileset was started: what was sent before, nobody remembers.</param>
internal sealed class PeerReach(Func<ulong> head, ulong begin)
{
    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly Dictionary<ulong, ulong> _sent = [];
    private ulong _shown = begin;
    private int _showing;

    /// <summary>Of objects made below this offset the peer may know. While somebody reads the tree, that is all of them.</summary>
    public ulong Of(ulong peer)
    {
        lock (_gate)
        {
            return _showing > 0 ? ulong.MaxValue : Math.Max(_shown, _sent.GetValueOrDefault(peer));
        }
    }

    /// <summary>The own log below an offset goes to a peer. To be called before it does.</summary>
    public void Sends(ulong peer, ulong below)
    {
        lock (_gate)
        {
            _sent[peer] = Math.Max(below, _sent.GetValueOrDefault(peer));
        }
    }

    /// <summary>The live tree is read by some peer until this is disposed.</summary>
    public IDisposable Show()
    {
        lock (_gate)
        {
            _showing++;
        }

        return new Showing(this);
    }

    private void Shown()
    {
        var end = head();
        lock (_gate)
        {
            _showing--;
            _shown = Math.Max(_shown, end);
        }
    }

    private sealed class Showing(PeerReach reach) : IDisposable
    {
        public void Dispose() => reach.Shown();
    }
}

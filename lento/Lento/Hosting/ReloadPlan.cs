// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Hosting;

/// <summary>What a changed configuration means for the filesets that run.</summary>
/// <param name="Stop">Names of filesets that end, for good or to start anew.</param>
/// <param name="Start">Filesets to start after that.</param>
internal sealed record ReloadPlan(IReadOnlyList<string> Stop, IReadOnlyList<FilesetConfiguration> Start)
{
    public static ReloadPlan Make(LentoConfiguration before, LentoConfiguration after, Predicate<string> runs)
    {
        var start = after.Filesets.Where(fileset => !runs(fileset.Name) || IsChanged(fileset, before, after)).ToList();
        var stop = before.Filesets.Where(fileset => after.FindFileset(fileset.Name) is null).Select(fileset => fileset.Name)
            .Concat(start.Select(fileset => fileset.Name)).Where(name => runs(name)).ToList();
        return new ReloadPlan(stop, start);
    }

    public IEnumerable<string> Describe() =>
        Stop.Where(name => Start.All(fileset => fileset.Name != name)).Select(name => $"fileset \"{name}\" left")
            .Concat(Start.Select(fileset => $"fileset \"{fileset.Name}\" {(Stop.Contains(fileset.Name) ? "restarted" : "started")}"));

    /// <summary>A peer's new key or address counts where the peer takes part.</summary>
    private static bool IsChanged(FilesetConfiguration fileset, LentoConfiguration before, LentoConfiguration after) =>
        !fileset.Equals(before.FindFileset(fileset.Name)) ||
        before.Peers.Union(after.Peers).Any(peer => fileset.MayRead(peer.Name) && before.FindPeer(peer.Name) != after.FindPeer(peer.Name));
}

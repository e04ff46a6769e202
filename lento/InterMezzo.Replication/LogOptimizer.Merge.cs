// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>What is told again is told once.</summary>
public sealed partial class LogOptimizer
{
    /// <summary>What travels with a CREATE needs no record of its own, unless its maker's counts end with it.</summary>
    public List<PlannedRecord> WithoutFolded(List<PlannedRecord> planned)
    {
        var makers = new HashSet<ulong>();
        var left = new List<PlannedRecord>(planned.Count);
        for (var i = planned.Count - 1; i >= 0; i--)
        {
            var step = _steps[planned[i].Index];
            var isFolded = planned[i].Carry == Carry.Folded && step.Kind is StepKind.Completes or StepKind.Changes;
            if (!isFolded || makers.Add(step.Maker))
            {
                makers.Add(step.Maker);
                left.Add(planned[i]);
            }
        }

        left.Reverse();
        return left;
    }

    /// <summary>
    /// Attributes that are all set again later. A receiver judges both alike, where neither has heard of the other's
    /// updates in between; what lost then has lost with the later one as well.
    /// </summary>
    private void Merge(int count)
    {
        var set = new Dictionary<(Fid, ulong Maker, ulong Epoch), AttrValid>();
        var xattrs = new HashSet<(Fid, ulong Maker, ulong Epoch, string Name)>();
        for (var i = count - 1; i >= 0; i--)
        {
            var step = _steps[i];
            if (!step.IsSent || _fates[i] != Fate.Sent)
            {
                continue;
            }

            if (step.Sets != 0)
            {
                var later = set.GetValueOrDefault((step.Object, step.Maker, step.Epoch));
                set[(step.Object, step.Maker, step.Epoch)] = later | step.Sets;
                _fates[i] = (step.Sets & ~later) == 0 ? Fate.Cancelled : Fate.Sent;
            }
            else if (step.Xattr is { } name && !xattrs.Add((step.Object, step.Maker, step.Epoch, name)))
            {
                _fates[i] = Fate.Cancelled;
            }
        }
    }
}

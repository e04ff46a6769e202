// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication;

public sealed partial class LogOptimizer
{
    /// <summary>What the window has of an object that was made in it.</summary>
    private sealed class Life(int begin, ulong maker, bool isSeen)
    {
        private int _links = 1;
        private bool _isRemoved;

        public List<int> Records { get; } = [begin];

        public int Begin => begin;

        public int End { get; private set; }

        public ulong Maker => maker;

        /// <summary>The peer may have seen it.</summary>
        public bool IsSeen => isSeen;

        /// <summary>It isn't as simple as that: all of it is sent.</summary>
        public bool IsSpoiled { get; set; }

        /// <summary>Nothing is left of it at the end.</summary>
        public bool IsOver => _isRemoved && !IsSpoiled;

        /// <summary>A record of it. False: there is more to it.</summary>
        public bool Takes(int index, in LogStep step)
        {
            if (step.Kind == StepKind.Opens)
            {
                return true;
            }

            var isPlain = step.Kind is StepKind.Names or StepKind.Unnames or StepKind.Removes or StepKind.Changes or StepKind.Completes;
            if (!isPlain || !step.IsSent || step.Maker != maker || (_isRemoved && step.Kind != StepKind.Completes))
            {
                IsSpoiled = true;
                return false;
            }

            _links += step.IsLink ? 1 : step.Kind is StepKind.Unnames or StepKind.Removes ? -1 : 0;
            _isRemoved |= step.Kind == StepKind.Removes;
            if (_isRemoved != (_links == 0))
            {
                // The record counts other names than the window tells of.
                IsSpoiled = true;
                return false;
            }

            Records.Add(index);
            End = index;
            return true;
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Engine;

/// <summary>Something that has steps to do. Which lane does the next step, the seed decides.</summary>
internal abstract class Lane
{
    /// <summary>It is in the scheduler's list.</summary>
    public bool IsListed { get; set; }

    public abstract bool HasWork { get; }

    public abstract void RunStep();
}

/// <summary>A single step.</summary>
internal sealed class OneStep(Action action) : Lane
{
    private Action? _action = action;

    public override bool HasWork => _action is not null;

    public override void RunStep()
    {
        var action = _action!;
        _action = null;
        action();
    }
}

/// <summary>One thing at a time, of all that could happen; the same ones for the same seed.</summary>
internal sealed class Scheduler(Random random)
{
    private readonly List<Lane> _lanes = [];

    public Random Random { get; } = random;

    public long Steps { get; private set; }

    public void Add(Lane lane)
    {
        if (!lane.IsListed)
        {
            lane.IsListed = true;
            _lanes.Add(lane);
        }
    }

    /// <summary>False: nobody has anything to do.</summary>
    public bool RunStep()
    {
        while (_lanes.Count > 0)
        {
            var index = Random.Next(_lanes.Count);
            var lane = _lanes[index];
            if (!lane.HasWork)
            {
                _lanes[index] = _lanes[^1];
                _lanes.RemoveAt(_lanes.Count - 1);
                lane.IsListed = false;
                continue;
            }

            Steps++;
            lane.RunStep();
            return true;
        }

        return false;
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>What becomes of a record that would be sent.</summary>
public enum Fate : byte
{
    /// <summary>It is sent as ever.</summary>
    Sent,

    /// <summary>Another record makes it unneeded.</summary>
    Cancelled,

    /// <summary>It is sent for a peer that has the object nevertheless, or for the directory's sake: whoever hasn't, needs nothing.</summary>
    Gone,
}

/// <summary>
/// Finds in a window of the log what needn't be sent: the whole life of an
/// object that is made and removed within one batch. Invariants: the batch
/// leaves the same tree, the mtimes of directories included (the last record
/// of each maker about a directory's names stays, if nothing else as a removal
/// of nothing); after each record that is left out one of the same maker
/// follows, so counts reach as far as without; what stays makes sense to a
/// peer that never sees the rest. Two kinds of lives: one that began where the
/// peer can't know anything yet goes without a trace; of one that it may have
/// seen (sent before, or read from the tree) those records stay that take its
/// names away wherever they are. Besides, attributes that are set again under
/// the same circumstances are set once, and what travels with a CREATE isn't
/// told again.
/// </summary>
public sealed partial class LogOptimizer
{
    private readonly IReadOnlyList<LogStep> _steps;
    private readonly Dictionary<Fid, Life> _lives = [];
    private readonly Life?[] _lifeOf;
    private readonly Fate[] _fates;
    private readonly Stack<Life> _kept = [];

    /// <param name="window">Entries of the log in order, up to what is known to be durable.</param>
    /// <param name="steps">The same as the optimiser sees them.</param>
    /// <param name="seen">Of objects made below this offset the peer may know, applied or not.</param>
    public LogOptimizer(IReadOnlyList<LogEntry> window, IReadOnlyList<LogStep> steps, ulong seen)
    {
        _steps = steps;
        _fates = new Fate[steps.Count];
        _lifeOf = new Life?[steps.Count];
        if (FindLives(window, seen))
        {
            Decide();
            KeepWhatIsNeeded();
        }
    }

    public Fate this[int index] => _fates[index];

    /// <summary>The batch is the first <paramref name="count"/> entries of the window.</summary>
    public void Settle(int count)
    {
        foreach (var life in _lives.Values)
        {
            if (life.IsOver && life.Begin < count && life.End >= count)
            {
                Keep(life);
            }
        }

        KeepTimes(count);
        Merge(count);
    }

    /// <summary>False: nothing is to be left out.</summary>
    private bool FindLives(IReadOnlyList<LogEntry> window, ulong seen)
    {
        var any = false;
        for (var i = 0; i < _steps.Count; i++)
        {
            var step = _steps[i];
            switch (step.Kind)
            {
                case StepKind.None:
                    continue;
                case StepKind.Lists:
                    // What a scan tells of, it has seen in the tree; who knows when.
                    return false;
                case StepKind.Makes or StepKind.Enters:
                    // What comes back from a conflict was with the others before.
                    Begin(i, step, step.Kind == StepKind.Enters || window[i].Offset < seen);
                    break;
                default:
                    any |= _lives.TryGetValue(step.Object, out var life) && life.Takes(i, step) && step.Kind == StepKind.Removes;
                    _lifeOf[i] = life;
                    break;
            }

            if (!step.Replaced.IsNone && _lives.TryGetValue(step.Replaced, out var replaced))
            {
                replaced.IsSpoiled = true;
            }
        }

        return any;
    }

    private void Begin(int index, in LogStep step, bool isSeen)
    {
        if (_lives.TryGetValue(step.Object, out var life))
        {
            life.IsSpoiled = true;
            return;
        }

        life = new Life(index, step.Maker, isSeen) { IsSpoiled = !step.IsSent };
        _lives.Add(step.Object, life);
        _lifeOf[index] = life;
    }

    private void Decide()
    {
        for (var i = 0; i < _steps.Count; i++)
        {
            if (_lifeOf[i] is { IsOver: true } life && _steps[i].Kind != StepKind.Opens)
            {
                var takesNames = _steps[i].Kind is StepKind.Names or StepKind.Unnames or StepKind.Removes;
                _fates[i] = life.IsSeen && takesNames ? Fate.Gone : Fate.Cancelled;
            }
        }
    }

    /// <summary>Directories that somebody else's records speak of are made. A removal alone needs none.</summary>
    private void KeepWhatIsNeeded()
    {
        for (var i = 0; i < _steps.Count; i++)
        {
            if (_steps[i].Kind is not (StepKind.None or StepKind.Opens) && IsInNeedOfDirectories(i))
            {
                KeepDirectories(_steps[i]);
            }
        }
    }

    private bool IsInNeedOfDirectories(int index) =>
        _fates[index] == Fate.Sent || (_fates[index] == Fate.Gone && _steps[index].Kind != StepKind.Removes);

    private void KeepDirectories(in LogStep step)
    {
        KeepDirectory(step.Parent);
        KeepDirectory(step.Parent2);
    }

    private void KeepDirectory(Fid directory)
    {
        if (!directory.IsNone && _lives.TryGetValue(directory, out var life) && life.IsOver)
        {
            Keep(life);
        }
    }

    /// <summary>All of a life is sent, and what that needs.</summary>
    private void Keep(Life first)
    {
        for (_kept.Push(first); _kept.TryPop(out var life);)
        {
            if (!life.IsOver)
            {
                continue;
            }

            life.IsSpoiled = true;
            foreach (var index in life.Records)
            {
                _fates[index] = Fate.Sent;
                Push(_steps[index].Parent);
                Push(_steps[index].Parent2);
            }
        }

        void Push(Fid directory)
        {
            if (!directory.IsNone && _lives.TryGetValue(directory, out var life))
            {
                _kept.Push(life);
            }
        }
    }

    /// <summary>
    /// A receiver takes the mtime of a directory from the records about its names: the last one must be there. Backwards,
    /// so that what is kept later counts.
    /// </summary>
    private void KeepTimes(int count)
    {
        var told = new HashSet<(Fid Directory, ulong Maker)>();
        for (var i = count - 1; i >= 0; i--)
        {
            var step = _steps[i];
            if (!step.IsSent || step.Kind is not (StepKind.Makes or StepKind.Enters or StepKind.Names or StepKind.Unnames or StepKind.Removes))
            {
                continue;
            }

            if (_fates[i] == Fate.Cancelled && !(IsTold(step.Parent) && IsTold(step.Parent2)))
            {
                if (step.Kind == StepKind.Removes && !IsLeftOut(step.Parent))
                {
                    _fates[i] = Fate.Gone;
                }
                else
                {
                    Keep(_lifeOf[i]!);
                }
            }

            if (_fates[i] != Fate.Cancelled)
            {
                told.Add((step.Parent, step.Maker));
                told.Add((step.Parent2, step.Maker));
            }

            // A directory that is left out has no mtime; its own removal is told, or what comes after that.
            bool IsTold(Fid directory) =>
                directory.IsNone || told.Contains((directory, step.Maker)) || (IsLeftOut(directory) && _lives[directory].Maker == step.Maker);
        }
    }

    private bool IsLeftOut(Fid directory) => _lives.TryGetValue(directory, out var life) && life.IsOver;
}

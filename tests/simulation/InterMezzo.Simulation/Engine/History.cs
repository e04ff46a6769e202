// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using InterMezzo.Lento.Replication;
using InterMezzo.Simulation.Checks;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Simulation.Engine;

/// <summary>One history: a plan, and the order of steps that its seed gives.</summary>
internal sealed class History
{
    private const long MaxSteps = 20_000;

    /// <summary>System calls of one step.</summary>
    private const int MaxCalls = 100_000;

    private static readonly TimeSpan s_maxTime = TimeSpan.FromMinutes(10);

    private readonly List<string> _story = [];
    private readonly bool _keepsStory;
    private int _next;
    private long _lastEvent;
    private int _insideCalls;
    private long _stepOfCalls;
    private int _calls;
    private volatile bool _hasEscaped;
    private ulong _hash = 14695981039346656037;

    public History(Plan plan, bool keepsStory)
    {
        (Plan, _keepsStory) = (plan, keepsStory);
        Scheduler = new Scheduler(new Random(plan.Seed ^ 0x5eed));
        Machines = [.. Enumerable.Range(1, plan.Clients + 1).Select(replica => new Machine(
            this, (ulong)replica, plan.HasSkew ? TimeSpan.FromMinutes(((replica * 37) % 11) - 5) : TimeSpan.Zero))];
    }

    public Plan Plan { get; }

    public Scheduler Scheduler { get; }

    public SimulatedTime Time { get; } = new();

    public IReadOnlyList<Machine> Machines { get; }

    public Machine Server => Machines[0];

    public IReadOnlyList<Machine> Clients => [.. Machines.Skip(1)];

    public Ledger Ledger { get; } = new();

    /// <summary>Something has run in another thread.</summary>
    public bool HasEscaped
    {
        get => _hasEscaped;
        set => _hasEscaped = value;
    }

    /// <summary>An update of a client's, not of a content alone, has lost at the server: see <see cref="Options.Strict"/>.</summary>
    public bool Lost { get; set; }

    public string? Failure { get; private set; }

    public IReadOnlyList<string> Story => _story;

    /// <summary>Of all that was told.</summary>
    public ulong Hash => _hash ^ (ulong)Scheduler.Steps;

    public bool Run()
    {
        if (Plan.StartsFull)
        {
            foreach (var machine in Machines.Where((_, place) => Plan.Worker is null || Plan.Worker == place))
            {
                machine.Programs.Fill(new Random(Plan.Seed + (int)machine.Replica));
            }
        }

        Begin();
        var conflicts = 0;
        if (Plan.IsSerial)
        {
            Settle();
            (conflicts, Lost) = (CountConflicts(), false);
        }

        while (Failure is null && _next < Plan.Events.Count)
        {
            RunOne();
        }

        if (Failure is null)
        {
            Settle();
        }

        if (Failure is null)
        {
            EndChecks.Run(this, Plan.IsStrict || Plan.IsSerial || Plan.Worker is not null);
        }

        if (Plan.IsSerial && (Lost || CountConflicts() != conflicts))
        {
            Fail("one at a time wrote, and knew all that others had written: there is a conflict nevertheless");
        }

        if (Failure is null && Plan.Worker is not null && CountConflicts() > 0)
        {
            Fail("on one machine only somebody worked: there is a conflict nevertheless");
        }

        if (HasEscaped)
        {
            Fail("a task went on in another thread: this history can't be run again");
        }

        return Failure is null;
    }

    public void Begin()
    {
        foreach (var machine in Machines)
        {
            machine.StartDaemon();
        }
    }

    /// <summary>All is well again, and goes on until nothing happens.</summary>
    public void Settle()
    {
        Tell(null, "everything is mended");
        foreach (var machine in Machines)
        {
            machine.PowerOn();
            machine.Programs.CloseAll();
            machine.Cable.Plug();
            machine.StartDaemon();
        }

        var (steps, time) = (Scheduler.Steps + MaxSteps, Time.Elapsed + s_maxTime);
        while (Failure is null)
        {
            if (Scheduler.Steps > steps || Time.Elapsed > time)
            {
                Fail($"no peace after {MaxSteps} steps or {s_maxTime}: {Describe()}");
            }
            else if (!Scheduler.RunStep())
            {
                if (IsInSync())
                {
                    // Whoever waited for the permit may have opened some.
                    if (Machines.All(machine => machine.Programs.OpenCount == 0))
                    {
                        return;
                    }

                    foreach (var machine in Machines)
                    {
                        machine.Programs.CloseAll();
                    }

                    continue;
                }

                if (!Time.AdvanceToTimer())
                {
                    Fail($"nobody has anything to do, and they aren't in sync: {Describe()}");
                }
            }
        }
    }

    public void Fail(string why)
    {
        if (Failure is null)
        {
            Failure = why;
            Tell(null, $"FAILED: {why}");
        }
    }

    public void Tell(Machine? machine, string what)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{Time.Elapsed.TotalMilliseconds,9:0} {machine?.Name ?? ""}: {what}");
        foreach (var c in line)
        {
            _hash = (_hash ^ c) * 1099511628211;
        }

        if (_keepsStory)
        {
            _story.Add(line);
        }
    }

    public void After(TimeSpan time, Action action)
    {
        if (time == TimeSpan.Zero)
        {
            Scheduler.Add(new OneStep(action));
        }
        else
        {
            Time.After(time, action);
        }
    }

    /// <summary>A daemon enters its kernel: others may be faster.</summary>
    public void OnSystemCall(Process process)
    {
        if (_stepOfCalls != Scheduler.Steps)
        {
            (_stepOfCalls, _calls) = (Scheduler.Steps, 0);
        }

        if (++_calls > MaxCalls)
        {
            Fail($"{process.Machine.Name}: lento does one thing without end: {Environment.StackTrace}");
            process.Kill();
            return;
        }

        if (_next < Plan.Events.Count && Plan.Events[_next] is { IsInside: true } next && Machines[next.Machine % Machines.Count] == process.Machine &&
            process.IsApplying && _insideCalls++ >= next.D % 60)
        {
            Tell(process.Machine, "(in the middle of a step of lento)");
            Fire(next);
        }
    }

    public void OnBroken(Daemon daemon, Exception why)
    {
        Tell(daemon.Machine, $"lento has to start anew: {why.GetType().Name}: {why.Message}");
        if (why is not (IOException or Grpc.Core.RpcException))
        {
            Fail($"{daemon.Machine.Name}: {why}");
        }

        daemon.Machine.KillDaemon();
        After(TimeSpan.FromSeconds(1), daemon.Machine.StartDaemon);
    }

    private void RunOne()
    {
        var next = Plan.Events[_next];
        var isDue = Scheduler.Steps - _lastEvent >= next.Gap + (next.IsInside ? 200 : 0);
        if (isDue || !RunStep())
        {
            Fire(next);
        }
    }

    private bool RunStep()
    {
        if (Scheduler.Random.Next(4) == 0)
        {
            Time.Advance(TimeSpan.FromMilliseconds(Scheduler.Random.Next(4)));
        }

        return Scheduler.RunStep() || (Scheduler.Random.Next(3) == 0 && Time.AdvanceToTimer());
    }

    private void Fire(Event what)
    {
        _next++;
        _insideCalls = 0;
        _lastEvent = Scheduler.Steps;
        var machine = Machines[what.Machine % Machines.Count];
        if (what.IsFault)
        {
            Faults.Do(this, machine, what);
        }
        else if (machine.IsOn)
        {
            machine.Programs.Do(what);
        }
    }

    private int CountConflicts() => Machines.Sum(machine => machine.Daemon?.Ask(service => service.Replica.Conflicts.List())?.Count ?? 0);

    private bool IsInSync() =>
        Machines.All(machine => !machine.Programs.AreWaiting && machine.Daemon?.Status() is { LagBytes: 0 } status && status.Peers.Count == machine.Downstream.Count() + (machine.IsServer ? 0 : 1) &&
            status.State is LinkState.Serving or LinkState.Connected);

    private string Describe() => string.Join(", ", Machines.Select(machine => machine.Daemon?.Status() is { } status
        ? $"{machine.Name} {status.State} {status.Error} {string.Join(' ', status.Peers)} head {status.Head}"
        : $"{machine.Name} not ready"));
}

// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Engine;

internal enum EventKind
{
    // Users.
    Create,
    CreateOpen,
    Open,
    WriteOpen,
    CloseOpen,
    CloseOff,
    Overwrite,
    SaveOver,
    Append,
    Truncate,
    Rename,
    RenameOver,
    Exchange,
    Link,
    Unlink,
    Mkdir,
    Rmdir,
    RemoveTree,
    Symlink,
    Chmod,
    Chown,
    Touch,
    SetXattr,
    RemoveXattr,

    // Faults.
    Pull,
    Plug,
    Break,
    Kill,
    StartDaemon,
    CutPower,
    PowerOn,
    LoseIndex,
}

/// <summary>Something that happens to a machine. The numbers choose among what is there then.</summary>
/// <param name="Kind">What.</param>
/// <param name="Machine">To which machine, or by whose user.</param>
/// <param name="Gap">So many steps after the event before.</param>
/// <param name="IsInside">In the middle of whatever the machine's daemon does then, at one of its system calls.</param>
internal sealed record Event(EventKind Kind, int Machine, int Gap, bool IsInside, int A, int B, int C, int D)
{
    public bool IsFault => Kind >= EventKind.Pull;
}

/// <summary>What a client's programs may do when the server is out of reach.</summary>
internal enum OfflinePolicy
{
    Optimistic,
    ReadOnly,
    Permit,
}

/// <summary>All that isn't the order of steps: it can be made smaller, and what is left stays as it was.</summary>
internal sealed record Plan(int Seed, int Clients, ulong TrimStep, bool StartsFull, bool HasSkew, bool IsStrict, Mutation Mutation, IReadOnlyList<Event> Events)
{
    /// <summary>Null: nobody needs a permit. Otherwise what clients may do without the server.</summary>
    public OfflinePolicy? Permits { get; init; }

    /// <summary>The only machine where somebody works: there can't be a conflict. Null: on all.</summary>
    public int? Worker { get; init; }

    /// <summary>Clients may only read.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Of each client, in their order, the place of its server among all machines. Empty: the first one serves all.</summary>
    public IReadOnlyList<int> Servers { get; init; } = [];

    public int ServerOf(int machine) => Servers.Count == 0 ? 0 : Servers[machine - 1];

    /// <summary>One machine at a time writes, always: what happens could have happened on one.</summary>
    public bool IsSerial => Permits is not null && !Events.Any(what => what.IsFault);

    private static readonly (EventKind Kind, int Weight)[] s_users =
    [
        (EventKind.Create, 12), (EventKind.CreateOpen, 4), (EventKind.Open, 5), (EventKind.WriteOpen, 5), (EventKind.CloseOpen, 10), (EventKind.CloseOff, 1),
        (EventKind.Overwrite, 14), (EventKind.SaveOver, 5), (EventKind.Append, 4), (EventKind.Truncate, 3), (EventKind.Rename, 9), (EventKind.RenameOver, 4),
        (EventKind.Exchange, 2), (EventKind.Link, 4), (EventKind.Unlink, 8), (EventKind.Mkdir, 7), (EventKind.Rmdir, 3), (EventKind.RemoveTree, 2),
        (EventKind.Symlink, 3), (EventKind.Chmod, 4), (EventKind.Chown, 3), (EventKind.Touch, 2), (EventKind.SetXattr, 4), (EventKind.RemoveXattr, 2),
    ];

    private static readonly (EventKind Kind, int Weight)[] s_faults =
    [
        (EventKind.Pull, 5), (EventKind.Plug, 5), (EventKind.Break, 3), (EventKind.Kill, 3), (EventKind.StartDaemon, 4), (EventKind.CutPower, 2), (EventKind.PowerOn, 3), (EventKind.LoseIndex, 1),
    ];

    public static Plan Of(int seed, Options options)
    {
        var random = new Random(seed);
        var clients = 1 + (random.Next(100) is var many && many < 55 ? 0 : many < 85 ? 1 : 2);
        clients += options.Chains && clients == 1 ? 1 : 0;
        var length = 3 + random.Next(random.Next(4) is var rest && options.Length > 0 ? options.Length : rest == 0 ? 120 : 40);
        var faults = random.Next(3) == 0 || !options.Faults ? 0 : 5 + random.Next(30);
        var kinds = s_users.Where(user => random.Next(5) != 0).ToArray();
        var inside = random.Next(2) == 0 ? 0 : random.Next(40);
        var trim = random.Next(4) == 0 ? 512ul << random.Next(5) : 16 << 20;
        var gaps = 1 << random.Next(9);
        var events = Enumerable.Range(0, length).Select(_ =>
        {
            var isFault = random.Next(100) < faults;
            var kind = Choose(random, isFault ? s_faults : kinds.Length == 0 ? s_users : kinds);
            return new Event(kind, random.Next(clients + 1), random.Next(gaps), random.Next(100) < inside, random.Next(1 << 20), random.Next(1 << 20), random.Next(1 << 20), random.Next(1 << 20));
        }).ToArray();
        int? worker = options.OneSided ? new Random(~seed).Next(clients + 1) : null;
        return new Plan(seed, clients, trim, random.Next(5) == 0 && options.Trees, random.Next(3) == 0, options.Strict, options.Mutation, worker is null ? events : [.. events.Select(what => what.IsFault ? what : what with { Machine = worker.Value })])
        {
            Servers = options.Chains ? Chain(new Random(~seed), clients) : [],
            Worker = worker,
            Permits = options.Permits ? (OfflinePolicy)(new Random(~seed).Next(3)) : null,
        };
    }

    /// <summary>The second client's server is the first client, at least.</summary>
    private static int[] Chain(Random random, int clients) =>
        [.. Enumerable.Range(0, clients).Select(client => client < 2 ? client : random.Next(client + 1))];

    private static EventKind Choose(Random random, (EventKind Kind, int Weight)[] kinds)
    {
        var at = random.Next(kinds.Sum(kind => kind.Weight));
        foreach (var (kind, weight) in kinds)
        {
            at -= weight;
            if (at < 0)
            {
                return kind;
            }
        }

        return kinds[0].Kind;
    }
}

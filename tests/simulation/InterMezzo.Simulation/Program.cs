// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using InterMezzo.Simulation.Checks;
using InterMezzo.Simulation.Engine;

// simulate --seeds FROM-TO|N [--permits] [--chains] [--one-sided] [--length N] [--jobs N] [--shrink N]: as many histories, of N events at most; those
// that fail are told, the first ones made smaller. With permits one machine at a time writes, in chains clients serve others;
// one-sided, somebody works on one machine only.
// simulate --mutations [--seeds N]: what the checks find when what the daemon relies on is broken.
// simulate --seed N [--verbose] [--whole]: one history, its story made smaller if it fails.
// simulate --plan N: what its users do, and what breaks, for real machines (tests/lab/pair/histories.py): "KIND MACHINE A B C D" each.
string? Value(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

var options = new Options(Faults: !args.Contains("--no-faults"), Trees: !args.Contains("--no-trees"), Strict: args.Contains("--strict"), Permits: args.Contains("--permits"), Chains: args.Contains("--chains"), OneSided: args.Contains("--one-sided"), Length: Number(Value("--length") ?? "0"));
if (Value("--seed") is { } one)
{
    return Show(Plan.Of(Number(one), options), args.Contains("--verbose"), args.Contains("--whole")) ? 0 : 1;
}

if (Value("--plan") is { } planned)
{
    foreach (var what in Plan.Of(Number(planned), options).Events)
    {
        Console.WriteLine($"{what.Kind} {what.Machine} {what.A} {what.B} {what.C} {what.D}");
    }

    return 0;
}

if (args.Contains("--mutations"))
{
    return ShowMutations(options, Number(Value("--seeds") ?? "500")) ? 0 : 1;
}

var range = (Value("--seeds") ?? "1000").Split('-');
var (from, to) = range.Length == 2 ? (Number(range[0]), Number(range[1])) : (1, Number(range[0]));
var watch = Stopwatch.StartNew();
var failures = new ConcurrentBag<(Plan Plan, string Why)>();
Parallel.For(from, to + 1, new ParallelOptions { MaxDegreeOfParallelism = Number(Value("--jobs") ?? "2") }, seed =>
{
    var history = new History(Plan.Of(seed, options), keepsStory: false);
    if (!history.Run())
    {
        failures.Add((history.Plan, history.Failure!));
    }
    else if (seed % 50 == 0)
    {
        // The seed alone decides: once more it is the same history.
        var again = new History(history.Plan, keepsStory: false);
        again.Run();
        if (again.Hash != history.Hash)
        {
            failures.Add((history.Plan, $"run again it is another history: {history.Hash:x}, {again.Hash:x}"));
        }
    }
});

var failed = failures.OrderBy(failure => failure.Plan.Seed).ToList();
foreach (var group in failed.GroupBy(failure => Shrinker.KindOf(failure.Why)))
{
    Console.WriteLine($"{group.Count()} x {group.First().Why.Split('\n')[0]}: seeds {string.Join(' ', group.Take(12).Select(failure => failure.Plan.Seed))}");
}

foreach (var (plan, _) in failed.Take(Number(Value("--shrink") ?? "0")))
{
    Show(plan, verbose: false, whole: false);
}

Console.WriteLine($"{(failed.Count == 0 ? "ok" : "not ok")} - {to - from + 1} histories, {failed.Count} failed, {watch.Elapsed.TotalMilliseconds / (to - from + 1):0.0} ms each");
return failed.Count == 0 ? 0 : 1;

// Each of the breaks, and in how many histories it is found.
static bool ShowMutations(Options options, int seeds)
{
    var all = true;
    foreach (var mutation in Enum.GetValues<Mutation>())
    {
        var broken = options with { Mutation = mutation, Permits = options.Permits || mutation == Mutation.TheGateStaysOpen };
        var found = ParallelEnumerable.Range(1, seeds).AsOrdered().Where(seed => !new History(Plan.Of(seed, broken), keepsStory: false).Run()).ToList();
        var isRight = mutation == Mutation.None || found.Count > 0;
        Console.WriteLine($"{(isRight ? "ok" : "not ok")} - {mutation}: found in {found.Count} of {seeds}{(found.Count == 0 ? "" : $", first in {found[0]}")}");
        all &= isRight;
    }

    return all;
}

static bool Show(Plan plan, bool verbose, bool whole)
{
    var history = new History(plan, keepsStory: true);
    var isRight = history.Run();
    if (!isRight && !whole)
    {
        var smaller = Shrinker.Shrink(plan, history.Failure!);
        history = new History(smaller, keepsStory: true);
        history.Run();
    }

    Console.WriteLine($"seed {plan.Seed}, {history.Plan.Events.Count} of {plan.Events.Count} events (again: simulate --seed {plan.Seed}):");
    foreach (var line in verbose || !isRight ? history.Story : [])
    {
        Console.WriteLine(line);
    }

    foreach (var line in verbose ? history.Machines.SelectMany(machine => LogImage.Of(machine).Concat(TreeImage.OfDisk(machine))) : [])
    {
        Console.WriteLine(line);
    }

    Console.WriteLine($"{(isRight ? "ok" : "not ok")} - seed {plan.Seed}, history {history.Hash:x16}, {history.Scheduler.Steps} steps");
    return isRight;
}

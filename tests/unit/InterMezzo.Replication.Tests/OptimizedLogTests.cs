// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

/// <summary>Random logs, sent whole and optimised.</summary>
[TestFixture]
public class OptimizedLogTests
{
    [Test]
    public void After_each_batch_the_tree_is_the_makers([Values(1, 4, 15, 1000)] int limit, [Range(0, 249)] int seed)
    {
        var log = new ModelLog(seed, 10 + (seed % 70));
        var tree = new ModelTree();
        var (sent, counts) = (0, 0);
        for (var at = 0; at < log.Window.Count;)
        {
            var plan = Send(log, tree, at, limit, seen: 0, done: 0);
            at += plan.Count;
            sent += plan.Records.Count;
            counts += plan.Cancelled;
            Assert.That(tree.Image(), Is.EqualTo(log.Trees[at].Image()), () => $"seed {seed}, after {at}");
        }

        Assert.That(sent + counts, Is.EqualTo(log.Window.Count(entry => entry.Ships)));
        Assert.That(tree.Misfits, Is.Zero);
    }

    [Test]
    public void What_a_peer_has_read_from_the_tree_goes_as_well() =>
        Assert.That(Enumerable.Range(0, 1000).Count(IsRightOnALaterTree), Is.GreaterThan(900), "a log that the model can't replay on a later tree says nothing");

    /// <summary>The log from a position on meets a tree that was read later.</summary>
    private static bool IsRightOnALaterTree(int seed)
    {
        var log = new ModelLog(seed, 10 + (seed % 50));
        var random = new Random(seed);
        var position = random.Next(log.Window.Count);
        var read = position + random.Next(log.Window.Count - position);
        ModelTree whole = log.Trees[read].Copy(), optimised = log.Trees[read].Copy();
        foreach (var update in log.Updates.Skip(position).OfType<ModelUpdate>())
        {
            whole.Apply(update);
        }

        if (whole.Image() != log.Trees[^1].Image())
        {
            return false;
        }

        for (var at = position; at < log.Window.Count;)
        {
            at += Send(log, optimised, at, 12, seen: log.Window[read].Offset, done: 0).Count;
        }

        Assert.That(optimised.Image(), Is.EqualTo(whole.Image()), () => $"seed {seed}");
        return true;
    }

    [Test]
    public void A_batch_that_broke_off_is_finished_by_another_plan([Range(0, 499)] int seed)
    {
        var log = new ModelLog(seed, 10 + (seed % 50));
        var random = new Random(seed);
        var tree = new ModelTree();

        // The log was shorter then; of the batch so much was applied.
        var window = 1 + random.Next(log.Window.Count);
        var first = PlanOf(log, 0, window, 1000, seen: 0, done: 0);
        var applied = random.Next(first.Records.Count + 1);
        Apply(log, tree, 0, first.Records.Take(applied));
        var done = applied == 0 ? 0 : log.Window[first.Records[applied - 1].Index].Offset;

        var second = PlanOf(log, 0, log.Window.Count, 1000, seen: log.Window[first.Count - 1].End, done);
        Apply(log, tree, 0, second.Records);

        Assert.That(second.Count, Is.EqualTo(log.Window.Count));
        Assert.That(tree.Image(), Is.EqualTo(log.Trees[^1].Image()));
        Assert.That(tree.Misfits, Is.Zero);
    }

    [Test]
    public void These_logs_can_be_optimised() =>
        Assert.That(Enumerable.Range(0, 50).Sum(seed => PlanOf(new ModelLog(seed, 60), 0, 60, 1000, 0, 0).Cancelled), Is.GreaterThan(300));

    private static BatchPlan Send(ModelLog log, ModelTree to, int at, int limit, ulong seen, ulong done)
    {
        var plan = PlanOf(log, at, log.Window.Count, limit, seen, done);
        Apply(log, to, at, plan.Records);
        return plan;
    }

    private static BatchPlan PlanOf(ModelLog log, int from, int to, int limit, ulong seen, ulong done)
    {
        var window = log.Window[from..to].ConvertAll(entry => entry with { Ships = entry.Ships && entry.Offset > done });
        return new BatchPlanner(new BatchLimits(Records: limit)).Plan(window, optimizer: new LogOptimizer(window, log.Steps[from..to], seen));
    }

    private static void Apply(ModelLog log, ModelTree tree, int at, IEnumerable<PlannedRecord> records)
    {
        foreach (var record in records)
        {
            var update = log.Updates[at + record.Index]!;
            if (update.Kind == ModelKind.Make)
            {
                tree.Apply(update);
            }

            if (record.Carry == Carry.Here)
            {
                // Content and attributes are those of the record that completed it.
                var version = log.Window.FindIndex(entry => entry.Offset == record.Version);
                tree.Copy(update.Object, log.Trees[version + 1]);
            }
            else if (update.Kind is not (ModelKind.Make or ModelKind.Content))
            {
                tree.Apply(update, record.Carry == Carry.Gone);
            }
        }
    }
}

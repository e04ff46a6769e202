// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Engine;

/// <summary>Makes a plan that fails smaller, as long as it fails in the same way.</summary>
internal static class Shrinker
{
    private const int MaxRuns = 3000;

    public static Plan Shrink(Plan plan, string failure)
    {
        var runs = 0;
        var kind = KindOf(failure);
        bool Fails(Plan smaller)
        {
            var history = new History(smaller, keepsStory: false);
            return ++runs < MaxRuns && !history.Run() && KindOf(history.Failure!) == kind;
        }

        Plan Try(Plan smaller) => Fails(smaller) ? smaller : plan;

        plan = Try(plan with { StartsFull = false });
        plan = Try(plan with { HasSkew = false });
        plan = Try(plan with { TrimStep = 16 << 20 });
        for (var size = plan.Events.Count; size > 0; size = Math.Min(size / 2, plan.Events.Count))
        {
            for (var again = true; again;)
            {
                var before = plan;
                for (var at = 0; at + size <= plan.Events.Count;)
                {
                    var smaller = Try(plan with { Events = [.. plan.Events.Take(at), .. plan.Events.Skip(at + size)] });
                    at += smaller == plan ? size : 0;
                    plan = smaller;
                }

                again = plan != before && size == 1;
            }
        }

        for (var i = 0; i < plan.Events.Count; i++)
        {
            plan = Try(With(plan, i, plan.Events[i] with { IsInside = false }));
            plan = Try(With(plan, i, plan.Events[i] with { Gap = 0 }));
            plan = Try(With(plan, i, plan.Events[i] with { Gap = 200 }));
        }

        return plan;
    }

    /// <summary>What is wrong, without where.</summary>
    public static string KindOf(string failure) => string.Concat(failure.Split('\n', 2)[0].Split(" at ", 2)[0].Where(char.IsLetter).Take(40));

    private static Plan With(Plan plan, int index, Event what) =>
        what == plan.Events[index] ? plan : plan with { Events = [.. plan.Events.Take(index), what, .. plan.Events.Skip(index + 1)] };
}

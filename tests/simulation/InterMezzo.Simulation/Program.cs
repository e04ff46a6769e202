// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;


var seed = int.Parse(args[0]);
var to = args.Length > 1 ? int.Parse(args[1]) : seed;
var watch = System.Diagnostics.Stopwatch.StartNew();
var failures = 0;
for (var s = seed; s <= to; s++)
{
    var history = new History(Plan.Of(s, new Options()), to == seed);
    if (!history.Run())
    {
        failures++;
        Console.WriteLine($"seed {s}: {history.Failure}");
    }

    if (to == seed)
    {
        foreach (var line in history.Story)
        {
            Console.WriteLine(line);
        }

        Console.WriteLine($"hash {history.Hash:x} steps {history.Scheduler.Steps}");
    }
}

Console.WriteLine($"{failures} of {to - seed + 1} failed, {watch.Elapsed.TotalMilliseconds / (to - seed + 1):0.00} ms each");
return failures == 0 ? 0 : 1;

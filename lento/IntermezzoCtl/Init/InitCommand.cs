// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net;
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class InitCommand
{
    public static int ShowPin(ConfigurationFiles files)
    {
        using var identity = new IdentityFiles(ConfigurationReader.Read(files).Node.State).Load();
        Console.WriteLine(identity.Pin);
        return ExitCode.Done;
    }

    public static int Run(ConfigurationFiles files, string? name, bool json)
    {
        if (name is not null && !Syntax.IsName(name))
        {
            throw new ConfigurationException($"--name \"{name}\" {Syntax.NameRule}");
        }

        var isNew = !File.Exists(files.Main);
        if (isNew)
        {
            ConfigurationWriter.WriteNode(files, name ?? Dns.GetHostName());
        }

        var node = ConfigurationReader.Read(files).Node;
        if (name is not null && name != node.Name)
        {
            throw new ConfigurationException($"{files.Main}: this machine is called \"{node.Name}\" there; change node.name, or leave --name out");
        }

        var identity = new IdentityFiles(node.State);
        var isMade = identity.Create();
        using var loaded = identity.Load();
        if (json)
        {
            CtlJson.Print(new IdentityOutput(node.Name, Amount.Replica(loaded.Replica), loaded.Pin, isMade), CtlJson.Default.IdentityOutput);
            return ExitCode.Done;
        }

        Console.WriteLine(isMade ? $"{node.Name} has a key now, in {node.State}." : $"{node.Name} has its key already, in {node.State}; it stays.");
        Console.WriteLine($"pin: {loaded.Pin}");
        Console.WriteLine($"On a peer: intermezzo-ctl peer add {node.Name} --pin {loaded.Pin}");
        return ExitCode.Done;
    }
}

/// <param name="Made">The key was made now.</param>
internal sealed record IdentityOutput(string Name, string Replica, string Pin, bool Made);

// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.CommandLine.Completions;
using Grpc.Core;
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <summary>Arguments and options of the verbs about one conflict.</summary>
internal static class ConflictSymbols
{
    /// <summary>A shell that completes a line doesn't wait longer.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public static Argument<string> Id()
    {
        var id = new Argument<string>("ID") { Description = "As `conflicts list` shows it, or its beginning, if no other begins so." };
        id.CompletionSources.Add(Ids);
        return id;
    }

    /// <summary>The same, where all can be meant.</summary>
    public static Argument<string> AnyId()
    {
        var id = Id();
        id.Arity = ArgumentArity.ZeroOrOne;
        return id;
    }

    public static Option<string?> Fileset()
    {
        var fileset = new Option<string?>("--fileset") { Description = "The conflict's, should two have the same ID.", HelpName = "NAME" };
        fileset.CompletionSources.Add(CommonOptions.FilesetNames);
        return fileset;
    }

    public static Option<string?> Kept() => new("--kept") { Description = "Which version, if several are kept.", HelpName = "NAME" };

    public static ConflictRequest Request(ParseResult result, Option<string?> fileset, Argument<string> id) =>
        new() { Fileset = result.GetValue(fileset) ?? "", Id = result.GetValue(id) ?? "" };

    /// <summary>Completion is a help: without a daemon there is nothing to offer.</summary>
    private static IEnumerable<CompletionItem> Ids(CompletionContext context)
    {
        try
        {
            using var daemon = DaemonClient.Connect(CommonOptions.Files(context.ParseResult));
            return ReadAsync(daemon).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is ConfigurationException or NotRunningException or RpcException)
        {
            return [];
        }
    }

    private static async Task<IEnumerable<CompletionItem>> ReadAsync(DaemonClient daemon)
    {
        using var call = daemon.Control.ListConflicts(new ListConflictsRequest(), deadline: DateTime.UtcNow + s_patience);
        var items = new List<CompletionItem>();
        await foreach (var conflict in call.ResponseStream.ReadAllAsync())
        {
            items.Add(new CompletionItem(conflict.Id, detail: ByteName.ForPeople(conflict.Path.Span)));
        }

        return items;
    }
}

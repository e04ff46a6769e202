// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.CommandLine.Completions;
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

/// <summary>Options and arguments that several verbs share.</summary>
internal static class CommonOptions
{
    public static readonly Option<string> Config = new("--config")
    {
        Description = "The configuration of lento.",
        HelpName = "PATH",
        Recursive = true,
        DefaultValueFactory = _ => ConfigurationFiles.DefaultMain,
    };

    /// <summary>A line that is still being typed has no values, not even default ones.</summary>
    public static ConfigurationFiles Files(ParseResult result) => new(result.GetValue(Config) ?? ConfigurationFiles.DefaultMain);

    public static Option<bool> Json() => new("--json") { Description = "For programs: JSON, whose keys don't change." };

    /// <summary>A fileset; without it, all of them.</summary>
    public static Argument<string?> AnyFileset() => WithFilesets(new Argument<string?>("fileset")
    {
        Description = "One fileset instead of all.",
        HelpName = "fileset",
        Arity = ArgumentArity.ZeroOrOne,
    });

    public static Argument<string> ExistingFileset() => WithFilesets(new Argument<string>("fileset") { Description = "Its name.", HelpName = "fileset" });

    public static T WithFilesets<T>(T symbol)
        where T : Argument
    {
        symbol.CompletionSources.Add(FilesetNames);
        return symbol;
    }

    public static IEnumerable<CompletionItem> FilesetNames(CompletionContext context) =>
        Names(context, configuration => configuration.Filesets.Select(fileset => fileset.Name));

    public static Argument<string> ExistingPeer()
    {
        var argument = new Argument<string>("name") { Description = "How it is called here." };
        argument.CompletionSources.Add(PeerNames);
        return argument;
    }

    public static Option<T> WithPeers<T>(Option<T> option)
    {
        option.CompletionSources.Add(PeerNames);
        return option;
    }

    private static IEnumerable<CompletionItem> PeerNames(CompletionContext context) =>
        Names(context, configuration => configuration.Peers.Select(peer => peer.Name));

    /// <summary>Completion is a help: without a configuration that can be read there is nothing to offer.</summary>
    private static IEnumerable<CompletionItem> Names(CompletionContext context, Func<LentoConfiguration, IEnumerable<string>> names)
    {
        try
        {
            return names(ConfigurationReader.Read(Files(context.ParseResult))).Select(name => new CompletionItem(name)).ToList();
        }
        catch (ConfigurationException)
        {
            return [];
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Configuration;

/// <summary>
/// Where the configuration is: lento.toml, and beside it peers.d/*.toml and filesets.d/*.toml, which intermezzo-ctl
/// writes, one file for each, so that it never has to edit what a person wrote.
/// </summary>
public sealed class ConfigurationFiles(string main)
{
    public const string DefaultMain = "/etc/intermezzo/lento.toml";

    public string Main { get; } = Path.GetFullPath(main);

    private string Home => Path.GetDirectoryName(Main)!;

    public string Peer(string name) => Path.Combine(Home, "peers.d", name + ".toml");

    public string Fileset(string name) => Path.Combine(Home, "filesets.d", name + ".toml");

    /// <summary>All files there are, the main one first, the others by name.</summary>
    public IReadOnlyList<string> List() => [Main, .. DropIns("peers.d"), .. DropIns("filesets.d")];

    private IEnumerable<string> DropIns(string directory)
    {
        var path = Path.Combine(Home, directory);
        return Directory.Exists(path) ? Directory.GetFiles(path, "*.toml").Order(StringComparer.Ordinal) : [];
    }
}

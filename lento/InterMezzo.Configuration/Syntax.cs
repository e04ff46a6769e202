// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace InterMezzo.Configuration;

/// <summary>What values look like.</summary>
public static class Syntax
{
    /// <summary>Names of peers and filesets are file names and words in messages too.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    public const string NameRule = "must be 1 to 64 of a-z A-Z 0-9 . _ - and begin with a letter or digit";

    public static bool IsPin(string pin) => pin.Length == 64 && pin.All(char.IsAsciiHexDigitLower);

    /// <summary>host:port or [IPv6]:port; null: it isn't.</summary>
    public static (string Host, int Port)? SplitAddress(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 1 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is 0 or > 65535)
        {
            return null;
        }

        var host = text[..colon];
        var bracketed = host is ['[', .., ']'];
        return (Uri.CheckHostName(host), bracketed) switch
        {
            (UriHostNameType.IPv6, true) => (host[1..^1], port),
            (UriHostNameType.Dns or UriHostNameType.IPv4, false) => (host, port),
            _ => null,
        };
    }

    public static FilesetRole? ParseRole(string text) => text switch
    {
        "server" => FilesetRole.Server,
        "client" => FilesetRole.Client,
        _ => null,
    };

    public static FilesetKind? ParseKind(string text) => text switch
    {
        "presto" => FilesetKind.Presto,
        "plain" => FilesetKind.Plain,
        "kml" => FilesetKind.Kml,
        _ => null,
    };

    public static OfflinePolicy? ParseOffline(string text) => text switch
    {
        "optimistic" => OfflinePolicy.Optimistic,
        "readonly" => OfflinePolicy.Readonly,
        "permit" => OfflinePolicy.Permit,
        _ => null,
    };

    public static string Text(OfflinePolicy policy) => policy switch
    {
        OfflinePolicy.Optimistic => "optimistic",
        OfflinePolicy.Readonly => "readonly",
        _ => "permit",
    };

    public static string Text(FilesetRole role) => role == FilesetRole.Server ? "server" : "client";

    public static string Text(FilesetKind kind) => kind switch
    {
        FilesetKind.Presto => "presto",
        FilesetKind.Plain => "plain",
        _ => "kml",
    };

    internal static string CheckName(TomlSection section, string name) =>
        IsName(name) ? name : throw section.Error("name", $"\"{name}\" {NameRule}");
}

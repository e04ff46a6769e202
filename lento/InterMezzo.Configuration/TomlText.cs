// SPDX-License-Identifier: GPL-2.0-or-later
using Tomlyn;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace InterMezzo.Configuration;

/// <summary>Reads a file into its sections. Tomlyn's syntax tree keeps the lines, and needs no reflection.</summary>
internal static class TomlText
{
    public static IEnumerable<TomlSection> Read(string file)
    {
        var document = Parse(file);
        if (document.KeyValues.FirstOrDefault() is { } stray)
        {
            throw new ConfigurationException(
                $"{file}:{stray.Span.Start.Line + 1}: {Of(stray.Key!)}: stands outside of a section; put it below [node], [[peer]], [[fileset]] or [[merge]]");
        }

        return document.Tables.Select(table => new TomlSection(file, table));
    }

    public static string Of(KeySyntax key) => string.Join('.', [One(key.Key), .. key.DotKeys.Select(item => One(item.Key))]);

    /// <summary>A text as TOML writes it.</summary>
    public static string Quote(string text) => new StringValueSyntax(text).ToString().Trim();

    private static string One(BareKeyOrStringValueSyntax? key) => key switch
    {
        BareKeySyntax bare => bare.Key?.Text ?? "",
        StringValueSyntax text => text.Value ?? "",
        _ => "",
    };

    private static DocumentSyntax Parse(string file)
    {
        try
        {
            return SyntaxParser.ParseStrict(File.ReadAllText(file), file);
        }
        catch (TomlException exception)
        {
            var first = exception.Diagnostics.FirstOrDefault();
            var line = first?.Span.Start.Line + 1 ?? exception.Line ?? 1;
            throw new ConfigurationException($"{file}:{line}: isn't TOML: {first?.Message ?? exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{file}: can't be read: {exception.Message}");
        }
    }
}

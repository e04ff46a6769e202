// SPDX-License-Identifier: GPL-2.0-or-later
using Tomlyn.Syntax;

namespace InterMezzo.Configuration;

/// <summary>
/// One [table] or [[table]] of a file. Values are taken out by key, and whatever nobody took is refused: a misspelt key
/// must not pass silently.
/// </summary>
internal sealed class TomlSection
{
    private readonly Dictionary<string, KeyValueSyntax> _items = [];
    private readonly SyntaxNode _header;

    public TomlSection(string file, TableSyntaxBase table)
    {
        (File, _header, Name) = (file, table, table.Name is null ? "" : TomlText.Of(table.Name));
        foreach (var item in table.Items)
        {
            _items[TomlText.Of(item.Key!)] = item;
        }
    }

    public string File { get; }

    public string Name { get; }

    public bool Has(string key) => _items.ContainsKey(key);

    /// <summary>The header's line, for what is wrong with the section as a whole.</summary>
    public ConfigurationException Error(string message) => Error(_header, message);

    /// <summary>What is wrong with the value of a key that was taken before.</summary>
    public ConfigurationException Error(string key, string message) =>
        Error(_items.TryGetValue(key, out var item) ? item : _header, $"{Name}.{key}: {message}");

    public string? Text(string key) => Value(key) switch
    {
        null => null,
        StringValueSyntax { Value.Length: > 0 } text => text.Value,
        StringValueSyntax => throw Error(key, "the value is empty; leave the key out, or write a text"),
        _ => throw Error(key, $"must be a text in quotes, as {key} = \"...\""),
    };

    public string RequiredText(string key, string what) => Text(key) ?? throw Error($"{Name}.{key} is missing: {what}");

    public bool? Flag(string key) => Value(key) switch
    {
        null => null,
        BooleanValueSyntax flag => flag.Value,
        _ => throw Error(key, "must be true or false, without quotes"),
    };

    public long? Number(string key) => Value(key) switch
    {
        null => null,
        IntegerValueSyntax number => number.Value,
        _ => throw Error(key, $"must be a number, as {key} = 10"),
    };

    public IReadOnlyList<string> List(string key) => Value(key) switch
    {
        null => [],
        ArraySyntax array => [.. array.Items.Select(item => (item.Value as StringValueSyntax)?.Value
            ?? throw Error(key, $"must be a list of texts, as {key} = [\"a\", \"b\"]"))],
        _ => throw Error(key, $"must be a list of texts, as {key} = [\"a\", \"b\"]"),
    };

    public void RefuseOthers(params ReadOnlySpan<string> known)
    {
        foreach (var (key, item) in _items)
        {
            if (!known.Contains(key))
            {
                throw Error(item, $"{Name}.{key}: unknown key; [{Name}] knows {string.Join(", ", known!)}");
            }
        }
    }

    private ValueSyntax? Value(string key) => _items.GetValueOrDefault(key)?.Value;

    private ConfigurationException Error(SyntaxNode at, string message) => new($"{File}:{at.Span.Start.Line + 1}: {message}");
}

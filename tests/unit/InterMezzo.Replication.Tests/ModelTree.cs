// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using InterMezzo.Journal;

namespace InterMezzo.Replication.Tests;

/// <summary>A tree as a receiver of records has it: objects by identity, mtimes of directories from the records about their names.</summary>
internal sealed class ModelTree
{
    public static readonly Fid Root = new(1, 1, 1);

    private readonly Dictionary<Fid, (string Attributes, ulong Content)> _objects = new() { [Root] = ("", 0) };
    private readonly Dictionary<(Fid Parent, string Name), Fid> _names = [];
    private readonly Dictionary<Fid, ulong> _times = [];

    public IEnumerable<KeyValuePair<(Fid Parent, string Name), Fid>> Names => _names;

    public int Updates { get; private set; }

    public bool Has(Fid fid) => _objects.ContainsKey(fid);

    public bool IsTaken(Fid parent, string name) => _names.ContainsKey((parent, name));

    public ModelTree Copy()
    {
        var copy = new ModelTree();
        foreach (var (fid, state) in _objects)
        {
            copy._objects[fid] = state;
        }

        foreach (var (place, fid) in _names)
        {
            copy._names[place] = fid;
        }

        foreach (var (fid, time) in _times)
        {
            copy._times[fid] = time;
        }

        return copy;
    }

    /// <summary>A content comes, with the attributes of that version.</summary>
    public void Copy(Fid fid, ModelTree from)
    {
        if (Has(fid))
        {
            _objects[fid] = from._objects[fid];
        }
    }

    /// <summary>Does what an update says, as far as it isn't so already; nothing to an object that is gone elsewhere and never was here.</summary>
    public void Apply(ModelUpdate update, bool isGone = false)
    {
        Updates++;
        Note(update.Parent, update.Time);
        Note(update.Parent2, update.Time);
        var (it, place, target) = (update.Object, (update.Parent, update.Name), (update.Parent2, update.Name2));
        if (update.Kind != ModelKind.Make && !Has(it))
        {
            // As a receiver at the server: kept as a conflict. Here nothing ever is.
            Misfits += isGone || update.Kind == ModelKind.Remove ? 0 : 1;
            return;
        }

        switch (update.Kind)
        {
            case ModelKind.Make when !Has(it) && Has(update.Parent):
                _objects[it] = ("", 0);
                Put(place, it);
                break;
            case ModelKind.Link:
                Put(place, it);
                break;
            case ModelKind.Rename when _names.GetValueOrDefault(target) == it:
                DropName(place, it);
                break;
            case ModelKind.Rename:
                DropName(_names.GetValueOrDefault(place) == it ? place : _names.First(name => name.Value == it).Key, it);
                Put(target, it);
                break;
            case ModelKind.Remove:
                DropName(place, it);
                Sweep();
                break;
            case ModelKind.Attributes:
                _objects[it] = _objects[it] with { Attributes = update.Value };
                break;
            case ModelKind.Content:
                _objects[it] = _objects[it] with { Content = update.Time };
                break;
        }
    }

    /// <summary>Updates that didn't find what they are about.</summary>
    public int Misfits { get; private set; }

    public string Image() => string.Join('\n', Lines().Order(StringComparer.Ordinal));

    private IEnumerable<string> Lines()
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"root {_times.GetValueOrDefault(Root)}");
        foreach (var ((parent, name), fid) in _names)
        {
            var (attributes, content) = _objects[fid];
            yield return string.Create(CultureInfo.InvariantCulture, $"{parent}/{name} {fid} {attributes} {content} {_times.GetValueOrDefault(fid)}");
        }
    }

    private void Note(Fid directory, ulong time)
    {
        if (Has(directory))
        {
            _times[directory] = time;
        }
    }

    private void Put((Fid Parent, string Name) place, Fid fid)
    {
        if (Has(place.Parent))
        {
            _names[place] = fid;
            Sweep();
        }
    }

    private void DropName((Fid Parent, string Name) place, Fid fid)
    {
        if (_names.GetValueOrDefault(place) == fid)
        {
            _names.Remove(place);
        }
    }

    /// <summary>Who has no name is gone.</summary>
    private void Sweep()
    {
        var named = _names.Values.ToHashSet();
        foreach (var fid in _objects.Keys.Where(fid => fid != Root && !named.Contains(fid)).ToArray())
        {
            _objects.Remove(fid);
            _times.Remove(fid);
        }
    }
}

internal enum ModelKind
{
    Make,
    Link,
    Rename,
    Remove,
    Attributes,
    Content,
}

internal sealed record ModelUpdate(ModelKind Kind, Fid Object, Fid Parent, string Name, Fid Parent2, string Name2, string Value, ulong Time);

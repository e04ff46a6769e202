// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;

namespace InterMezzo.Replication.Tests;

/// <summary>A random log of a client, real records, and the tree after each of them.</summary>
internal sealed class ModelLog
{
    private const ulong Self = 7;
    private const string Letters = "abcde";

    private readonly Random _random;
    private readonly ModelTree _tree = new();
    private readonly HashSet<Fid> _directories = [ModelTree.Root];
    private ulong _next = 100;

    public ModelLog(int seed, int length)
    {
        _random = new Random(seed);
        while (Window.Count < length)
        {
            Step();
        }
    }

    public List<LogEntry> Window { get; } = [];

    public List<LogStep> Steps { get; } = [];

    /// <summary>What each record does to a tree; null: nothing.</summary>
    public List<ModelUpdate?> Updates { get; } = [];

    /// <summary>After so many records.</summary>
    public List<ModelTree> Trees { get; } = [new ModelTree()];

    private ulong Time => (ulong)Window.Count + 1;

    private void Step()
    {
        var places = _tree.Names.OrderBy(name => (name.Key.Name, name.Value.Ino)).ToList();
        var (directory, name) = (Pick(_directories.Where(_tree.Has).OrderBy(fid => fid.Ino).ToList()), Letters[_random.Next(Letters.Length)].ToString());
        var dice = _random.Next(100);
        if (places.Count == 0 || dice < 30)
        {
            Make(directory, name);
            return;
        }

        var ((parent, from), it) = Pick(places);
        var isDirectory = _directories.Contains(it);
        if (dice < 60 && !places.Exists(place => place.Key.Parent == it))
        {
            Remove(it, parent, from, isDirectory);
        }
        else if (dice < 70 && !isDirectory)
        {
            Rename(it, parent, from, directory, name);
        }
        else if (dice < 76 && !isDirectory && !_tree.IsTaken(directory, name))
        {
            Add(new ModelUpdate(ModelKind.Link, it, directory, name, default, "", "", Time), Start(Op.Link), withObject: true);
        }
        else if (dice < 86)
        {
            Add(new ModelUpdate(ModelKind.Attributes, it, default, "", default, "", $"{dice}", Time), Start(Op.SetAttr), withObject: true);
        }
        else if (!isDirectory)
        {
            Add(null, Start(Op.Dirty), it);
            Add(new ModelUpdate(ModelKind.Content, it, default, "", default, "", "", Time), Start(Op.Close), withObject: true);
        }
    }

    private T Pick<T>(List<T> from) => from[_random.Next(from.Count)];

    private void Make(Fid directory, string name)
    {
        if (_tree.IsTaken(directory, name))
        {
            return;
        }

        var made = new Fid(Self, _next++, 1);
        var isDirectory = _random.Next(3) == 0;
        var writer = Start(isDirectory ? Op.Mkdir : Op.Create);
        writer.Result = new KmlResult(KmlFormat.Done, made.Ino, made.Gen, 0, 0, 0, default, ResultFlags.None);
        Add(new ModelUpdate(ModelKind.Make, made, directory, name, default, "", "", Time), writer, withObject: false);
        if (isDirectory)
        {
            _directories.Add(made);
        }
    }

    private void Remove(Fid it, Fid parent, string name, bool isDirectory)
    {
        var writer = Start(isDirectory ? Op.Rmdir : Op.Unlink);
        writer.Add(FieldType.AttrBefore, new KmlAttr { Links = (uint)_tree.Names.Count(place => place.Value == it) });
        Add(new ModelUpdate(ModelKind.Remove, it, parent, name, default, "", "", Time), writer, withObject: true);
    }

    private void Rename(Fid it, Fid parent, string from, Fid directory, string name)
    {
        var writer = Start(Op.Rename);
        var there = _tree.Names.FirstOrDefault(place => place.Key == (directory, name)).Value;
        if (there == it || _directories.Contains(there))
        {
            return;
        }

        if (there != default)
        {
            writer.Add(FieldType.Replaced, new KmlObject(there, there.Ino, there.Gen, 0));
        }

        Add(new ModelUpdate(ModelKind.Rename, it, parent, from, directory, name, "", Time), writer, withObject: true);
    }

    private RecordWriter Start(Op op) => new(new byte[1024], op) { Dot = new Dot(0, Time), Time = new KmlTime((long)Time, 0) };

    private void Add(ModelUpdate? update, RecordWriter writer, Fid it)
    {
        writer.Add(FieldType.Object, new KmlObject(it, it.Ino, it.Gen, 0));
        writer.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Mode, Size = 10 });
        Finish(update, writer);
    }

    private void Add(ModelUpdate update, RecordWriter writer, bool withObject)
    {
        AddPlace(ref writer, FieldType.Parent, FieldType.Name, update.Parent, update.Name);
        AddPlace(ref writer, FieldType.Parent2, FieldType.Name2, update.Parent2, update.Name2);
        if (withObject)
        {
            Add(update, writer, update.Object);
        }
        else
        {
            Finish(update, writer);
        }
    }

    private static void AddPlace(ref RecordWriter writer, FieldType directory, FieldType field, Fid fid, string name)
    {
        if (!fid.IsNone)
        {
            writer.Add(directory, new KmlObject(fid, fid.Ino, fid.Gen, 0));
            writer.Add(field, Encoding.ASCII.GetBytes(name));
        }
    }

    private void Finish(ModelUpdate? update, RecordWriter writer)
    {
        var record = RecordView.Parse(writer.Finish());
        var offset = Window.Count == 0 ? KmlFormat.Align : Window[^1].End;
        Window.Add(RecordFacts.Entry(record, offset, Self, RecordFacts.Forward(record, Direction.ToServer, 1).Ships));
        Steps.Add(RecordFacts.Step(record, Self, Direction.ToServer, 1, joining: false));
        Updates.Add(update);
        if (update is not null)
        {
            _tree.Apply(update);
        }

        Trees.Add(_tree.Copy());
    }

    public string Tell(int index) => string.Create(CultureInfo.InvariantCulture, $"{index}: {Updates[index]}");
}

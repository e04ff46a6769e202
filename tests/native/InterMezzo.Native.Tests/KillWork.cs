// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Native.Tests;

/// <summary>Work on a tree, of every kind, that goes on while daemons are killed.</summary>
internal sealed class KillWork(SyncScript script, Random random)
{
    private readonly List<string> _files = [];

    /// <summary>What a join finds.</summary>
    public void Prepare()
    {
        for (var i = 0; i < 12; i++)
        {
            script.Mkdir($"d{i}");
            Create($"d{i}/large", 1 << 20);
            for (var j = 0; j < 20; j++)
            {
                Create($"d{i}/{j}", random.Next(20_000));
            }
        }
    }

    /// <summary>A round's; one of its contents stays as it is, and has <paramref name="surely"/> bytes.</summary>
    public void Do(int round, int surely)
    {
        var directory = $"round {round}";
        script.Mkdir(directory);
        script.Create($"{directory}/stays", Bytes(surely));
        for (var i = 0; i < 60; i++)
        {
            Create($"{directory}/{i}", random.Next(100) == 0 ? 2_000_000 : random.Next(50_000));
            Change(directory, i);
        }

        script.Rename(directory, $"done {round}");
        for (var i = 0; i < _files.Count; i++)
        {
            if (_files[i].StartsWith(directory + "/", StringComparison.Ordinal))
            {
                _files[i] = $"done {round}{_files[i][directory.Length..]}";
            }
        }
    }

    /// <summary>In pieces: it need not fit into memory.</summary>
    public static void WriteLarge(SyncScript script, string path, long size)
    {
        script.Create(path);
        script.Open(path);
        using (var file = new FileStream(Path.Combine(script.Directory, path), FileMode.Open, FileAccess.Write, FileShare.Read, 1 << 20))
        {
            var (bytes, random) = (new byte[1 << 20], new Random(1));
            for (var written = 0L; written < size; written += bytes.Length)
            {
                random.NextBytes(bytes);
                file.Write(bytes);
            }
        }

        script.Close(path);
    }

    private void Change(string directory, int number)
    {
        var at = random.Next(_files.Count);
        var file = _files[at];
        switch (random.Next(7))
        {
            case 0:
                _files[at] = $"{directory}/moved {number}";
                script.Rename(file, _files[at]);
                break;
            case 1:
                script.Unlink(file);
                _files.RemoveAt(at);
                break;
            case 2:
                script.Write(file, Bytes(random.Next(30_000)));
                break;
            case 3:
                script.Link(file, $"{directory}/link {number}");
                break;
            case 4:
                script.Truncate(file, random.Next(5000));
                break;
            case 5:
                script.Chmod(file, 0x180);
                break;
            default:
                script.Symlink($"{directory}/symlink {number}", $"../{file}");
                break;
        }
    }

    private void Create(string path, int size)
    {
        script.Create(path, Bytes(size));
        _files.Add(path);
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Ctl;

/// <summary>The versions of a file that are merged, in a directory that nobody else may look into; it goes in the end.</summary>
internal sealed class MergeFiles : IDisposable
{
    private readonly DirectoryInfo _place = System.IO.Directory.CreateTempSubdirectory("intermezzo-ctl-");
    private readonly string _ending;

    /// <param name="name">Of the file: programs may go by its ending.</param>
    public MergeFiles(string name)
    {
        var ending = Path.GetExtension(name);
        _ending = ending.Length > 1 && ending.Skip(1).All(char.IsAsciiLetterOrDigit) ? ending : "";
    }

    public string Directory => _place.FullName;

    /// <summary>What is in the tree.</summary>
    public string Ours => At("ours");

    /// <summary>What both come from. Nobody keeps it: an empty file.</summary>
    public string Base => At("base");

    /// <summary>What is kept.</summary>
    public string Theirs => At("theirs");

    public string Merged => At("merged");

    /// <summary>What is in the tree, once more: a program may write to what it was given.</summary>
    public string Tree => Path.Combine(Directory, "tree");

    public long Size(string file) => new FileInfo(file).Length;

    public void Dispose() => _place.Delete(recursive: true);

    private string At(string name) => Path.Combine(_place.FullName, name + _ending);
}

// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Configuration;

/// <summary>Reads and checks the configuration. What it returns can be relied on; what is wrong is thrown with file, line and key.</summary>
public static class ConfigurationReader
{
    /// <exception cref="ConfigurationException"/>
    public static LentoConfiguration Read(ConfigurationFiles files)
    {
        if (!File.Exists(files.Main))
        {
            throw new ConfigurationException($"{files.Main}: there is no such file; `intermezzo-ctl init` makes it, --config names another one");
        }

        var sections = files.List().SelectMany(TomlText.Read).ToList();
        NodeConfiguration? node = null;
        var peers = new Named<PeerConfiguration>("peer");
        var filesets = new Named<FilesetConfiguration>("fileset");
        var merges = new List<(TomlSection Section, MergeConfiguration Merge)>();
        foreach (var section in sections)
        {
            switch (section.Name)
            {
                case "node" when section.File == files.Main:
                    node = SectionReader.Node(section);
                    break;
                case "peer":
                    peers.Add(section, SectionReader.Peer(section));
                    break;
                case "fileset":
                    filesets.Add(section, SectionReader.Fileset(section));
                    break;
                case "merge":
                    merges.Add((section, SectionReader.Merge(section)));
                    break;
                default:
                    throw section.Error(section.Name == "node"
                        ? $"[node] belongs into {files.Main}"
                        : $"[{section.Name}]: unknown section; there are [node], [[peer]], [[fileset]] and [[merge]]");
            }
        }

        var configuration = new LentoConfiguration(node ?? new NodeConfiguration(), peers.Values, filesets.Values)
        {
            Merges = merges.ConvertAll(it => it.Merge),
        };
        References.Check(configuration, filesets.Sections);
        merges.ForEach(it => References.CheckMerge(configuration, it.Section, it.Merge));
        return configuration;
    }

    /// <summary>Values whose names must differ, and where each was found.</summary>
    private sealed class Named<T>(string what)
    {
        private readonly Dictionary<string, TomlSection> _sections = new(StringComparer.Ordinal);

        public List<T> Values { get; } = [];

        public IReadOnlyDictionary<string, TomlSection> Sections => _sections;

        public void Add(TomlSection section, T value)
        {
            var name = section.Text("name")!;
            if (!_sections.TryAdd(name, section))
            {
                throw section.Error("name", $"{what} \"{name}\" is defined in {_sections[name].File} already; remove one of the two");
            }

            Values.Add(value);
        }
    }
}

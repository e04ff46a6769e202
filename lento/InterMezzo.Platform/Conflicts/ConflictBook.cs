// SPDX-License-Identifier: GPL-2.0-or-later
using System.Security.Cryptography;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// The descriptions in one directory of the conflict store, read as a whole. What was resolved is no longer among the
/// conflicts.
/// </summary>
internal sealed class ConflictBook
{
    // A join may leave very many.
    private readonly Dictionary<Fid, Entry> _entries = [];

    internal IReadOnlyCollection<Entry> Entries => _entries.Values;

    /// <summary>Names whose removal a crash may have cut short: those of a resolution that nothing was noted after. Null: something was.</summary>
    internal IReadOnlyList<byte[]>? LastResolved { get; private set; }

    internal static ConflictBook Read(IEnumerable<ReadOnlyMemory<byte>> lines)
    {
        var book = new ConflictBook();
        foreach (var line in lines)
        {
            if (ConflictAbout.Decode(line) is var (conflict, path))
            {
                book.Add(conflict, path);
                book.LastResolved = null;
            }
            else if (ConflictAbout.DecodeEnd(line) is var (subject, kept))
            {
                book._entries.Remove(subject);
                book.LastResolved = kept;
            }
        }

        return book;
    }

    /// <summary>
    /// Which of the names that stand there belong to which conflict: an object that lives on there is known by its
    /// identity, a copy by its name.
    /// </summary>
    /// <param name="names">All that stand there.</param>
    /// <param name="identify">Tells the identity of what stands at a name.</param>
    internal void Distribute(IReadOnlyList<byte[]> names, Func<byte[], Fid> identify)
    {
        var only = _entries.Count == 1 ? Entries.First() : null;
        foreach (var name in names)
        {
            var owner = only ?? _entries.GetValueOrDefault(identify(name)) ?? Entries.FirstOrDefault(entry => KeptName.IsOf(name, entry.Found[0].Name));
            owner?.Kept.Add(name);
        }
    }

    private void Add(Conflict conflict, byte[] path)
    {
        if (!_entries.TryGetValue(conflict.Object, out var entry))
        {
            _entries.Add(conflict.Object, new Entry(conflict.Object, path, [conflict]));
        }
        else if (!entry.Found.Exists(found => (found.Winner, found.Reason) == (conflict.Winner, conflict.Reason)))
        {
            // An operation that a crash cut short is noted once more when it is done again.
            entry.Found.Add(conflict);
        }
    }

    /// <param name="Subject">Whose.</param>
    /// <param name="Path">Where, when it was found first.</param>
    /// <param name="Found">Each time it was found.</param>
    internal sealed record Entry(Fid Subject, byte[] Path, List<Conflict> Found)
    {
        internal List<byte[]> Kept { get; } = [];

        /// <summary>The same on every replica that keeps the same version of the same object.</summary>
        internal string Id(string directory) =>
            Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{directory} {Subject}")).AsSpan(0, 4));
    }
}

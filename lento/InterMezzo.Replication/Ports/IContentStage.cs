// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <summary>Which version of which content.</summary>
/// <param name="Object">The object it belongs to.</param>
/// <param name="Log">The log that tells of it.</param>
/// <param name="Source">Offset of the record there.</param>
public readonly record struct ContentKey(Fid Object, LogId Log, ulong Source);

/// <param name="Key">Whose.</param>
/// <param name="Length">So much of it is here: bytes and holes below this offset need not be sent again.</param>
/// <param name="Complete">All of it is here.</param>
public readonly record struct StagedLength(ContentKey Key, ulong Length, bool Complete);

/// <summary>
/// Contents on their way in, one staging file each. They survive restarts. The stage may be used from any thread,
/// each staging file from one at a time.
/// </summary>
public interface IContentStage
{
    /// <summary>What earlier transfers left.</summary>
    IReadOnlyList<StagedLength> List();

    /// <summary>Makes the staging file of a content, or goes on with the one that is there.</summary>
    IStagingFile Open(ContentKey key);

    /// <summary>Removes the staging files that nobody holds open and that the predicate doesn't keep.</summary>
    void Clean(Predicate<ContentKey> keep);
}

public interface IStagingFile : IDisposable
{
    ContentKey Key { get; }

    /// <summary>Where writing goes on.</summary>
    ulong Length { get; }

    /// <summary>Size of the complete content.</summary>
    ulong Size { get; }

    bool IsComplete { get; }

    /// <summary>Offsets only grow; what is passed over is a hole.</summary>
    void Write(ulong offset, ReadOnlySpan<byte> data);

    /// <summary>The content has this size, all data is written.</summary>
    void Complete(ulong size);

    /// <summary>Gives the content up and removes the file.</summary>
    void Discard();
}

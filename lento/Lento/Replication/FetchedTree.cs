// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <param name="Parent">None: the object that was asked for.</param>
/// <param name="Name">In it.</param>
/// <param name="Fid">The object.</param>
/// <param name="State">All about it.</param>
internal sealed record FetchedObject(Fid Parent, byte[] Name, Fid Fid, ObjectState State)
{
    /// <summary>The object was met before under another name.</summary>
    public bool IsLink { get; init; }

    public Content? Content { get; set; }
}

/// <summary>An object of the server's, with all below it and contents. Empty: it is gone there too.</summary>
internal sealed class FetchedTree : IDisposable
{
    public List<FetchedObject> Objects { get; } = [];

    public void Dispose()
    {
        foreach (var item in Objects)
        {
            (item.Content as StagedContent)?.File.Dispose();
        }
    }
}

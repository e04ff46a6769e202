// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Lento.Replication;
using InterMezzo.Platform;

namespace InterMezzo.Lento.Hosting;

/// <summary>Why a fileset is out of order, and what to do.</summary>
/// <param name="Reason">For people.</param>
/// <param name="Full">The directory whose file system has no room; null: something else is wrong.</param>
internal sealed record Trouble(string Reason, string? Full)
{
    /// <param name="fileset">Where it happened.</param>
    /// <param name="state">Where filesets without a presto mount keep their index.</param>
    /// <param name="exception">What happened.</param>
    public static Trouble Of(FilesetConfiguration fileset, string state, Exception exception)
    {
        if (!LocalFault.IsNoRoom(exception))
        {
            return new Trouble($"{fileset.Mount}: {exception.Message}; replication goes on by itself when that is put right, nothing is lost", null);
        }

        var full = exception is SysException || fileset.Kind == FilesetKind.Presto ? fileset.Mount : state;
        return new Trouble($"no room on the file system of {full} ({exception.Message}); free some: replication goes on by itself, nothing is lost", full);
    }
}

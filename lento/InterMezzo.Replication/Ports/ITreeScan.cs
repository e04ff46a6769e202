// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication.Ports;

/// <summary>How a scan goes on; read by any thread.</summary>
public sealed class ScanProgress
{
    private long _looked;
    private long _told;
    private long _listed;

    /// <summary>Objects looked at.</summary>
    public long Looked => Interlocked.Read(ref _looked);

    /// <summary>Names told.</summary>
    public long Told => Interlocked.Read(ref _told);

    /// <summary>Directories whose names were listed.</summary>
    public long Listed => Interlocked.Read(ref _listed);

    public void Look() => Interlocked.Increment(ref _looked);

    public void Tell() => Interlocked.Increment(ref _told);

    public void List() => Interlocked.Increment(ref _listed);
}

/// <summary>Compares the tree with what the own log may not tell of it, and journals what it finds. On the applier's thread.</summary>
public interface ITreeScan
{
    /// <summary>
    /// Looks at each object once; programs go on meanwhile. What is told is as the tree has it: whoever applies it has
    /// the same, whatever was lost of the way there. May be done again.
    /// </summary>
    /// <exception cref="OperationCanceledException"/>
    void Run(Suspicion suspicion, ScanProgress progress, CancellationToken cancellationToken);
}

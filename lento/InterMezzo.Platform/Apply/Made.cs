// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>An object made in staging, complete but for its place in the tree.</summary>
/// <param name="Directory">Where it stands meanwhile.</param>
/// <param name="Name">Its name there, with NUL.</param>
/// <param name="Fd">The object.</param>
/// <param name="Type">Its type.</param>
/// <param name="Staged">The staging file that it was.</param>
internal readonly record struct Made(Fd Directory, byte[] Name, Fd Fd, uint Type, StagingFile? Staged = null) : IDisposable
{
    /// <summary>Open with O_PATH.</summary>
    internal bool IsPath => Type is not (FileType.Regular or FileType.Directory);

    /// <summary>It doesn't enter the tree; what was received stays for another try.</summary>
    internal void Remove()
    {
        if (Staged is not null)
        {
            Staged.Restore();
            return;
        }

        _ = Interop.Sys.UnlinkAt(Directory, Name, Type == FileType.Directory ? At.RemoveDirectory : 0);
    }

    public void Dispose() => Fd.Dispose();
}

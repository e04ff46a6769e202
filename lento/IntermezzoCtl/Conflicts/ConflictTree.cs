// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Platform;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using KeptObject = InterMezzo.Protocol.Control.KeptObject;

namespace InterMezzo.Ctl;

/// <summary>Makes the tree what was decided, as any program of this user would: through the mount.</summary>
/// <param name="daemon">Knows what is kept.</param>
/// <param name="detail">The conflict.</param>
/// <param name="file">Whose content is to be the content. Null: it isn't about one.</param>
internal sealed class ConflictTree(DaemonClient daemon, ConflictDetail detail, string? file)
{
    // What comes in beside, and has no directory any more, comes into the root.
    private readonly byte[] _path = ConflictParts.KindOf(detail.Place) == PlaceKind.NoDirectory ? [] : detail.Place.Directory.ToByteArray();
    private readonly byte[] _name = detail.Place.Name.ToByteArray();

    public Shape ShapeThere()
    {
        using var directory = ConflictParts.KindOf(detail.Place) is PlaceKind.Object or PlaceKind.Other ? UserDirectory.TryOpen(detail.Mount, _path) : null;
        using var there = directory?.Look(_name);
        return there is null ? Shape.Nothing : ResolutionRules.ShapeOf(there.Mode);
    }

    /// <summary>Returns what it was done to: a path below the mount.</summary>
    public async Task<byte[]> ApplyAsync(Resolution resolution, KeptVersion? version, CancellationToken cancellationToken)
    {
        if (resolution == Resolution.Drop)
        {
            return ConflictParts.PathOf(detail.Place);
        }

        using var directory = UserDirectory.Open(detail.Mount, _path);
        switch (resolution)
        {
            case Resolution.Redo:
                return UpdateRedo.Run(detail, directory);
            case Resolution.Write:
                WriteContent(directory);
                return ConflictParts.PathOf(detail.Place);
            default:
                break;
        }

        using var made = directory.Make(detail.Conflict.Id);
        if (resolution == Resolution.EnterWritten)
        {
            using var source = UserObject.Open(file!);
            var kept = new KeptObject { Attr = version!.Attr };
            kept.Xattrs.AddRange(version.Xattrs);
            made.Begin(0, [], Written(ConflictParts.StateOf(kept)), 0);
            made.CopyFrom(source);
        }
        else
        {
            var request = new ReadKeptRequest { Fileset = detail.Conflict.Fileset, Id = detail.Conflict.Id, Name = version!.Name };
            using var there = resolution == Resolution.Take ? LookAgain(directory) : null;
            await KeptTransfer.CopyAsync(daemon, request, made, kept => there is null ? kept : Taken(there.ReadState(), kept), cancellationToken);
        }

        return Place(resolution, directory, made);
    }

    private byte[] Place(Resolution resolution, UserDirectory directory, NewVersion made)
    {
        switch (resolution)
        {
            case Resolution.Beside:
                return EnterBeside(directory, made);
            case Resolution.Replace or Resolution.Take when directory.Look(_name) is { } there:
                using (there)
                {
                    made.Replace(_name, there);
                }

                break;
            default:
                if (!made.Enter(_name))
                {
                    throw new RefusedException($"{ByteName.ForPeople(ConflictParts.PathOf(detail.Place))} has come into being meanwhile: look again");
                }

                break;
        }

        return ConflictParts.PathOf(detail.Place);
    }

    private byte[] EnterBeside(UserDirectory directory, NewVersion made)
    {
        for (var number = 0; ; number++)
        {
            var name = BesideName.Of(_name, ConflictParts.NameOfLoser(detail), detail.Conflict.Id, number);
            if (made.Enter(name) || IsThere(directory, made, name))
            {
                return _path.Length == 0 ? name : [.. _path, (byte)'/', .. name];
            }
        }
    }

    /// <summary>By this command, which was interrupted before the conflict was dropped.</summary>
    private static bool IsThere(UserDirectory directory, NewVersion made, byte[] name)
    {
        using var there = directory.Look(name);
        return there is not null && made.IsLike(there);
    }

    /// <summary>Owner, mode and xattrs of the file stay.</summary>
    private void WriteContent(UserDirectory directory)
    {
        using var source = UserObject.Open(file!);
        using var there = LookAgain(directory);
        if (there.IsSame(source))
        {
            // It was merged in its place.
            return;
        }

        using var made = directory.Make(detail.Conflict.Id);
        made.Begin(0, [], Written(there.ReadState()), 0);
        made.CopyFrom(source);
        made.Replace(_name, there);
    }

    private UserObject LookAgain(UserDirectory directory) =>
        directory.Look(_name) ?? throw new RefusedException($"{ByteName.ForPeople(ConflictParts.PathOf(detail.Place))} has gone meanwhile: look again");

    /// <summary>The content, and when it was written, of the kept version.</summary>
    private static ObjectState Taken(ObjectState there, ObjectState kept) => new()
    {
        Attr = there.Attr with { ModifyTime = kept.Attr.ModifyTime, Links = 1 },
        Xattrs = there.Xattrs,
    };

    /// <summary>It is written now.</summary>
    private static ObjectState Written(ObjectState state) => new()
    {
        Attr = state.Attr with { Valid = state.Attr.Valid & ~(AttrValid.ModifyTime | AttrValid.AccessTime), Links = 1 },
        Xattrs = state.Xattrs,
    };
}

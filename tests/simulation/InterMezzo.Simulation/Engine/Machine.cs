// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Journal;
using InterMezzo.Platform;
using InterMezzo.Replication;
using InterMezzo.Simulation.Kernel;
using InterMezzo.Simulation.Network;
using InterMezzo.Simulation.Syscalls;
using InterMezzo.Simulation.Users;

namespace InterMezzo.Simulation.Engine;

/// <summary>A machine with a disk, a mount, a cable, users, and perhaps a running daemon.</summary>
internal sealed class Machine
{
    /// <summary>As a kernel's clock goes: what happens within is simultaneous for a file system.</summary>
    private const long Tick = 4;

    private readonly TimeSpan _skew;
    private uint _boots;

    public Machine(History history, ulong replica, TimeSpan skew)
    {
        (History, Replica, _skew) = (history, replica, skew);
        Disk = new Disk(new Kml(new LogId(0x6d61636869, replica)));
        Mount = new Mount(Disk, Now, history.Plan.Mutation);
        Cable = new Cable(history, this);
        Programs = new Programs(this);
        Mount.Turned += Resume;
        Mount.Start(default);
    }

    public History History { get; }

    public ulong Replica { get; }

    public bool IsServer => Replica == 1;

    /// <summary>Its server. Null: it is everybody's.</summary>
    public Machine? Upstream => IsServer ? null : History.Machines[History.Plan.ServerOf((int)Replica - 1)];

    /// <summary>Its clients.</summary>
    public IEnumerable<Machine> Downstream => History.Machines.Where(machine => machine.Upstream == this);

    public string Name => IsServer ? "server" : $"client {Replica}";

    public Disk Disk { get; }

    public Mount Mount { get; private set; }

    public IndexFile Index { get; } = new();

    public Cable Cable { get; }

    public Programs Programs { get; private set; }

    public Daemon? Daemon { get; private set; }

    public bool IsOn { get; private set; } = true;

    public byte[] BootId
    {
        get
        {
            var bytes = new byte[16];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, _boots);
            return bytes;
        }
    }

    public KmlTime Now()
    {
        var now = History.Time.GetUtcNow() + _skew;
        var milliseconds = now.ToUnixTimeMilliseconds() / Tick * Tick;
        return new KmlTime(milliseconds / 1000, (uint)(milliseconds % 1000 * 1_000_000));
    }

    public void StartDaemon()
    {
        if (IsOn && Daemon is null)
        {
            Daemon = new Daemon(History, this);
            Daemon.Start();
        }
    }

    /// <summary>SIGKILL.</summary>
    public void KillDaemon()
    {
        Daemon?.Process.Kill();
        Forget(TimeSpan.Zero, TimeSpan.Zero);
    }

    /// <param name="disk">How many of the operations since the last sync reached the disk.</param>
    /// <param name="index">The same for commits of the index.</param>
    /// <param name="notice">Peers notice after this time that nobody is there.</param>
    public void CutPower(int disk, int index, TimeSpan notice)
    {
        Daemon?.Process.Vanish();
        Forget(notice, notice);
        IsOn = false;
        Disk.Cut(disk);
        Index.Cut(index);
        Programs = new Programs(this);
    }

    public void PowerOn()
    {
        if (!IsOn)
        {
            IsOn = true;
            _boots++;
            Mount = new Mount(Disk, Now, History.Plan.Mutation);
            Mount.Turned += Resume;
            Mount.Recover();
        }
    }

    public ulong Sync()
    {
        if (History.Plan.Mutation == Mutation.NothingIsSynced)
        {
            return Disk.Log.Head;
        }

        Index.Sync();
        return Mount.Sync();
    }

    private void Resume() => Programs.Resume();

    public void OnSystemCall(Process process) => History.OnSystemCall(process);

    private void Forget(TimeSpan clientNotices, TimeSpan serverNotices)
    {
        Daemon = null;
        foreach (var cable in Downstream.Select(client => client.Cable).Append(Cable))
        {
            cable.Break(clientNotices, serverNotices);
        }
    }
}

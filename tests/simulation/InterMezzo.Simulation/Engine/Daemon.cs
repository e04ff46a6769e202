// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Lento.Replication;
using InterMezzo.Platform;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using InterMezzo.Simulation.Network;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Simulation.Engine;

/// <summary>A running lento: the real replication, in a process that is simulated. At a server also who lets callers in.</summary>
internal sealed class Daemon : IFilesetDirectory
{
    private readonly History _history;

    public Daemon(History history, Machine machine)
    {
        (_history, Machine) = (history, machine);
        Process = new Process(machine);
        Context = new DaemonContext(history.Scheduler, Process);
        Log = new StoryLog(history, machine);
        Endpoint = new ReplicationEndpoint(this, Log);
    }

    public Machine Machine { get; }

    public Process Process { get; }

    public DaemonContext Context { get; }

    public StoryLog Log { get; }

    public ReplicationEndpoint Endpoint { get; }

    /// <summary>Null: it isn't ready yet.</summary>
    public FilesetService? Service { get; private set; }

    public bool IsAlive => Process.IsAlive;

    /// <summary>Why the replica has to be opened anew.</summary>
    public Exception? Broken { get; private set; }

    /// <summary>As somebody who asks is told. Null: it isn't ready.</summary>
    public ReplicationStatus? Status() => Ask(service => service.Status());

    /// <summary>Something about its fileset. Default: it isn't ready.</summary>
    public T? Ask<T>(Func<FilesetService, T> question)
    {
        Process.Current = Process;
        try
        {
            return Service is null ? default : question(Service);
        }
        finally
        {
            Process.Current = null;
        }
    }

    public void Start() => Context.Post(() => _ = RunAsync());

    public FilesetService Find(string fileset, ServerCallContext caller) =>
        Service ?? throw new RpcException(new Status(StatusCode.Unavailable, "the server starts"));

    public bool IsReplica(ServerCallContext caller, ulong replica) => ((ServerContext)caller).Caller == replica;

    public bool MayWrite(string fileset, ServerCallContext caller) => !_history.Plan.IsReadOnly;

    public bool MayRelay(string fileset, ServerCallContext caller) => _history.Machines.Any(machine => machine.Upstream is { IsServer: false });

    private async Task RunAsync()
    {
        try
        {
            var side = Machine.IsServer ? Side.Server : Side.Client;
            var replica = PrestoReplica.Open("/home", "/dev/intermezzo0", "home", Machine.Replica);
            var settings = new FilesetSettings("home", side, SendsOwn: true, Machine.Downstream.Count())
            {
                TrimStep = _history.Plan.TrimStep,
                Permits = Machine.IsServer && _history.Plan.Permits is not null,
                Offline = Machine.IsServer || _history.Plan.Permits is null or OfflinePolicy.Optimistic ? GateState.Open : GateState.Shut,
                KeepsPermit = _history.Plan.Permits == OfflinePolicy.Permit,
            };
            var link = Machine.IsServer ? null : new Link(_history, this, Machine.Cable);
            var service = new FilesetService(settings, replica, link, _history.Time, Log, Context.ApplyThread);
            await service.StartAsync();
            Service = service;
            Broken = await service.Broken;
        }
        catch (KilledException)
        {
            return;
        }
        catch (Exception exception)
        {
            Broken = exception;
        }

        _history.OnBroken(this, Broken);
    }
}

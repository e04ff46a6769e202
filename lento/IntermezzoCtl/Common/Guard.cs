// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Grpc.Core;
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

/// <summary>Makes one message and an exit code of whatever goes wrong.</summary>
internal static class Guard
{
    public static void SetGuarded(this Command command, Func<ParseResult, CancellationToken, Task<int>> action) =>
        command.SetAction((result, cancellationToken) => RunAsync(() => action(result, cancellationToken), cancellationToken));

    private static async Task<int> RunAsync(Func<Task<int>> action, CancellationToken cancellationToken)
    {
        try
        {
            return await action();
        }
        catch (ConfigurationException exception)
        {
            return Fail(exception.Message, ExitCode.Error);
        }
        catch (NotRunningException exception)
        {
            return Fail(exception.Message, ExitCode.NotRunning);
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested && exception is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            return Fail("interrupted", ExitCode.Error);
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled)
        {
            return Fail("lento has ended meanwhile", ExitCode.NotRunning);
        }
        catch (RpcException exception)
        {
            return Fail(exception.Status.Detail, ExitCode.Error);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Fail(exception.Message, ExitCode.Error);
        }
    }

    private static int Fail(string message, int code)
    {
        Console.Error.WriteLine($"intermezzo-ctl: {message}");
        return code;
    }
}

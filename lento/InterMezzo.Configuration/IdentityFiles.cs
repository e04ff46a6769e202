// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace InterMezzo.Configuration;

/// <summary>The identity on disk: key.pem and replica-id in the state directory.</summary>
public sealed class IdentityFiles(string state)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    private readonly string _key = Path.Combine(state, "key.pem");
    private readonly string _replica = Path.Combine(state, "replica-id");

    /// <exception cref="ConfigurationException"/>
    public NodeIdentity Load()
    {
        using var key = ReadKey();
        return new NodeIdentity(key, ReadReplica());
    }

    /// <summary>Makes the identity. False: there is one, and it stays.</summary>
    /// <exception cref="ConfigurationException"/>
    public bool Create()
    {
        if (File.Exists(_key))
        {
            return false;
        }

        try
        {
            Directory.CreateDirectory(state, Private | UnixFileMode.UserExecute);

            // The key last: once it is there, all is there. A replica id left by an init that was cut short is used.
            if (!File.Exists(_replica))
            {
                Write(_replica, $"{NewReplica():x16}\n");
            }

            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            Write(_key, key.ExportPkcs8PrivateKeyPem() + "\n");
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{state}: can't be written: {exception.Message}; run this as root, or name another directory by node.state");
        }
    }

    private static ulong NewReplica()
    {
        Span<byte> bytes = stackalloc byte[8];
        ulong replica;
        do
        {
            RandomNumberGenerator.Fill(bytes);
            replica = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }
        while (replica == 0);
        return replica;
    }

    private static void Write(string path, string text)
    {
        var fresh = path + ".new";
        File.Delete(fresh);
        using (var stream = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private }))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(fresh, path);
    }

    private ECDsa ReadKey()
    {
        var text = Read(_key, "the key of this machine");
        if ((File.GetUnixFileMode(_key) & Others) != 0)
        {
            throw new ConfigurationException($"{_key}: others than its owner may read it, so it may be known already; "
                + "`chmod 600` it if it surely isn't, else remove it, run `intermezzo-ctl init` and pair again");
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(text);
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new ConfigurationException($"{_key}: isn't a key: {exception.Message}; "
                + "restore it, or remove it, run `intermezzo-ctl init` and pair again");
        }

        if (key.KeySize != 256)
        {
            key.Dispose();
            throw new ConfigurationException($"{_key}: isn't a key for the curve P-256; remove it, run `intermezzo-ctl init` and pair again");
        }

        return key;
    }

    private ulong ReadReplica() =>
        ulong.TryParse(Read(_replica, "the replica id of this machine").Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var replica)
        && replica != 0
            ? replica
            : throw new ConfigurationException($"{_replica}: isn't a replica id (16 hex digits, not 0); restore it: the journals of this machine mean it");

    private static string Read(string path, string what)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException($"{path}: {what} isn't there; make it by `intermezzo-ctl init`");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: {what} can't be read: {exception.Message}; run this as root");
        }
    }
}

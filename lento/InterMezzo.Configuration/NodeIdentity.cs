// SPDX-License-Identifier: GPL-2.0-or-later
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace InterMezzo.Configuration;

/// <summary>
/// Who this machine is to its peers: a key, and the replica id that stands in its updates. Peers pin the key, so the
/// certificate says nothing and expires never; it is made anew from the key at each start.
/// </summary>
public sealed class NodeIdentity : IDisposable
{
    private static readonly DateTimeOffset s_always = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_never = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    public NodeIdentity(ECDsa key, ulong replica)
    {
        // The name is seen in packet dumps only.
        var request = new CertificateRequest("CN=intermezzo", key, HashAlgorithmName.SHA256);
        Certificate = request.CreateSelfSigned(s_always, s_never);
        Pin = PinOf(Certificate);
        Replica = replica;
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>What peers know this machine by.</summary>
    public string Pin { get; }

    /// <summary>Never 0: that stands for "this replica" in a journal.</summary>
    public ulong Replica { get; }

    /// <summary>SHA-256 of a certificate's public key (SubjectPublicKeyInfo), in lower-case hex.</summary>
    public static string PinOf(X509Certificate2 certificate) =>
        Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    public void Dispose() => Certificate.Dispose();
}

// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Network;

/// <summary>
/// Mutual TLS 1.3 between keys that know each other. A certificate is trusted for its key alone: no authority, no name,
/// no date. Sessions aren't resumed, so that each connection is checked against the pins of its moment.
/// </summary>
internal static class PinnedTls
{
    static PinnedTls() => NoAuthorities.Trust();

    public static SslServerAuthenticationOptions ForServer(NodeIdentity self, Func<string, bool> accepts) => new()
    {
        ServerCertificate = self.Certificate,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => PinOf(certificate) is { } pin && accepts(pin),
        ApplicationProtocols = [SslApplicationProtocol.Http2],
    };

    public static SslClientAuthenticationOptions ForClient(NodeIdentity self, Func<string, bool> accepts) => new()
    {
        ClientCertificates = [self.Certificate],
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => PinOf(certificate) is { } pin && accepts(pin),
        ApplicationProtocols = [SslApplicationProtocol.Http2],
    };

    private static string? PinOf(X509Certificate? certificate) =>
        certificate is X509Certificate2 presented ? NodeIdentity.PinOf(presented) : null;
}

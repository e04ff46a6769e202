// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Protocol.Replication;

/// <summary>What a message may hold. A peer that exceeds it is broken or hostile, and is hung up on.</summary>
public static class WireLimits
{
    /// <summary>PRESTO_COUNT_MAX: a peer that tells more would use the counts up.</summary>
    public const ulong Count = 1ul << 62;

    /// <summary>The bytes of one message; what gRPC accepts by default.</summary>
    public const int Message = 4 << 20;

    /// <summary>One piece of a content.</summary>
    public const int Piece = 128 << 10;

    public const int RecordsPerMessage = 1024;
    public const int ObjectsPerMessage = 1024;
    public const int WantsPerMessage = 1024;

    /// <summary>Names and objects that one update is about.</summary>
    public const int Findings = 32;

    /// <summary>Names, or objects, that are asked about at once.</summary>
    public const int Asked = 16;

    /// <summary>Extended attributes of one object; Linux lets their names take 64 KiB.</summary>
    public const int Xattrs = 4096;

    public const int XattrName = 255;
    public const int XattrValue = 64 << 10;
    public const int Name = 255;
    public const int Target = 4095;
    public const int Fileset = 255;

    /// <summary>A record of the log, KML_RECORD_MAX.</summary>
    public const int Record = 128 << 10;

    /// <summary>Fewer than any real record has (KML: 168 and the closing length, a multiple of 16).</summary>
    public const int RecordMin = 176;

    public const int Features = 64;
    public const int Feature = 64;

    /// <summary>Conflicts that are told to be resolved, versions of each, and what tells a version.</summary>
    public const int ResolvedPerMessage = 256;
    public const int ResolvedKept = 8;
    public const int Digest = 32;

    /// <summary>Contents whose transfer may be resumed.</summary>
    public const int Staged = 1024;

    public const int Log = 16;
    public const int Fid = 24;
    public const int Attr = 72;

    /// <summary>No file is longer than Linux's loff_t can say.</summary>
    public const ulong FileSize = long.MaxValue;
}

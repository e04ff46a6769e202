// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using System.Text.Json.Serialization;

namespace InterMezzo.Ctl;

/// <summary>What --json prints, by generated code: no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IdentityOutput))]
[JsonSerializable(typeof(PeersOutput))]
[JsonSerializable(typeof(FilesetsOutput))]
[JsonSerializable(typeof(StatusOutput))]
[JsonSerializable(typeof(SyncOutput))]
[JsonSerializable(typeof(VerifyOutput))]
[JsonSerializable(typeof(ConflictsOutput))]
[JsonSerializable(typeof(ConflictShowOutput))]
[JsonSerializable(typeof(ResolvedOutput))]
[JsonSerializable(typeof(MergesOutput))]
[JsonSerializable(typeof(PermitOutput))]
internal sealed partial class CtlJson : JsonSerializerContext
{
    /// <summary>One line, which programs can read as it comes.</summary>
    public static void Print<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        Console.WriteLine(JsonSerializer.Serialize(value, type));
}

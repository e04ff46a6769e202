// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Journal;

/// <summary>Bytes that ought to be a log, and aren't.</summary>
public sealed class KmlException(ParseStatus status, string message) : Exception(message)
{
    public ParseStatus Status => status;
}

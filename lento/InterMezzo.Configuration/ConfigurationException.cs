// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Configuration;

/// <summary>Something that the user has to put right. The message says where, what, and what to do, and is all he needs.</summary>
public sealed class ConfigurationException(string message) : Exception(message);

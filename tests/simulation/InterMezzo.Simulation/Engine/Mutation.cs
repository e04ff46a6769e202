// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Engine;

/// <summary>Breaks, to see that they are found. Each is one of what the daemon relies on, so nothing of it is in production.</summary>
internal enum Mutation
{
    None = 0,

    /// <summary>What is acknowledged isn't durable.</summary>
    NothingIsSynced,

    /// <summary>MARKs get lost: nobody knows any more which batches he has.</summary>
    MarksGetLost,

    /// <summary>What a program changed between the judgement and the operation isn't noticed.</summary>
    ChangesStayUnseen,

    /// <summary>A file is replaced under its writer.</summary>
    WritersAreReplaced,

    /// <summary>What a conflict's loser held isn't kept.</summary>
    KeptVersionsVanish,

    /// <summary>Nobody hears that a writer has closed his file.</summary>
    ClosesStayUnheard,
}

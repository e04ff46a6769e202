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

    /// <summary>What was being written when the power went is taken for whole: nobody is told of it.</summary>
    HalfWrittenStaysUnknown,

    /// <summary>What is applied is journaled as if it had been made here.</summary>
    DotsGetLost,

    /// <summary>A removal has no record.</summary>
    RemovalsLeaveNoRecord,

    /// <summary>New content has no record.</summary>
    ContentsLeaveNoRecord,

    /// <summary>Programs write without the permit, too. For histories with permits.</summary>
    TheGateStaysOpen,
}

// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Configuration;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

internal sealed class NamePatternTests
{
    [TestCase("*.org", "notes.org", true)]
    [TestCase("*.org", "a/b/notes.org", true)]
    [TestCase("*.org", "notes.org.bak", false)]
    [TestCase("*.org", ".org", true)]
    [TestCase("*", "anything", true)]
    [TestCase("", "anything", false)]
    [TestCase("TODO", "a/TODO", true)]
    [TestCase("TODO", "a/TODO.txt", false)]
    [TestCase("a?c", "abc", true)]
    [TestCase("a?c", "ac", false)]
    [TestCase("a*b*c", "a-b-b-c", true)]
    [TestCase("a*b*c", "a-c-b", false)]
    [TestCase("notes/*.org", "notes/x.org", true)]
    [TestCase("notes/*.org", "notes/deep/x.org", false)]
    [TestCase("notes/*.org", "other/notes/x.org", false)]
    [TestCase("notes/**", "notes/deep/x.org", true)]
    [TestCase("**/x", "a/b/x", true)]
    [TestCase("a/?", "a/b", true)]
    [TestCase("a?b/c", "a/b/c", false)]
    [TestCase("grün.*", "grün.txt", true)]
    public void Names_are_meant_or_not(string pattern, string path, bool matches) =>
        Assert.That(new NamePattern(pattern).Matches(Encoding.UTF8.GetBytes(path)), Is.EqualTo(matches));

    [Test]
    public void Names_that_are_no_text_are_meant_too() =>
        Assert.That(new NamePattern("*.org").Matches([0xff, 0xfe, .. ".org"u8]), Is.True);

    [Test]
    public void Many_stars_take_no_time() =>
        Assert.That(new NamePattern(string.Concat(Enumerable.Repeat("*a", 60))).Matches(Encoding.UTF8.GetBytes(new string('a', 4000) + "b")), Is.False);
}

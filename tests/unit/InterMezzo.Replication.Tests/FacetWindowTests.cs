// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class FacetWindowTests
{
    // One side's update | the other's | whether they disagree. "w:" writes the facet, "r:" relies on it.
    [TestCase("w:content/a", "w:content/a", true)]
    [TestCase("w:content/a", "w:content/b", false)]
    [TestCase("w:content/a", "w:attributes/a", false)]
    [TestCase("w:content/a r:existence/a", "w:existence/a", true)]
    [TestCase("w:content/a r:existence/a", "w:attributes/a r:existence/a", false)]
    [TestCase("w:name/d/x", "w:name/d/x", true)]
    [TestCase("w:name/d/x", "w:name/d/y", false)]
    [TestCase("w:name/d/x", "w:name/e/x", false)]
    [TestCase("w:xattr/a/x", "w:xattr/a/x", true)]
    [TestCase("w:xattr/a/x", "w:xattr/a/y", false)]
    [TestCase("r:existence/a", "r:existence/a", false)]
    public void Updates_disagree_alike_from_both_ends(string left, string right, bool disagree)
    {
        Assert.That(After(left, 16).Find(Parse(right), 0).HasValue, Is.EqualTo(disagree));
        Assert.That(After(right, 16).Find(Parse(left), 0).HasValue, Is.EqualTo(disagree));
    }

    [TestCase(16ul, true)]
    [TestCase(17ul, false)]
    [TestCase(32ul, false)]
    public void What_was_known_is_no_conflict(ulong known, bool conflict) =>
        Assert.That(After("w:content/a", 16).Find(Parse("w:content/a"), known).HasValue, Is.EqualTo(conflict));

    [Test]
    public void What_everybody_knows_is_forgotten()
    {
        var window = After("w:content/a r:existence/a", 16);
        window.Add(Parse("w:content/b"), 32);
        window.DropBelow(32);
        Assert.That(window.Count, Is.EqualTo(1));
        Assert.That(window.Find(Parse("w:content/b"), 0), Is.EqualTo(new Clash(Facet.Content(Story.Object("b")), 32)));
        Assert.That(window.Find(Parse("w:content/a"), 0), Is.Null);
    }

    private static FacetWindow After(string update, ulong offset)
    {
        var window = new FacetWindow();
        window.Add(Parse(update), offset);
        return window;
    }

    private static Touch[] Parse(string update) => [.. update.Split(' ').Select(word =>
    {
        var parts = word[2..].Split('/');
        var fid = Story.Object(parts[1]);
        var name = Encoding.UTF8.GetBytes(parts.ElementAtOrDefault(2) ?? "");
        var facet = parts[0] switch
        {
            "content" => Facet.Content(fid),
            "attributes" => Facet.Attributes(fid),
            "existence" => Facet.Existence(fid),
            "name" => Facet.Name(fid, name),
            "xattr" => Facet.Xattr(fid, name),
            _ => throw new ArgumentException(word),
        };
        return new Touch(facet, word[0] == 'w');
    })];
}

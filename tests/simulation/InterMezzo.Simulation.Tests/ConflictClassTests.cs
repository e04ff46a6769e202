// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication;
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Users;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>
/// Each class of conflicts by its name: two replicas that don't see each other, then do. It is run with many orders of the
/// daemons' steps; each time both trees must be equal in the end, down to identities and times of files.
/// </summary>
[TestFixture]
internal sealed class ConflictClassTests
{
    private const int Orders = 40;

    [Test]
    public void Content_content() => Check(
        tree => tree.Write("f", "base"),
        server => server.Write("f", "server"),
        client => client.Write("f", "client"),
        found => found.Tree("f").File("f", "server").Kept(["client"], ["client"]).Listed("content/content"));

    [Test]
    public void Content_content_equal() => Check(
        tree => tree.Write("f", "base"),
        server => server.Write("f", "the same"),
        client => client.Write("f", "the same"),
        found => found.Tree("f").File("f", "the same").NoConflict());

    [Test]
    public void Content_remove() => Check(
        tree => tree.Write("f", "base"),
        server => server.Remove("f"),
        client => client.Write("f", "client"),
        found => found.Tree().Kept(["client"], ["client"]).Listed("content/remove"));

    [Test]
    public void Remove_content() => Check(
        tree => tree.Write("f", "base"),
        server => server.Write("f", "server"),
        client => client.Remove("f"),
        found => found.Tree("f").File("f", "server").Kept([], []).ListedAtServer("remove/content").ListedAtClient());

    [Test]
    public void Remove_remove() => Check(
        tree => tree.Write("f", "base"),
        server => server.Remove("f"),
        client => client.Remove("f"),
        found => found.Tree().NoConflict());

    [Test]
    public void Content_rename_renamed_at_the_server() => Check(
        tree => tree.Write("f", "base"),
        server => server.Rename("f", "g"),
        client => client.Write("f", "client"),
        found => found.Tree("g").File("g", "client").NoConflict());

    [Test]
    public void Content_rename_renamed_at_the_client() => Check(
        tree => tree.Write("f", "base"),
        server => server.Write("f", "server"),
        client => client.Rename("f", "g"),
        found => found.Tree("g").File("g", "server").NoConflict());

    [Test]
    public void Content_attribute() => Check(
        tree => tree.Write("f", "base"),
        server => server.Chmod("f", 0x180),
        client => client.Write("f", "client"),
        found => found.Tree("f").File("f", "client").Mode("f", 0x180).NoConflict());

    [Test]
    public void Attribute_attribute() => Check(
        tree => tree.Write("f", "base"),
        server => server.Chmod("f", 0x180),
        client => client.Chmod("f", 0x1ff),
        found => found.Tree("f").Mode("f", 0x180).Kept([], []).ListedAtServer("attribute/attribute").ListedAtClient());

    [Test]
    public void Attribute_attribute_equal() => Check(
        tree => tree.Write("f", "base"),
        server => server.Chmod("f", 0x180),
        client => client.Chmod("f", 0x180),
        found => found.Tree("f").Mode("f", 0x180).NoConflict());

    [Test]
    public void Attribute_remove() => Check(
        tree => tree.Write("f", "base"),
        server => server.Remove("f"),
        client => client.Chmod("f", 0x180),
        found => found.Tree().Kept([], ["base"]).Listed("attribute/remove"));

    [Test]
    public void Remove_attribute() => Check(
        tree => tree.Write("f", "base"),
        server => server.Chmod("f", 0x180),
        client => client.Remove("f"),
        found => found.Tree("f").File("f", "base").Mode("f", 0x180).Kept([], []).ListedAtServer("remove/attribute").ListedAtClient());

    [Test]
    public void Xattr_xattr() => Check(
        tree => tree.Write("f", "base"),
        server => server.SetXattr("f", "user.x", "server"),
        client => client.SetXattr("f", "user.x", "client"),
        found => found.Xattr("f", "user.x", "server").Kept([], []).ListedAtServer("xattr/xattr").ListedAtClient());

    [Test]
    public void Xattr_xattr_equal() => Check(
        tree => tree.Write("f", "base"),
        server => server.SetXattr("f", "user.x", "same"),
        client => client.SetXattr("f", "user.x", "same"),
        found => found.Xattr("f", "user.x", "same").NoConflict());

    [Test]
    public void Xattr_xattr_of_two_names() => Check(
        tree => tree.Write("f", "base"),
        server => server.SetXattr("f", "user.x", "server"),
        client => client.SetXattr("f", "user.y", "client"),
        found => found.Xattr("f", "user.x", "server").Xattr("f", "user.y", "client").NoConflict());

    [Test]
    public void Name_name_of_two_files() => Check(
        _ => { },
        server => server.Write("n", "server"),
        client => client.Write("n", "client"),
        found => found.Tree("n").File("n", "server").Kept(["client"], ["client"]).Listed("name/name"));

    [Test]
    public void Name_name_of_two_files_equal() => Check(
        _ => { },
        server => server.Write("n", "same"),
        client => client.Write("n", "same"),
        found => found.Tree("n").File("n", "same"));

    [Test]
    public void Name_name_of_a_file_at_the_server_and_a_directory() => Check(
        _ => { },
        server => server.Write("n", "server"),
        client =>
        {
            client.Mkdir("n");
            client.Write("n/in", "client");
        },
        found => found.Tree("n").File("n", "server").Kept(["client"], ["client"]).Listed("name/name"));

    [Test]
    public void Name_name_of_a_directory_at_the_server_and_a_file() => Check(
        _ => { },
        server =>
        {
            server.Mkdir("n");
            server.Write("n/in", "server");
        },
        client => client.Write("n", "client"),
        found => found.Tree("n", "n/in").File("n/in", "server").Kept(["client"], ["client"]).Listed("name/name"));

    [Test]
    public void Name_name_of_two_directories() => Check(
        _ => { },
        server =>
        {
            server.Mkdir("n");
            server.Write("n/server", "server");
        },
        client =>
        {
            client.Mkdir("n");
            client.Write("n/client", "client");
        },
        found => found.Tree("n", "n/server").Kept(["client"], ["client"]).Listed("name/name"));

    [Test]
    public void Name_name_of_two_symlinks() => Check(
        _ => { },
        server => server.Symlink("n", "server"),
        client => client.Symlink("n", "client"),
        found => found.Tree("n").Listed("name/name"));

    [Test]
    public void Rename_rename_of_one_object() => Check(
        tree => tree.Write("f", "base"),
        server => server.Rename("f", "server"),
        client => client.Rename("f", "client"),
        found => found.Tree("server").File("server", "base").Kept([], []).ListedAtServer("rename/rename").ListedAtClient());

    [Test]
    public void Rename_rename_equal() => Check(
        tree => tree.Write("f", "base"),
        server => server.Rename("f", "g"),
        client => client.Rename("f", "g"),
        found => found.Tree("g").File("g", "base").NoConflict());

    [Test]
    public void Rename_rename_onto_one_name() => Check(
        tree =>
        {
            tree.Write("a", "a");
            tree.Write("b", "b");
        },
        server => server.Rename("a", "n"),
        client => client.Rename("b", "n"),
        found => found.Tree("b", "n").File("n", "a").File("b", "b").Kept([], []).ListedAtServer("rename/rename").ListedAtClient());

    [Test]
    public void Rename_remove() => Check(
        tree => tree.Write("f", "base"),
        server => server.Remove("f"),
        client => client.Rename("f", "g"),
        found => found.Tree().Kept([], []).ListedAtServer("rename/remove").ListedAtClient());

    [Test]
    public void Remove_rename() => Check(
        tree => tree.Write("f", "base"),
        server => server.Rename("f", "g"),
        client => client.Remove("f"),
        found => found.Tree("g").File("g", "base").Kept([], []).ListedAtServer("remove/rename").ListedAtClient());

    [Test]
    public void Rename_rename_of_directories_into_each_other() => Check(
        tree =>
        {
            tree.Mkdir("a");
            tree.Mkdir("b");
            tree.Write("a/in-a", "a");
            tree.Write("b/in-b", "b");
        },
        server => server.Rename("a", "b/a"),
        client => client.Rename("b", "a/b"),
        found => found.Tree("b", "b/a", "b/a/in-a", "b/in-b").Kept([], []));

    [Test]
    public void Create_remove() => Check(
        tree => tree.Mkdir("d"),
        server => server.Remove("d"),
        client => client.Write("d/f", "client"),
        found => found.Tree().Kept(["client"], ["client"]).Listed("create/remove"));

    [Test]
    public void Remove_create() => Check(
        tree => tree.Mkdir("d"),
        server => server.Write("d/f", "server"),
        client => client.Remove("d"),
        found => found.Tree("d", "d/f").File("d/f", "server").Kept([], []).ListedAtServer("remove/create").ListedAtClient());

    [Test]
    public void Move_remove() => Check(
        tree =>
        {
            tree.Mkdir("d");
            tree.Write("f", "base");
        },
        server => server.Remove("d"),
        client => client.Rename("f", "d/f"),
        found => found.Tree("f").File("f", "base").Kept([], []).Listed("move/remove"));

    [Test]
    public void Link_and_content() => Check(
        tree => tree.Write("f", "base"),
        server => server.Write("f", "server"),
        client => client.Link("f", "g"),
        found => found.Tree("f", "g").File("f", "server").File("g", "server").NoConflict());

    [Test]
    public void Link_remove() => Check(
        tree => tree.Write("f", "base"),
        server => server.Remove("f"),
        client => client.Link("f", "g"),
        found => found.Tree().Kept([], ["base"]).Listed("link/remove"));

    [Test]
    public void Remove_link() => Check(
        tree => tree.Write("f", "base"),
        server => server.Link("f", "g"),
        client => client.Remove("f"),
        found => found.Tree("f", "g").File("g", "base").Kept([], []).ListedAtServer("remove/link").ListedAtClient());

    [Test]
    public void Link_name() => Check(
        tree => tree.Write("f", "base"),
        server => server.Write("n", "server"),
        client => client.Link("f", "n"),
        found => found.Tree("f", "n").File("n", "server").File("f", "base").Kept(["base"], []).ListedAtServer("link/name").ListedAtClient());

    [Test]
    public void Link_link_equal() => Check(
        tree => tree.Write("f", "base"),
        server => server.Link("f", "g"),
        client => client.Link("f", "g"),
        found => found.Tree("f", "g").File("g", "base").NoConflict());

    [Test]
    public void Content_under_two_names_one_of_which_was_removed() => Check(
        tree =>
        {
            tree.Write("f", "base");
            tree.Link("f", "g");
        },
        server => server.Remove("f"),
        client => client.Write("f", "client"),
        found => found.Tree("g").File("g", "client").NoConflict());

    [Test]
    public void Xattr_remove() => Check(
        tree => tree.Write("f", "base"),
        server => server.Remove("f"),
        client => client.SetXattr("f", "user.x", "client"),
        found => found.Tree().Kept([], ["base"]).Listed("xattr/remove"));

    [Test]
    public void Remove_xattr() => Check(
        tree => tree.Write("f", "base"),
        server => server.SetXattr("f", "user.x", "server"),
        client => client.Remove("f"),
        found => found.Tree("f").File("f", "base").Xattr("f", "user.x", "server").Kept([], []).ListedAtServer("remove/xattr").ListedAtClient());

    [Test]
    public void Name_rename() => Check(
        tree => tree.Write("f", "base"),
        server => server.Rename("f", "n"),
        client => client.Write("n", "client"),
        found => found.Tree("n").File("n", "base").Kept(["client"], ["client"]).ListedAtServer("name/rename"));

    [Test]
    public void Rename_name() => Check(
        tree => tree.Write("f", "base"),
        server => server.Write("n", "server"),
        client => client.Rename("f", "n"),
        found => found.Tree("f", "n").File("f", "base").File("n", "server").Kept([], []).ListedAtServer("rename/name").ListedAtClient());

    [Test]
    public void Rename_over_a_file_with_new_content() => Check(
        tree =>
        {
            tree.Write("f", "base");
            tree.Write("n", "old");
        },
        server => server.Rename("f", "n"),
        client => client.Write("n", "client"),
        found => found.Tree("n").File("n", "base").Kept(["client"], ["client"]));

    [Test]
    public void Remove_move() => Check(
        tree =>
        {
            tree.Mkdir("d");
            tree.Write("f", "base");
        },
        server => server.Rename("f", "d/f"),
        client => client.Remove("d"),
        found => found.Tree("d", "d/f").File("d/f", "base").Kept([], []).ListedAtServer("remove/move").ListedAtClient());

    [Test]
    public void Name_link() => Check(
        tree => tree.Write("f", "base"),
        server => server.Link("f", "n"),
        client => client.Write("n", "client"),
        found => found.Tree("f", "n").File("n", "base").Kept(["client"], ["client"]).ListedAtServer("name/link"));

    [Test]
    public void Link_link_onto_one_name() => Check(
        tree =>
        {
            tree.Write("a", "a");
            tree.Write("b", "b");
        },
        server => server.Link("a", "n"),
        client => client.Link("b", "n"),
        found => found.Tree("a", "b", "n").File("n", "a").File("b", "b").Kept(["b"], []).ListedAtServer("link/link").ListedAtClient());

    [Test]
    public void Remove_remove_of_the_two_names_of_one_file() => Check(
        tree =>
        {
            tree.Write("a", "both");
            tree.Link("a", "b");
        },
        server => server.Remove("a"),
        client => client.Remove("b"),
        found => found.Tree("b").File("b", "both").ListedAtServer("remove/remove"));

    [Test]
    public void Each_class_has_a_test_of_its_name()
    {
        var tests = GetType().GetMethods().Select(method => method.Name).ToList();
        Assert.That(
            ConflictClasses.All.Select(it => it.Name).Where(name => !tests.Exists(test => test.StartsWith(name.Replace('/', '_'), StringComparison.OrdinalIgnoreCase))),
            Is.Empty);
    }

    private static void Check(Action<Shell> before, Action<Shell> server, Action<Shell> client, Action<Outcome> after)
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = new Scenario(seed);
            before(scenario.Shells[0]);
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            scenario.Part();
            server(scenario.Shells[0]);
            client(scenario.Shells[1]);
            Assert.That(scenario.Sync(), Is.Null, () => $"order {seed}:\n{scenario.Story}");
            after(new Outcome(scenario, $"order {seed}:\n{scenario.Story}"));
        }
    }
}

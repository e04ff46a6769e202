// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * .intermezzo in the fileset's root: where the journal and lento's staging
 * are. Nobody but lento sees the name, and nothing below it is journaled, but
 * for what lies in a directory that has left the tree, and may come back: it is
 * aside until it is known where it belongs, or in the conflict store. (That it
 * goes and comes has records as well: LEAVE and ENTER.) That something is below
 * .intermezzo is told by walking up the dentries: whole trees move in and out by
 * one rename, and a flag on each inode would lag behind.
 */
#include "presto.h"

static bool presto_name_is(const struct qstr *name, const char *what, unsigned int len)
{
	/* under RCU the name may change while it is read, but has that many bytes */
	return READ_ONCE(name->len) == len && !memcmp(READ_ONCE(name->name), what, len);
}

static bool presto_name_is_control(const struct qstr *name)
{
	return presto_name_is(name, PRESTO_CONTROL_DIR, sizeof(PRESTO_CONTROL_DIR) - 1);
}

/* Is @name in @dir the control directory? */
bool presto_is_control_name(struct inode *dir, const struct qstr *name)
{
	return dir == d_inode(dir->i_sb->s_root) && presto_name_is_control(name);
}

/* The same for a dentry; callable under RCU. */
bool presto_is_control_root(struct dentry *dentry)
{
	struct dentry *root = dentry->d_sb->s_root;

	return dentry != root && READ_ONCE(dentry->d_parent) == root &&
	       presto_name_is_control(&dentry->d_name);
}

/* Up to what stands in @root. */
static bool presto_climb(struct dentry *dentry, struct dentry *root)
{
	struct dentry *parent;

	for (; dentry != root; dentry = parent) {
		parent = READ_ONCE(dentry->d_parent);
		if (parent == root)
			return presto_name_is_control(&dentry->d_name);
		if (parent == dentry)
			break;
	}
	return false;
}

/* What is below the control directory, as far as it matters. */
enum presto_path {
	PATH_CONTROL,
	PATH_FILESET,
	PATH_STORE,		/* staging, conflicts */
	PATH_ASIDE,		/* staging/aside; conflicts/ID */
	PATH_KEPT,		/* staging/aside/OBJECT; conflicts/ID/kept */
	PATH_KEPT_OBJECT,	/* staging/aside/OBJECT/...; conflicts/ID/kept/OBJECT */
	PATH_KEPT_INSIDE,	/* conflicts/ID/kept/OBJECT/... */
	PATH_DEPTH
};

#define presto_dentry_is(dentry, what) \
	presto_name_is(&(dentry)->d_name, what, sizeof(what) - 1)

/* Is what is below the control directory in a directory that has left the tree? */
static bool presto_has_left(struct dentry *dentry, struct dentry *root)
{
	struct dentry *path[PATH_DEPTH] = { NULL }, *parent;

	/* the first of what leads to it, from above */
	for (; dentry != root; dentry = parent) {
		memmove(path + 1, path, sizeof(path) - sizeof(*path));
		path[0] = dentry;
		parent = READ_ONCE(dentry->d_parent);
		if (parent == dentry)
			return false;
	}
	if (!path[PATH_KEPT_OBJECT])
		return false;
	if (presto_dentry_is(path[PATH_STORE], PRESTO_STAGING_DIR))
		return presto_dentry_is(path[PATH_ASIDE], PRESTO_ASIDE_DIR);
	return path[PATH_KEPT_INSIDE] &&
	       presto_dentry_is(path[PATH_STORE], PRESTO_CONFLICTS_DIR) &&
	       presto_dentry_is(path[PATH_KEPT], PRESTO_KEPT_DIR);
}

static bool presto_below_control(struct dentry *dentry, struct dentry *root)
{
	unsigned int seq;
	bool found;

	rcu_read_lock();
	do {
		seq = read_seqbegin(&rename_lock);
		found = presto_climb(dentry, root) && !presto_has_left(dentry, root);
	} while (read_seqretry(&rename_lock, seq));
	rcu_read_unlock();
	return found;
}

/**
 * presto_is_control - is it the control directory, or what is lento's own below it?
 * @dentry: an upper dentry, positive or negative
 */
bool presto_is_control(struct dentry *dentry)
{
	return presto_below_control(dentry, dentry->d_sb->s_root);
}

/* The same for a lower dentry. */
bool presto_is_lower_control(struct presto_sb *ps, struct dentry *lower)
{
	return presto_below_control(lower, ps->lower_root);
}

/* Is it known where in the tree the object is? Not if it was opened by a file handle alone. */
bool presto_is_placed(struct dentry *dentry)
{
	return is_subdir(dentry, dentry->d_sb->s_root);
}

/**
 * presto_unlogged - are changes of the object without a record?
 * @dentry: a positive upper dentry
 *
 * True for what is lento's own below .intermezzo, and for what has no name (any
 * more): no replica can ever see it.
 */
bool presto_unlogged(struct dentry *dentry)
{
	return !presto_lower_inode(d_inode(dentry))->i_nlink || presto_is_control(dentry);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * .intermezzo in the fileset's root: where the journal and lento's staging
 * are. Nobody but lento sees the name, and nothing below it is journaled, but
 * for what lies in a directory that is aside: that has left the tree until it
 * is known where it belongs, with all that is in it. (That it goes and comes
 * has records as well: LEAVE and ENTER.) That something is below .intermezzo is
 * told by walking up the dentries: whole trees move in and out by one rename,
 * and a flag on each inode would lag behind.
 */
#include "presto.h"

/* .intermezzo/FILESET/staging/aside/OBJECT/... */
#define PRESTO_ASIDE_DEPTH	6

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

/* What is below the control directory: is it in a directory that is aside? */
static bool presto_is_in_aside(struct dentry *dentry, struct dentry *root)
{
	struct dentry *path[PRESTO_ASIDE_DEPTH] = { NULL }, *parent;

	/* the first of what leads to it, from above */
	for (; dentry != root; dentry = parent) {
		memmove(path + 1, path, sizeof(path) - sizeof(*path));
		path[0] = dentry;
		parent = READ_ONCE(dentry->d_parent);
		if (parent == dentry)
			return false;
	}
	return path[5] && presto_name_is(&path[2]->d_name, PRESTO_STAGING_DIR,
					 sizeof(PRESTO_STAGING_DIR) - 1) &&
	       presto_name_is(&path[3]->d_name, PRESTO_ASIDE_DIR, sizeof(PRESTO_ASIDE_DIR) - 1);
}

static bool presto_below_control(struct dentry *dentry, struct dentry *root)
{
	unsigned int seq;
	bool found;

	rcu_read_lock();
	do {
		seq = read_seqbegin(&rename_lock);
		found = presto_climb(dentry, root) && !presto_is_in_aside(dentry, root);
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

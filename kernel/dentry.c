// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dentries: each pins the lower dentry of its name. See presto.h.
 */
#include "presto.h"

/*
 * Pins @lower, whose reference it takes over. A dentry that was made for a file
 * handle may be met by two tasks at once; the second finds it pinned.
 */
void presto_pin_lower(struct dentry *dentry, struct dentry *lower)
{
	if (cmpxchg(&dentry->d_fsdata, NULL, lower))
		dput(lower);
}

static void presto_d_release(struct dentry *dentry)
{
	dput(presto_lower_dentry(dentry));
}

/* Does the pair still fit? The lower directory is locked, or the answer is a hint. */
static bool presto_fits(struct dentry *dentry, struct dentry *lower, struct dentry *lower_dir)
{
	struct inode *inode = READ_ONCE(dentry->d_inode);

	return lower && !d_unhashed(lower) && READ_ONCE(lower->d_parent) == lower_dir &&
	       READ_ONCE(lower->d_inode) == (inode ? presto_lower_inode(inode) : NULL);
}

static bool presto_same_name(struct dentry *dentry, struct dentry *lower,
			     struct dentry *lower_dir)
{
	struct name_snapshot upper_name, lower_name;
	bool same;

	if (IS_CASEFOLDED(d_inode(lower_dir)))
		return true;
	take_dentry_name_snapshot(&upper_name, dentry);
	take_dentry_name_snapshot(&lower_name, lower);
	same = upper_name.name.len == lower_name.name.len &&
	       !memcmp(upper_name.name.name, lower_name.name.name, lower_name.name.len);
	release_dentry_name_snapshot(&lower_name);
	release_dentry_name_snapshot(&upper_name);
	return same;
}

/**
 * presto_verify - check a pair of dentries before the lower one is used
 * @dentry: an upper dentry, whose directory is locked
 * @lower_dir: the lower dentry of that directory, locked
 *
 * Others may have changed names below since the lookup. Returns zero or
 * -ESTALE, upon which the VFS walks the path anew.
 */
int presto_verify(struct dentry *dentry, struct dentry *lower_dir)
{
	struct dentry *lower = presto_lower_dentry(dentry);

	if (!presto_fits(dentry, lower, lower_dir))
		return -ESTALE;
	if (PRESTO_SB(dentry->d_sb)->trusted || presto_same_name(dentry, lower, lower_dir))
		return 0;
	return -ESTALE;
}

/*
 * The control directory is there for lento alone. Where pairs may come apart
 * without us, one that no longer fits is looked up anew.
 */
static int presto_d_revalidate(COMPAT_D_REVALIDATE)
{
	struct super_block *sb = dentry->d_sb;
	struct dentry *parent, *lower, *lower_dir;
	bool fits;

	if (presto_is_control_root(dentry)) {
		if (flags & LOOKUP_RCU)
			return -ECHILD;
		if (!presto_is_lento(sb))
			return -ENOENT;
	}
	if (PRESTO_SB(sb)->trusted || IS_ROOT(dentry))
		return 1;
	if (flags & LOOKUP_RCU)
		return -ECHILD;
	lower = presto_lower_dentry(dentry);
	parent = dget_parent(dentry);
	lower_dir = presto_lower_dentry(parent);
	fits = presto_fits(dentry, lower, lower_dir) && presto_same_name(dentry, lower, lower_dir);
	dput(parent);
	return fits;
}

/* For the lower file system, where it asks an open file for its dentry. */
static __maybe_unused struct dentry *presto_d_real(struct dentry *dentry,
						   const struct inode *inode)
{
	if (!d_is_reg(dentry) || inode == d_inode(dentry))
		return dentry;
	return presto_lower_dentry(dentry) ?: dentry;
}

const struct dentry_operations presto_dentry_ops = {
	.d_revalidate	= presto_d_revalidate,
	.d_release	= presto_d_release,
	COMPAT_D_REAL(presto_d_real)
};

/* A directory has one dentry, which may be there already, made for a file handle. */
static struct dentry *presto_splice(struct inode *inode, struct dentry *dentry)
{
	struct dentry *alias = d_splice_alias(inode, dentry);

	if (!IS_ERR_OR_NULL(alias) && !presto_lower_dentry(alias))
		presto_pin_lower(alias, dget(presto_lower_dentry(dentry)));
	return alias;
}

static struct dentry *presto_lookup_lower(struct super_block *sb, const struct qstr *name,
					  struct dentry *dir)
{
	const struct cred *cred;
	struct dentry *dentry;
	int err = presto_judged_begin(sb, &cred);

	if (err)
		return ERR_PTR(err);
	dentry = presto_do_lookup(name, dir);
	presto_judged_end(cred);
	return dentry;
}

struct dentry *presto_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct dentry *lower, *lower_dir = presto_lower_dentry(dentry->d_parent);
	struct inode *inode = NULL;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	/* Not hashed: what one caller may not see isn't cached for the others. */
	if (presto_is_control_name(dir, &dentry->d_name) && !presto_is_lento(dir->i_sb))
		return NULL;
	lower = presto_lookup_lower(dir->i_sb, &dentry->d_name, lower_dir);
	if (IS_ERR(lower))
		return lower;
	if (d_is_positive(lower)) {
		inode = presto_iget(dir->i_sb, d_inode(lower));
		if (IS_ERR(inode)) {
			dput(lower);
			return ERR_CAST(inode);
		}
	}
	presto_pin_lower(dentry, lower);
	return presto_splice(inode, dentry);
}

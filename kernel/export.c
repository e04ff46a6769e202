// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File handles: FILEID_INO32_GEN, that is inode number and generation of the
 * lower inode in little-endian order, as ext2, ext3 and ext4 have them. So lento
 * makes handles of what it reads in the journal.
 */
#include <linux/exportfs.h>
#include "presto.h"

/* The upper dentry of a lower one, whose reference it takes over. */
static struct dentry *presto_obtain_alias(struct super_block *sb, struct dentry *lower)
{
	struct dentry *dentry;

	if (IS_ERR_OR_NULL(lower))
		return lower;
	dentry = d_obtain_alias(presto_iget(sb, d_inode(lower)));
	if (IS_ERR(dentry))
		dput(lower);
	else
		presto_pin_lower(dentry, lower);
	return dentry;
}

/*
 * Below the fileset's root, and not what is for lento's eyes alone? Of a file
 * that has no name in memory it can't be known: its handle says nothing of its
 * directory.
 */
static int presto_acceptable(void *data, struct dentry *lower)
{
	struct presto_sb *ps = data;

	if (lower->d_flags & DCACHE_DISCONNECTED)
		return true;
	return is_subdir(lower, ps->lower_root) &&
	       (!presto_is_lower_control(ps, lower) || presto_is_lento(ps->sb));
}

static struct dentry *presto_decode(struct super_block *sb, struct fid *fid, int len, int type)
{
	struct presto_sb *ps = PRESTO_SB(sb);
	struct dentry *lower = exportfs_decode_fh(ps->lower_mnt, fid, len, type,
						  presto_acceptable, ps);

	if (!IS_ERR_OR_NULL(lower) && !d_inode(lower)->i_nlink) {
		dput(lower);
		return ERR_PTR(-ESTALE);
	}
	return presto_obtain_alias(sb, lower);
}

static struct dentry *presto_fh_to_dentry(struct super_block *sb, struct fid *fid, int len,
					  int type)
{
	return presto_decode(sb, fid, len, type);
}

/* Handles of files say nothing of their parents. */
static struct dentry *presto_fh_to_parent(struct super_block *sb, struct fid *fid, int len,
					  int type)
{
	struct super_block *lower = presto_lower_sb(sb);

	return presto_obtain_alias(sb, lower->s_export_op->fh_to_parent(lower, fid, len, type));
}

static struct dentry *presto_get_parent(struct dentry *dentry)
{
	struct dentry *lower = presto_lower_dentry(dentry);

	/* The fileset's root is never asked: this one lies outside of it. */
	if (IS_ROOT(lower) && !(lower->d_flags & DCACHE_DISCONNECTED))
		return ERR_PTR(-ESTALE);
	lower = lower->d_flags & DCACHE_DISCONNECTED ?
		lower->d_sb->s_export_op->get_parent(lower) : dget_parent(lower);
	return presto_obtain_alias(dentry->d_sb, lower);
}

const struct export_operations presto_export_ops = {
	.encode_fh	= generic_encode_ino32_fh,
	.fh_to_dentry	= presto_fh_to_dentry,
	.fh_to_parent	= presto_fh_to_parent,
	.get_parent	= presto_get_parent,
};

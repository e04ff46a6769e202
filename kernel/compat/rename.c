// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Renaming, where the directories are locked first and then looked at.
 */
#include <linux/fs.h>
#include <linux/namei.h>

#ifndef HAVE_START_RENAMING
/* Here the kernel's own are meant. */
#undef renamedata
#undef vfs_rename

static int compat_may_rename(const struct compat_renamedata *rd, const struct dentry *trap,
			     const struct dentry *old, const struct dentry *new)
{
	if (d_unhashed(old) || old->d_parent != rd->old_parent)
		return -EINVAL;
	if (d_unhashed(new) || new->d_parent != rd->new_parent)
		return -EINVAL;
	if (old == trap)
		return -EINVAL;
	if (new == trap)
		return rd->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	if (d_is_positive(new) && rd->flags & RENAME_NOREPLACE)
		return -EEXIST;
	return 0;
}

int compat_start_renaming(struct compat_renamedata *rd, struct dentry *old, struct dentry *new)
{
	struct dentry *trap = lock_rename(rd->old_parent, rd->new_parent);
	int err;

	if (IS_ERR(trap))
		return PTR_ERR(trap);
	err = compat_may_rename(rd, trap, old, new);
	if (err) {
		unlock_rename(rd->old_parent, rd->new_parent);
		return err;
	}
	rd->old_dentry = dget(old);
	rd->new_dentry = dget(new);
	return 0;
}

void compat_end_renaming(struct compat_renamedata *rd)
{
	unlock_rename(rd->old_parent, rd->new_parent);
	dput(rd->old_dentry);
	dput(rd->new_dentry);
}

int compat_rename(struct compat_renamedata *rd)
{
	struct renamedata data = {
		.old_mnt_idmap	= rd->mnt_idmap,
		.old_dir	= d_inode(rd->old_parent),
		.old_dentry	= rd->old_dentry,
		.new_mnt_idmap	= rd->mnt_idmap,
		.new_dir	= d_inode(rd->new_parent),
		.new_dentry	= rd->new_dentry,
		.flags		= rd->flags,
	};

	return vfs_rename(&data);
}
#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* after 6.12: delegations are broken by what makes names; vfs_mkdir() unlocks on failure */
#include <linux/fs.h>

struct dentry *probe(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry)
{
	if (vfs_create(idmap, dentry, 0, NULL) || vfs_mknod(idmap, dir, dentry, 0, 0, NULL) ||
	    vfs_symlink(idmap, dir, dentry, "", NULL) || vfs_rmdir(idmap, dir, dentry, NULL))
		return NULL;
	return vfs_mkdir(idmap, dir, dentry, 0, NULL);
}

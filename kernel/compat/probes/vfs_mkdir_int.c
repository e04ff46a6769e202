// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.12 and before: vfs_mkdir() leaves lock and dentry to its caller */
#include <linux/fs.h>

int probe(struct inode *dir, struct dentry *dentry)
{
	return vfs_mkdir(NULL, dir, dentry, 0);
}

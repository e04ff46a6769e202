// SPDX-License-Identifier: GPL-2.0-or-later
/* after 6.12: struct fileattr became struct file_kattr */
#include <linux/fs.h>
#include <linux/fileattr.h>

int probe(struct dentry *dentry, struct file_kattr *fa)
{
	return vfs_fileattr_get(dentry, fa);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.2: ACLs have calls of their own, on dentries */
#include <linux/fs.h>
#include <linux/posix_acl.h>

int probe(struct mnt_idmap *idmap, struct dentry *dentry, struct posix_acl *acl)
{
	return vfs_set_acl(idmap, dentry, "", acl);
}

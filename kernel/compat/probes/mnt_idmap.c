// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.3: struct mnt_idmap instead of struct user_namespace */
#include <linux/fs.h>
#include <linux/mount.h>

struct mnt_idmap *probe(const struct vfsmount *mnt)
{
	return mnt_idmap(mnt);
}

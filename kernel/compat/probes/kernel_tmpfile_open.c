// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.3: vfs_tmpfile_open() became kernel_tmpfile_open() */
#include <linux/fs.h>

struct file *probe(struct mnt_idmap *idmap, const struct path *path, const struct cred *cred)
{
	return kernel_tmpfile_open(idmap, path, 0, 0, cred);
}

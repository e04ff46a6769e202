// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.5: vfs_splice_read() */
#include <linux/fs.h>
#include <linux/splice.h>

ssize_t probe(struct file *file, loff_t *pos, struct pipe_inode_info *pipe)
{
	return vfs_splice_read(file, pos, pipe, 0, 0);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* after 6.12: ->update_time() is told which time is meant */
#include <linux/fs.h>

static int update_time(struct inode *inode, enum fs_update_time type, unsigned int flags)
{
	return type == FS_UPD_ATIME;
}

const struct inode_operations probe = { .update_time = update_time };

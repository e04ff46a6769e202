// SPDX-License-Identifier: GPL-2.0-or-later
/* after 6.12: generic_drop_inode() became inode_generic_drop() */
#include <linux/fs.h>

int probe(struct inode *inode)
{
	return inode_generic_drop(inode);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* before 6.6: file_dentry() asks ->d_real() for the lower dentry */
#include <linux/fs.h>

struct file *probe(const struct path *path, struct inode *inode, const struct cred *cred)
{
	return open_with_fake_path(path, 0, inode, cred);
}

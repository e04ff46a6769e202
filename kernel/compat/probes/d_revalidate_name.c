// SPDX-License-Identifier: GPL-2.0-or-later
/* after 6.12: ->d_revalidate() is told directory and name */
#include <linux/dcache.h>

static int d_revalidate(struct inode *dir, const struct qstr *name, struct dentry *dentry,
			unsigned int flags)
{
	return flags;
}

const struct dentry_operations probe = { .d_revalidate = d_revalidate };

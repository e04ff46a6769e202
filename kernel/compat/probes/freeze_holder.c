// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.6: who froze a file system thaws it */
#include <linux/fs.h>

int probe(struct super_block *sb)
{
	return freeze_super(sb, FREEZE_HOLDER_KERNEL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.2: whether a file system folds cases is asked by a function */
#include <linux/fs.h>

bool probe(const struct super_block *sb)
{
	return sb_has_encoding(sb);
}

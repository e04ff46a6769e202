// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.11: struct block_device has its page cache */
#include <linux/blkdev.h>

struct address_space *probe(struct block_device *bdev)
{
	return bdev->bd_mapping;
}

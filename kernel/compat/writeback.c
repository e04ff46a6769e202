// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing the dirty pages of a file, with the buffers locked that are on their way.
 */
#include <linux/buffer_head.h>
#include <linux/pagemap.h>
#include <linux/writeback.h>

#ifdef HAVE_WRITEBACK_ITER
/* Since 6.4 pages stay dirty whose blocks are in a transaction, and only ext4 knows which. */
bool compat_lock_writeback(struct address_space_operations *aops)
{
	return false;
}
#else
/* Whatever is dirty has its place. */
static int compat_no_block(struct inode *inode, sector_t block, struct buffer_head *bh, int create)
{
	return -EIO;
}

static int compat_writepage(struct page *page, struct writeback_control *wbc)
{
	if (page_has_buffers(page))
		return __block_write_full_page(page->mapping->host, page, compat_no_block, wbc,
					       end_buffer_async_write);
	redirty_page_for_writepage(wbc, page);
	unlock_page(page);
	return 0;
}

static int compat_write_one(struct page *page, struct writeback_control *wbc, void *data)
{
	return compat_writepage(page, wbc);
}

static int compat_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
	return write_cache_pages(mapping, wbc, compat_write_one, NULL);
}

bool compat_lock_writeback(struct address_space_operations *aops)
{
	aops->writepages = compat_writepages;
	/* where memory is short they are written one by one */
	if (aops->writepage)
		aops->writepage = compat_writepage;
	return true;
}
#endif

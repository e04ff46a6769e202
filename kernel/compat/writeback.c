// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing the dirty pages of a file, with the buffers locked that are on their way.
 */
#include <linux/buffer_head.h>
#include <linux/pagemap.h>
#include <linux/writeback.h>

/* Whatever is dirty has its place. */
static int compat_no_block(struct inode *inode, sector_t block, struct buffer_head *bh, int create)
{
	return -EIO;
}

#ifdef HAVE_WRITEBACK_ITER
int compat_write_locked(struct address_space *mapping, struct writeback_control *wbc)
{
	struct folio *folio = NULL;
	int err;

	while ((folio = writeback_iter(mapping, wbc, folio, &err))) {
		if (folio_buffers(folio)) {
			err = __block_write_full_folio(mapping->host, folio, compat_no_block, wbc);
		} else {
			folio_redirty_for_writepage(wbc, folio);
			folio_unlock(folio);
			err = 0;
		}
	}
	return err;
}

void compat_lock_writepage(struct address_space_operations *aops)
{
}
#else
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

int compat_write_locked(struct address_space *mapping, struct writeback_control *wbc)
{
	return write_cache_pages(mapping, wbc, compat_write_one, NULL);
}

/* Here memory that is short is written page by page, too. */
void compat_lock_writepage(struct address_space_operations *aops)
{
	if (aops->writepage)
		aops->writepage = compat_writepage;
}
#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.9: writeback_iter() and __block_write_full_folio() without a handler */
#include <linux/buffer_head.h>
#include <linux/writeback.h>

int probe(struct address_space *mapping, struct writeback_control *wbc, struct folio *folio)
{
	int err;

	folio = writeback_iter(mapping, wbc, folio, &err);
	return folio ? __block_write_full_folio(mapping->host, folio, NULL, wbc) : err;
}

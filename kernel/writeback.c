// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log's blocks on their way from the page cache to their place.
 *
 * What is written to the log goes to the journal of the lower file system first
 * (J1), and to its place later: jbd2 writes it there, or the flusher does. For
 * jbd2 a block is there when its buffer is neither dirty nor locked, and the
 * transaction that holds it may go. But ext4 doesn't lock the buffers of a file
 * that it writes: a block on its way counts as one that is there, the flush that
 * follows needn't cover it, and after a power cut it is nowhere. So the log is
 * written here, with the buffers locked, where that can be done.
 */
#include "presto.h"
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include "kml.h"

/* From here on, until kml_writeback_end(), the log's pages are written as they are to be. */
void kml_writeback_begin(struct kml *kml)
{
	struct address_space *mapping = kml->file->f_mapping;

	if (!kml->exact || IS_ENCRYPTED(mapping->host))
		return;
	kml->aops = *mapping->a_ops;
	if (!compat_lock_writeback(&kml->aops))
		return;
	kml->lower_aops = mapping->a_ops;
	WRITE_ONCE(mapping->a_ops, &kml->aops);
}

/* The lower file system's own operations again. Sleeps until nobody uses ours. */
void kml_writeback_end(struct kml *kml)
{
	struct inode *inode = file_inode(kml->file);
	const struct address_space_operations *ours = &kml->aops;

	if (!kml->lower_aops)
		return;
	/* ext4 sets others if the log's data isn't journaled any more (chattr -j) */
	cmpxchg(&inode->i_mapping->a_ops, ours, kml->lower_aops);
	synchronize_rcu();
	/* the flusher may be at it: it holds the inode by I_SYNC, which is waited for */
	write_inode_now(inode, 1);
	kml->lower_aops = NULL;
}

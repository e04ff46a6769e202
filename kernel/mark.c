// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When a mark must be on the disk before content changes. Data blocks may reach
 * the disk at any time, the mark only with its transaction: content from before
 * the mark must not be overwritten ahead of it. Blocks allocated after the mark
 * become part of the file with its transaction or a later one.
 */
#include "presto.h"

/* How much content is older than @mark, the one that is open now. */
static loff_t presto_old_size(struct inode *inode, u64 mark)
{
	/* pairs with the release in presto_mark_content() */
	if (mark && smp_load_acquire(&PRESTO_I(inode)->mark) == mark)
		return READ_ONCE(PRESTO_I(inode)->old_size);
	return i_size_read(presto_lower_inode(inode));
}

/**
 * presto_mark_content - note in the journal that content is about to change
 * @inode: an upper inode, locked, which is open for writing
 * @start: what lies below stays as it is; PRESTO_NO_OVERWRITE: all that there is
 *
 * Returns zero or a negative errno, upon which nothing may be changed.
 */
int presto_mark_content(struct inode *inode, loff_t start)
{
	struct presto_inode *pi = PRESTO_I(inode);
	loff_t old = presto_old_size(inode, READ_ONCE(pi->j.dirty));
	int err = presto_dirty(inode, start < old);

	if (!err && pi->mark != pi->j.dirty) {
		WRITE_ONCE(pi->old_size, old);
		/* pairs with the acquire in presto_old_size(): the mark's size is there first */
		smp_store_release(&pi->mark, READ_ONCE(pi->j.dirty));
	}
	return err;
}

/**
 * presto_file_unlogged - is what is written to an open file without a record?
 * @file: an upper file
 *
 * So it is below .intermezzo, but for what a program has opened in the tree: if
 * lento has moved it there since, nobody but the log tells that it is written to.
 */
bool presto_file_unlogged(struct file *file)
{
	return !presto_file_is_counted(file) && presto_unlogged(file->f_path.dentry);
}

/* A program has written: what lento applies would go over that. */
static bool presto_mark_is_others(struct inode *inode)
{
	const struct presto_jinode *ji = &PRESTO_I(inode)->j;

	return !READ_ONCE(ji->applied) && presto_in_context(inode->i_sb);
}

/* The same for an open file. What has a mark keeps it wherever it goes. */
int presto_mark_file(struct file *file, loff_t start)
{
	struct inode *inode = file_inode(file);
	bool marked = READ_ONCE(PRESTO_I(inode)->j.dirty);

	if (!marked && presto_file_unlogged(file))
		return 0;
	if (marked && presto_mark_is_others(inode))
		return -EBUSY;
	return presto_mark_content(inode, start);
}

/* The same without the lock: the mark may be closed, and another made, meanwhile. */
int presto_mark_mapping(struct file *file, loff_t start)
{
	struct inode *inode = file_inode(file);
	u64 mark = READ_ONCE(PRESTO_I(inode)->j.dirty);
	bool overwrites = start < presto_old_size(inode, mark);
	int err;

	if (presto_file_unlogged(file))
		return 0;
	err = presto_dirty(inode, overwrites);
	if (!err && !overwrites && mark && READ_ONCE(PRESTO_I(inode)->j.dirty) != mark)
		err = presto_dirty(inode, true);
	return err;
}

/* What a truncation has freed will not be overwritten in place. The inode is locked. */
void presto_mark_shrunk(struct inode *inode, loff_t size)
{
	struct presto_inode *pi = PRESTO_I(inode);

	WRITE_ONCE(pi->old_size, min(pi->old_size, size));
}

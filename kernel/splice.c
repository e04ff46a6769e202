// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Between pipes and files. Who splices to a file below takes its freeze
 * protection, then the pipe. A write of ours takes our inode, then the freeze
 * protection below: so the pipe comes last here, too, or three of them and a
 * freeze would wait for each other. That is why the data is spliced to the lower
 * file, and not written to ours from within the pipe.
 */
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>
#include <linux/wait.h>
#include "presto.h"

ssize_t presto_splice_read(struct file *file, loff_t *pos, struct pipe_inode_info *pipe,
			   size_t len, unsigned int flags)
{
	ssize_t ret = vfs_splice_read(presto_lower_file(file), pos, pipe, len, flags);

	file_accessed(file);
	return ret;
}

/* Is there data, or nobody from whom some could come? */
static bool presto_pipe_ready(const struct pipe_inode_info *pipe)
{
	return !pipe_empty(READ_ONCE(pipe->head), READ_ONCE(pipe->tail)) ||
	       !READ_ONCE(pipe->writers);
}

/* Other writers of the file aren't to wait for the pipe: nothing is locked. */
static int presto_wait_pipe(struct pipe_inode_info *pipe, unsigned int flags)
{
	if (flags & SPLICE_F_NONBLOCK)
		return presto_pipe_ready(pipe) ? 0 : -EAGAIN;
	return wait_event_interruptible(pipe->rd_wait, presto_pipe_ready(pipe));
}

/* What is in the pipe now; -EAGAIN if somebody else has taken it. */
static ssize_t presto_splice_now(struct pipe_inode_info *pipe, struct file *file, loff_t *pos,
				 size_t len, unsigned int flags)
{
	struct file *lower = presto_lower_file(file);
	struct inode *inode = file_inode(file);
	loff_t start = *pos;
	const struct cred *old;
	ssize_t ret = 0;

	/* set-id bits and file capabilities go here, not below: with their records */
	if (!IS_NOSEC(inode))
		ret = file_modified(file);
	ret = ret ?: presto_mark_file(file, start) ?: presto_judged_begin(inode->i_sb, &old);
	if (ret)
		return ret;
	file_start_write(lower);
	ret = iter_file_splice_write(pipe, lower, pos, len, flags | SPLICE_F_NONBLOCK);
	file_end_write(lower);
	presto_judged_end(old);
	if (ret > 0)
		presto_changed(inode, start, ret);
	else if (ret != -EAGAIN)	/* some of it may be there nevertheless */
		presto_changed(inode, start, len);
	presto_copy_attr(inode);
	return ret;
}

ssize_t presto_splice_write(struct pipe_inode_info *pipe, struct file *file, loff_t *pos,
			    size_t len, unsigned int flags)
{
	struct inode *inode = file_inode(file);
	ssize_t ret;

	do {
		ret = presto_wait_pipe(pipe, flags);
		if (ret)
			return ret;
		inode_lock(inode);
		ret = presto_splice_now(pipe, file, pos, len, flags);
		inode_unlock(inode);
	} while (ret == -EAGAIN && !(flags & SPLICE_F_NONBLOCK));
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open files. Each has a lower file of its own, and the data is there: no page
 * is ever cached here. What changes content runs with the upper inode locked
 * from presto_mark_file() to presto_changed().
 */
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include "presto.h"

/* The VFS has acted on these for the upper file. */
#define PRESTO_OPEN_DONE	(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | __O_TMPFILE)

static bool presto_counts_as_writer(struct file *file)
{
	return file->f_mode & FMODE_WRITE && S_ISREG(file_inode(file)->i_mode);
}

int presto_open(struct inode *inode, struct file *file)
{
	struct path path = presto_lower_path(file->f_path.dentry);
	int flags = (file->f_flags & ~PRESTO_OPEN_DONE) | O_NOATIME;
	bool counts = presto_counts_as_writer(file) && !presto_unlogged(file->f_path.dentry) &&
		      !presto_is_lento(inode->i_sb);
	struct file *lower;
	int err;

	if (!path.dentry || d_is_negative(path.dentry))
		return -ESTALE;
	/*
	 * Whoever means to write asks before he has the file: what the permit waits
	 * for may be a newer version of it, which takes its name. (One that he has
	 * just made has no newer version.)
	 */
	err = counts ? presto_gate_enter(inode->i_sb, !(file->f_mode & FMODE_CREATED)) : 0;
	if (err)
		return err;
	lower = presto_do_open(file, flags, &path);
	if (IS_ERR(lower)) {
		if (counts)
			presto_gate_leave(inode->i_sb);
		return PTR_ERR(lower);
	}
	file->private_data = (void *)((unsigned long)lower | (counts ? PRESTO_FILE_COUNTED : 0));
	file->f_mode |= lower->f_mode & (FMODE_CAN_ODIRECT | FMODE_NOWAIT);
	/* for what works on pages without asking us: sync_file_range(), cachestat() */
	file->f_mapping = lower->f_mapping;
	file->f_wb_err = lower->f_wb_err;
	if (presto_counts_as_writer(file))
		presto_writer_get(inode);
	return 0;
}

/* What this returns, nobody reads. */
int presto_release(struct inode *inode, struct file *file)
{
	fput(presto_lower_file(file));
	if (presto_counts_as_writer(file))
		presto_writer_put(inode, file->f_path.dentry);
	if (presto_file_is_counted(file))
		presto_gate_leave(inode->i_sb);
	return 0;
}

static ssize_t presto_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct kiocb lower __uninitialized;
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	if (presto_is_async(iocb)) {
		ret = presto_submit(iocb, to);
	} else {
		presto_lower_iocb(&lower, iocb);
		ret = lower.ki_filp->f_op->read_iter(&lower, to);
		iocb->ki_pos = lower.ki_pos;
	}
	file_accessed(iocb->ki_filp);
	return ret;
}

static int presto_lock_write(struct inode *inode, struct kiocb *iocb, bool shared)
{
	if (iocb->ki_flags & IOCB_NOWAIT) {
		if (!(shared ? inode_trylock_shared(inode) : inode_trylock(inode)))
			return -EAGAIN;
		return 0;
	}
	if (shared)
		inode_lock_shared(inode);
	else
		inode_lock(inode);
	return 0;
}

static void presto_unlock_write(struct inode *inode, bool shared)
{
	if (shared)
		inode_unlock_shared(inode);
	else
		inode_unlock(inode);
}

static int presto_mark_write(struct kiocb *iocb)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	bool append = iocb->ki_flags & IOCB_APPEND;

	/* a mark waits for the log */
	if (iocb->ki_flags & IOCB_NOWAIT && !presto_has_mark(inode))
		return -EAGAIN;
	return presto_mark_file(iocb->ki_filp, append ? PRESTO_NO_OVERWRITE : iocb->ki_pos);
}

static ssize_t presto_write_lower(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	size_t count = iov_iter_count(from);
	struct kiocb lower __uninitialized;
	ssize_t ret;

	presto_lower_iocb(&lower, iocb);
	file_start_write(lower.ki_filp);
	ret = lower.ki_filp->f_op->write_iter(&lower, from);
	file_end_write(lower.ki_filp);
	iocb->ki_pos = lower.ki_pos;
	if (ret > 0)
		presto_changed(inode, lower.ki_pos - ret, ret);
	else if (ret < 0)	/* some of it may be there nevertheless */
		presto_changed(inode, iocb->ki_flags & IOCB_APPEND ? 0 : iocb->ki_pos,
			       iocb->ki_flags & IOCB_APPEND ? ~0ULL : count);
	presto_copy_attr(inode);
	return ret;
}

/* Told of before it happens: what completes it can't. */
static ssize_t presto_write_async(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret;

	presto_changed(inode, iocb->ki_pos, iov_iter_count(from));
	ret = presto_submit(iocb, from);
	presto_copy_attr(inode);
	return ret;
}

static ssize_t presto_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	/* direct writes may run side by side, as below; privileges are dropped by one alone */
	bool shared = iocb->ki_flags & IOCB_DIRECT && IS_NOSEC(inode);
	/* where an appending one goes is known when it is done */
	bool async = presto_is_async(iocb) && !(iocb->ki_flags & IOCB_APPEND);
	const struct cred *old;
	ssize_t ret;

	if (!iov_iter_count(from))
		return 0;
	ret = presto_lock_write(inode, iocb, shared);
	if (ret)
		return ret;
	/* set-id bits and file capabilities go here, not below: with their records */
	if (!IS_NOSEC(inode))
		ret = kiocb_modified(iocb);
	ret = ret ?: presto_mark_write(iocb) ?: presto_judged_begin(inode->i_sb, &old);
	if (!ret) {
		ret = async ? presto_write_async(iocb, from) : presto_write_lower(iocb, from);
		presto_judged_end(old);
	}
	presto_unlock_write(inode, shared);
	return ret;
}

int presto_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return vfs_fsync_range(presto_lower_file(file), start, end, datasync);
}

static long presto_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	const int shifts = FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE;
	bool allocates = !(mode & ~FALLOC_FL_KEEP_SIZE);
	struct inode *inode = file_inode(file);
	const struct cred *old;
	int err;

	inode_lock(inode);
	/* zeros reach blocks at the edges in place */
	err = file_modified(file) ?:
	      presto_mark_file(file, allocates ? PRESTO_NO_OVERWRITE : offset) ?:
	      presto_judged_begin(inode->i_sb, &old);
	if (!err) {
		err = vfs_fallocate(presto_lower_file(file), mode, offset, len);
		presto_judged_end(old);
		presto_changed(inode, offset, mode & shifts ? ~0ULL : len);
		presto_copy_attr(inode);
	}
	inode_unlock(inode);
	return err;
}

/* The lower file system knows its holes, and how large this very file may get. */
static loff_t presto_llseek(struct file *file, loff_t offset, int whence)
{
	struct file *lower = presto_lower_file(file);
	loff_t pos;

	lower->f_pos = file->f_pos;
	pos = vfs_llseek(lower, offset, whence);
	if (pos >= 0)
		file->f_pos = pos;
	return pos;
}

static int presto_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	return vfs_fadvise(presto_lower_file(file), offset, len, advice);
}

/* What the VFS itself doesn't do by inode operations. */
long presto_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct file *lower = presto_lower_file(file);

	switch (cmd) {
	case FS_IOC_GETVERSION:
	case FS_IOC32_GETVERSION:
		return put_user(file_inode(file)->i_generation, (int __user *)arg);
	case FITRIM:
	case FS_IOC_GETFSLABEL:
		/* no tree changes by these, and who may ask the lower file system judges */
		if (!lower->f_op->unlocked_ioctl)
			return -ENOTTY;
		return lower->f_op->unlocked_ioctl(lower, cmd, arg);
	default:
		return -ENOTTY;
	}
}

const struct file_operations presto_file_fops = {
	.open		= presto_open,
	.release	= presto_release,
	.llseek		= presto_llseek,
	.read_iter	= presto_read_iter,
	.write_iter	= presto_write_iter,
	.splice_read	= presto_splice_read,
	.splice_write	= presto_splice_write,
	.mmap		= presto_mmap,
	.setlease	= generic_setlease,
	.fsync		= presto_fsync,
	.fallocate	= presto_fallocate,
	.fadvise	= presto_fadvise,
	.unlocked_ioctl	= presto_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

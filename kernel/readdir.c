// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading directories: the lower directory, less what is lento's.
 */
#include "presto.h"

/* Stands between the lower directory and the reader. */
struct presto_reader {
	struct dir_context ctx;
	struct dir_context *user;
	struct inode *dir;
	bool root;			/* of the mount: ".." isn't the lower one */
	bool hide;			/* the reader may not see .intermezzo */
};

static bool presto_fill(struct dir_context *ctx, const char *name, int len, loff_t pos,
			u64 ino, unsigned int type)
{
	struct presto_reader *reader = container_of(ctx, struct presto_reader, ctx);
	struct qstr qname = QSTR_INIT(name, len);

	if (reader->hide && presto_is_control_name(reader->dir, &qname))
		return true;
	if (reader->root && len == 2 && !memcmp(name, "..", 2))
		ino = reader->dir->i_ino;
	reader->user->pos = pos;
	return reader->user->actor(reader->user, name, len, pos, ino, type);
}

static int presto_iterate(struct file *file, struct dir_context *ctx)
{
	struct file *lower = presto_lower_file(file);
	struct inode *dir = file_inode(file);
	bool root = dir == d_inode(dir->i_sb->s_root);
	struct presto_reader reader = {
		.ctx.actor = presto_fill,
		.ctx.pos = ctx->pos,
		.user = ctx,
		.dir = dir,
		.root = root,
		.hide = root && !presto_is_lento(dir->i_sb),
	};
	int err;

	lower->f_pos = ctx->pos;
	err = iterate_dir(lower, &reader.ctx);
	ctx->pos = reader.ctx.pos;
	return err;
}

/* The lower file system knows which positions its directories have. */
static loff_t presto_dir_llseek(struct file *file, loff_t offset, int whence)
{
	struct file *lower = presto_lower_file(file);
	struct inode *dir = file_inode(file);
	loff_t pos;

	inode_lock(dir);
	lower->f_pos = file->f_pos;
	pos = vfs_llseek(lower, offset, whence);
	if (pos >= 0)
		file->f_pos = pos;
	inode_unlock(dir);
	return pos;
}

const struct file_operations presto_dir_fops = {
	.open		= presto_open,
	.release	= presto_release,
	.read		= generic_read_dir,
	.iterate_shared	= presto_iterate,
	.llseek		= presto_dir_llseek,
	.fsync		= presto_fsync,
	.unlocked_ioctl	= presto_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

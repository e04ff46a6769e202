// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rename: within the tree (RENAME), out of .intermezzo into the tree (ENTER),
 * the other way (LEAVE), or within .intermezzo (no record).
 */
#include "presto.h"

/* One side of a rename. */
struct presto_name {
	struct inode *dir;
	struct dentry *dentry;
	bool control;
};

static void presto_put_place(struct presto_op *op, const struct presto_name *place)
{
	presto_op_parent(op, KML_F_PARENT, place->dir);
	presto_op_name(op, KML_F_NAME, &place->dentry->d_name);
}

static void presto_put_object(struct presto_op *op, struct inode *inode, unsigned int flags)
{
	presto_op_object(op, KML_F_OBJECT, inode);
	presto_op_flags(op, S_ISDIR(inode->i_mode) ? KML_FLAG_DIR : 0, flags);
}

static void presto_put_replaced(struct presto_op *op, const struct presto_name *place)
{
	if (d_is_positive(place->dentry))
		presto_op_object(op, KML_F_REPLACED, d_inode(place->dentry));
}

static int presto_begin_rename(struct presto_op *op, const struct presto_name *from,
			       const struct presto_name *to, unsigned int flags)
{
	int err = presto_op_begin(op, from->dir->i_sb, KML_OP_RENAME);

	if (err)
		return err;
	presto_put_object(op, d_inode(from->dentry), flags);
	presto_put_place(op, from);
	presto_op_parent(op, KML_F_PARENT2, to->dir);
	presto_op_name(op, KML_F_NAME2, &to->dentry->d_name);
	presto_put_replaced(op, to);
	return 0;
}

/* ENTER: @inode stands at @to in @dir now. */
void presto_put_entering(struct presto_op *op, struct inode *inode, struct inode *dir,
			 struct dentry *to, unsigned int flags)
{
	presto_put_object(op, inode, flags);
	presto_op_parent(op, KML_F_PARENT, dir);
	presto_op_name(op, KML_F_NAME, &to->d_name);
	presto_op_attr(op, KML_F_ATTR, inode);
}

static int presto_begin_enter(struct presto_op *op, const struct presto_name *from,
			      const struct presto_name *to, unsigned int flags)
{
	int err = presto_op_begin(op, from->dir->i_sb, KML_OP_ENTER);

	if (err)
		return err;
	presto_put_entering(op, d_inode(from->dentry), to->dir, to->dentry, flags);
	presto_put_replaced(op, to);
	if (d_is_negative(to->dentry) && !(flags & RENAME_NOREPLACE))
		presto_op_lacks(op, &PRESTO_I(to->dir)->j);
	return 0;
}

static int presto_begin_leave(struct presto_op *op, const struct presto_name *from,
			      unsigned int flags)
{
	int err = presto_op_begin(op, from->dir->i_sb, KML_OP_LEAVE);

	if (err)
		return err;
	presto_put_object(op, d_inode(from->dentry), flags);
	presto_put_place(op, from);
	presto_op_attr(op, KML_F_ATTR_BEFORE, d_inode(from->dentry));
	return 0;
}

static int presto_begin(struct presto_op *op, const struct presto_name *from,
			const struct presto_name *to, unsigned int flags)
{
	if (from->control && to->control)
		return presto_op_begin_unlogged(op, from->dir->i_sb);
	if (!from->control && !to->control)
		return presto_begin_rename(op, from, to, flags);
	if (from->control)
		return presto_begin_enter(op, from, to, flags);
	/* An exchange can be read from either side. */
	if (flags & RENAME_EXCHANGE)
		return presto_begin_enter(op, to, from, flags);
	return presto_begin_leave(op, from, flags);
}

/* Which renames are allowed, beside those that the VFS refuses. */
static int presto_may_rename(const struct presto_name *from, const struct presto_name *to,
			     unsigned int flags)
{
	struct super_block *sb = from->dir->i_sb;
	struct inode *replaced = d_inode(to->dentry);

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if (presto_is_control_root(from->dentry) || presto_is_control_root(to->dentry))
		return -EPERM;
	if (from->control != to->control && !presto_in_context(sb))
		return -EPERM;
	/* one would leave and the other enter: a record tells of one */
	if (from->control != to->control && (flags & RENAME_EXCHANGE))
		return -EXDEV;
	/* the whiteout would have a dot of its own */
	if ((flags & RENAME_WHITEOUT) && presto_in_context(sb))
		return -EINVAL;
	/* What someone is writing would be lost; PRESTO_IOC_OBJECT tells when it is closed. */
	if (replaced && !(flags & RENAME_EXCHANGE) &&
	    presto_may_be_written(replaced) && presto_in_context(sb))
		return -EBUSY;
	return 0;
}

/* The directories that the record names as parents: those of the tree. */
static void presto_dirs_before(struct presto_op *op, const struct presto_name *from,
			       const struct presto_name *to, const struct renamedata *rd)
{
	if (!from->control)
		presto_op_dir_before(op, 0, d_inode(rd->old_parent));
	if (!to->control)
		presto_op_dir_before(op, !from->control, d_inode(rd->new_parent));
}

static void presto_dirs_after(struct presto_op *op, const struct presto_name *from,
			      const struct presto_name *to)
{
	struct dentry *from_dir = presto_lower_dentry(from->dentry->d_parent);
	struct dentry *to_dir = presto_lower_dentry(to->dentry->d_parent);

	if (!from->control)
		presto_op_dir_after(op, 0, from_dir);
	if (!to->control)
		presto_op_dir_after(op, !from->control, to_dir);
	if (!from->control && !to->control && from_dir != to_dir)
		presto_op_dirs_alike(op, from_dir, d_inode(to_dir));
}

static int presto_rename_lower(struct presto_op *op, struct mnt_idmap *idmap,
			       const struct presto_name *from, const struct presto_name *to,
			       unsigned int flags)
{
	struct dentry *from_dir = presto_lower_dentry(from->dentry->d_parent);
	struct dentry *to_dir = presto_lower_dentry(to->dentry->d_parent);
	struct renamedata rd = {
		.mnt_idmap	= idmap,
		.old_parent	= from_dir,
		.new_parent	= to_dir,
		.flags		= flags,
	};
	int err;

	err = presto_verify(from->dentry, from_dir) ?: presto_verify(to->dentry, to_dir) ?:
	      start_renaming_two_dentries(&rd, presto_lower_dentry(from->dentry),
					  presto_lower_dentry(to->dentry));
	/* what the VFS found possible above isn't below: somebody else has renamed there */
	if (err)
		return err == -EINVAL ? -ESTALE : err;
	err = presto_verify(from->dentry, from_dir) ?: presto_verify(to->dentry, to_dir);
	if (!err) {
		struct timespec64 before = inode_get_mtime(d_inode(from_dir));

		presto_dirs_before(op, from, to, &rd);
		err = presto_do_rename(&rd);
		/* ext4 puts the whiteout there before it finds that it can't be done */
		if (err && op->buf && (flags & RENAME_WHITEOUT))
			presto_leave_mtime(from_dir, before);
	}
	if (!err)
		presto_dirs_after(op, from, to);
	end_renaming(&rd);
	return err;
}

static void presto_copy_name(const struct presto_name *name)
{
	presto_copy_attr(name->dir);
	if (d_is_positive(name->dentry))
		presto_copy_attr(d_inode(name->dentry));
}

int presto_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old_dentry,
		  struct inode *new_dir, struct dentry *new_dentry, unsigned int flags)
{
	struct presto_name from = { old_dir, old_dentry, presto_is_control(old_dentry) };
	struct presto_name to = { new_dir, new_dentry, presto_is_control(new_dentry) };
	struct presto_op op __uninitialized, *whiteout = NULL;
	int err;

	err = presto_may_rename(&from, &to, flags);
	if (err)
		return err;
	err = presto_begin(&op, &from, &to, flags);
	if (err)
		return err;
	if (op.buf && (flags & RENAME_WHITEOUT))
		whiteout = presto_whiteout_begin(idmap, old_dir, old_dentry);
	err = PTR_ERR_OR_ZERO(whiteout);
	if (err)
		goto abort;
	err = presto_op_write(&op);
	if (err)
		goto end_whiteout;
	err = presto_rename_lower(&op, idmap, &from, &to, flags);
	presto_op_outcome(&op, err, NULL, presto_lower_inode(to.control ? old_dir : new_dir));
	/* only then: of a record that another one follows under its locks, recovery asks nothing */
	if (whiteout)
		presto_whiteout_end(whiteout, old_dentry, err);
	presto_op_close(&op);
	presto_copy_name(&from);
	presto_copy_name(&to);
	return err;

end_whiteout:
	if (whiteout)
		presto_whiteout_end(whiteout, old_dentry, err);
abort:
	presto_op_abort(&op);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in the tree already is told of: a name as if it had just entered, a
 * directory by the names that it has. For what was there before a log that
 * anybody followed, or came past it.
 */
#include "presto.h"
#include <linux/mount.h>
#include "kml.h"

/* lento may not change the tree without an apply context, but this changes nothing. */
static int presto_tell_begin(struct presto_op *op, struct super_block *sb, u16 kml_op)
{
	struct vfsmount *mnt = PRESTO_SB(sb)->lower_mnt;
	int err = mnt_want_write(mnt);

	if (err)
		return err;
	presto_record_init(op, sb, kml_op);
	return 0;
}

static int presto_tell_end(struct presto_op *op, struct inode *dir)
{
	int err = presto_op_write(op);

	if (err)
		presto_op_abort(op);
	else
		presto_op_end(op, 0, NULL, dir);
	return err;
}

static int presto_tell_record(struct inode *dir, struct dentry *dentry,
			      const struct presto_place *place)
{
	struct presto_op op;
	int err = presto_tell_begin(&op, dir->i_sb, place->op);

	if (err)
		return err;
	presto_op_flags(&op, place->flags, 0);
	if (place->op == KML_OP_LINK) {
		presto_op_object(&op, KML_F_OBJECT, d_inode(dentry));
		presto_op_parent(&op, KML_F_PARENT, dir);
		presto_op_name(&op, KML_F_NAME, &dentry->d_name);
		presto_op_attr(&op, KML_F_ATTR_BEFORE, d_inode(dentry));
	} else {
		presto_put_entering(&op, d_inode(dentry), dir, dentry, 0);
	}
	return presto_tell_end(&op, presto_lower_inode(dir));
}

/* @dir is locked. The object is locked as for an operation on it: its records don't swap. */
static int presto_tell_name(struct dentry *dir, const struct presto_place *place)
{
	struct dentry *dentry = lookup_noperm(&QSTR_LEN(place->name, place->len), dir);
	struct inode *inode;
	int err = -ENOENT;

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	inode = d_inode(dentry);
	if (inode && S_ISDIR(inode->i_mode) && place->op == KML_OP_LINK) {
		err = -EINVAL;
	} else if (inode && !presto_is_control_root(dentry)) {
		if (!S_ISDIR(inode->i_mode))
			inode_lock(inode);
		err = presto_tell_record(d_inode(dir), dentry, place);
		if (!S_ISDIR(inode->i_mode))
			inode_unlock(inode);
	}
	dput(dentry);
	return err;
}

static int presto_may_tell(struct dentry *dir)
{
	if (!d_is_dir(dir))
		return -ENOTDIR;
	if (!presto_is_placed(dir) || presto_is_control(dir) || presto_in_context(dir->d_sb))
		return -EINVAL;
	return 0;
}

/**
 * presto_tell - journal a name that is in the tree
 * @dir: an upper directory of the tree
 * @place: the name, what it is told by, flags of the record
 *
 * The update is this replica's own: not to be called in an apply context.
 * Returns zero or a negative errno (-ENOENT: there is no such name, -ENOTDIR,
 * -EINVAL: the directory is none of the tree's, or the caller applies).
 */
int presto_tell(struct dentry *dir, const struct presto_place *place)
{
	int err = presto_may_tell(dir);

	if (err)
		return err;
	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	err = IS_DEADDIR(d_inode(dir)) ? -ENOENT : presto_tell_name(dir, place);
	inode_unlock(d_inode(dir));
	return err;
}

static int presto_tell_names(struct inode *dir, const void *payload, u32 len, u64 seen)
{
	struct presto_op op;
	int err;

	if (IS_DEADDIR(dir))
		return -ENOENT;
	if (READ_ONCE(PRESTO_I(dir)->j.changed) >= seen)
		return -EAGAIN;
	err = presto_tell_begin(&op, dir->i_sb, KML_OP_LIST);
	if (err)
		return err;
	presto_op_flags(&op, KML_FLAG_RECOVERED, 0);
	/* as a parent: it is locked, and nothing that it is named in may pass */
	presto_op_object(&op, KML_F_OBJECT, dir);
	presto_op_attr(&op, KML_F_ATTR, dir);
	presto_op_bytes(&op, KML_F_PAYLOAD, payload, len);
	return presto_tell_end(&op, NULL);
}

/**
 * presto_tell_list - journal which names a directory has
 * @dir: an upper directory of the tree
 * @payload: struct kml_list and the names, as the caller has read them
 * @len: of the payload, KML_MARK_MAX at most
 * @seen: where the log ended before they were read
 *
 * Returns zero or a negative errno (-EAGAIN: they may have changed since, and
 * those of presto_tell()).
 */
int presto_tell_list(struct dentry *dir, const void *payload, u32 len, u64 seen)
{
	int err = presto_may_tell(dir);

	if (err)
		return err;
	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	err = presto_tell_names(d_inode(dir), payload, len, seen);
	inode_unlock(d_inode(dir));
	return err;
}

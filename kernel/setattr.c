// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of attributes, and of the size by name. The record holds what is set
 * below to the last nanosecond, so the times are chosen here.
 */
#include "presto.h"
#include "kml.h"

/* Does a setattr say something that a replica is to know? */
static bool presto_setattr_counts(const struct iattr *attr)
{
	return attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_SIZE | ATTR_MTIME);
}

/*
 * What the lower file system is told. It drops suid by itself, and refuses to
 * be told both. It wasn't told of O_TRUNC, and our file is none of its own.
 */
static struct iattr presto_lower_iattr(const struct iattr *attr)
{
	struct iattr lower = *attr;

	if (attr->ia_valid & (ATTR_KILL_SUID | ATTR_KILL_SGID))
		lower.ia_valid &= ~ATTR_MODE;
	lower.ia_valid &= ~(ATTR_FILE | ATTR_OPEN);
	return lower;
}

/*
 * "Now" would be another time below, so it becomes the record's. Who may say
 * "now" may not always name a time; the check was made above, for "now".
 */
static void presto_fix_times(struct iattr *lower)
{
	if (lower->ia_valid & ATTR_MTIME)
		lower->ia_valid |= ATTR_MTIME_SET | ATTR_FORCE;
	if (lower->ia_valid & ATTR_ATIME)
		lower->ia_valid |= ATTR_ATIME_SET | ATTR_FORCE;
}

static int presto_setattr_lower(struct mnt_idmap *idmap, struct dentry *dentry,
				struct iattr *attr)
{
	struct inode *lower = presto_lower_inode(d_inode(dentry));
	int err;

	inode_lock(lower);
	err = presto_do_setattr(idmap, presto_lower_dentry(dentry), attr);
	inode_unlock(lower);
	return err;
}

static int presto_setattr_unlogged(struct mnt_idmap *idmap, struct dentry *dentry,
				   struct iattr *attr)
{
	struct iattr lower = presto_lower_iattr(attr);
	struct presto_op op __uninitialized;
	int err;

	err = presto_op_begin_unlogged(&op, dentry->d_sb);
	if (err)
		return err;
	err = presto_setattr_lower(idmap, dentry, &lower);
	presto_op_end(&op, err, NULL, NULL);
	return err;
}

/*
 * A truncation that failed may have set the size nevertheless: then the log
 * tells, before it is told that the truncation itself came to nothing.
 */
static void presto_tell_size(struct inode *inode, loff_t before)
{
	struct inode *lower = presto_lower_inode(inode);
	struct presto_op op __uninitialized;
	struct kml_attr now;
	int err;

	if (i_size_read(lower) == before)
		return;
	presto_record_init(&op, inode->i_sb, KML_OP_SETATTR);
	presto_fill_attr(&now, lower);
	now.valid = cpu_to_le32(KML_ATTR_SIZE | KML_ATTR_MTIME);
	presto_op_object(&op, KML_F_OBJECT, inode);
	presto_op_bytes(&op, KML_F_ATTR, &now, sizeof(now));
	err = presto_record_append(&op);
	if (err)
		kml_break(PRESTO_SB(inode->i_sb)->kml, "a size that was left", err);
}

static int presto_setattr_logged(struct mnt_idmap *idmap, struct dentry *dentry,
				 struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct iattr lower = presto_lower_iattr(attr);
	loff_t before = i_size_read(presto_lower_inode(inode));
	struct presto_op op __uninitialized;
	int err;

	err = presto_op_begin(&op, dentry->d_sb, KML_OP_SETATTR);
	if (err)
		return err;
	presto_op_object(&op, KML_F_OBJECT, inode);
	presto_op_iattr(&op, idmap, attr);
	presto_op_attr(&op, KML_F_ATTR_BEFORE, inode);
	err = presto_op_write(&op);
	if (err) {
		presto_op_abort(&op);
		return err;
	}
	/* of an append-only file, no time may be named at all */
	if (!IS_APPEND(presto_lower_inode(inode)))
		presto_fix_times(&lower);
	err = presto_setattr_lower(idmap, dentry, &lower);
	if (err)
		presto_tell_size(inode, before);
	presto_op_end(&op, err, NULL, NULL);
	return err;
}

/*
 * The size of a file that is open for writing is content like any other: the
 * CLOSE tells of it, with what else is written.
 */
static int presto_resize_open(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	loff_t old = i_size_read(presto_lower_inode(inode));
	loff_t size = attr->ia_size;
	bool whole_blocks = !(size & (i_blocksize(inode) - 1));
	int err;

	/* zeros reach the rest of the last block in place */
	err = presto_mark_content(inode, whole_blocks ? PRESTO_NO_OVERWRITE : size);
	if (err)
		return err;
	err = presto_setattr_unlogged(idmap, dentry, attr);
	if (!err)
		presto_mark_shrunk(inode, size);
	presto_changed(inode, min(old, size), ~0ULL);
	return err;
}

/*
 * Setting a size changes the mtime below, even where it is the size already, and
 * nothing else would tell which it is.
 */
static void presto_resize_time(struct inode *inode, struct iattr *attr)
{
	if (!(attr->ia_valid & ATTR_SIZE) || attr->ia_valid & ATTR_MTIME)
		return;
	attr->ia_valid |= ATTR_MTIME;
	attr->ia_mtime = current_time(presto_lower_inode(inode));
}

/* A size that is set through a descriptor is content that is written through it. */
static bool presto_setattr_logs(struct dentry *dentry, struct iattr *attr)
{
	if (!presto_setattr_counts(attr))
		return false;
	if (attr->ia_valid & ATTR_SIZE && attr->ia_valid & ATTR_FILE)
		return !presto_file_unlogged(attr->ia_file);
	return !presto_unlogged(dentry);
}

/* Will a CLOSE tell? It is asked first: where in the tree a file is, costs a walk. */
static bool presto_setattr_closes(struct inode *inode, const struct iattr *attr)
{
	return presto_setattr_counts(attr) && !(attr->ia_valid & ATTR_SIZE) &&
	       presto_close_tells(inode);
}

int presto_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int err;

	presto_copy_attr(inode);
	err = setattr_prepare(idmap, dentry, attr);
	if (err)
		return err;
	if (presto_setattr_closes(inode, attr) || !presto_setattr_logs(dentry, attr)) {
		err = presto_setattr_unlogged(idmap, dentry, attr);
	} else if (attr->ia_valid & ATTR_SIZE && presto_has_writers(inode)) {
		err = presto_resize_open(idmap, dentry, attr);
	} else {
		presto_resize_time(inode, attr);
		err = presto_setattr_logged(idmap, dentry, attr);
	}
	presto_copy_attr(inode);
	return err;
}

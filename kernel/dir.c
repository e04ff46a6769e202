// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on directories, but for rename. Each runs presto_op_begin() ..
 * presto_op_end() with the upper directory locked by the VFS, and locks the
 * lower one around the lower operation.
 */
#include "presto.h"

/* What a new object is to be. */
struct presto_new {
	u16 kml_op;
	umode_t mode;
	dev_t dev;
	const char *target;
};

/* Begins an operation on the name @dentry in @dir. */
static int presto_begin_name(struct presto_op *op, u16 kml_op, struct inode *dir,
			     struct dentry *dentry)
{
	int err;

	if (presto_is_control_name(dir, &dentry->d_name))
		return -EPERM;
	if (presto_is_control(dentry))
		return presto_op_begin_unlogged(op, dir->i_sb);
	err = presto_op_begin(op, dir->i_sb, kml_op);
	if (err)
		return err;
	presto_op_parent(op, KML_F_PARENT, dir);
	presto_op_name(op, KML_F_NAME, &dentry->d_name);
	return 0;
}

/* Locks the lower directory and checks that @dentry still fits; it stays locked on error, too. */
static int presto_lock_dir(struct presto_op *op, struct dentry *dentry, struct inode **lower_dir)
{
	struct dentry *lower = presto_lower_dentry(dentry->d_parent);

	*lower_dir = d_inode(lower);
	inode_lock_nested(*lower_dir, I_MUTEX_PARENT);
	presto_op_dir_before(op, 0, *lower_dir);
	return presto_verify(dentry, lower);
}

/* @err: what came of the operation on it. */
static void presto_unlock_dir(struct presto_op *op, struct dentry *dentry, int err)
{
	struct dentry *lower = presto_lower_dentry(dentry->d_parent);

	if (!err)
		presto_op_dir_after(op, 0, lower);
	inode_unlock(d_inode(lower));
}

/* The lower operation has made the object of @dentry. */
static int presto_instantiate(struct presto_op *op, struct dentry *dentry)
{
	struct inode *inode = presto_iget(dentry->d_sb, d_inode(presto_lower_dentry(dentry)));

	if (IS_ERR(inode)) {
		d_drop(dentry);
		return PTR_ERR(inode);
	}
	presto_op_made(op, inode);
	d_instantiate(dentry, inode);
	return 0;
}

static int presto_make_lower(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			     const struct presto_new *new)
{
	switch (new->kml_op) {
	case KML_OP_CREATE:
		return presto_do_create(idmap, dentry, new->mode);
	case KML_OP_MKDIR:
		return presto_do_mkdir(idmap, dir, dentry, new->mode);
	case KML_OP_SYMLINK:
		return presto_do_symlink(idmap, dir, dentry, new->target);
	default:
		return presto_do_mknod(idmap, dir, dentry, new->mode, new->dev);
	}
}

static int presto_make(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		       const struct presto_new *new)
{
	struct dentry *lower = presto_lower_dentry(dentry);
	struct inode *lower_dir;
	struct presto_op op __uninitialized;
	int err;

	err = presto_begin_name(&op, new->kml_op, dir, dentry);
	if (err)
		return err;
	presto_op_new(&op, idmap, dir, new->mode, new->dev);
	if (new->target)
		presto_op_bytes(&op, KML_F_TARGET, new->target, strlen(new->target));
	err = presto_op_write(&op);
	if (err) {
		presto_op_abort(&op);
		return err;
	}
	err = presto_lock_dir(&op, dentry, &lower_dir) ?:
	      presto_make_lower(idmap, lower_dir, lower, new);
	presto_unlock_dir(&op, dentry, err);
	presto_op_end(&op, err, err ? NULL : d_inode(lower), lower_dir);
	presto_copy_attr(dir);
	err = err ?: presto_instantiate(&op, dentry);
	if (!err && new->kml_op == KML_OP_CREATE)
		presto_created(d_inode(dentry), &op);
	return err;
}

int presto_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		  umode_t mode, bool excl)
{
	return presto_make(idmap, dir, dentry, &(struct presto_new){
		.kml_op = KML_OP_CREATE, .mode = mode | S_IFREG });
}

COMPAT_MKDIR presto_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			  umode_t mode)
{
	int err = presto_make(idmap, dir, dentry, &(struct presto_new){
		.kml_op = KML_OP_MKDIR, .mode = mode | S_IFDIR });

	return compat_mkdir_result(err);
}

int presto_mknod(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		 umode_t mode, dev_t dev)
{
	return presto_make(idmap, dir, dentry, &(struct presto_new){
		.kml_op = KML_OP_MKNOD, .mode = mode, .dev = dev });
}

int presto_symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		   const char *target)
{
	return presto_make(idmap, dir, dentry, &(struct presto_new){
		.kml_op = KML_OP_SYMLINK, .mode = S_IFLNK | 0777, .target = target });
}

/* What the record of a link says; a nameless inode is created only now, for all others. */
static int presto_begin_link(struct presto_op *op, struct inode *inode, struct inode *dir,
			     struct dentry *dentry, bool nameless)
{
	int err = presto_begin_name(op, nameless ? KML_OP_CREATE : KML_OP_LINK, dir, dentry);

	if (err)
		return err;
	if (nameless) {
		presto_op_flags(op, KML_FLAG_TMPFILE, 0);
		presto_op_attr(op, KML_F_ATTR, inode);
	} else {
		presto_op_object(op, KML_F_OBJECT, inode);
		presto_op_attr(op, KML_F_ATTR_BEFORE, inode);
	}
	err = presto_op_write(op);
	if (err)
		presto_op_abort(op);
	return err;
}

/* While it was nameless it had no marks: all of its content is still to be told of. */
static void presto_mark_named(struct inode *inode)
{
	if (!presto_has_writers(inode))
		return;
	presto_changed(inode, 0, ~0ULL);
	/* the name is there; the next write makes the mark that can't be made now, or fails */
	if (presto_mark_content(inode, PRESTO_NO_OVERWRITE))
		pr_warn_ratelimited("%s: inode %llu has a name and no mark yet\n",
				    inode->i_sb->s_id, (u64)inode->i_ino);
}

static int presto_link_lower(struct super_block *sb, struct dentry *old, struct inode *dir,
			     struct dentry *dentry)
{
	const struct cred *cred;
	int err = presto_judged_begin(sb, &cred);

	if (err)
		return err;
	err = presto_do_link(&nop_mnt_idmap, old, dir, dentry);
	presto_judged_end(cred);
	return err;
}

int presto_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *lower_dir, *inode = d_inode(old);
	bool nameless = !presto_lower_inode(inode)->i_nlink;
	bool control = presto_is_control(dentry);
	struct presto_op op __uninitialized;
	int err;

	/* A name on either side would make one object logged and unlogged. */
	if (!nameless && presto_is_placed(old) && presto_is_control(old) != control)
		return -EXDEV;
	err = presto_begin_link(&op, inode, dir, dentry, nameless);
	if (err)
		return err;
	err = presto_lock_dir(&op, dentry, &lower_dir) ?:
	      presto_link_lower(dir->i_sb, presto_lower_dentry(old), lower_dir,
				presto_lower_dentry(dentry));
	presto_unlock_dir(&op, dentry, err);
	presto_op_end(&op, err, nameless && !err ? presto_lower_inode(inode) : NULL, lower_dir);
	presto_copy_attr(dir);
	if (err)
		return err;
	presto_copy_attr(inode);
	if (nameless && !control)
		presto_mark_named(inode);
	ihold(inode);
	d_instantiate(dentry, inode);
	return 0;
}

static int presto_remove_lower(struct super_block *sb, struct inode *dir, struct dentry *dentry,
			       u16 kml_op)
{
	const struct cred *cred;
	int err = presto_judged_begin(sb, &cred);

	if (err)
		return err;
	err = kml_op == KML_OP_RMDIR ? presto_do_rmdir(&nop_mnt_idmap, dir, dentry) :
				       presto_do_unlink(&nop_mnt_idmap, dir, dentry);
	presto_judged_end(cred);
	return err;
}

static int presto_remove(struct inode *dir, struct dentry *dentry, u16 kml_op)
{
	struct dentry *lower = presto_lower_dentry(dentry);
	struct inode *lower_dir, *inode = d_inode(dentry);
	struct presto_op op __uninitialized;
	int err;

	err = presto_begin_name(&op, kml_op, dir, dentry);
	if (err)
		return err;
	presto_op_object(&op, KML_F_OBJECT, inode);
	presto_op_attr(&op, KML_F_ATTR_BEFORE, inode);
	err = presto_op_write(&op);
	if (err) {
		presto_op_abort(&op);
		return err;
	}
	/* With a second reference it stays positive, as long as ours may be in use. */
	dget(lower);
	err = presto_lock_dir(&op, dentry, &lower_dir) ?:
	      presto_remove_lower(dir->i_sb, lower_dir, lower, kml_op);
	presto_unlock_dir(&op, dentry, err);
	presto_op_end(&op, err, NULL, lower_dir);
	dput(lower);
	presto_copy_attr(dir);
	presto_copy_attr(inode);
	/* The lower dentry has been unhashed: its name is to be looked up anew. */
	if (!err)
		d_drop(dentry);
	return err;
}

int presto_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);

	/* What someone is writing would be lost; PRESTO_IOC_OBJECT tells when it is closed. */
	if (presto_may_be_written(inode) && presto_lower_inode(inode)->i_nlink == 1 &&
	    !presto_is_control(dentry) && presto_in_context(dir->i_sb))
		return -EBUSY;
	return presto_remove(dir, dentry, KML_OP_UNLINK);
}

int presto_rmdir(struct inode *dir, struct dentry *dentry)
{
	return presto_remove(dir, dentry, KML_OP_RMDIR);
}

/* Gives the file that the VFS is opening the nameless inode of @lower. */
static int presto_open_tmpfile(struct file *file, struct file *lower)
{
	struct inode *inode = presto_iget(file->f_path.dentry->d_sb, file_inode(lower));

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	presto_pin_lower(file->f_path.dentry, dget(lower->f_path.dentry));
	set_nlink(inode, 1);	/* d_tmpfile() takes it away */
	d_tmpfile(file, inode);
	return finish_open_simple(file, 0);
}

int presto_tmpfile(struct mnt_idmap *idmap, struct inode *dir, struct file *file, umode_t mode)
{
	struct path lower_dir = presto_lower_path(file->f_path.dentry->d_parent);
	struct file *lower;
	struct presto_op op __uninitialized;
	int err;

	err = presto_op_begin_unlogged(&op, dir->i_sb);
	if (err)
		return err;
	lower = presto_do_tmpfile(idmap, &lower_dir, mode, file->f_flags);
	err = PTR_ERR_OR_ZERO(lower);
	presto_op_end(&op, err, NULL, NULL);
	if (err)
		return err;
	err = presto_open_tmpfile(file, lower);
	fput(lower);
	return err;
}

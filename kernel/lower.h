/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only way to the lower file system: a wrapper per operation, named after
 * it, which makes the call and says in the debug log what came of it.
 */
#ifndef _PRESTO_LOWER_H
#define _PRESTO_LOWER_H

#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/xattr.h>

static inline struct dentry *presto_do_lookup(const struct qstr *name, struct dentry *dir)
{
	struct dentry *dentry = lookup_noperm_unlocked(&QSTR_LEN(name->name, name->len), dir);

	pr_debug("lookup(%pd2/%.*s) = %i\n", dir, name->len, name->name, PTR_ERR_OR_ZERO(dentry));
	return dentry;
}

/* Who may ask was judged above. */
static inline int presto_do_getattr(const struct path *path, struct kstat *stat, u32 mask,
				    unsigned int flags)
{
	int err = vfs_getattr_nosec(path, stat, mask, flags);

	pr_debug("getattr(%pd2, %#x) = %i\n", path->dentry, mask, err);
	return err;
}

/* The lower inode is locked. */
static inline int presto_do_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
				    struct iattr *attr)
{
	int err = notify_change(idmap, dentry, attr, NULL);

	pr_debug("setattr(%pd2, %#x) = %i\n", dentry, attr->ia_valid, err);
	return err;
}

static inline int presto_do_create(struct mnt_idmap *idmap, struct dentry *dentry, umode_t mode)
{
	int err = vfs_create(idmap, dentry, mode, NULL);

	pr_debug("create(%pd2, 0%o) = %i\n", dentry, mode, err);
	return err;
}

static inline int presto_do_mkdir(struct mnt_idmap *idmap, struct inode *dir,
				  struct dentry *dentry, umode_t mode)
{
	int err = compat_mkdir(idmap, dir, dentry, mode);

	pr_debug("mkdir(%pd2, 0%o) = %i\n", dentry, mode, err);
	return err;
}

static inline int presto_do_mknod(struct mnt_idmap *idmap, struct inode *dir,
				  struct dentry *dentry, umode_t mode, dev_t dev)
{
	int err = vfs_mknod(idmap, dir, dentry, mode, dev, NULL);

	pr_debug("mknod(%pd2, 0%o, %#x) = %i\n", dentry, mode, dev, err);
	return err;
}

static inline int presto_do_symlink(struct mnt_idmap *idmap, struct inode *dir,
				    struct dentry *dentry, const char *target)
{
	int err = vfs_symlink(idmap, dir, dentry, target, NULL);

	pr_debug("symlink(%pd2, \"%s\") = %i\n", dentry, target, err);
	return err;
}

static inline int presto_do_link(struct mnt_idmap *idmap, struct dentry *old, struct inode *dir,
				 struct dentry *dentry)
{
	int err = vfs_link(old, idmap, dir, dentry, NULL);

	pr_debug("link(%pd2, %pd2) = %i\n", old, dentry, err);
	return err;
}

static inline int presto_do_unlink(struct mnt_idmap *idmap, struct inode *dir,
				   struct dentry *dentry)
{
	int err = vfs_unlink(idmap, dir, dentry, NULL);

	pr_debug("unlink(%pd2) = %i\n", dentry, err);
	return err;
}

static inline int presto_do_rmdir(struct mnt_idmap *idmap, struct inode *dir,
				  struct dentry *dentry)
{
	int err = vfs_rmdir(idmap, dir, dentry, NULL);

	pr_debug("rmdir(%pd2) = %i\n", dentry, err);
	return err;
}

static inline int presto_do_rename(struct renamedata *rd)
{
	int err;

	pr_debug("rename(%pd2, %pd2, %#x)\n", rd->old_dentry, rd->new_dentry, rd->flags);
	err = vfs_rename(rd);
	pr_debug("... rename(%pd2, %pd2, %#x) = %i\n", rd->old_dentry, rd->new_dentry,
		 rd->flags, err);
	return err;
}

static inline struct file *presto_do_tmpfile(struct mnt_idmap *idmap, const struct path *dir,
					     umode_t mode, int flags)
{
	struct file *file = kernel_tmpfile_open(idmap, dir, mode, flags, current_cred());

	pr_debug("tmpfile(%pd2, 0%o) = %i\n", dir->dentry, mode, PTR_ERR_OR_ZERO(file));
	return file;
}

static inline struct file *presto_do_open(const struct file *user, int flags,
					  const struct path *path)
{
	struct file *file = backing_file_open(user, flags, path, current_cred());

	pr_debug("open(%pd2, %#x) = %i\n", path->dentry, flags, PTR_ERR_OR_ZERO(file));
	return file;
}

/*
 * Who may was judged above, for xattrs, and there the VFS has put user IDs in
 * capabilities into the terms of the file system: neither is to happen twice.
 */
static inline ssize_t presto_do_getxattr(struct dentry *dentry, const char *name, void *value,
					 size_t size)
{
	ssize_t len = __vfs_getxattr(dentry, d_inode(dentry), name, value, size);

	pr_debug("getxattr(%pd2, \"%s\", %zu) = %zi\n", dentry, name, size, len);
	return len;
}

/* The lower inode is locked. */
static inline int presto_do_setxattr(struct mnt_idmap *idmap, struct dentry *dentry,
				     const char *name, const void *value, size_t size, int flags)
{
	struct inode *inode = d_inode(dentry);
	int err;

	/* what a write is to take away may be there from now on */
	if (!strncmp(name, XATTR_SECURITY_PREFIX, XATTR_SECURITY_PREFIX_LEN))
		inode_set_flags(inode, 0, S_NOSEC);
	err = __vfs_setxattr(idmap, dentry, inode, name, value, size, flags);

	pr_debug("setxattr(%pd2, \"%s\", %zu, %#x) = %i\n", dentry, name, size, flags, err);
	return err;
}

/* The lower inode is locked. */
static inline int presto_do_removexattr(struct mnt_idmap *idmap, struct dentry *dentry,
					const char *name)
{
	int err = __vfs_removexattr(idmap, dentry, name);

	pr_debug("removexattr(%pd2, \"%s\") = %i\n", dentry, name, err);
	return err;
}

static inline ssize_t presto_do_listxattr(struct dentry *dentry, char *list, size_t size)
{
	ssize_t len = vfs_listxattr(dentry, list, size);

	pr_debug("listxattr(%pd2, %zu) = %zi\n", dentry, size, len);
	return len;
}

#endif

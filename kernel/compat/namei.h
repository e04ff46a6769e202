/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names in the lower file system: looking them up, making and renaming them.
 */
#ifndef _PRESTO_COMPAT_NAMEI_H
#define _PRESTO_COMPAT_NAMEI_H

#include <linux/namei.h>

#ifndef QSTR_LEN
#define QSTR_LEN(n, l)	((struct qstr)QSTR_INIT(n, l))
#endif

#ifndef HAVE_LOOKUP_NOPERM
static inline struct dentry *lookup_noperm(struct qstr *name, struct dentry *base)
{
	return lookup_one_len(name->name, base, name->len);
}

static inline struct dentry *lookup_noperm_unlocked(struct qstr *name, struct dentry *base)
{
	return lookup_one_len_unlocked(name->name, base, name->len);
}
#endif

/* What ->mkdir() returns: an error, or nothing if the dentry that was given is the directory's. */
#ifdef HAVE_VFS_DELEGATED
#define COMPAT_MKDIR		struct dentry *
#define compat_mkdir_result	ERR_PTR
#else
#define COMPAT_MKDIR		int
#define compat_mkdir_result(err) (err)
#endif

#ifdef HAVE_VFS_DELEGATED
/* When it fails, vfs_mkdir() unlocks @dir and puts @dentry: here the caller keeps both. */
static inline int compat_mkdir(struct mnt_idmap *idmap, struct inode *dir,
			       struct dentry *dentry, umode_t mode)
{
	struct dentry *made = vfs_mkdir(idmap, dir, dget(dentry), mode, NULL);

	if (IS_ERR(made)) {
		inode_lock_nested(dir, I_MUTEX_PARENT);
		return PTR_ERR(made);
	}
	dput(made);
	/* ext2, ext3 and ext4 never have another */
	return made == dentry ? 0 : -ESTALE;
}
#else
#define compat_mkdir vfs_mkdir

/* Nobody waits for a delegation to be given back: @none is NULL. */
static inline int compat_create(struct mnt_idmap *idmap, struct dentry *dentry, umode_t mode,
				void *none)
{
	return vfs_create(idmap, d_inode(dentry->d_parent), dentry, mode, true);
}

static inline int compat_mknod(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			       umode_t mode, dev_t dev, void *none)
{
	return vfs_mknod(idmap, dir, dentry, mode, dev);
}

static inline int compat_symlink(struct mnt_idmap *idmap, struct inode *dir,
				 struct dentry *dentry, const char *target, void *none)
{
	return vfs_symlink(idmap, dir, dentry, target);
}

static inline int compat_rmdir(struct mnt_idmap *idmap, struct inode *dir,
			       struct dentry *dentry, void *none)
{
	return vfs_rmdir(idmap, dir, dentry);
}

#define vfs_create compat_create
#define vfs_mknod compat_mknod
#define vfs_symlink compat_symlink
#define vfs_rmdir compat_rmdir
#endif

#ifndef HAVE_START_RENAMING
struct compat_renamedata {
	struct mnt_idmap *mnt_idmap;
	struct dentry *old_parent;
	struct dentry *old_dentry;
	struct dentry *new_parent;
	struct dentry *new_dentry;
	unsigned int flags;
};

int compat_start_renaming(struct compat_renamedata *rd, struct dentry *old, struct dentry *new);
void compat_end_renaming(struct compat_renamedata *rd);
int compat_rename(struct compat_renamedata *rd);

#define renamedata compat_renamedata
#define vfs_rename compat_rename
#define start_renaming_two_dentries compat_start_renaming
#define end_renaming compat_end_renaming
#endif

#endif

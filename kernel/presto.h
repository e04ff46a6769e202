/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * presto, the kernel's part of InterMezzo: a file system stacked on a local
 * one, which journals every change ahead of making it (journal.h).
 *
 * An upper dentry pins the lower dentry of the same name, positive or
 * negative, from its lookup to its release; an upper inode pins the lower
 * inode. Our own changes keep both levels alike, since they run the lower
 * operation on these very dentries. Changes made below by others are noticed
 * by presto_d_revalidate() and, under the lower directory's lock, by
 * presto_verify(): a pair that no longer fits gives ESTALE, which makes the
 * VFS walk the path anew.
 *
 * Lock ranking, outer first: the VFS's locks on upper inodes, then the
 * journal's (kml.h), then the VFS's locks on lower inodes.
 */
#ifndef _PRESTO_H
#define _PRESTO_H

#undef pr_fmt
#define pr_fmt(fmt) "intermezzo: " fmt

#include <linux/fs.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/uio.h>
#include "intermezzo.h"
#include "journal.h"
#include "lower.h"

#define PRESTO_SUPER_MAGIC	0x494d657a	/* "IMez" */

struct file_kattr;
struct kml;
struct presto_device;

/* A mount. All but what says otherwise is set before the mount is visible and never changes. */
struct presto_sb {
	struct super_block *sb;
	struct vfsmount *lower_mnt;	/* private: nobody else walks through it */
	struct dentry *lower_root;	/* the fileset's root */
	struct kml *kml;
	struct presto_device *device;
	const struct cred *cred;	/* the mounter's */
	char *fileset;
	char *cache_type;		/* type of the lower file system, as asked for */
	char *prestodev;		/* NULL: the first free one */
	bool block;			/* the lower file system is mounted by us alone */
	bool trusted;			/* nothing but us parts a pair of dentries */
	bool exact;			/* J1 holds; else changes are found by a scan */
	bool ordered;			/* the lower file system has a journal for its metadata */
	u64 mounted;			/* how often it has been, if we alone do it, or 0 */
	bool idmapped;			/* an idmapped mount has been used; once set it stays */
	bool untold;			/* what a replica can't have was reported; the same */
	/* highest presto_jinode.changed that left the memory; grows */
	atomic64_t evicted;
	struct list_head mounts;	/* in presto_mounts [presto_mounts_lock] */
};

struct presto_inode {
	struct presto_jinode j;
	struct inode *lower;		/* pinned until evict */
	/*
	 * How much content there was when the mark was made that stands at this
	 * offset. What was written since has no blocks that are older than the
	 * mark, so it may be overwritten without waiting for the disk.
	 */
	u64 mark;			/* 0: none [i_rwsem, shared; released after old_size] */
	loff_t old_size;		/* [i_rwsem, shared] */
	struct inode vfs_inode;
};

static inline struct presto_sb *PRESTO_SB(struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct presto_inode *PRESTO_I(struct inode *inode)
{
	return container_of(inode, struct presto_inode, vfs_inode);
}

static inline struct inode *presto_lower_inode(struct inode *inode)
{
	return PRESTO_I(inode)->lower;
}

/* The caller's reference to @dentry keeps the lower one. */
static inline struct dentry *presto_lower_dentry(struct dentry *dentry)
{
	return READ_ONCE(dentry->d_fsdata);
}

static inline struct path presto_lower_path(struct dentry *dentry)
{
	return (struct path){
		.mnt = PRESTO_SB(dentry->d_sb)->lower_mnt,
		.dentry = presto_lower_dentry(dentry),
	};
}

static inline struct super_block *presto_lower_sb(struct super_block *sb)
{
	return PRESTO_SB(sb)->lower_mnt->mnt_sb;
}

/*
 * In the lowest bit of private_data: a program has opened the file for writing,
 * in the tree. The gate counts it, and what he writes is logged.
 */
#define PRESTO_FILE_COUNTED	1UL

static inline bool presto_file_is_counted(struct file *file)
{
	return (unsigned long)file->private_data & PRESTO_FILE_COUNTED;
}

/* The lower file of an open upper one. */
static inline struct file *presto_lower_file(struct file *file)
{
	return (struct file *)((unsigned long)file->private_data & ~PRESTO_FILE_COUNTED);
}

/* super.c */
extern struct file_system_type presto_fs_type;

/* inode.c */
extern const struct inode_operations presto_file_iops;
extern const struct inode_operations presto_symlink_iops;
int presto_inode_cache_init(void);
void presto_inode_cache_exit(void);
struct inode *presto_alloc_inode(struct super_block *sb);
void presto_free_inode(struct inode *inode);
void presto_evict_inode(struct inode *inode);
int presto_drop_inode(struct inode *inode);
struct inode *presto_iget(struct super_block *sb, struct inode *lower);
struct inode *presto_ilookup(struct super_block *sb, u64 ino, u32 gen);
void presto_copy_attr(struct inode *inode);
int presto_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		   u32 request_mask, unsigned int flags);
int presto_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
int presto_permission(struct mnt_idmap *idmap, struct inode *inode, int mask);

extern const struct inode_operations presto_dir_iops;

/* dentry.c */
extern const struct dentry_operations presto_dentry_ops;
struct dentry *presto_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags);
void presto_pin_lower(struct dentry *dentry, struct dentry *lower);
int presto_verify(struct dentry *dentry, struct dentry *lower_dir);

/* dir.c, rename.c */
int presto_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		  umode_t mode, bool excl);
COMPAT_MKDIR presto_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			  umode_t mode);
int presto_mknod(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		 umode_t mode, dev_t dev);
int presto_symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		   const char *target);
int presto_link(struct dentry *old, struct inode *dir, struct dentry *dentry);
int presto_unlink(struct inode *dir, struct dentry *dentry);
int presto_rmdir(struct inode *dir, struct dentry *dentry);
int presto_tmpfile(struct mnt_idmap *idmap, struct inode *dir, struct file *file, umode_t mode);
int presto_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old_dentry,
		  struct inode *new_dir, struct dentry *new_dentry, unsigned int flags);
void presto_put_entering(struct presto_op *op, struct inode *inode, struct inode *dir,
			 struct dentry *to, unsigned int flags);

/* whiteout.c */
struct presto_op *presto_whiteout_begin(struct mnt_idmap *idmap, struct inode *dir,
					struct dentry *dentry);
void presto_whiteout_end(struct presto_op *op, struct dentry *dentry, int err);

/* tell.c */
int presto_tell(struct dentry *dir, const struct presto_place *place);
int presto_tell_list(struct dentry *dir, const void *payload, u32 len, u64 seen);

/* readdir.c */
extern const struct file_operations presto_dir_fops;

/* file.c */
extern const struct file_operations presto_file_fops;

/* splice.c */
ssize_t presto_splice_read(struct file *file, loff_t *pos, struct pipe_inode_info *pipe,
			   size_t len, unsigned int flags);
ssize_t presto_splice_write(struct pipe_inode_info *pipe, struct file *file, loff_t *pos,
			    size_t len, unsigned int flags);
int presto_open(struct inode *inode, struct file *file);
int presto_release(struct inode *inode, struct file *file);
int presto_fsync(struct file *file, loff_t start, loff_t end, int datasync);
long presto_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* direct.c */
int presto_request_cache_init(void);
void presto_request_cache_exit(void);
void presto_lower_iocb(struct kiocb *lower, struct kiocb *iocb);
bool presto_is_async(struct kiocb *iocb);
ssize_t presto_submit(struct kiocb *iocb, struct iov_iter *iter);

/* mark.c */
#define PRESTO_NO_OVERWRITE	LLONG_MAX
int presto_mark_content(struct inode *inode, loff_t start);
bool presto_file_unlogged(struct file *file);
int presto_mark_file(struct file *file, loff_t start);
int presto_mark_mapping(struct file *file, loff_t start);
void presto_mark_shrunk(struct inode *inode, loff_t size);

/* mmap.c */
int presto_mmap(struct file *file, struct vm_area_struct *vma);

/* xattr.c */
extern const struct xattr_handler *presto_xattr_handlers[];
struct posix_acl *presto_get_acl(struct mnt_idmap *idmap, struct dentry *dentry, int type);
struct posix_acl *presto_get_inode_acl(struct inode *inode, int type, bool rcu);
int presto_set_acl(struct mnt_idmap *idmap, struct dentry *dentry, struct posix_acl *acl, int type);
ssize_t presto_listxattr(struct dentry *dentry, char *list, size_t size);

/* fileattr.c */
u32 presto_told_flags(const struct inode *lower);
int presto_fileattr_get(struct dentry *dentry, struct file_kattr *fa);
int presto_fileattr_set(struct mnt_idmap *idmap, struct dentry *dentry, struct file_kattr *fa);

/* quota.c */
void presto_init_quota(struct super_block *sb);

/* judged.c */
void presto_note_idmap(struct super_block *sb, struct mnt_idmap *idmap);
int presto_judged_begin(struct super_block *sb, const struct cred **old);
void presto_judged_end(const struct cred *old);

/* export.c */
extern const struct export_operations presto_export_ops;

/* control.c */
bool presto_is_control_name(struct inode *dir, const struct qstr *name);
bool presto_is_control_root(struct dentry *dentry);
bool presto_is_control(struct dentry *dentry);
bool presto_is_lower_control(struct presto_sb *ps, struct dentry *lower);
bool presto_is_placed(struct dentry *dentry);
bool presto_unlogged(struct dentry *dentry);

/*
 * gate.c: a file is opened for writing. Zero; or -EROFS, or an errno upon which
 * the system call begins anew, and then it isn't counted.
 */
int presto_gate_enter(struct super_block *sb, bool must_ask);
void presto_gate_leave(struct super_block *sb);
bool presto_may_be_written(struct inode *inode);

#endif

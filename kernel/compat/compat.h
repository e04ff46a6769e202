/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernels that presto is built for, as the newest of them: what an older
 * one lacks gets its newer name here, and nowhere else. Included ahead of every
 * source; compat/probes asks the questions, compat/.probed.h has the answers.
 */
#ifndef _PRESTO_COMPAT_H
#define _PRESTO_COMPAT_H

#include ".probed.h"
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/exportfs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#ifdef HAVE_FILELOCK
#include <linux/filelock.h>
#endif

/* Between these vfs_mkdir() returns a dentry, and what it leaves locked can't be probed. */
#if !defined(HAVE_VFS_DELEGATED) && !defined(HAVE_VFS_MKDIR_INT)
#error "intermezzo: this kernel isn't supported; Debian's 6.1, 6.12 and 7.2 are"
#endif

#if defined(HAVE_BACKING_FILE_USER_FILE) || defined(HAVE_BACKING_FILE_USER_PATH)
#include <linux/backing-file.h>
#endif

#ifndef HAVE_MNT_IDMAP
/* The tag and the function of the same name both become user_namespace. */
static inline struct user_namespace *user_namespace(const struct vfsmount *mnt)
{
	return mnt_user_ns(mnt);
}

#define mnt_idmap user_namespace
#define nop_mnt_idmap init_user_ns
#define old_mnt_idmap old_mnt_userns
#define new_mnt_idmap new_mnt_userns
#endif

#ifndef HAVE_INODE_GET_ATIME
static inline struct timespec64 inode_get_atime(const struct inode *inode)
{
	return inode->i_atime;
}

static inline struct timespec64 inode_get_mtime(const struct inode *inode)
{
	return inode->i_mtime;
}
#endif

#ifndef HAVE_INODE_GET_CTIME
static inline struct timespec64 inode_get_ctime(const struct inode *inode)
{
	return inode->i_ctime;
}
#endif

/* Parameters of ->update_time(), of which inode is used, and whether the atime is meant. */
#ifdef HAVE_UPDATE_TIME_TYPE
#define COMPAT_UPDATE_TIME	struct inode *inode, enum fs_update_time type, unsigned int flags
#define COMPAT_UPDATES_ATIME	(type == FS_UPD_ATIME)
#else
#ifdef HAVE_UPDATE_TIME_FLAGS
#define COMPAT_UPDATE_TIME	struct inode *inode, int flags
#else
#define COMPAT_UPDATE_TIME	struct inode *inode, struct timespec64 *time, int flags
#endif
#define COMPAT_UPDATES_ATIME	(flags & S_ATIME)
#endif

/* The page cache of what a file system stands on. */
static inline struct address_space *compat_bdev_mapping(struct block_device *bdev)
{
#ifdef HAVE_BDEV_MAPPING
	return bdev->bd_mapping;
#else
	return bdev->bd_inode->i_mapping;
#endif
}

#ifndef HAVE_INODE_STATE_READ
static inline unsigned long inode_state_read_once(struct inode *inode)
{
	return READ_ONCE(inode->i_state);
}
#endif

#ifndef HAVE_INODE_GENERIC_DROP
#define inode_generic_drop generic_drop_inode
#endif

#ifndef HAVE_SET_DEFAULT_D_OP
static inline void set_default_d_op(struct super_block *sb, const struct dentry_operations *ops)
{
	sb->s_d_op = ops;
}
#endif

/* Parameters of ->d_revalidate(), of which dentry and flags are used. */
#ifdef HAVE_D_REVALIDATE_NAME
#define COMPAT_D_REVALIDATE	struct inode *dir, const struct qstr *name,	\
				struct dentry *dentry, unsigned int flags
#else
#define COMPAT_D_REVALIDATE	struct dentry *dentry, unsigned int flags
#endif

#ifndef HAVE_FILE_KATTR
#define file_kattr fileattr
#endif

/* Before there were calls for ACLs, they passed as xattrs. */
#ifdef HAVE_SET_ACL_DENTRY
#define COMPAT_ACL_HANDLERS(others) others
#define COMPAT_ACL_OPS							\
	.get_acl	= presto_get_acl,				\
	.get_inode_acl	= presto_get_inode_acl,				\
	.set_acl	= presto_set_acl,
#else
#define COMPAT_ACL_OPS
#define COMPAT_ACL_HANDLERS(others)					\
	&presto_acl_access_handler, &presto_acl_default_handler, others

extern const struct xattr_handler presto_acl_access_handler, presto_acl_default_handler;

#define set_posix_acl(idmap, dentry, type, acl)				\
	set_posix_acl(idmap, d_inode(dentry), type, acl)

static inline const char *posix_acl_xattr_name(int type)
{
	return type == ACL_TYPE_ACCESS ? XATTR_NAME_POSIX_ACL_ACCESS : XATTR_NAME_POSIX_ACL_DEFAULT;
}

static inline struct posix_acl *get_inode_acl(struct inode *inode, int type)
{
	return get_acl(inode, type);
}
#endif

#ifndef HAVE_POSIX_ACL_TO_XATTR_ALLOC
static inline void *compat_acl_to_xattr(struct user_namespace *ns, const struct posix_acl *acl,
					size_t *size, gfp_t gfp)
{
	void *value;
	int len;

	*size = posix_acl_xattr_size(acl->a_count);
	value = kmalloc(*size, gfp);
	if (!value)
		return NULL;
	len = posix_acl_to_xattr(ns, acl, value, *size);
	WARN_ON_ONCE(len < 0);	/* it fits */
	return value;
}

#define posix_acl_to_xattr compat_acl_to_xattr
#endif

#ifndef HAVE_BACKING_FILE_USER_FILE
/* A lower file that shows the user's path, in /proc/PID/maps for instance. */
static inline struct file *compat_backing_file_open(const struct file *user, int flags,
						    const struct path *real,
						    const struct cred *cred)
{
#ifdef HAVE_BACKING_FILE_USER_PATH
	return backing_file_open(&user->f_path, flags, real, cred);
#else
	return open_with_fake_path(&user->f_path, flags | (__force int)FMODE_NONOTIFY,
				   d_inode(real->dentry), cred);
#endif
}

#define backing_file_open compat_backing_file_open
#endif

/* With a fake path the lower file system finds its dentry by ->d_real(). */
#ifdef HAVE_OPEN_WITH_FAKE_PATH
#define COMPAT_D_REAL(fn) .d_real = fn,
#else
#define COMPAT_D_REAL(fn)
#endif

#ifndef HAVE_KERNEL_TMPFILE_OPEN
#define kernel_tmpfile_open vfs_tmpfile_open
#endif

#ifndef HAVE_VFS_MMAP
#define can_mmap_file(file)	((file)->f_op->mmap)
#define vfs_mmap		call_mmap
#endif

#ifndef HAVE_VFS_SPLICE_READ
static inline ssize_t vfs_splice_read(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
				      size_t len, unsigned int flags)
{
	if (!in->f_op->splice_read)
		return -EINVAL;
	return in->f_op->splice_read(in, pos, pipe, len, flags);
}
#endif

#ifndef HAVE_SYSTEM_DFL_WQ
#define system_dfl_wq system_unbound_wq
#endif

/* Freeze protection of a write that is completed elsewhere; lockdep is told of it. */
#ifndef HAVE_KIOCB_START_WRITE
static inline void kiocb_start_write(struct kiocb *iocb)
{
	sb_start_write(file_inode(iocb->ki_filp)->i_sb);
	__sb_writers_release(file_inode(iocb->ki_filp)->i_sb, SB_FREEZE_WRITE);
}

static inline void kiocb_end_write(struct kiocb *iocb)
{
	__sb_writers_acquired(file_inode(iocb->ki_filp)->i_sb, SB_FREEZE_WRITE);
	sb_end_write(file_inode(iocb->ki_filp)->i_sb);
}
#endif

#ifndef IOCB_DIO_CALLER_COMP
#define IOCB_DIO_CALLER_COMP	0
#endif

/* For a kernel's own reasons, beside those of users. */
#if defined(HAVE_FREEZE_OWNER)
#define compat_freeze_super(sb)	freeze_super(sb, FREEZE_HOLDER_KERNEL, NULL)
#define compat_thaw_super(sb)	thaw_super(sb, FREEZE_HOLDER_KERNEL, NULL)
#elif defined(HAVE_FREEZE_HOLDER)
#define compat_freeze_super(sb)	freeze_super(sb, FREEZE_HOLDER_KERNEL)
#define compat_thaw_super(sb)	thaw_super(sb, FREEZE_HOLDER_KERNEL)
#else
#define compat_freeze_super(sb)	freeze_super(sb)
#define compat_thaw_super(sb)	thaw_super(sb)
#endif

#ifndef HAVE_SB_HAS_ENCODING
static inline bool sb_has_encoding(const struct super_block *sb)
{
#if IS_ENABLED(CONFIG_UNICODE)
	return sb->s_encoding;
#else
	return false;
#endif
}
#endif

#ifndef HAVE_GENERIC_ENCODE_INO32_FH
#define generic_encode_ino32_fh NULL	/* the default */
#endif

/* Sets ->writepages() that keeps the buffers locked until they are written. False: it can't. */
bool compat_lock_writeback(struct address_space_operations *aops);

#include "namei.h"

#endif

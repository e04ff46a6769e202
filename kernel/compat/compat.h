/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernels that presto is built for, as the newest of them: what an older
 * one lacks gets its newer name here, and nowhere else. Included ahead of every
 * source; compat/probes asks the questions, compat/.probed.h has the answers.
 */
#ifndef _PRESTO_COMPAT_H
#define _PRESTO_COMPAT_H

#include ".probed.h"
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/splice.h>
#include <linux/exportfs.h>
#include <linux/posix_acl.h>

#if defined(HAVE_BACKING_FILE_USER_FILE) || defined(HAVE_BACKING_FILE_USER_PATH)
#include <linux/backing-file.h>
#elif !defined(HAVE_OPEN_WITH_FAKE_PATH)
#error "intermezzo: this kernel opens no file below another; 6.1 to 6.12 are supported"
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

/* Parameters of ->update_time(), of which inode and flags are used. */
#ifdef HAVE_UPDATE_TIME_FLAGS
#define COMPAT_UPDATE_TIME	struct inode *inode, int flags
#else
#define COMPAT_UPDATE_TIME	struct inode *inode, struct timespec64 *time, int flags
#endif

/* Before there were calls for ACLs, they passed as any other xattr. */
#ifdef HAVE_SET_ACL_DENTRY
#define COMPAT_ACL_OPS							\
	.get_acl	= presto_get_acl,				\
	.get_inode_acl	= presto_get_inode_acl,				\
	.set_acl	= presto_set_acl,
#else
#define COMPAT_ACL_OPS

static inline struct posix_acl *get_inode_acl(struct inode *inode, int type)
{
	return get_acl(inode, type);
}
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

#ifndef HAVE_VFS_SPLICE_READ
static inline ssize_t vfs_splice_read(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
				      size_t len, unsigned int flags)
{
	if (!in->f_op->splice_read)
		return -EINVAL;
	return in->f_op->splice_read(in, pos, pipe, len, flags);
}
#endif

/* For a kernel's own reasons, beside those of users. */
#ifdef HAVE_FREEZE_HOLDER
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

#endif

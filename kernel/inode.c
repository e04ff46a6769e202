// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inodes: each stands on a lower one and shows a copy of its attributes; what
 * is asked of an inode is asked of the lower one.
 */
#include <linux/fiemap.h>
#include <linux/fs_stack.h>
#include <linux/slab.h>
#include "presto.h"

static struct kmem_cache *presto_inode_cachep;

struct inode *presto_alloc_inode(struct super_block *sb)
{
	struct presto_inode *pi = alloc_inode_sb(sb, presto_inode_cachep, GFP_KERNEL);

	if (!pi)
		return NULL;
	pi->lower = NULL;
	pi->mark = 0;
	presto_jinode_init(&pi->j, &pi->vfs_inode);
	return &pi->vfs_inode;
}

/* After a grace period: path walks under RCU may read the lower inode until then. */
void presto_free_inode(struct inode *inode)
{
	kmem_cache_free(presto_inode_cachep, PRESTO_I(inode));
}

/* What is known of the last change must not be lost with the inode. */
static void presto_keep_changed(struct presto_sb *ps, s64 changed)
{
	s64 evicted = atomic64_read(&ps->evicted);

	while (changed > evicted && !atomic64_try_cmpxchg(&ps->evicted, &evicted, changed))
		;
}

void presto_evict_inode(struct inode *inode)
{
	struct inode *lower = presto_lower_inode(inode);

	clear_inode(inode);		/* pages are the lower inode's, never ours */
	if (!lower)
		return;
	presto_forget(inode);
	if (lower->i_nlink)
		presto_keep_changed(PRESTO_SB(inode->i_sb), PRESTO_I(inode)->j.changed);
	iput(lower);
}

/* A file whose last link was removed below must not be kept alive by our cache. */
int presto_drop_inode(struct inode *inode)
{
	return !presto_lower_inode(inode)->i_nlink || inode_generic_drop(inode);
}

static void presto_inode_once(void *object)
{
	struct presto_inode *pi = object;

	inode_init_once(&pi->vfs_inode);
}

int presto_inode_cache_init(void)
{
	presto_inode_cachep = kmem_cache_create("presto_inode", sizeof(struct presto_inode), 0,
						SLAB_RECLAIM_ACCOUNT |
						SLAB_ACCOUNT, presto_inode_once);
	return presto_inode_cachep ? 0 : -ENOMEM;
}

void presto_inode_cache_exit(void)
{
	/* inodes that wait for their grace period are still in it */
	rcu_barrier();
	kmem_cache_destroy(presto_inode_cachep);
}

/**
 * presto_copy_attr - show the attributes that the lower inode has now
 * @inode: an upper inode
 */
void presto_copy_attr(struct inode *inode)
{
	const unsigned int mask = S_SYNC | S_APPEND | S_IMMUTABLE | S_NOATIME | S_DIRSYNC;
	struct inode *lower = presto_lower_inode(inode);

	fsstack_copy_attr_all(inode, lower);
	fsstack_copy_inode_size(inode, lower);
	if ((inode->i_flags ^ lower->i_flags) & mask)
		inode_set_flags(inode, lower->i_flags & mask, mask);
}

static int presto_inode_test(struct inode *inode, void *lower)
{
	return presto_lower_inode(inode) == lower;
}

static int presto_inode_set(struct inode *inode, void *lower)
{
	PRESTO_I(inode)->lower = igrab(lower);
	return presto_lower_inode(inode) ? 0 : -ESTALE;
}

/* The lower inode caches its ACLs. */
static void presto_no_acl_cache(struct inode *inode)
{
#ifdef CONFIG_FS_POSIX_ACL
	inode->i_acl = ACL_DONT_CACHE;
	inode->i_default_acl = ACL_DONT_CACHE;
#endif
}

static void presto_inode_init(struct inode *inode, struct inode *lower)
{
	inode->i_ino = lower->i_ino;
	inode->i_generation = lower->i_generation;
	inode->i_mode = lower->i_mode;
	inode->i_flags |= S_NOCMTIME;
	PRESTO_I(inode)->j.changed = atomic64_read(&PRESTO_SB(inode->i_sb)->evicted);
	presto_no_acl_cache(inode);
	presto_copy_attr(inode);
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &presto_file_iops;
		inode->i_fop = &presto_file_fops;
		break;
	case S_IFDIR:
		inode->i_op = &presto_dir_iops;
		inode->i_fop = &presto_dir_fops;
		break;
	case S_IFLNK:
		inode->i_op = &presto_symlink_iops;
		/* lives as long as the lower inode, which we pin */
		inode->i_link = lower->i_link;
		break;
	default:
		inode->i_op = &presto_file_iops;
		init_special_inode(inode, inode->i_mode, lower->i_rdev);
	}
}

/**
 * presto_iget - the upper inode of a lower one
 * @sb: our super block
 * @lower: a lower inode; the caller's reference stays the caller's
 *
 * Returns a referenced inode or an ERR_PTR().
 */
struct inode *presto_iget(struct super_block *sb, struct inode *lower)
{
	struct inode *inode;

	if (lower->i_sb != presto_lower_sb(sb))
		return ERR_PTR(-EXDEV);
	inode = iget5_locked(sb, (unsigned long)lower, presto_inode_test, presto_inode_set, lower);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (inode_state_read_once(inode) & I_NEW) {
		presto_inode_init(inode, lower);
		unlock_new_inode(inode);
	}
	return inode;
}

/* The upper inode of a lower one by number and generation, if it is in memory, else NULL. */
struct inode *presto_ilookup(struct super_block *sb, u64 ino, u32 gen)
{
	struct inode *inode = NULL, *lower = ilookup(presto_lower_sb(sb), ino);

	if (!lower)
		return NULL;
	if (lower->i_generation == gen)
		inode = ilookup5(sb, (unsigned long)lower, presto_inode_test, lower);
	iput(lower);
	return inode;
}

int presto_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	presto_note_idmap(inode->i_sb, idmap);
	return inode_permission(idmap, presto_lower_inode(inode), mask);
}

int presto_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		   u32 request_mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct path lower = presto_lower_path(path->dentry);
	int err = presto_do_getattr(&lower, stat, request_mask, flags);

	if (err)
		return err;
	presto_copy_attr(inode);
	stat->dev = inode->i_sb->s_dev;
	stat->uid = vfsuid_into_kuid(i_uid_into_vfsuid(idmap, inode));
	stat->gid = vfsgid_into_kgid(i_gid_into_vfsgid(idmap, inode));
	return 0;
}

/* By touch_atime(), which has judged by the user's mount and our copy of the times. */
static int presto_update_time(COMPAT_UPDATE_TIME)
{
	struct path lower = { .mnt = PRESTO_SB(inode->i_sb)->lower_mnt };

	if (!COMPAT_UPDATES_ATIME)
		return 0;
	lower.dentry = d_find_any_alias(presto_lower_inode(inode));
	if (!lower.dentry)
		return 0;
	touch_atime(&lower);
	dput(lower.dentry);
	presto_copy_attr(inode);
	return 0;
}

static const char *presto_get_link(struct dentry *dentry, struct inode *inode,
				   struct delayed_call *done)
{
	if (!dentry)
		return ERR_PTR(-ECHILD);
	return vfs_get_link(presto_lower_dentry(dentry), done);
}

static int presto_fiemap(struct inode *inode, struct fiemap_extent_info *info, u64 start, u64 len)
{
	struct inode *lower = presto_lower_inode(inode);

	if (!lower->i_op->fiemap)
		return -EOPNOTSUPP;
	return lower->i_op->fiemap(lower, info, start, len);
}

#define PRESTO_COMMON_IOPS			\
	.permission	= presto_permission,	\
	.getattr	= presto_getattr,	\
	.setattr	= presto_setattr,	\
	.listxattr	= presto_listxattr,	\
	.update_time	= presto_update_time

const struct inode_operations presto_file_iops = {
	PRESTO_COMMON_IOPS,
	COMPAT_ACL_OPS
	.fiemap		= presto_fiemap,
	.fileattr_get	= presto_fileattr_get,
	.fileattr_set	= presto_fileattr_set,
};

const struct inode_operations presto_symlink_iops = {
	PRESTO_COMMON_IOPS,
	.get_link	= presto_get_link,
};

const struct inode_operations presto_dir_iops = {
	PRESTO_COMMON_IOPS,
	COMPAT_ACL_OPS
	.fiemap		= presto_fiemap,
	.fileattr_get	= presto_fileattr_get,
	.fileattr_set	= presto_fileattr_set,
	.lookup		= presto_lookup,
	.create		= presto_create,
	.link		= presto_link,
	.unlink		= presto_unlink,
	.symlink	= presto_symlink,
	.mkdir		= presto_mkdir,
	.rmdir		= presto_rmdir,
	.mknod		= presto_mknod,
	.rename		= presto_rename,
	.tmpfile	= presto_tmpfile,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Super blocks, and the module itself.
 *
 * A mount comes up as lower file system, root inode, device, journal, and goes
 * down in reverse: the journal is closed in ->put_super(), when no inode is left.
 */
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include "presto.h"
#include "options.h"

static int presto_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct presto_sb *ps = PRESTO_SB(dentry->d_sb);
	struct path path = { .mnt = ps->lower_mnt, .dentry = ps->lower_root };
	int err = vfs_statfs(&path, buf);

	buf->f_type = PRESTO_SUPER_MAGIC;
	return err;
}

static int presto_sync_fs(struct super_block *sb, int wait)
{
	/* The lower file system hears of the round that doesn't wait by itself. */
	return wait ? presto_journal_sync(sb) : 0;
}

/*
 * Nobody writes through us any more. What we have mounted ourselves is made
 * quiet for good, so that its device can be copied; a directory is one of many
 * that stand on its file system.
 */
static int presto_freeze_fs(struct super_block *sb)
{
	return PRESTO_SB(sb)->block ? compat_freeze_super(presto_lower_sb(sb)) : 0;
}

static int presto_unfreeze_fs(struct super_block *sb)
{
	return PRESTO_SB(sb)->block ? compat_thaw_super(presto_lower_sb(sb)) : 0;
}

static void presto_put_super(struct super_block *sb)
{
	presto_journal_close(sb);
	presto_device_unbind(sb);
}

static const struct super_operations presto_super_ops = {
	.alloc_inode	= presto_alloc_inode,
	.free_inode	= presto_free_inode,
	.drop_inode	= presto_drop_inode,
	.evict_inode	= presto_evict_inode,
	.put_super	= presto_put_super,
	.sync_fs	= presto_sync_fs,
	.freeze_fs	= presto_freeze_fs,
	.unfreeze_fs	= presto_unfreeze_fs,
	.statfs		= presto_statfs,
	.show_options	= presto_show_options,
};

/* What the lower file system can do, we can. */
static int presto_init_super(struct super_block *sb, struct fs_context *fc)
{
	struct super_block *lower = presto_lower_sb(sb);

	sb->s_stack_depth = lower->s_stack_depth + 1;
	if (sb->s_stack_depth > FILESYSTEM_MAX_STACK_DEPTH)
		return invalfc(fc, "%s: too many file systems are stacked there", fc->source);
	sb->s_magic = PRESTO_SUPER_MAGIC;
	sb->s_op = &presto_super_ops;
	set_default_d_op(sb, &presto_dentry_ops);
	sb->s_xattr = presto_xattr_handlers;
	sb->s_export_op = &presto_export_ops;
	presto_init_quota(sb);
	sb->s_blocksize = lower->s_blocksize;
	sb->s_blocksize_bits = lower->s_blocksize_bits;
	sb->s_maxbytes = lower->s_maxbytes;
	sb->s_time_gran = lower->s_time_gran;
	sb->s_time_min = lower->s_time_min;
	sb->s_time_max = lower->s_time_max;
	sb->s_flags |= SB_NOSEC | (lower->s_flags & SB_POSIXACL);
	strscpy(sb->s_id, PRESTO_SB(sb)->fileset, sizeof(sb->s_id));
	return 0;
}

static int presto_make_root(struct super_block *sb)
{
	struct dentry *lower = PRESTO_SB(sb)->lower_root;
	struct inode *inode = presto_iget(sb, d_inode(lower));

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	sb->s_root = d_make_root(inode);
	if (!sb->s_root)
		return -ENOMEM;
	presto_pin_lower(sb->s_root, dget(lower));
	return 0;
}

static struct presto_sb *presto_new_sb(struct super_block *sb, struct presto_options *options)
{
	struct presto_sb *ps = kzalloc(sizeof(*ps), GFP_KERNEL);

	if (!ps)
		return NULL;
	INIT_LIST_HEAD(&ps->mounts);
	ps->sb = sb;
	ps->cred = get_current_cred();
	ps->fileset = options->fileset;
	ps->prestodev = options->prestodev;
	options->fileset = NULL;
	options->prestodev = NULL;
	return ps;
}

/* What fails here is taken down by presto_kill_sb(). */
static int presto_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct presto_sb *ps = presto_new_sb(sb, fc->fs_private);
	int err;

	if (!ps)
		return -ENOMEM;
	sb->s_fs_info = ps;
	err = presto_attach(ps, fc) ?: presto_init_super(sb, fc) ?: presto_make_root(sb) ?:
	      presto_device_bind(sb, ps->prestodev);
	if (err)
		return err;
	ps->cache_type = kstrdup(presto_lower_sb(sb)->s_type->name, GFP_KERNEL);
	if (!ps->cache_type)
		return -ENOMEM;
	return presto_journal_open(sb);
}

static void presto_kill_sb(struct super_block *sb)
{
	struct presto_sb *ps = PRESTO_SB(sb);

	kill_anon_super(sb);
	if (!ps)
		return;
	presto_detach(ps);
	put_cred(ps->cred);
	kfree(ps->fileset);
	kfree(ps->cache_type);
	kfree(ps->prestodev);
	kfree(ps);
}

static int presto_get_tree(struct fs_context *fc)
{
	return presto_check_options(fc) ?: get_tree_nodev(fc, presto_fill_super);
}

static int presto_reconfigure(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;
	int err = presto_check_remount(fc);

	if (err)
		return err;
	if (!(fc->sb_flags & SB_RDONLY) && sb_rdonly(presto_lower_sb(sb)))
		return -EROFS;
	return sync_filesystem(sb);
}

static void presto_free_fc(struct fs_context *fc)
{
	if (fc->fs_private)
		presto_free_options(fc->fs_private);
}

static const struct fs_context_operations presto_context_ops = {
	.parse_param	= presto_parse_param,
	.get_tree	= presto_get_tree,
	.reconfigure	= presto_reconfigure,
	.free		= presto_free_fc,
};

static int presto_init_fs_context(struct fs_context *fc)
{
	struct presto_options *options = kzalloc(sizeof(*options), GFP_KERNEL);

	if (!options)
		return -ENOMEM;
	fc->fs_private = options;
	fc->ops = &presto_context_ops;
	return 0;
}

struct file_system_type presto_fs_type = {
	.owner			= THIS_MODULE,
	.name			= "intermezzo",
	.init_fs_context	= presto_init_fs_context,
	.kill_sb		= presto_kill_sb,
	.fs_flags		= FS_ALLOW_IDMAP,
};

static int __init presto_init(void)
{
	int err = presto_inode_cache_init();

	if (err)
		return err;
	err = presto_request_cache_init();
	if (err)
		goto inode_cache_exit;
	err = presto_devices_init();
	if (err)
		goto request_cache_exit;
	err = register_filesystem(&presto_fs_type);
	if (err)
		goto devices_exit;
	return 0;

devices_exit:
	presto_devices_exit();
request_cache_exit:
	presto_request_cache_exit();
inode_cache_exit:
	presto_inode_cache_exit();
	return err;
}

static void __exit presto_exit(void)
{
	unregister_filesystem(&presto_fs_type);
	presto_devices_exit();
	presto_request_cache_exit();
	presto_inode_cache_exit();
}

module_init(presto_init);
module_exit(presto_exit);
MODULE_ALIAS_FS("intermezzo");
MODULE_DESCRIPTION("InterMezzo: a journaling file system stacked on a local one");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lower file system of a mount: a directory that is there already, or a
 * block device that we mount privately, so that nothing can pass by the journal.
 */
#include <linux/buffer_head.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "presto.h"
#include "options.h"

/* Where ext2, ext3 and ext4 say on the disk how often they were mounted, and what they have. */
#define EXT_SUPER_OFFSET	1024
#define EXT_MOUNT_COUNT		0x34
#define EXT_FEATURE_COMPAT	0x5c
#define EXT_HAS_JOURNAL		0x4

static DEFINE_MUTEX(presto_mounts_lock);
static LIST_HEAD(presto_mounts);	/* presto_sbs [presto_mounts_lock] */

/* What only the super block on the disk tells; of one that can't be read, nothing. */
static void presto_read_super(struct presto_sb *ps)
{
	struct super_block *lower = ps->lower_mnt->mnt_sb;
	struct buffer_head *bh = sb_bread(lower, EXT_SUPER_OFFSET / lower->s_blocksize);
	const char *super;

	if (!bh)
		return;
	super = bh->b_data + EXT_SUPER_OFFSET % lower->s_blocksize;
	ps->ordered = le32_to_cpup((__le32 *)(super + EXT_FEATURE_COMPAT)) & EXT_HAS_JOURNAL;
	/* what somebody else has mounted may be mounted again behind our back without a trace */
	if (ps->block)
		ps->mounted = le16_to_cpup((__le16 *)(super + EXT_MOUNT_COUNT));
	brelse(bh);
}

/* Is @option among what the lower file system shows in /proc/mounts? */
static bool presto_lower_has_option(struct dentry *root, const char *option)
{
	const struct super_operations *ops = root->d_sb->s_op;
	struct seq_file m = { .size = PAGE_SIZE };
	char *at, *next;
	bool found = false;

	m.buf = kzalloc(m.size, GFP_KERNEL);
	if (!m.buf || !ops->show_options || ops->show_options(&m, root) || seq_has_overflowed(&m))
		goto free_buf;
	m.buf[m.count] = 0;
	for (next = m.buf; !found && (at = strsep(&next, ","));)
		found = !strcmp(at, option);
free_buf:
	kfree(m.buf);
	return found;
}

/*
 * Exact needs a journal below, and that an operation's data can't overtake its
 * record there: with delayed allocation the log's own data isn't journaled.
 */
static bool presto_can_be_exact(struct presto_sb *ps)
{
	return ps->ordered && (!strcmp(ps->lower_root->d_sb->s_type->name, "ext3") ||
			       presto_lower_has_option(ps->lower_root, "nodelalloc"));
}

static int presto_choose_journal(struct presto_sb *ps, struct fs_context *fc)
{
	struct presto_options *options = fc->fs_private;

	presto_read_super(ps);
	if (!strcmp(ps->lower_root->d_sb->s_type->name, "ext2"))
		ps->ordered = false;
	ps->exact = options->journal != PRESTO_ASK_SCAN && presto_can_be_exact(ps);
	if (options->journal == PRESTO_ASK_EXACT && !ps->exact)
		return invalfc(fc, "journal=exact: %s below can't be journaled exactly",
			       ps->lower_root->d_sb->s_type->name);
	if (!ps->exact)
		infofc(fc, "fileset %s: journal=scan", ps->fileset);
	return 0;
}

static int presto_check_dir(struct fs_context *fc, const struct path *path)
{
	struct presto_options *options = fc->fs_private;
	const char *type = path->dentry->d_sb->s_type->name;

	if (path->dentry->d_sb->s_type == &presto_fs_type)
		return invalfc(fc, "%s: is on an intermezzo file system itself", fc->source);
	if (strcmp(type, "ext2") && strcmp(type, "ext3") && strcmp(type, "ext4"))
		return invalfc(fc, "%s: is on %s; ext2, ext3 and ext4 are supported",
			       fc->source, type);
	if (options->cache_type && strcmp(options->cache_type, type))
		return invalfc(fc, "cache_type=%s contradicts %s, which is on %s",
			       options->cache_type, fc->source, type);
	if (is_idmapped_mnt(path->mnt))
		return invalfc(fc, "%s: is on an idmapped mount", fc->source);
	return 0;
}

static int presto_attach_dir(struct presto_sb *ps, struct fs_context *fc, const struct path *path)
{
	struct vfsmount *mnt;
	int err = presto_check_dir(fc, path);

	if (err)
		return err;
	mnt = clone_private_mount(path);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	/* Access times follow the flags of our own mount. */
	mnt->mnt_flags &= ~(MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME);
	ps->lower_mnt = mnt;
	return 0;
}

static int presto_attach_block(struct presto_sb *ps, struct fs_context *fc)
{
	struct presto_options *options = fc->fs_private;
	char data[] = "nodelalloc";
	struct file_system_type *type;
	struct vfsmount *mnt;

	if (!options->cache_type)
		return invalfc(fc, "%s: cache_type= is needed for a block device", fc->source);
	type = get_fs_type(options->cache_type);
	if (!type)
		return invalfc(fc, "cache_type=%s: the kernel doesn't have it",
			       options->cache_type);
	mnt = vfs_kern_mount(type, 0, fc->source, strcmp(type->name, "ext4") ? NULL : data);
	module_put(type->owner);
	if (IS_ERR(mnt)) {
		errorfc(fc, "%s: can't be mounted as %s (%ld)", fc->source, options->cache_type,
			PTR_ERR(mnt));
		return PTR_ERR(mnt);
	}
	ps->lower_mnt = mnt;
	ps->block = true;
	if (atomic_read(&mnt->mnt_sb->s_active) == 1)
		return 0;
	errorfc(fc, "%s: is mounted already", fc->source);
	return -EBUSY;
}

static bool presto_overlap(struct dentry *a, struct dentry *b)
{
	return a->d_sb == b->d_sb && (is_subdir(a, b) || is_subdir(b, a));
}

/* One journal per tree: no fileset may lie within another. */
static int presto_claim(struct presto_sb *ps, struct fs_context *fc)
{
	struct presto_sb *other;
	int err = 0;

	mutex_lock(&presto_mounts_lock);
	list_for_each_entry(other, &presto_mounts, mounts) {
		if (!presto_overlap(ps->lower_root, other->lower_root))
			continue;
		errorfc(fc, "%s: is, or overlaps with, what fileset %s stands on", fc->source,
			other->fileset);
		err = -EBUSY;
		break;
	}
	if (!err)
		list_add(&ps->mounts, &presto_mounts);
	mutex_unlock(&presto_mounts_lock);
	return err;
}

static int presto_attach_path(struct presto_sb *ps, struct fs_context *fc)
{
	struct path path;
	umode_t mode;
	int err = kern_path(fc->source, LOOKUP_FOLLOW, &path);

	if (err) {
		errorfc(fc, "%s: can't be found (%d)", fc->source, err);
		return err;
	}
	mode = d_inode(path.dentry)->i_mode;
	if (S_ISDIR(mode))
		err = presto_attach_dir(ps, fc, &path);
	else if (S_ISBLK(mode))
		err = presto_attach_block(ps, fc);
	else
		err = invalfc(fc, "%s: is neither a directory nor a block device", fc->source);
	path_put(&path);
	return err;
}

/**
 * presto_attach - find or mount the lower file system
 * @ps: gets lower_mnt, lower_root, block, trusted and exact
 * @fc: the mount
 *
 * Returns zero or a negative errno; presto_detach() undoes what was done either way.
 */
int presto_attach(struct presto_sb *ps, struct fs_context *fc)
{
	int err = presto_attach_path(ps, fc);

	if (err)
		return err;
	ps->lower_root = dget(ps->lower_mnt->mnt_root);
	if (sb_rdonly(ps->lower_mnt->mnt_sb) || ps->lower_mnt->mnt_flags & MNT_READONLY) {
		errorfc(fc, "%s: is read-only, there is no room for a journal", fc->source);
		return -EROFS;
	}
	/* in case-folded directories, several names of ours stand on one below */
	ps->trusted = ps->block && !sb_has_encoding(ps->lower_mnt->mnt_sb);
	return presto_claim(ps, fc) ?: presto_choose_journal(ps, fc);
}

void presto_detach(struct presto_sb *ps)
{
	mutex_lock(&presto_mounts_lock);
	list_del_init(&ps->mounts);
	mutex_unlock(&presto_mounts_lock);
	dput(ps->lower_root);
	/* mntput() alone wouldn't do: a private clone counts as mounted */
	kern_unmount(ps->lower_mnt);
}

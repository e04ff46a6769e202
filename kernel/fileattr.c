// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File flags (chattr). Immutable and append-only are told to the replicas, as
 * the xattr KML_XATTR_FLAGS. The others have no record: most advise the lower file
 * system of this machine; those that say more, and project IDs, are reported.
 */
#include <linux/fileattr.h>
#include "presto.h"
#include "kml.h"
#include "xattr.h"

/* The told flags that a lower inode has now. */
u32 presto_told_flags(const struct inode *lower)
{
	return (IS_IMMUTABLE(lower) ? FS_IMMUTABLE_FL : 0) | (IS_APPEND(lower) ? FS_APPEND_FL : 0);
}

int presto_fileattr_get(struct dentry *dentry, struct file_kattr *fa)
{
	return vfs_fileattr_get(presto_lower_dentry(dentry), fa);
}

static int presto_begin_flags(struct presto_op *op, struct dentry *dentry, u32 flags)
{
	struct super_block *sb = dentry->d_sb;
	__le32 value = cpu_to_le32(flags);

	if (flags != presto_told_flags(presto_lower_inode(d_inode(dentry))))
		return presto_begin_xattr(op, dentry, &(struct presto_xattr){
			.name = KML_XATTR_FLAGS,
			.value = flags ? &value : NULL,
			.size = sizeof(value),
		});
	if (presto_is_lento(sb) && !presto_in_context(sb) && !presto_unlogged(dentry))
		return -EPERM;
	return presto_op_begin_unlogged(op, sb);
}

/* Does @fa set what changes the tree's meaning, and which no record can say? */
static bool presto_is_untold(const struct file_kattr *fa, const struct file_kattr *old)
{
	const u32 meaning = FS_PROJINHERIT_FL | FS_CASEFOLD_FL;

	return fa->fsx_projid != old->fsx_projid || (fa->flags ^ old->flags) & meaning;
}

static void presto_report_untold(struct super_block *sb)
{
	struct presto_sb *ps = PRESTO_SB(sb);

	if (!xchg(&ps->untold, true))
		pr_notice("%s: project IDs, their inheritance (chattr +P) and folded case (+F) don't reach the replicas\n",
			  ps->fileset);
}

int presto_fileattr_set(struct mnt_idmap *idmap, struct dentry *dentry, struct file_kattr *fa)
{
	struct file_kattr old = {};
	struct presto_op op;
	int err;

	err = presto_fileattr_get(dentry, &old) ?:
	      presto_begin_flags(&op, dentry, fa->flags & (FS_IMMUTABLE_FL | FS_APPEND_FL));
	if (err)
		return err;
	err = vfs_fileattr_set(idmap, presto_lower_dentry(dentry), fa);
	presto_op_end(&op, err, NULL, NULL);
	if (!err && presto_is_untold(fa, &old))
		presto_report_untold(dentry->d_sb);
	presto_copy_attr(d_inode(dentry));
	return err;
}

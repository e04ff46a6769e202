// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File flags (chattr). Immutable and append-only are told to the replicas, as
 * the xattr KML_XATTR_FLAGS; the others advise the lower file system of this
 * machine, and have no record.
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

int presto_fileattr_get(struct dentry *dentry, struct fileattr *fa)
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

int presto_fileattr_set(struct mnt_idmap *idmap, struct dentry *dentry, struct fileattr *fa)
{
	struct presto_op op;
	int err;

	err = presto_begin_flags(&op, dentry, fa->flags & (FS_IMMUTABLE_FL | FS_APPEND_FL));
	if (err)
		return err;
	err = vfs_fileattr_set(idmap, presto_lower_dentry(dentry), fa);
	presto_op_end(&op, err, NULL, NULL);
	presto_copy_attr(d_inode(dentry));
	return err;
}

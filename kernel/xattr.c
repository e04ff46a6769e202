// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Extended attributes of all namespaces are the lower inode's. Those of the
 * journal's own, trusted.intermezzo.*, are there for lento alone.
 */
#include <linux/xattr.h>
#include "presto.h"
#include "xattr.h"

#define PRESTO_XATTR_PREFIX	"trusted.intermezzo."

static bool presto_xattr_is_own(const char *name)
{
	return !strncmp(name, PRESTO_XATTR_PREFIX, sizeof(PRESTO_XATTR_PREFIX) - 1);
}

static bool presto_xattr_hidden(struct super_block *sb, const char *name)
{
	return presto_xattr_is_own(name) && !presto_is_lento(sb);
}

/*
 * Our own are part of no replica's tree: lento sets them freely, and there is
 * no record. But an identity that can't be read would end the log: nothing that
 * happens to its object could be journaled, the CLOSE of an open file included.
 */
static int presto_begin_own(struct presto_op *op, struct super_block *sb,
			    const struct presto_xattr *xattr)
{
	if (!presto_is_lento(sb))
		return -EPERM;
	if (xattr->value && xattr->size != sizeof(struct kml_fid) &&
	    !strcmp(xattr->name, PRESTO_XATTR_FID))
		return -EINVAL;
	return presto_op_begin_unlogged(op, sb);
}

/**
 * presto_begin_xattr - begin and write the setting or removal of an xattr
 * @op: the operation
 * @dentry: upper dentry, whose inode is locked
 * @xattr: what is set; a NULL value removes it
 *
 * Returns zero, or a negative errno with nothing held.
 */
int presto_begin_xattr(struct presto_op *op, struct dentry *dentry,
		       const struct presto_xattr *xattr)
{
	u16 kml_op = xattr->value ? KML_OP_SETXATTR : KML_OP_REMOVEXATTR;
	int err;

	if (presto_xattr_is_own(xattr->name))
		err = presto_begin_own(op, dentry->d_sb, xattr);
	else if (presto_unlogged(dentry))
		err = presto_op_begin_unlogged(op, dentry->d_sb);
	else
		err = presto_op_begin(op, dentry->d_sb, kml_op);
	if (err)
		return err;
	presto_op_object(op, KML_F_OBJECT, d_inode(dentry));
	presto_op_bytes(op, KML_F_XATTR_NAME, xattr->name, strlen(xattr->name));
	if (xattr->value)
		presto_op_bytes(op, KML_F_XATTR_VALUE, xattr->value, xattr->size);
	presto_op_flags(op, 0, xattr->flags);
	err = presto_op_write(op);
	if (err)
		presto_op_abort(op);
	return err;
}

static int presto_set_xattr(struct mnt_idmap *idmap, struct dentry *dentry,
			    const struct presto_xattr *xattr)
{
	struct dentry *lower = presto_lower_dentry(dentry);
	struct presto_op op __uninitialized;
	int err;

	err = presto_begin_xattr(&op, dentry, xattr);
	if (err)
		return err;
	inode_lock(d_inode(lower));
	if (xattr->value)
		err = presto_do_setxattr(idmap, lower, xattr->name, xattr->value, xattr->size,
					 xattr->flags);
	else
		err = presto_do_removexattr(idmap, lower, xattr->name);
	inode_unlock(d_inode(lower));
	presto_op_end(&op, err, NULL, NULL);
	if (!err && !strcmp(xattr->name, PRESTO_XATTR_FID))
		presto_fid_changed(d_inode(dentry));
	presto_copy_attr(d_inode(dentry));
	return err;
}

static int presto_xattr_get(const struct xattr_handler *handler, struct dentry *dentry,
			    struct inode *inode, const char *name, void *buffer, size_t size)
{
	if (presto_xattr_hidden(inode->i_sb, name))
		return -ENODATA;
	return presto_do_getxattr(presto_lower_dentry(dentry), name, buffer, size);
}

static int presto_xattr_set(const struct xattr_handler *handler, struct mnt_idmap *idmap,
			    struct dentry *dentry, struct inode *inode, const char *name,
			    const void *value, size_t size, int flags)
{
	return presto_set_xattr(idmap, dentry, &(struct presto_xattr){
		.name = name, .value = value, .size = size, .flags = flags });
}

static const struct xattr_handler presto_xattr_handler = {
	.prefix	= "",	/* all */
	.get	= presto_xattr_get,
	.set	= presto_xattr_set,
};

const struct xattr_handler *presto_xattr_handlers[] = {
	COMPAT_ACL_HANDLERS(&presto_xattr_handler),
	NULL
};

ssize_t presto_listxattr(struct dentry *dentry, char *list, size_t size)
{
	ssize_t len = presto_do_listxattr(presto_lower_dentry(dentry), list, size);
	size_t left, one;
	char *name = list;

	if (len <= 0 || !size || presto_is_lento(dentry->d_sb))
		return len;
	for (left = len; left; left -= one) {
		one = strnlen(name, left) + 1;
		if (presto_xattr_is_own(name)) {
			memmove(name, name + one, left - one);
			len -= one;
		} else {
			name += one;
		}
	}
	return len;
}

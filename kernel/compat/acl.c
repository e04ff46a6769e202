// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ACLs. They are recorded as the xattrs they are stored as. Their IDs are the
 * file system's by now: the VFS takes them out of the terms of an idmapped mount
 * once, and below that must not happen again.
 */
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include "../presto.h"
#include "../xattr.h"

/* The bytes of an ACL as an xattr, to be freed by the caller. */
static int presto_acl_bytes(struct posix_acl *acl, struct presto_xattr *xattr)
{
	if (!acl)
		return 0;
	xattr->value = posix_acl_to_xattr(&init_user_ns, acl, &xattr->size, GFP_KERNEL);
	return xattr->value ? 0 : -ENOMEM;
}

int presto_set_acl(struct mnt_idmap *idmap, struct dentry *dentry, struct posix_acl *acl, int type)
{
	struct presto_xattr xattr = { .name = posix_acl_xattr_name(type) };
	struct dentry *lower = presto_lower_dentry(dentry);
	struct presto_op op;
	int err;

	err = presto_acl_bytes(acl, &xattr);
	if (err)
		return err;
	err = presto_begin_xattr(&op, dentry, &xattr);
	if (err)
		goto free_value;
	inode_lock(d_inode(lower));
	err = set_posix_acl(idmap, lower, type, acl);
	inode_unlock(d_inode(lower));
	presto_op_end(&op, err, NULL, NULL);
	presto_copy_attr(d_inode(dentry));

free_value:
	kfree(xattr.value);
	return err;
}

#ifdef HAVE_SET_ACL_DENTRY
struct posix_acl *presto_get_acl(struct mnt_idmap *idmap, struct dentry *dentry, int type)
{
	return vfs_get_acl(idmap, presto_lower_dentry(dentry), posix_acl_xattr_name(type));
}

struct posix_acl *presto_get_inode_acl(struct inode *inode, int type, bool rcu)
{
	struct inode *lower = presto_lower_inode(inode);

	return rcu ? get_cached_acl_rcu(lower, type) : get_inode_acl(lower, type);
}
#else
static int presto_acl_xattr_get(const struct xattr_handler *handler, struct dentry *dentry,
				struct inode *inode, const char *name, void *buffer, size_t size)
{
	return presto_do_getxattr(presto_lower_dentry(dentry), handler->name, buffer, size);
}

static int presto_acl_xattr_set(const struct xattr_handler *handler, struct mnt_idmap *idmap,
				struct dentry *dentry, struct inode *inode, const char *name,
				const void *value, size_t size, int flags)
{
	struct posix_acl *acl = NULL;
	int err;

	if (value)
		acl = vfs_set_acl_prepare(idmap, i_user_ns(inode), value, size);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	err = presto_set_acl(idmap, dentry, acl, handler->flags);
	posix_acl_release(acl);
	return err;
}

const struct xattr_handler presto_acl_access_handler = {
	.name	= XATTR_NAME_POSIX_ACL_ACCESS,
	.flags	= ACL_TYPE_ACCESS,
	.get	= presto_acl_xattr_get,
	.set	= presto_acl_xattr_set,
};

const struct xattr_handler presto_acl_default_handler = {
	.name	= XATTR_NAME_POSIX_ACL_DEFAULT,
	.flags	= ACL_TYPE_DEFAULT,
	.get	= presto_acl_xattr_get,
	.set	= presto_acl_xattr_set,
};
#endif

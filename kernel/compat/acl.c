// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ACLs, where the kernel has calls of their own for them. They are recorded as
 * the xattrs they are stored as.
 */
#ifdef HAVE_SET_ACL_DENTRY
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include "../presto.h"
#include "../xattr.h"

struct posix_acl *presto_get_acl(struct mnt_idmap *idmap, struct dentry *dentry, int type)
{
	return vfs_get_acl(idmap, presto_lower_dentry(dentry), posix_acl_xattr_name(type));
}

struct posix_acl *presto_get_inode_acl(struct inode *inode, int type, bool rcu)
{
	struct inode *lower = presto_lower_inode(inode);

	return rcu ? get_cached_acl_rcu(lower, type) : get_inode_acl(lower, type);
}

/* The bytes of an ACL as an xattr, to be freed by the caller. */
static int presto_acl_bytes(struct posix_acl *acl, struct presto_xattr *xattr)
{
	void *value;
	int err;

	if (!acl)
		return 0;
	xattr->size = posix_acl_xattr_size(acl->a_count);
	value = kmalloc(xattr->size, GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	err = posix_acl_to_xattr(&init_user_ns, acl, value, xattr->size);
	if (err < 0) {
		kfree(value);
		return err;
	}
	xattr->value = value;
	return 0;
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
	err = acl ? vfs_set_acl(idmap, lower, xattr.name, acl) :
		    vfs_remove_acl(idmap, lower, xattr.name);
	presto_op_end(&op, err, NULL, NULL);
	presto_copy_attr(d_inode(dentry));

free_value:
	kfree(xattr.value);
	return err;
}
#endif

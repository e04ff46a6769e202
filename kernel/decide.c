// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Did it happen? The lower tree answers for the last record of an object.
 *
 * Where the tree can't tell exactly (attributes that match neither the record
 * nor what was before), the record becomes VOID and a new one says what the
 * tree has now: replaying both gives this tree in any case. The new one is
 * written first. Should a cut come between, the old one isn't in doubt any more:
 * it counts as having happened, and the new one says all that differs.
 */
#include "presto.h"
#include <linux/cred.h>
#include <linux/namei.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include "lower.h"
#include "kml.h"

struct kml_doubt {
	struct kml *kml;
	struct presto_op op;		/* where the record stands */
	struct kml_record *record;
};

static const struct kml_object *kml_doubt_object(struct kml_doubt *doubt, u16 type)
{
	u32 len = sizeof(struct kml_object);

	return kml_field(doubt->record, type, &len);
}

static int kml_settle(struct kml_doubt *doubt, u32 state, struct inode *made, struct inode *dir)
{
	struct kml_result result;

	presto_fill_result(&result, doubt->record, state, made, dir);
	pr_info("%s: record %llu was in doubt: %s\n", doubt->kml->sb->s_id, doubt->op.recno,
		state == KML_DONE ? "it happened" : "it did not happen");
	return kml_write_result(doubt->kml, &doubt->op, &result);
}

/* Looks @name up below @parent; -ESTALE if the parent is gone, negative dentry if the name is. */
static struct dentry *kml_lookup(struct kml_doubt *doubt, u16 parent, u16 name)
{
	const struct kml_object *object = kml_doubt_object(doubt, parent);
	struct dentry *dir, *child;
	u32 len = 1;
	const char *bytes = kml_field(doubt->record, name, &len);

	if (!object || !bytes || len > NAME_MAX)
		return ERR_PTR(-EBADMSG);
	dir = kml_resolve(doubt->kml, object);
	if (IS_ERR(dir))
		return dir;
	if (!d_is_dir(dir)) {
		dput(dir);
		return ERR_PTR(-ESTALE);
	}
	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	child = lookup_noperm(&QSTR_LEN(bytes, len), dir);
	inode_unlock(d_inode(dir));
	dput(dir);
	return child;
}

static bool kml_same(const struct dentry *dentry, const struct kml_object *object)
{
	return object && d_is_positive(dentry) &&
	       d_inode(dentry)->i_ino == le64_to_cpu(object->ino) &&
	       d_inode(dentry)->i_generation == le32_to_cpu(object->gen);
}

/* Appends what the tree has of the attributes @valid of @inode, the object in the field @type. */
static noinline_for_stack
int kml_append_attr(struct kml_doubt *doubt, u16 type, struct inode *inode, u32 valid)
{
	const struct kml_object *object = kml_doubt_object(doubt, type);
	struct presto_op op;
	struct kml_attr now;

	presto_record_init(&op, doubt->kml->sb, KML_OP_SETATTR);
	presto_fill_attr(&now, inode);
	if (valid & (KML_ATTR_UID | KML_ATTR_GID))
		valid |= KML_ATTR_MODE;		/* a change of owner drops suid */
	now.valid = cpu_to_le32(valid);
	presto_op_flags(&op, KML_FLAG_RECOVERED, 0);
	presto_lower_object(&op, KML_F_OBJECT, inode, &object->fid);
	presto_op_bytes(&op, KML_F_ATTR, &now, sizeof(now));
	return presto_record_append(&op);
}

/*
 * A rename leaves one mtime on both directories, but not in one step: the record
 * tells of the directory @to, and what the other has may be told separately.
 * NULL: it is told in any case.
 */
static int kml_tell_old_dir(struct kml_doubt *doubt, struct inode *to)
{
	const struct kml_object *object = kml_doubt_object(doubt, KML_F_PARENT);
	struct timespec64 left, now;
	struct dentry *from;
	int err = 0;

	if (!object)
		return -EBADMSG;
	from = kml_resolve(doubt->kml, object);
	if (from == ERR_PTR(-ESTALE))
		return 0;
	if (IS_ERR(from))
		return PTR_ERR(from);
	now = inode_get_mtime(d_inode(from));
	if (to)
		left = inode_get_mtime(to);
	if (!to || !timespec64_equal(&now, &left))
		err = kml_append_attr(doubt, KML_F_PARENT, d_inode(from), KML_ATTR_MTIME);
	dput(from);
	return err;
}

/* A MKNOD of the whiteout @made in @dir, with the outcome that it would have had. */
static noinline_for_stack
int kml_append_whiteout(struct kml_doubt *doubt, struct inode *dir, struct inode *made)
{
	const struct kml_object *parent = kml_doubt_object(doubt, KML_F_PARENT);
	u32 len = 1;
	const char *name = kml_field(doubt->record, KML_F_NAME, &len);
	struct kml_record *record;
	struct kml_result result;
	struct presto_op op;
	int err;

	presto_record_init(&op, doubt->kml->sb, KML_OP_MKNOD);
	presto_op_flags(&op, KML_FLAG_RECOVERED, 0);
	presto_lower_object(&op, KML_F_PARENT, dir, &parent->fid);
	presto_op_bytes(&op, KML_F_NAME, name, len);
	presto_lower_attr(&op, KML_F_ATTR, made);
	err = presto_record_finish(&op);
	record = (void *)op.buf;
	/* not now */
	record->sec = cpu_to_le64(inode_get_mtime(made).tv_sec);
	record->nsec = cpu_to_le32(inode_get_mtime(made).tv_nsec);
	err = err ?: kml_append(doubt->kml, &op, KML_PLAIN, 0);
	if (!err) {
		presto_fill_result(&result, record, KML_DONE, made, dir);
		err = kml_write_result(doubt->kml, &op, &result);
	}
	presto_record_free(&op);
	return err;
}

static bool kml_leaves_whiteout(const struct kml_doubt *doubt)
{
	return le16_to_cpu(doubt->record->op) == KML_OP_RENAME &&
	       (le32_to_cpu(doubt->record->aux) & RENAME_WHITEOUT);
}

/* No record follows that of the rename, or it wouldn't be in doubt: the whiteout has none. */
static int kml_tell_whiteout(struct kml_doubt *doubt)
{
	struct dentry *child;
	int err = 0;

	if (!kml_leaves_whiteout(doubt))
		return 0;
	child = kml_lookup(doubt, KML_F_PARENT, KML_F_NAME);
	if (child == ERR_PTR(-ESTALE))
		return 0;
	if (IS_ERR(child))
		return PTR_ERR(child);
	if (d_is_positive(child) && IS_WHITEOUT(d_inode(child)))
		err = kml_append_whiteout(doubt, d_inode(child->d_parent), d_inode(child));
	dput(child);
	return err;
}

/* Operations on names: the name says what happened. */
static int kml_decide_name(struct kml_doubt *doubt, u16 parent, u16 name)
{
	const struct kml_object *object = kml_doubt_object(doubt, KML_F_OBJECT);
	struct dentry *child = kml_lookup(doubt, parent, name);
	struct inode *made = NULL;
	bool happened;
	int err = 0;

	/* without its directory a name can't have been made, and isn't there */
	if (IS_ERR(child) && PTR_ERR(child) != -ESTALE)
		return PTR_ERR(child);
	switch (le16_to_cpu(doubt->record->op)) {
	case KML_OP_CREATE:
	case KML_OP_MKDIR:
	case KML_OP_SYMLINK:
	case KML_OP_MKNOD:
		happened = !IS_ERR(child) && d_is_positive(child);
		if (happened)
			made = d_inode(child);
		break;
	case KML_OP_UNLINK:
	case KML_OP_RMDIR:
	case KML_OP_LEAVE:
		happened = IS_ERR(child) || !kml_same(child, object);
		break;
	default:
		happened = !IS_ERR(child) && kml_same(child, object);
	}
	if (happened && le16_to_cpu(doubt->record->op) == KML_OP_RENAME)
		err = kml_tell_old_dir(doubt, d_inode(child->d_parent)) ?:
		      kml_tell_whiteout(doubt);
	err = err ?: kml_settle(doubt, happened ? KML_DONE : KML_VOID, made,
				IS_ERR(child) ? NULL : d_inode(child->d_parent));
	/* one that fails may have changed the mtime, and would have set it again */
	if (!err && !happened && kml_leaves_whiteout(doubt))
		err = kml_tell_old_dir(doubt, NULL);
	if (!IS_ERR(child))
		dput(child);
	return err;
}

static bool kml_attr_equal(const struct kml_attr *attr, const struct kml_attr *now)
{
	u32 valid = le32_to_cpu(attr->valid);

	return (!(valid & KML_ATTR_MODE) || attr->mode == now->mode) &&
	       (!(valid & KML_ATTR_UID) || attr->uid == now->uid) &&
	       (!(valid & KML_ATTR_GID) || attr->gid == now->gid) &&
	       (!(valid & KML_ATTR_SIZE) || attr->size == now->size) &&
	       (!(valid & KML_ATTR_ATIME) || (attr->atime_sec == now->atime_sec &&
					      attr->atime_nsec == now->atime_nsec)) &&
	       (!(valid & KML_ATTR_MTIME) || (attr->mtime_sec == now->mtime_sec &&
					      attr->mtime_nsec == now->mtime_nsec));
}

static int kml_decide_attr(struct kml_doubt *doubt, struct inode *inode)
{
	u32 len = sizeof(struct kml_attr);
	const struct kml_attr *attr = kml_field(doubt->record, KML_F_ATTR, &len);
	const struct kml_attr *before = kml_field(doubt->record, KML_F_ATTR_BEFORE, &len);
	struct kml_attr now, old;
	int err = 0;

	if (!attr)
		return -EBADMSG;
	presto_fill_attr(&now, inode);
	if (kml_attr_equal(attr, &now))
		return kml_settle(doubt, KML_DONE, NULL, NULL);
	if (before) {
		old = *before;
		old.valid = attr->valid;
	}
	if (!before || !kml_attr_equal(&old, &now))
		err = kml_append_attr(doubt, KML_F_OBJECT, inode, le32_to_cpu(attr->valid));
	return err ?: kml_settle(doubt, KML_VOID, NULL, NULL);
}

/* Appends what the tree has of an xattr; @len < 0: it isn't there. */
static noinline_for_stack
int kml_append_xattr(struct kml_doubt *doubt, struct inode *inode, const char *name,
		     const void *value, ssize_t len)
{
	const struct kml_object *object = kml_doubt_object(doubt, KML_F_OBJECT);
	struct presto_op op;

	presto_record_init(&op, doubt->kml->sb, len < 0 ? KML_OP_REMOVEXATTR : KML_OP_SETXATTR);
	presto_op_flags(&op, KML_FLAG_RECOVERED, 0);
	presto_lower_object(&op, KML_F_OBJECT, inode, &object->fid);
	presto_op_bytes(&op, KML_F_XATTR_NAME, name, strlen(name));
	if (len >= 0)
		presto_op_bytes(&op, KML_F_XATTR_VALUE, value, len);
	return presto_record_append(&op);
}

static ssize_t kml_get_flags(const struct inode *inode, void *buf)
{
	__le32 flags = cpu_to_le32(presto_told_flags(inode));

	memcpy(buf, &flags, sizeof(flags));
	return flags ? sizeof(flags) : -ENODATA;
}

/* An xattr as it was set; ACLs have calls of their own on newer kernels. */
static ssize_t kml_get_xattr(struct kml *kml, struct dentry *dentry, const char *name, void *buf)
{
	struct posix_acl *acl;
	size_t size;
	void *value;
	int type;

	if (!strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS))
		type = ACL_TYPE_ACCESS;
	else if (!strcmp(name, XATTR_NAME_POSIX_ACL_DEFAULT))
		type = ACL_TYPE_DEFAULT;
	else if (!strcmp(name, KML_XATTR_FLAGS))
		return kml_get_flags(d_inode(dentry), buf);
	else
		return presto_do_getxattr(dentry, name, buf, XATTR_SIZE_MAX);
	acl = get_inode_acl(d_inode(dentry), type);
	if (IS_ERR_OR_NULL(acl))
		return acl ? PTR_ERR(acl) : -ENODATA;
	value = posix_acl_to_xattr(&init_user_ns, acl, &size, GFP_KERNEL);
	posix_acl_release(acl);
	if (!value)
		return -ENOMEM;
	memcpy(buf, value, size);
	kfree(value);
	return size;
}

/* An ACL that is set changes the mode, one that is removed leaves it. */
static int kml_append_acl_mode(struct kml_doubt *doubt, struct inode *inode, const char *name)
{
	if (strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS))
		return 0;
	return kml_append_attr(doubt, KML_F_OBJECT, inode, KML_ATTR_MODE);
}

static int kml_decide_xattr(struct kml_doubt *doubt, struct dentry *dentry)
{
	u32 name_len = 1, want_len = 0;
	const char *field = kml_field(doubt->record, KML_F_XATTR_NAME, &name_len);
	const void *want = kml_field(doubt->record, KML_F_XATTR_VALUE, &want_len);
	char name[XATTR_NAME_MAX + 1];
	ssize_t len;
	void *now;
	int err;

	if (!field || name_len > XATTR_NAME_MAX)
		return -EBADMSG;
	memcpy(name, field, name_len);
	name[name_len] = 0;
	now = kvmalloc(XATTR_SIZE_MAX, GFP_KERNEL);
	if (!now)
		return -ENOMEM;
	len = kml_get_xattr(doubt->kml, dentry, name, now);
	if (len < 0 && len != -ENODATA && len != -EOPNOTSUPP)
		err = len;
	else if (want ? len == want_len && !memcmp(now, want, len) : len < 0)
		err = kml_settle(doubt, KML_DONE, NULL, NULL);
	else
		err = kml_append_xattr(doubt, d_inode(dentry), name, now, len) ?:
		      kml_append_acl_mode(doubt, d_inode(dentry), name) ?:
		      kml_settle(doubt, KML_VOID, NULL, NULL);
	kvfree(now);
	return err;
}

/* Operations on an object itself: nothing is left to say about one that is gone. */
static int kml_decide_object(struct kml_doubt *doubt)
{
	const struct kml_object *object = kml_doubt_object(doubt, KML_F_OBJECT);
	struct dentry *dentry;
	int err;

	if (!object)
		return -EBADMSG;
	dentry = kml_resolve(doubt->kml, object);
	if (dentry == ERR_PTR(-ESTALE))
		return kml_settle(doubt, KML_VOID, NULL, NULL);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	if (le16_to_cpu(doubt->record->op) == KML_OP_SETATTR)
		err = kml_decide_attr(doubt, d_inode(dentry));
	else
		err = kml_decide_xattr(doubt, dentry);
	dput(dentry);
	return err;
}

/**
 * kml_decide - tell whether an operation that was in doubt has happened
 * @kml: the log
 * @offset: where its record stands
 * @record: the record, the last one under the locks of its operation
 *
 * Writes DONE or VOID in place. Returns zero or a negative errno.
 */
int kml_decide(struct kml *kml, u64 offset, struct kml_record *record)
{
	struct kml_doubt doubt = {
		.kml = kml,
		.op.offset = offset,
		.op.recno = le64_to_cpu(record->recno),
		.record = record,
	};

	switch (le16_to_cpu(record->op)) {
	case KML_OP_SETATTR:
	case KML_OP_SETXATTR:
	case KML_OP_REMOVEXATTR:
		return kml_decide_object(&doubt);
	case KML_OP_RENAME:
		return kml_decide_name(&doubt, KML_F_PARENT2, KML_F_NAME2);
	default:
		return kml_decide_name(&doubt, KML_F_PARENT, KML_F_NAME);
	}
}

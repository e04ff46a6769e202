// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations: building a record, writing it ahead, saying how it ended.
 */
#include "presto.h"
#include <linux/cred.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/sched/mm.h>
#include "kml.h"

static struct kml_record *presto_record(struct presto_op *op)
{
	return (struct kml_record *)op->buf;
}

/* Is @kml_op an update, one that has a dot? */
bool presto_op_counts(u16 kml_op)
{
	return kml_op != KML_OP_DIRTY && kml_op != KML_OP_MARK &&
	       kml_op != KML_OP_MOUNT && kml_op != KML_OP_UMOUNT;
}

/* All but the room, of which only what is used is ever touched. */
static void presto_op_init(struct presto_op *op, struct super_block *sb)
{
	memset(op, 0, offsetof(struct presto_op, room));
	op->sb = sb;
}

void presto_record_free(struct presto_op *op)
{
	if (op->buf != op->room)
		kvfree(op->buf);
	op->buf = NULL;
}

/* Fixes the length and the time of a record that is complete. */
int presto_record_finish(struct presto_op *op)
{
	struct kml_record *record = presto_record(op);
	struct inode *clock = op->clock ?: file_inode(PRESTO_SB(op->sb)->kml->file);
	struct timespec64 now = current_time(clock);

	record->sec = cpu_to_le64(now.tv_sec);
	record->nsec = cpu_to_le32(now.tv_nsec);
	memset(op->buf + op->len, 0, KML_ALIGN + sizeof(__le32));
	op->len = ALIGN(op->len + sizeof(__le32), KML_ALIGN);
	return op->err;
}

/* Appends a record that ends as it is written, and frees it. */
int presto_record_append(struct presto_op *op)
{
	int err = presto_record_finish(op);

	if (!err)
		err = kml_append(PRESTO_SB(op->sb)->kml, op, KML_PLAIN, 0);
	presto_record_free(op);
	return err;
}

static void presto_record_grow(struct presto_op *op, u32 need)
{
	u32 size = roundup_pow_of_two(need);
	u8 *buf = size <= KML_RECORD_MAX ? kvmalloc(size, GFP_KERNEL) : NULL;

	if (!buf) {
		op->err = size <= KML_RECORD_MAX ? -ENOMEM : -E2BIG;
		return;
	}
	memcpy(buf, op->buf, op->len);
	presto_record_free(op);
	op->buf = buf;
	op->size = size;
}

/*
 * Room for a field of @len bytes of data, which the caller fills, or NULL; the
 * error is kept in the operation.
 */
static void *presto_op_field(struct presto_op *op, u16 type, u32 len)
{
	/* room for the end of the record is always kept */
	u32 need = op->len + sizeof(struct kml_field) + ALIGN(len, 8) + KML_ALIGN + sizeof(__le32);
	struct kml_field *field;

	if (!op->buf || op->err)
		return NULL;
	if (need > op->size)
		presto_record_grow(op, need);
	if (op->err)
		return NULL;
	field = (void *)op->buf + op->len;
	field->type = cpu_to_le16(type);
	field->reserved = 0;
	field->len = cpu_to_le32(len);
	op->len += sizeof(*field) + ALIGN(len, 8);
	if (len % 8)
		memset(op->buf + op->len - 8, 0, 8);	/* the padding */
	le32_add_cpu(&presto_record(op)->fields, 1);
	return field + 1;
}

void presto_op_bytes(struct presto_op *op, u16 type, const void *data, u32 len)
{
	void *to;

	if (len >= KML_RECORD_MAX) {
		op->err = -E2BIG;
		return;
	}
	to = presto_op_field(op, type, len);
	if (to && len)
		memcpy(to, data, len);
}

void presto_op_name(struct presto_op *op, u16 type, const struct qstr *name)
{
	presto_op_bytes(op, type, name->name, name->len);
}

/* Whose log the update has come from, where that isn't its maker's. */
static void presto_op_peer(struct presto_op *op)
{
	__le64 peer = cpu_to_le64(op->context.peer);

	if (peer)
		presto_op_bytes(op, KML_F_PEER, &peer, sizeof(peer));
}

/* IDs as the initial user namespace has them, and the disk: it maps each to itself. */
static __le32 presto_uid(kuid_t uid)
{
	return cpu_to_le32(__kuid_val(uid));
}

static __le32 presto_gid(kgid_t gid)
{
	return cpu_to_le32(__kgid_val(gid));
}

/* A record in memory; who makes it is the caller, in its context if it has one. */
void presto_record_init(struct presto_op *op, struct super_block *sb, u16 kml_op)
{
	struct kml_record *record;

	presto_op_init(op, sb);
	op->buf = op->room;
	op->size = sizeof(op->room);
	op->len = sizeof(*record);
	record = presto_record(op);
	memset(record, 0, sizeof(*record));
	record->op = cpu_to_le16(kml_op);
	record->version = cpu_to_le16(KML_VERSION);
	record->uid = presto_uid(current_fsuid());
	record->gid = presto_gid(current_fsgid());
	record->pid = cpu_to_le32(task_tgid_nr(current));
	if (presto_device_context(PRESTO_SB(sb)->device, &op->context)) {
		record->flags = cpu_to_le32(KML_FLAG_APPLIED |
					    (op->context.flags & KML_FLAG_PARTIAL));
		record->replica = cpu_to_le64(op->context.replica);
		record->source = cpu_to_le64(op->context.source);
		if (presto_op_counts(kml_op)) {
			record->counter = cpu_to_le64(op->context.counter);
			presto_op_peer(op);
		}
	}
}

void presto_op_flags(struct presto_op *op, u32 flags, u32 aux)
{
	struct kml_record *record = presto_record(op);

	if (!record)
		return;
	record->flags |= cpu_to_le32(flags);
	record->aux |= cpu_to_le32(aux);
}

/* An object by its lower inode, where its FID is known already. */
void presto_lower_object(struct presto_op *op, u16 type, struct inode *lower,
			 const struct kml_fid *fid)
{
	struct kml_object *object = presto_op_field(op, type, sizeof(*object));

	if (!object)
		return;
	object->fid = *fid;
	object->ino = cpu_to_le64(lower->i_ino);
	object->gen = cpu_to_le32(lower->i_generation);
	object->mode = cpu_to_le32(lower->i_mode);
	if (!op->clock)
		op->clock = lower;
}

void presto_op_object(struct presto_op *op, u16 type, struct inode *inode)
{
	struct kml_fid fid;
	int err;

	if (!op->buf)
		return;
	err = presto_fid(inode, &fid);
	if (err)
		op->err = err;
	else
		presto_lower_object(op, type, presto_lower_inode(inode), &fid);
	presto_op_touch(op, type, &PRESTO_I(inode)->j);
}

void presto_op_parent(struct presto_op *op, u16 type, struct inode *dir)
{
	presto_op_object(op, type, dir);
}

static void presto_put_time(__le64 *sec, __le32 *nsec, struct timespec64 time)
{
	*sec = cpu_to_le64(time.tv_sec);
	*nsec = cpu_to_le32(time.tv_nsec);
}

/* All attributes that a lower inode has now. */
void presto_fill_attr(struct kml_attr *attr, struct inode *lower)
{
	u32 valid = KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID | KML_ATTR_SIZE |
		    KML_ATTR_ATIME | KML_ATTR_MTIME | KML_ATTR_CTIME | KML_ATTR_NLINK;

	memset(attr, 0, sizeof(*attr));
	attr->mode = cpu_to_le32(lower->i_mode);
	attr->uid = presto_uid(lower->i_uid);
	attr->gid = presto_gid(lower->i_gid);
	attr->size = cpu_to_le64(i_size_read(lower));
	attr->nlink = cpu_to_le32(lower->i_nlink);
	presto_put_time(&attr->atime_sec, &attr->atime_nsec, inode_get_atime(lower));
	presto_put_time(&attr->mtime_sec, &attr->mtime_nsec, inode_get_mtime(lower));
	presto_put_time(&attr->ctime_sec, &attr->ctime_nsec, inode_get_ctime(lower));
	if (S_ISCHR(lower->i_mode) || S_ISBLK(lower->i_mode)) {
		valid |= KML_ATTR_RDEV;
		attr->major = cpu_to_le32(MAJOR(lower->i_rdev));
		attr->minor = cpu_to_le32(MINOR(lower->i_rdev));
	}
	attr->valid = cpu_to_le32(valid);
}

void presto_lower_attr(struct presto_op *op, u16 type, struct inode *lower)
{
	struct kml_attr *attr = presto_op_field(op, type, sizeof(*attr));

	if (attr)
		presto_fill_attr(attr, lower);
}

void presto_op_attr(struct presto_op *op, u16 type, struct inode *inode)
{
	presto_lower_attr(op, type, presto_lower_inode(inode));
}

void presto_op_new(struct presto_op *op, struct mnt_idmap *idmap, struct inode *dir, umode_t mode,
		   dev_t rdev)
{
	struct kml_attr *attr = presto_op_field(op, KML_F_ATTR, sizeof(*attr));
	u32 valid = KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID;
	struct inode *lower = presto_lower_inode(dir);
	kuid_t uid = mapped_fsuid(idmap, i_user_ns(lower));
	kgid_t gid = mapped_fsgid(idmap, i_user_ns(lower));

	if (!attr)
		return;
	memset(attr, 0, sizeof(*attr));
	if (lower->i_mode & S_ISGID)
		gid = lower->i_gid;
	attr->mode = cpu_to_le32(mode);
	attr->uid = presto_uid(uid);
	attr->gid = presto_gid(gid);
	if (S_ISCHR(mode) || S_ISBLK(mode)) {
		valid |= KML_ATTR_RDEV;
		attr->major = cpu_to_le32(MAJOR(rdev));
		attr->minor = cpu_to_le32(MINOR(rdev));
	}
	attr->valid = cpu_to_le32(valid);
}

void presto_op_iattr(struct presto_op *op, struct mnt_idmap *idmap, const struct iattr *ia)
{
	struct kml_attr *attr = presto_op_field(op, KML_F_ATTR, sizeof(*attr));
	u32 valid = 0;

	if (!attr)
		return;
	memset(attr, 0, sizeof(*attr));
	if (ia->ia_valid & ATTR_MODE) {
		valid |= KML_ATTR_MODE;
		attr->mode = cpu_to_le32(ia->ia_mode);
	}
	if (ia->ia_valid & ATTR_UID) {
		kuid_t uid = from_vfsuid(idmap, &init_user_ns, ia->ia_vfsuid);

		valid |= KML_ATTR_UID;
		attr->uid = presto_uid(uid);
	}
	if (ia->ia_valid & ATTR_GID) {
		kgid_t gid = from_vfsgid(idmap, &init_user_ns, ia->ia_vfsgid);

		valid |= KML_ATTR_GID;
		attr->gid = presto_gid(gid);
	}
	if (ia->ia_valid & ATTR_SIZE) {
		valid |= KML_ATTR_SIZE;
		attr->size = cpu_to_le64(ia->ia_size);
	}
	if (ia->ia_valid & ATTR_ATIME) {
		valid |= KML_ATTR_ATIME;
		presto_put_time(&attr->atime_sec, &attr->atime_nsec, ia->ia_atime);
	}
	if (ia->ia_valid & ATTR_MTIME) {
		valid |= KML_ATTR_MTIME;
		presto_put_time(&attr->mtime_sec, &attr->mtime_nsec, ia->ia_mtime);
	}
	attr->valid = cpu_to_le32(valid);
}

int presto_op_begin_unlogged(struct presto_op *op, struct super_block *sb)
{
	presto_op_init(op, sb);
	return mnt_want_write(PRESTO_SB(sb)->lower_mnt);
}

int presto_op_begin(struct presto_op *op, struct super_block *sb, u16 kml_op)
{
	struct presto_sb *ps = PRESTO_SB(sb);
	int err;

	if (READ_ONCE(ps->kml->broken))
		return -EIO;
	presto_record_init(op, sb, kml_op);
	err = -EPERM;
	if (!presto_record(op)->replica && presto_is_lento(sb))
		goto free_record;
	err = mnt_want_write(ps->lower_mnt);
	if (err)
		goto free_record;
	return 0;

free_record:
	presto_record_free(op);
	return err;
}

int presto_op_write(struct presto_op *op)
{
	struct kml *kml = PRESTO_SB(op->sb)->kml;
	int err;

	if (!op->buf)
		return 0;
	err = presto_record_finish(op);
	if (!err)
		err = kml_append(kml, op, KML_TRACKED, 0);
	if (unlikely(err == -ERESTARTNOINTR))
		err = presto_gate_ask(kml, false);
	if (err)
		return err;
	presto_op_note(op);
	return presto_op_wait(op);
}

static bool presto_has_acl(struct inode *inode, int type)
{
	struct posix_acl *acl = get_cached_acl(inode, type);

	if (!acl)
		return false;
	posix_acl_release(is_uncached_acl(acl) ? NULL : acl);
	return true;
}

/*
 * Xattrs that an object was born with are those it inherited: ACLs. One that was
 * nameless until now may have been given any, and no record told of them.
 */
static bool presto_born_with_xattrs(const struct kml_record *record, struct inode *made)
{
	if (record->flags & cpu_to_le32(KML_FLAG_TMPFILE))
		return true;
	return IS_POSIXACL(made) && !S_ISLNK(made->i_mode) &&
	       (presto_has_acl(made, ACL_TYPE_ACCESS) || presto_has_acl(made, ACL_TYPE_DEFAULT));
}

/* The outcome @state of @record. @made, @dir: lower inodes or NULL, as in presto_op_end(). */
void presto_fill_result(struct kml_result *result, const struct kml_record *record, u32 state,
			struct inode *made, struct inode *dir)
{
	u32 flags = 0;

	memset(result, 0, sizeof(*result));
	result->state = cpu_to_le32(state);
	if (state != KML_DONE)
		return;
	if (made) {
		result->ino = cpu_to_le64(made->i_ino);
		result->gen = cpu_to_le32(made->i_generation);
		result->mode = cpu_to_le32(made->i_mode);
		result->uid = presto_uid(made->i_uid);
		result->gid = presto_gid(made->i_gid);
		if (presto_born_with_xattrs(record, made))
			flags |= KML_RESULT_XATTRS;
	}
	if (dir) {
		presto_put_time(&result->sec, &result->nsec, inode_get_mtime(dir));
		if (result->sec != record->sec || result->nsec != record->nsec)
			flags |= KML_RESULT_TIME;
	}
	if (!(flags & KML_RESULT_TIME)) {
		result->sec = 0;
		result->nsec = 0;
	}
	result->flags = cpu_to_le32(flags);
}

void presto_op_outcome(struct presto_op *op, int err, struct inode *made, struct inode *dir)
{
	struct kml_result result;

	if (!op->buf)
		return;
	presto_fill_result(&result, presto_record(op), err ? KML_VOID : KML_DONE, made, dir);
	/* an outcome that says nothing new isn't written */
	if (err || made || result.flags)
		kml_write_result(PRESTO_SB(op->sb)->kml, op, &result);
}

void presto_op_close(struct presto_op *op)
{
	struct presto_sb *ps = PRESTO_SB(op->sb);

	if (op->buf) {
		kml_end(ps->kml, op);
		presto_record_free(op);
	}
	mnt_drop_write(ps->lower_mnt);
}

void presto_op_end(struct presto_op *op, int err, struct inode *made, struct inode *dir)
{
	presto_op_outcome(op, err, made, dir);
	presto_op_close(op);
}

void presto_op_abort(struct presto_op *op)
{
	presto_record_free(op);
	mnt_drop_write(PRESTO_SB(op->sb)->lower_mnt);
}

static int presto_journal_recover(struct kml *kml)
{
	struct vfsmount *mnt = PRESTO_SB(kml->sb)->lower_mnt;
	const struct cred *old;
	int err = mnt_want_write(mnt);

	if (err)
		return err;
	old = override_creds(kml->cred);
	err = kml_recover(kml);
	revert_creds(old);
	mnt_drop_write(mnt);
	return err;
}

int presto_journal_open(struct super_block *sb)
{
	struct presto_sb *ps = PRESTO_SB(sb);
	struct kml *kml = kml_open(sb);
	int err;

	if (IS_ERR(kml))
		return PTR_ERR(kml);
	ps->kml = kml;
	err = presto_journal_recover(kml);
	/* from here on the MOUNT tells where a scan begins, however often the power goes */
	if (!err && !kml->exact)
		err = presto_journal_sync(sb);
	if (err) {
		pr_err("the log can't be used (%d)\n", err);
		ps->kml = NULL;
		kml_free(kml);
		return err;
	}
	presto_device_start(ps->device, sb);
	return 0;
}

void presto_journal_close(struct super_block *sb)
{
	struct presto_sb *ps = PRESTO_SB(sb);
	struct kml *kml = ps->kml;
	struct presto_op op;
	int err;

	if (!kml)
		return;
	cancel_delayed_work_sync(&kml->closer);
	presto_device_stop(ps->device);
	/* after an UMOUNT nobody looks whether the tree is as the log says */
	err = kml->exact ? 0 : presto_journal_sync(sb);
	err = err ?: mnt_want_write(ps->lower_mnt);
	if (!err) {
		presto_record_init(&op, sb, KML_OP_UMOUNT);
		err = presto_record_append(&op);
		mnt_drop_write(ps->lower_mnt);
	}
	err = err ?: kml_flush(kml);
	err = kml_write_back(kml) ?: err;
	if (err)
		pr_err("%s: the log wasn't closed cleanly (%d)\n", sb->s_id, err);
	ps->kml = NULL;
	kml_free(kml);
}

/* Tree and log; the caller knows which watermark it wants to be covered. */
int presto_journal_sync(struct super_block *sb)
{
	struct super_block *lower = PRESTO_SB(sb)->lower_mnt->mnt_sb;
	struct kml *kml = PRESTO_SB(sb)->kml;
	u64 head, ended;
	int err;

	if (!kml)		/* a mount that failed is being taken down */
		return 0;
	ended = kml_watermark(kml);
	head = kml_head(kml);
	down_read(&lower->s_umount);
	err = sync_filesystem(lower);
	up_read(&lower->s_umount);
	/* what write-back couldn't write isn't an error of sync_filesystem() */
	err = err ?: errseq_check_and_advance(&lower->s_wb_err, &kml->wb_err);
	if (!err) {
		kml_mark_synced(kml, head);
		kml_mark_covered(kml, ended);
	}
	return err;
}

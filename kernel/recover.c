// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to the log at mount: find its end, cut a torn tail, decide
 * about the operations that were in flight, close what was being written.
 *
 * An operation holds the locks of the objects it names from its record to its
 * outcome. So a record that is followed by another one under one of the same
 * locks had ended: only the last record of an object can be in doubt (J2).
 *
 * Where the journal isn't exact, log and tree reach the disk in any order. What
 * was synced is as the log says; records beyond may tell of what the tree has
 * lost, and the tree may have what no record tells. Nobody has been told of them
 * (lento syncs before it sends), so they are made VOID, and hint at most where
 * a scan has to look. The log begins anew from what was synced.
 */
#include "presto.h"
#include <linux/exportfs.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>
#include "kml.h"

struct kml_walk;
typedef int (*kml_visit)(struct kml_walk *walk, u64 offset, struct kml_record *record);

struct kml_walk {
	struct kml *kml;
	u8 *chunk;			/* KML_CHUNK bytes */
	u64 base;			/* where the chunk in memory starts */
	u32 avail;			/* bytes of it that are there */
	u64 recno;			/* of the record seen last, 0: none yet */
	u64 end;			/* where the walk came to its end */
	bool bad;			/* ... because what stands there is no record */
	u64 last_offset;
	struct kml_record last;		/* header of the last record */
	u64 stable;			/* all below had ended before the stop */
	u64 from;			/* marks that are open may stand from here on */
	struct xarray locks;		/* ino -> last offset / KML_ALIGN under its lock */
	struct xarray dirty;		/* ino -> offset / KML_ALIGN of its open mark */
	u64 created;			/* the record before, if it may be a mark, or 0 */
	u64 created_ino;
	struct xarray marks;		/* offset / KML_ALIGN of each open mark */
};

static int kml_load(struct kml_walk *walk, u64 at)
{
	u64 base = round_down(at, KML_CHUNK);

	if (walk->avail && walk->base == base)
		return 0;
	walk->base = base;
	walk->avail = min_t(u64, KML_CHUNK, walk->kml->zeroed - base);
	return kml_read(walk->kml, base, walk->chunk, walk->avail);
}

/* Visits the records from @from up to @limit, or to the first that is none. */
static int kml_walk(struct kml_walk *walk, u64 from, u64 limit, kml_visit visit)
{
	struct kml_record *record;
	u64 at = from;
	u32 left;
	int err = 0;

	walk->recno = 0;
	walk->bad = false;
	for (; at < limit && !err; at += le32_to_cpu(record->len)) {
		err = kml_load(walk, at);
		if (err)
			break;
		record = (void *)walk->chunk + (at - walk->base);
		left = walk->avail - (at - walk->base);
		if (left < KML_PAD_MIN || !record->len)
			break;
		walk->bad = !kml_record_ok(at, record, left);
		if (walk->bad)
			break;
		if (le16_to_cpu(record->op) == KML_OP_PAD)
			continue;
		walk->bad = walk->recno && le64_to_cpu(record->recno) != walk->recno + 1;
		if (walk->bad)
			break;
		walk->recno = le64_to_cpu(record->recno);
		if (visit)
			err = visit(walk, at, record);
	}
	walk->end = at;
	return err;
}

static int kml_visit_last(struct kml_walk *walk, u64 offset, struct kml_record *record)
{
	walk->last_offset = offset;
	walk->last = *record;
	return 0;
}

static bool kml_used(struct kml_walk *walk, u64 at, int *err)
{
	__le32 len;

	*err = kml_read(walk->kml, at, &len, sizeof(len));
	return !*err && len;
}

/* The chunk before the last used one: the first record of the last may be torn. */
static int kml_find_start(struct kml_walk *walk, u64 *start)
{
	u64 at, zeroed = walk->kml->zeroed;
	int err = 0;

	*start = KML_SUPER_SIZE;
	if (zeroed < KML_SUPER_SIZE + KML_PAD_MIN)
		return 0;
	for (at = round_down(zeroed - KML_PAD_MIN, KML_CHUNK); at; at -= KML_CHUNK) {
		if (kml_used(walk, at, &err) || err)
			break;
	}
	if (err || !at)
		return err;
	*start = at - KML_CHUNK ?: KML_SUPER_SIZE;
	if (!kml_used(walk, *start, &err))
		*start = at;
	return err;
}

/* Anything but zeros from @at to the end of the file? And a whole record there? */
static int kml_look_behind(struct kml_walk *walk, u64 at, bool *zeros, u64 *found)
{
	u64 zeroed = walk->kml->zeroed, recno = le64_to_cpu(walk->last.recno);
	int err;

	*zeros = true;
	*found = 0;
	while (at + KML_PAD_MIN <= zeroed) {
		const struct kml_record *record;
		u32 from;

		err = kml_load(walk, at);
		if (err)
			return err;
		from = at - walk->base;
		at = walk->base + KML_CHUNK;
		if (!memchr_inv(walk->chunk + from, 0, walk->avail - from))
			continue;
		*zeros = false;
		for (; from + sizeof(*record) < walk->avail; from += KML_ALIGN) {
			record = (void *)walk->chunk + from;
			if (!kml_record_ok(walk->base + from, record, walk->avail - from) ||
			    le16_to_cpu(record->op) == KML_OP_PAD ||
			    le64_to_cpu(record->recno) <= recno)
				continue;
			*found = walk->base + from;
			return 0;
		}
	}
	return 0;
}

static int kml_damaged(struct kml_walk *walk)
{
	const char *fileset = PRESTO_SB(walk->kml->sb)->fileset;

	pr_err("%s: the log is damaged: no valid record at %llu; move .intermezzo/%s/kml away, below, and a new one begins, with which the replica is to join anew\n",
	       fileset, walk->end, fileset);
	return -EBADMSG;
}

static int kml_cut(struct kml *kml, u64 at)
{
	int err = 0;
	u32 len;

	pr_notice("%s: a torn record at %llu was cut off\n", kml->sb->s_id, at);
	for (; at < kml->zeroed && !err; at += len) {
		len = min_t(u64, kml->zeroed - at, KML_STEP);
		err = kml_write(kml, at, kml->zeros, len);
	}
	return err;
}

/*
 * Where any chunk may be missing or torn: the last record that is readable says
 * what was synced, and from there on the log is read to the first that isn't.
 */
static int kml_find_synced(struct kml_walk *walk, u64 *start)
{
	u64 at = round_down(max_t(u64, walk->kml->zeroed, 1) - 1, KML_CHUNK);
	u64 synced;
	int err;

	*start = KML_SUPER_SIZE;
	for (;; at -= KML_CHUNK) {
		err = kml_walk(walk, max_t(u64, at, KML_SUPER_SIZE), walk->kml->zeroed,
			       kml_visit_last);
		if (err || walk->recno)
			break;
		if (!at)
			return 0;
	}
	if (err)
		return err;
	synced = le64_to_cpu(walk->last.synced);
	if (synced > KML_SUPER_SIZE)
		*start = max_t(u64, round_down(synced - 1, KML_CHUNK), KML_SUPER_SIZE);
	walk->kml->covered = synced;
	return 0;
}

/* Finds the end of the log; what is torn there is cut, what is damaged refused. */
static int kml_find_end(struct kml_walk *walk)
{
	struct kml *kml = walk->kml;
	u64 start, found;
	bool zeros;
	int err;

	kml->zeroed = round_down(i_size_read(file_inode(kml->file)), KML_ALIGN);
	err = kml->exact ? kml_find_start(walk, &start) : kml_find_synced(walk, &start);
	if (!err) {
		memset(&walk->last, 0, sizeof(walk->last));
		err = kml_walk(walk, start, kml->zeroed, kml_visit_last);
	}
	if (!err)
		err = kml_look_behind(walk, walk->end, &zeros, &found);
	if (err)
		return err;
	/* without data journaling blocks reach the disk in any order: holes are no damage */
	if (found && kml->exact)
		return kml_damaged(walk);
	if (!zeros)
		err = kml_cut(kml, walk->end);
	kml->head = walk->end;
	kml->watermark = walk->end;
	kml->recno = le64_to_cpu(walk->last.recno);
	kml->local = le64_to_cpu(walk->last.local);
	if (kml->exact)
		kml->covered = le64_to_cpu(walk->last.synced);
	return err;
}

static int kml_note(struct xarray *xa, u64 ino, u64 offset)
{
	return xa_err(xa_store(xa, ino, xa_mk_value(offset / KML_ALIGN), GFP_KERNEL));
}

static const struct kml_object *kml_object(const struct kml_record *record, u16 type)
{
	u32 len = sizeof(struct kml_object);

	return kml_field(record, type, &len);
}

/* The objects whose locks the operation of @record holds, NULL where there is none. */
static void kml_locked(const struct kml_record *record, const struct kml_object *objects[4])
{
	u32 flags = le32_to_cpu(record->flags);

	objects[0] = kml_object(record, KML_F_PARENT);
	objects[1] = kml_object(record, KML_F_PARENT2);
	objects[2] = kml_object(record, KML_F_OBJECT);
	objects[3] = kml_object(record, KML_F_REPLACED);
	/* a directory isn't locked to be moved, only its parents are */
	if (flags & KML_FLAG_DIR)
		objects[2] = NULL;
	if (objects[3] && S_ISDIR(le32_to_cpu(objects[3]->mode)) &&
	    (le32_to_cpu(record->aux) & RENAME_EXCHANGE))
		objects[3] = NULL;
}

static bool kml_is_operation(u16 op)
{
	switch (op) {
	case KML_OP_DIRTY:
	case KML_OP_CLOSE:
	case KML_OP_MARK:
	case KML_OP_MOUNT:
	case KML_OP_UMOUNT:
	case KML_OP_LIST:
		return false;
	default:
		return true;
	}
}

/*
 * The record after a CREATE says whether that was a mark; of the last one nobody
 * knows. (One in doubt was none: its outcome is written before any content is.)
 */
static int kml_note_created(struct kml_walk *walk, bool marked)
{
	u64 offset = walk->created;

	walk->created = 0;
	return offset && marked ? kml_note(&walk->dirty, walk->created_ino, offset) : 0;
}

static void kml_see_created(struct kml_walk *walk, u64 offset, const struct kml_record *record)
{
	if (!kml_may_mark(record) || kml_state(record) != KML_DONE)
		return;
	walk->created = offset;
	walk->created_ino = le64_to_cpu(record->result.ino);
}

/* First pass: the last record under each lock, and the open marks. */
static int kml_visit_collect(struct kml_walk *walk, u64 offset, struct kml_record *record)
{
	const struct kml_object *objects[4], *object = kml_object(record, KML_F_OBJECT);
	u16 op = le16_to_cpu(record->op);
	int i, err;

	err = kml_note_created(walk, le32_to_cpu(record->flags) & KML_FLAG_MARKED);
	if (err)
		return err;
	kml_see_created(walk, offset, record);
	if (op == KML_OP_DIRTY && object)
		return kml_note(&walk->dirty, le64_to_cpu(object->ino), offset);
	if (op == KML_OP_CLOSE && object && kml_state(record) != KML_VOID)
		xa_erase(&walk->dirty, le64_to_cpu(object->ino));
	if (!kml_is_operation(op) || offset < walk->stable)
		return 0;
	kml_locked(record, objects);
	for (i = 0; i < ARRAY_SIZE(objects) && !err; i++)
		if (objects[i])
			err = kml_note(&walk->locks, le64_to_cpu(objects[i]->ino), offset);
	return err;
}

static bool kml_is_last(struct kml_walk *walk, u64 offset, const struct kml_record *record)
{
	const struct kml_object *objects[4];
	int i;

	kml_locked(record, objects);
	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		void *entry;

		if (!objects[i])
			continue;
		entry = xa_load(&walk->locks, le64_to_cpu(objects[i]->ino));
		if (xa_to_value(entry) != offset / KML_ALIGN)
			return false;
	}
	return true;
}

/* Of a rename whose whiteout has no record nobody knows, whatever its outcome says. */
static bool kml_in_doubt(const struct kml_record *record)
{
	u32 state = kml_state(record);

	if (le16_to_cpu(record->op) == KML_OP_RENAME &&
	    (le32_to_cpu(record->aux) & RENAME_WHITEOUT))
		return state != KML_VOID;
	return state == KML_INTENT;
}

/* Second pass: what of the tail has happened? */
static int kml_visit_decide(struct kml_walk *walk, u64 offset, struct kml_record *record)
{
	if (offset < walk->stable || !kml_is_operation(le16_to_cpu(record->op)) ||
	    !kml_in_doubt(record) || !kml_is_last(walk, offset, record))
		return 0;
	return kml_decide(walk->kml, offset, record);
}

/* The inode of an object as it was recorded; -ESTALE: it is gone. */
struct dentry *kml_resolve(struct kml *kml, const struct kml_object *object)
{
	struct super_block *lower = PRESTO_SB(kml->sb)->lower_mnt->mnt_sb;
	u32 fh[2] = { le64_to_cpu(object->ino), le32_to_cpu(object->gen) };
	struct dentry *dentry;

	if (!lower->s_export_op || !lower->s_export_op->fh_to_dentry)
		return ERR_PTR(-EOPNOTSUPP);
	dentry = lower->s_export_op->fh_to_dentry(lower, (struct fid *)fh, 2,
						  FILEID_INO32_GEN);
	return dentry ?: ERR_PTR(-ESTALE);
}

/* What a CREATE that was made here has made. */
static struct kml_object kml_created_object(const struct kml_result *made)
{
	return (struct kml_object){
		.fid = { .ino = made->ino, .gen = made->gen },
		.ino = made->ino,
		.gen = made->gen,
		.mode = made->mode,
	};
}

static struct timespec64 kml_time(__le64 sec, __le32 nsec)
{
	return (struct timespec64){ .tv_sec = le64_to_cpu(sec), .tv_nsec = le32_to_cpu(nsec) };
}

/*
 * Is the file that a CREATE has made as it was then? Its times are those between
 * record and outcome.
 */
static bool kml_is_as_created(struct kml *kml, const struct kml_record *record)
{
	const struct kml_result *made = &record->result;
	bool later = le32_to_cpu(made->flags) & KML_RESULT_TIME;
	struct timespec64 from = kml_time(record->sec, record->nsec);
	struct timespec64 to = later ? kml_time(made->sec, made->nsec) : from;
	struct kml_object object = kml_created_object(made);
	struct dentry *dentry = kml_resolve(kml, &object);
	struct timespec64 mtime;
	struct inode *inode;
	bool same;

	if (IS_ERR(dentry))
		return false;
	inode = d_inode(dentry);
	mtime = inode_get_mtime(inode);
	same = !i_size_read(inode) && inode->i_mode == le32_to_cpu(made->mode) &&
	       i_uid_read(inode) == le32_to_cpu(made->uid) &&
	       i_gid_read(inode) == le32_to_cpu(made->gid) &&
	       timespec64_compare(&from, &mtime) <= 0 && timespec64_compare(&mtime, &to) <= 0;
	dput(dentry);
	return same;
}

/* A file that was being written: what it holds now is its content. */
static int kml_close_recovered(struct kml *kml, const struct kml_object *object)
{
	struct dentry *dentry = kml_resolve(kml, object);
	struct presto_op op;
	struct inode *inode;
	int err = 0;

	if (dentry == ERR_PTR(-ESTALE))
		return 0;
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	inode = d_inode(dentry);
	if (inode->i_nlink) {
		presto_record_init(&op, kml->sb, KML_OP_CLOSE);
		presto_op_flags(&op, KML_FLAG_RECOVERED | KML_FLAG_WHOLE | KML_FLAG_ATTR, 0);
		presto_lower_object(&op, KML_F_OBJECT, inode, &object->fid);
		presto_lower_attr(&op, KML_F_ATTR, inode);
		err = presto_record_append(&op);
	}
	dput(dentry);
	return err;
}

static int kml_close_mark(struct kml_walk *walk, u64 offset)
{
	const struct kml_record *record;
	const struct kml_object *object;
	struct kml_object created;
	int err = kml_load(walk, offset);

	if (err)
		return err;
	record = (void *)walk->chunk + (offset - walk->base);
	object = kml_object(record, KML_F_OBJECT);
	if (kml_may_mark(record)) {
		created = kml_created_object(&record->result);
		object = &created;
	}
	return object ? kml_close_recovered(walk->kml, object) : -EBADMSG;
}

/*
 * The open marks by offset. A cut may come between any two of the records that
 * recovery writes: from here on each says where the marks begin that are left.
 */
static int kml_sort_marks(struct kml_walk *walk)
{
	u64 oldest = U64_MAX;
	unsigned long ino;
	void *entry;
	int err;

	/* nobody has written to it, or nothing of that has reached the disk */
	if (walk->created && walk->created == walk->last_offset &&
	    kml_is_as_created(walk->kml, &walk->last))
		walk->created = 0;
	/* the next record is the first of recovery's, and says so */
	walk->kml->created = walk->created;
	err = kml_note_created(walk, true);
	if (err)
		return err;
	xa_for_each(&walk->dirty, ino, entry) {
		err = xa_err(xa_store(&walk->marks, xa_to_value(entry), entry, GFP_KERNEL));
		if (err)
			return err;
		oldest = min_t(u64, oldest, xa_to_value(entry));
	}
	if (oldest != U64_MAX)
		walk->kml->unclosed = oldest * KML_ALIGN;
	return 0;
}

/* Closes all that was being written. */
static int kml_close_all(struct kml_walk *walk)
{
	unsigned long index;
	void *entry;
	int err = 0;

	xa_for_each(&walk->marks, index, entry) {
		walk->kml->unclosed = (u64)index * KML_ALIGN;
		err = kml_close_mark(walk, walk->kml->unclosed);
		if (err)
			break;
	}
	walk->kml->unclosed = 0;
	return err;
}

static int kml_decide_tail(struct kml_walk *walk)
{
	struct kml *kml = walk->kml;
	u64 from = min(le64_to_cpu(walk->last.stable), le64_to_cpu(walk->last.dirty));
	u64 limit = kml->head;
	int err;

	walk->stable = le64_to_cpu(walk->last.stable);
	from = max(from, kml->first);
	err = kml_walk(walk, from, limit, kml_visit_collect);
	if (!err && walk->end != limit)
		err = kml_damaged(walk);
	if (!err)
		err = kml_sort_marks(walk);
	if (!err)
		err = kml_walk(walk, from, limit, kml_visit_decide);
	if (!err)
		err = kml_close_all(walk);
	return err;
}

static int kml_visit_void(struct kml_walk *walk, u64 offset, struct kml_record *record)
{
	struct presto_op op = { .offset = offset, .recno = le64_to_cpu(record->recno) };
	struct kml_result result;

	/* what stands before this one had no mark open that isn't found from here on */
	if (!walk->from)
		walk->from = le64_to_cpu(record->dirty);
	if (kml_state(record) == KML_VOID)
		return 0;
	presto_fill_result(&result, record, KML_VOID, NULL, NULL);
	return kml_write_result(walk->kml, &op, &result);
}

/* Takes back what was not synced; files that were being written when it was are closed. */
static int kml_void_tail(struct kml_walk *walk)
{
	struct kml *kml = walk->kml;
	u64 synced = kml->covered, limit = kml->head;
	int err = 0;

	if (synced < limit)
		err = kml_walk(walk, synced, limit, kml_visit_void);
	if (!err && synced < limit && walk->end != limit)
		err = kml_damaged(walk);
	if (err)
		return err;
	walk->stable = synced;
	walk->from = max(walk->from ?: le64_to_cpu(walk->last.dirty), kml->first);
	/* the chunk in memory is as it was before */
	walk->avail = 0;
	if (walk->from < synced)
		err = kml_walk(walk, walk->from, synced, kml_visit_collect);
	return err ?: kml_sort_marks(walk) ?: kml_close_all(walk);
}

static void kml_note_stop(struct kml_walk *walk)
{
	struct kml *kml = walk->kml;
	u64 before = le64_to_cpu(walk->last.mounts);

	if (!kml->ordered)
		kml->mount |= KML_MOUNT_UNORDERED;
	if (!kml->recno) {
		kml->covered = kml->head;
		return;
	}
	if (le16_to_cpu(walk->last.op) != KML_OP_UMOUNT || kml_state(&walk->last) == KML_VOID)
		kml->mount |= KML_MOUNT_UNCLEAN | (kml->exact ? 0 : KML_MOUNT_SCAN);
	else
		kml->covered = kml->head;
	kml->covered = min(kml->covered, kml->head);
	if (kml->mounts && before && (u16)(before + 1) != (u16)kml->mounts)
		kml->mount |= KML_MOUNT_BELOW;
	if (kml->mount & KML_MOUNT_SCAN)
		pr_notice("%s: the stop was unclean, and the journal isn't exact: lento looks for what has changed since it was synced\n",
			  kml->sb->s_id);
	if (kml->mount & KML_MOUNT_BELOW)
		pr_notice("%s: somebody else has mounted or checked the file system below: 'intermezzo-ctl verify %s' tells what has changed\n",
			  kml->sb->s_id, kml->sb->s_id);
}

static int kml_write_mount(struct kml *kml)
{
	struct presto_op op;

	presto_record_init(&op, kml->sb, KML_OP_MOUNT);
	presto_op_flags(&op, 0, kml->mount);
	return presto_record_append(&op);
}

/**
 * kml_recover - make an opened log ready for appending
 * @kml: the log
 *
 * Everything below the head has ended when this returns zero. The caller holds
 * write access to the lower mount and the mounter's credentials.
 */
int kml_recover(struct kml *kml)
{
	struct kml_walk *walk = kzalloc(sizeof(*walk), GFP_KERNEL);
	int err = -ENOMEM;

	if (!walk)
		return err;
	walk->kml = kml;
	xa_init(&walk->locks);
	xa_init(&walk->dirty);
	xa_init(&walk->marks);
	/* that memory is short is the mounter's to hear, not the log's of the kernel */
	walk->chunk = __vmalloc(KML_CHUNK, GFP_KERNEL | __GFP_NOWARN);
	if (walk->chunk)
		err = kml_find_end(walk);
	if (!err) {
		kml->first = kml_find_first(kml);
		kml_note_stop(walk);
		if (kml->mount & KML_MOUNT_SCAN)
			err = kml_void_tail(walk);
		else if (kml->mount & KML_MOUNT_UNCLEAN)
			err = kml_decide_tail(walk);
	}
	if (!err)
		err = kml_write_mount(kml);
	xa_destroy(&walk->locks);
	xa_destroy(&walk->dirty);
	xa_destroy(&walk->marks);
	vfree(walk->chunk);
	kfree(walk);
	return err;
}

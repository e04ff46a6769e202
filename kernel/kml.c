// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Appending to the log, outcomes in place, and the watermark.
 */
#include "presto.h"
#include <linux/cred.h>
#include <linux/sched/mm.h>
#include "kml.h"

/* The log can't say any more what happens: nothing may happen any more (J6). */
void kml_break(struct kml *kml, const char *what, int err)
{
	if (xchg(&kml->broken, true))
		return;
	pr_err("%s: %s at %llu failed (%d): no more updates until the next mount\n",
	       kml->sb->s_id, what, kml_head(kml), err);
}

/* Bytes that CLOSEs of @reserved bytes need at worst, PADs between them included. */
static u64 kml_worst(u64 reserved)
{
	return reserved + KML_CLOSE_MAX * (div_u64(reserved, KML_CHUNK - KML_CLOSE_MAX) + 1);
}

static bool kml_frees_space(u16 kml_op)
{
	return kml_op == KML_OP_UNLINK || kml_op == KML_OP_RMDIR || kml_op == KML_OP_LEAVE;
}

/* What must always find room, in the space that everything else leaves. */
static bool kml_finishes(u16 kml_op)
{
	return kml_op == KML_OP_CLOSE || kml_op == KML_OP_MOUNT || kml_op == KML_OP_UMOUNT;
}

static u32 kml_pad_len(u64 head, u32 len)
{
	u32 left = KML_CHUNK - head % KML_CHUNK;

	return len > left ? left : 0;
}

/*
 * The lower file system has extents: many blocks at once, which become part of
 * one extent in the order in which they are written. For the first of them a
 * new one may have to be made: it is written now, when failing does no harm.
 */
static int kml_extend_blocks(struct kml *kml, u64 goal)
{
	u64 at = kml->zeroed;
	int err;

	err = kml_allocate(kml, at, goal - at) ?: kml_write(kml, at, kml->zeros, PAGE_SIZE);
	if (!err)
		kml->zeroed = goal;
	return err;
}

/* Makes room ahead of the head, with the mounter's right to the root reserve. */
static int kml_extend(struct kml *kml, u64 need)
{
	u64 goal = round_up(need, KML_STEP), ahead = round_up(need, KML_AHEAD);
	const struct cred *old;
	int err = 0;

	if (ahead > (u64)file_inode(kml->file)->i_sb->s_maxbytes)
		return -EFBIG;
	old = override_creds(kml->cred);
	if (!kml_extend_blocks(kml, ahead))
		goal = need;
	while (!err && kml->zeroed < goal) {
		/* a page at a time when space is short: every byte counts then */
		size_t len = min_t(u64, goal - kml->zeroed, KML_STEP);

		err = kml_write(kml, kml->zeroed, kml->zeros, len);
		if (err == -ENOSPC || err == -EDQUOT) {
			len = min_t(u64, len, PAGE_SIZE);
			err = kml_write(kml, kml->zeroed, kml->zeros, len);
		}
		if (!err)
			kml->zeroed += len;
	}
	revert_creds(old);
	return kml->zeroed >= need ? 0 : err;
}

/*
 * Makes sure that a record of @len bytes can be written and that afterwards
 * everything that may have to be finished still fits. @reserve: bytes that the
 * record itself keeps for later.
 */
int kml_make_room(struct kml *kml, u16 kml_op, u32 len, u64 reserve)
{
	u64 need = kml->head + kml_pad_len(kml->head, len) + len;

	lockdep_assert_held(&kml->lock);
	if (!kml_finishes(kml_op))
		/* one CLOSE_MAX more: the UMOUNT record */
		need += kml_worst(kml->reserved + reserve + KML_CLOSE_MAX);
	if (!kml_finishes(kml_op) && !kml_frees_space(kml_op))
		need += KML_REMOVAL_ROOM;
	return need <= kml->zeroed ? 0 : kml_extend(kml, need);
}

/**
 * kml_keep - keep room for a record of at most KML_CLOSE_MAX bytes
 * @kml: the log
 *
 * What must be written once an operation has run: kml_finish() does, in that
 * room, and kml_let() gives it back. Returns zero or a negative errno.
 */
int kml_keep(struct kml *kml)
{
	unsigned int flags;
	int err;

	mutex_lock(&kml->lock);
	flags = memalloc_nofs_save();
	err = kml_make_room(kml, KML_OP_DIRTY, 0, KML_CLOSE_MAX);
	if (!err)
		kml->reserved += KML_CLOSE_MAX;
	memalloc_nofs_restore(flags);
	mutex_unlock(&kml->lock);
	return err;
}

void kml_let(struct kml *kml)
{
	mutex_lock(&kml->lock);
	kml->reserved -= KML_CLOSE_MAX;
	mutex_unlock(&kml->lock);
}

/* Moves the watermark up to the oldest operation in flight. */
static bool kml_move_watermark(struct kml *kml)
{
	struct presto_op *oldest;
	u64 to = kml->head;

	lockdep_assert_held(&kml->tail_lock);
	oldest = list_first_entry_or_null(&kml->inflight, struct presto_op, inflight);
	if (oldest)
		to = oldest->offset;
	if (to == kml->watermark)
		return false;
	/* pairs with kml_watermark(): what is below is in the page cache */
	smp_store_release(&kml->watermark, to);
	return true;
}

/* The bytes at the head were written: they are part of the log from here on. */
static void kml_commit(struct kml *kml, struct presto_op *op, u32 len, enum kml_kind kind)
{
	bool moved;

	spin_lock(&kml->tail_lock);
	if (kind == KML_TRACKED)
		list_add_tail(&op->inflight, &kml->inflight);
	WRITE_ONCE(kml->head, kml->head + len);
	moved = kml_move_watermark(kml);
	spin_unlock(&kml->tail_lock);
	if (moved)
		presto_device_wake(kml->device);
}

/*
 * Writes at the head. If that fails, zeros go back: what was never part of the
 * log must not look like a record after a power cut.
 */
static int kml_put(struct kml *kml, const void *buf, u32 len)
{
	u32 done, n;
	int err = kml_write(kml, kml->head, buf, len), undo;

	if (likely(!err))
		return 0;
	for (done = 0; done < len; done += n) {
		n = min_t(u32, len - done, KML_STEP);
		undo = kml_write(kml, kml->head + done, kml->zeros, n);
		if (undo) {
			kml_break(kml, "taking back a record", undo);
			break;
		}
	}
	return err;
}

static int kml_put_pad(struct kml *kml, u32 len)
{
	struct kml_record *pad = kvzalloc(max_t(u32, len, sizeof(*pad)), GFP_KERNEL);
	int err;

	if (!pad)
		return -ENOMEM;
	pad->len = cpu_to_le32(len);
	pad->op = cpu_to_le16(KML_OP_PAD);
	pad->version = cpu_to_le16(KML_VERSION);
	*(__le32 *)((void *)pad + len - sizeof(__le32)) = pad->len;
	err = kml_put(kml, pad, len);
	kvfree(pad);
	if (!err)
		kml_commit(kml, NULL, len, KML_PLAIN);
	return err;
}

/* The oldest mark that is open, @none if none is. */
static u64 kml_oldest_mark(struct kml *kml, u64 none)
{
	struct presto_jinode *ji;

	if (unlikely(kml->unclosed))
		return kml->unclosed;
	ji = list_first_entry_or_null(&kml->dirty, struct presto_jinode, dirty_list);
	return ji ? ji->dirty : none;
}

/**
 * kml_may_mark - can a record stand for the DIRTY of the file that it made?
 * @record: a record
 *
 * Whoever creates a file mostly writes to it next. As long as nothing has been
 * logged since, the CREATE is the mark; the record after it says whether it was.
 */
bool kml_may_mark(const struct kml_record *record)
{
	return le16_to_cpu(record->op) == KML_OP_CREATE &&
	       !(le32_to_cpu(record->flags) & (KML_FLAG_APPLIED | KML_FLAG_TMPFILE));
}

/* Is the last record a CREATE whose file is being written, with no DIRTY? */
static bool kml_create_is_open(struct kml *kml)
{
	struct presto_jinode *ji;

	if (likely(!kml->created))
		return false;
	if (unlikely(kml->unclosed))
		return true;
	ji = list_empty(&kml->dirty) ? NULL :
	     list_last_entry(&kml->dirty, struct presto_jinode, dirty_list);
	return ji && ji->dirty == kml->created;
}

/* Fills in what depends on where the record stands. */
static void kml_seal(struct kml *kml, struct presto_op *op)
{
	struct kml_record *record = (void *)op->buf;
	u16 kml_op = le16_to_cpu(record->op);
	u64 local = max(kml->local, op->taken);

	op->offset = kml->head;
	op->recno = kml->recno + 1;
	record->len = cpu_to_le32(op->len);
	*(__le32 *)(op->buf + op->len - sizeof(__le32)) = record->len;
	record->recno = cpu_to_le64(op->recno);
	record->stable = cpu_to_le64(kml->watermark);
	record->synced = cpu_to_le64(READ_ONCE(kml->covered));
	record->mounts = cpu_to_le64(kml->mounts);
	if (kml_create_is_open(kml))
		record->flags |= cpu_to_le32(KML_FLAG_MARKED);
	record->dirty = cpu_to_le64(kml_oldest_mark(kml, op->offset));
	if (presto_op_counts(kml_op) && !record->replica)
		record->counter = cpu_to_le64(local + 1);
	record->local = cpu_to_le64(local + (record->counter && !record->replica));
	/* a new record has neither yet, as kml_record_crc() wants it */
	record->crc = cpu_to_le32(kml_crc32c(0, record, op->len));
	/* an outcome without its checksum is none yet */
	record->result.state = cpu_to_le32(KML_INTENT);
}

/* Appends where the caller made room. */
int kml_append_locked(struct kml *kml, struct presto_op *op, enum kml_kind kind)
{
	const struct kml_record *record = (void *)op->buf;
	u32 pad = kml_pad_len(kml->head, op->len);
	int err;

	lockdep_assert_held(&kml->lock);
	if (kml->broken || kml_check_disk(kml))
		return -EIO;
	if (pad) {
		err = kml_put_pad(kml, pad);
		if (err)
			return err;
	}
	kml_seal(kml, op);
	err = kml_put(kml, op->buf, op->len);
	if (err)
		return err;
	kml->recno = op->recno;
	kml->local = le64_to_cpu(record->local);
	kml->created = kml_may_mark(record) ? op->offset : 0;
	kml->anchor = min(le64_to_cpu(record->stable), le64_to_cpu(record->dirty));
	kml_commit(kml, op, op->len, kind);
	return 0;
}

/**
 * kml_append - append a record to the log
 * @kml: the log
 * @op: the record; its len is final, offset and recno are set here
 * @kind: whether it holds the watermark
 * @reserve: bytes to keep for a later CLOSE
 *
 * Returns zero, or a negative errno with the log as it was: -ERESTARTNOINTR, ask
 * at the gate.
 */
int kml_append(struct kml *kml, struct presto_op *op, enum kml_kind kind, u64 reserve)
{
	const struct kml_record *record = (void *)op->buf;
	unsigned int flags;
	int err;

	mutex_lock(&kml->lock);
	flags = memalloc_nofs_save();
	err = kml->broken ? -EIO : 0;
	if (!err && presto_op_counts(le16_to_cpu(record->op)))
		err = presto_gate_check(kml, op);
	err = err ?: kml_make_room(kml, le16_to_cpu(record->op), op->len, reserve);
	if (!err)
		err = kml_append_locked(kml, op, kind);
	memalloc_nofs_restore(flags);
	mutex_unlock(&kml->lock);
	return err;
}

/* Appends a tracked record in the room that kml_keep() keeps: space alone can't make it fail. */
int kml_finish(struct kml *kml, struct presto_op *op)
{
	unsigned int flags;
	int err;

	mutex_lock(&kml->lock);
	flags = memalloc_nofs_save();
	err = kml_make_room(kml, KML_OP_CLOSE, op->len, 0) ?:
	      kml_append_locked(kml, op, KML_TRACKED);
	memalloc_nofs_restore(flags);
	mutex_unlock(&kml->lock);
	return err;
}

/* Rewrites the outcome of a record in place; the blocks are there already. */
int kml_write_result(struct kml *kml, struct presto_op *op, struct kml_result *result)
{
	u64 at = op->offset + offsetof(struct kml_record, result);
	int err;

	result->crc = cpu_to_le32(kml_result_crc(result, op->recno));
	err = kml_write(kml, at, result, sizeof(*result));
	if (err)
		kml_break(kml, "the outcome of an operation", err);
	return err;
}

/* A tracked record has ended: readers may see it once all before it have. */
void kml_end(struct kml *kml, struct presto_op *op)
{
	bool moved;

	spin_lock(&kml->tail_lock);
	list_del(&op->inflight);
	moved = kml_move_watermark(kml);
	spin_unlock(&kml->tail_lock);
	if (moved)
		presto_device_wake(kml->device);
}

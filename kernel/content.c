// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Content of regular files: DIRTY before the first change, CLOSE when complete,
 * CLOSE|OPEN every so often on files that stay open.
 */
#include "presto.h"
#include <linux/dcache.h>
#include <linux/sched/mm.h>
#include "kml.h"

/* A file that stays open is closed off in the log after this long. */
#define PRESTO_CLOSE_AFTER	(30 * HZ)

void presto_jinode_init(struct presto_jinode *ji, struct inode *inode)
{
	memset(ji, 0, offsetof(struct presto_jinode, ranges));
	ji->inode = inode;
	mutex_init(&ji->lock);
	spin_lock_init(&ji->range_lock);
	INIT_LIST_HEAD(&ji->dirty_list);
}

static struct kml *presto_kml(struct inode *inode)
{
	return PRESTO_SB(inode->i_sb)->kml;
}

/* The mark stands: it is open until a CLOSE, for which room is kept. */
static void presto_mark_set(struct kml *kml, struct presto_jinode *ji, struct presto_op *op)
{
	lockdep_assert_held(&kml->lock);
	if (list_empty(&ji->dirty_list))
		kml->reserved += KML_CLOSE_MAX;
	list_move_tail(&ji->dirty_list, &kml->dirty);
	ji->since = jiffies;
	ji->applied = op->context.replica;
	presto_note_change(ji, op);
	WRITE_ONCE(ji->dirty, op->offset);
}

static void presto_mark_clear(struct kml *kml, struct presto_jinode *ji)
{
	lockdep_assert_held(&kml->lock);
	if (list_empty(&ji->dirty_list))
		return;
	list_del_init(&ji->dirty_list);
	kml->reserved -= KML_CLOSE_MAX;
	WRITE_ONCE(ji->dirty, 0);
}

/* DIRTY in memory. */
static int presto_mark_record(struct presto_op *op, struct presto_jinode *ji)
{
	presto_record_init(op, ji->inode->i_sb, KML_OP_DIRTY);
	presto_op_object(op, KML_F_OBJECT, ji->inode);
	return presto_record_finish(op);
}

/* Nothing has been logged since the file was created here: its CREATE is the mark as well. */
static bool presto_create_marks(struct kml *kml, struct presto_jinode *ji,
				const struct presto_op *op)
{
	u64 created = READ_ONCE(ji->created);

	lockdep_assert_held(&kml->lock);
	return created && created == kml->created && !op->context.replica;
}

/* Appends DIRTY, if need be; the header of the record counts the mark already. */
static int presto_mark_append(struct kml *kml, struct presto_jinode *ji, struct presto_op *op)
{
	int err = kml_make_room(kml, KML_OP_DIRTY, op->len, KML_CLOSE_MAX);

	if (err)
		return err;
	if (!presto_create_marks(kml, ji, op))
		return kml_append_locked(kml, op, KML_PLAIN);
	op->offset = kml->created;
	return kml->broken ? -EIO : 0;
}

static int presto_mark(struct kml *kml, struct presto_jinode *ji)
{
	struct presto_op op __uninitialized;
	int err = presto_mark_record(&op, ji);

	lockdep_assert_held(&ji->lock);
	if (err)
		goto out;
	mutex_lock(&kml->lock);
	err = presto_gate_check(kml, &op) ?: presto_mark_append(kml, ji, &op);
	if (!err)
		presto_mark_set(kml, ji, &op);
	mutex_unlock(&kml->lock);
	if (!err)
		schedule_delayed_work(&kml->closer, PRESTO_CLOSE_AFTER);
out:
	presto_record_free(&op);
	return err;
}

/*
 * Whether the caller may rely on the mark that is open. That of what lento
 * applies tells of nothing that a program writes meanwhile, nor is the gate
 * open for him because of it.
 */
bool presto_has_mark(struct inode *inode)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;

	return READ_ONCE(ji->dirty) && (!READ_ONCE(ji->applied) || presto_is_lento(inode->i_sb));
}

/* A mark that must be durable is so when the log is synced beyond it. */
static bool presto_mark_done(struct inode *inode, bool overwrites)
{
	return presto_has_mark(inode) && (!overwrites || READ_ONCE(presto_kml(inode)->synced) >
							 READ_ONCE(PRESTO_I(inode)->j.dirty));
}

int presto_dirty(struct inode *inode, bool overwrites)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;
	struct kml *kml = presto_kml(inode);
	struct super_block *lower_sb = presto_lower_inode(inode)->i_sb;
	unsigned int flags;
	int err = 0;

again:
	if (likely(presto_mark_done(inode, overwrites)))
		return 0;
	if (!presto_lower_inode(inode)->i_nlink)
		return 0;
	if (presto_is_lento(inode->i_sb) && !presto_in_context(inode->i_sb))
		return -EPERM;

	sb_start_pagefault(lower_sb);
	flags = memalloc_nofs_save();
	mutex_lock(&ji->lock);
	if (!presto_has_mark(inode))
		err = presto_mark(kml, ji);
	mutex_unlock(&ji->lock);
	if (!err && !presto_mark_done(inode, overwrites))
		err = kml_flush(kml);
	memalloc_nofs_restore(flags);
	sb_end_pagefault(lower_sb);
	if (unlikely(err == -ERESTARTNOINTR)) {
		err = presto_gate_ask(kml, true);
		if (!err)
			goto again;
	}
	return err;
}

void presto_writer_get(struct inode *inode)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;

	mutex_lock(&ji->lock);
	ji->writers++;
	mutex_unlock(&ji->lock);
}

bool presto_has_writers(struct inode *inode)
{
	return READ_ONCE(PRESTO_I(inode)->j.writers);
}

/* An operation without a record has no offset. */
void presto_created(struct inode *inode, const struct presto_op *op)
{
	if (!op->context.replica)
		WRITE_ONCE(PRESTO_I(inode)->j.created, op->offset);
}

/*
 * Whoever makes a file sets its owner, mode and times before he closes it, and
 * others can't use it earlier: the mark covers that as it covers the content.
 * What lento applies has a record of its own, with its dot.
 */
bool presto_close_tells(struct inode *inode)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;

	if (!READ_ONCE(ji->created) || !READ_ONCE(ji->dirty) || presto_is_lento(inode->i_sb))
		return false;
	ji->attr_set = true;
	return true;
}

/* Where the file is now: a hint, a rename may be logged before the CLOSE is. */
static void presto_put_name(struct presto_op *op, struct dentry *dentry)
{
	struct name_snapshot name;
	struct dentry *parent;

	if (!dentry || d_unhashed(dentry) || IS_ROOT(dentry))
		return;
	parent = dget_parent(dentry);
	take_dentry_name_snapshot(&name, dentry);
	if (parent != dentry) {
		presto_op_parent(op, KML_F_PARENT, d_inode(parent));
		presto_op_name(op, KML_F_NAME, &name.name);
	}
	release_dentry_name_snapshot(&name);
	dput(parent);
}

/* CLOSE in memory. The upper inode is locked: its attributes are those of this point. */
static int presto_close_record(struct presto_op *op, struct presto_jinode *ji,
			       struct dentry *dentry, u32 flags)
{
	int err;

	presto_record_init(op, ji->inode->i_sb, KML_OP_CLOSE);
	presto_op_flags(op, flags | (ji->attr_set ? KML_FLAG_ATTR : 0), 0);
	presto_op_object(op, KML_F_OBJECT, ji->inode);
	presto_put_name(op, dentry);
	presto_op_attr(op, KML_F_ATTR, ji->inode);
	presto_put_ranges(op, ji);
	err = presto_record_finish(op);
	if (err)
		presto_record_free(op);
	return err;
}

static void presto_close_told(struct presto_jinode *ji)
{
	WRITE_ONCE(ji->created, 0);
	ji->attr_set = false;
}

/*
 * Ends the mark with a CLOSE. If that can't be written the mark stays open in
 * the log, and recovery will close it: until then no record may say that there
 * is no open mark.
 */
static void presto_close(struct kml *kml, struct presto_jinode *ji, struct dentry *dentry,
			 u32 flags)
{
	bool gone = !presto_lower_inode(ji->inode)->i_nlink;
	struct presto_op op __uninitialized;
	int err = 0;

	lockdep_assert_held(&ji->lock);
	if (!gone)
		err = presto_close_record(&op, ji, dentry, flags);
	mutex_lock(&kml->lock);
	if (!gone && !err)
		err = kml_make_room(kml, KML_OP_CLOSE, op.len, 0) ?:
		      kml_append_locked(kml, &op, KML_PLAIN);
	if (!gone && !err)
		presto_note_change(ji, &op);
	if (err)
		kml_break(kml, "a CLOSE", err);
	presto_mark_clear(kml, ji);
	mutex_unlock(&kml->lock);
	presto_close_told(ji);
	if (!gone)
		presto_record_free(&op);
}

/* Whether that was the last writer, and lento waits for it: told when nothing is locked. */
static bool presto_writer_drop(struct presto_jinode *ji)
{
	bool freed = !--ji->writers && ji->awaited;

	lockdep_assert_held(&ji->lock);
	if (freed)
		ji->awaited = false;
	return freed;
}

/* Whether the content is complete with this writer, who goes or has just gone. */
static bool presto_completes(struct presto_jinode *ji, unsigned int others)
{
	/* what lento has applied is so with lento, whoever else waits at the gate */
	return ji->dirty && (!others || (ji->applied && presto_is_lento(ji->inode->i_sb)));
}

/* Drops a writer; false if a CLOSE is due. */
static bool presto_writer_put_fast(struct presto_jinode *ji, bool *freed)
{
	bool done;

	mutex_lock(&ji->lock);
	done = !presto_completes(ji, ji->writers - 1);
	if (done)
		*freed = presto_writer_drop(ji);
	mutex_unlock(&ji->lock);
	return done;
}

/* The same where it needs a CLOSE. */
static bool presto_writer_put_dirty(struct inode *inode, struct dentry *dentry)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;
	struct super_block *lower_sb = presto_lower_inode(inode)->i_sb;
	unsigned int flags;
	bool freed;

	inode_lock(inode);
	sb_start_write(lower_sb);
	flags = memalloc_nofs_save();
	mutex_lock(&ji->lock);
	freed = presto_writer_drop(ji);
	if (presto_completes(ji, ji->writers))
		presto_close(presto_kml(inode), ji, dentry, 0);
	mutex_unlock(&ji->lock);
	memalloc_nofs_restore(flags);
	sb_end_write(lower_sb);
	inode_unlock(inode);
	return freed;
}

void presto_writer_put(struct inode *inode, struct dentry *dentry)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;
	bool freed;

	if (!presto_writer_put_fast(ji, &freed))
		freed = presto_writer_put_dirty(inode, dentry);
	if (freed)
		presto_device_released(presto_kml(inode)->device);
}

void presto_forget(struct inode *inode)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;
	struct kml *kml = presto_kml(inode);

	/* nobody else has the inode any more */
	if (!READ_ONCE(ji->dirty))
		return;
	mutex_lock(&kml->lock);
	presto_mark_clear(kml, ji);
	mutex_unlock(&kml->lock);
}

/*
 * A mapping that stays writable: its stores can't be seen, so the next mark
 * comes at once. Readers get both or none: the CLOSE holds the watermark until
 * the mark is there.
 */
static int presto_close_mapped(struct kml *kml, struct presto_jinode *ji, struct dentry *dentry)
{
	struct kml_result failed = { .state = cpu_to_le32(KML_VOID) };
	struct presto_op close, mark;
	int err;

	presto_changed(ji->inode, 0, ~0ULL);
	err = presto_mark_record(&mark, ji) ?:
	      presto_close_record(&close, ji, dentry, KML_FLAG_OPEN);
	if (err)
		goto out_mark;
	mutex_lock(&kml->lock);
	err = kml_make_room(kml, KML_OP_DIRTY, close.len + mark.len, 0) ?:
	      kml_append_locked(kml, &close, KML_TRACKED);
	if (!err) {
		err = kml_append_locked(kml, &mark, KML_PLAIN);
		if (err)
			kml_write_result(kml, &close, &failed);
		else
			presto_mark_set(kml, ji, &mark);
		kml_end(kml, &close);
	}
	mutex_unlock(&kml->lock);
	if (!err)
		presto_close_told(ji);
	presto_changed(ji->inode, 0, ~0ULL);
	presto_record_free(&close);
out_mark:
	presto_record_free(&mark);
	return err;
}

/*
 * Closes one open file off, locked; not while the lower file system is frozen.
 * What lento has moved out of the tree is told of once, when nobody writes to it
 * any more: nobody waits for it.
 */
static int presto_close_open(struct kml *kml, struct inode *inode)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;
	struct inode *lower = presto_lower_inode(inode);
	struct dentry *dentry;
	unsigned int flags;
	bool mapped = false;

	/* to wait for a thaw would keep it from happening: it wants s_umount, too */
	if (!sb_start_write_trylock(lower->i_sb))
		return -EAGAIN;
	/* with the inode locked no other is submitted */
	inode_dio_wait(lower);
	flags = memalloc_nofs_save();
	dentry = d_find_alias(inode);
	mutex_lock(&ji->lock);
	if (ji->dirty && !(dentry && presto_is_control(dentry))) {
		mapped = lower->i_nlink && mapping_writably_mapped(lower->i_mapping);
		if (!mapped)
			presto_close(kml, ji, dentry, KML_FLAG_OPEN);
		else if (presto_close_mapped(kml, ji, dentry))
			mapped = false;
	}
	mutex_unlock(&ji->lock);
	dput(dentry);
	memalloc_nofs_restore(flags);
	/* the stores that follow overwrite in place: the new mark must be durable */
	if (mapped && kml_flush(kml))
		pr_err_ratelimited("%s: can't sync the log\n", inode->i_sb->s_id);
	sb_end_write(lower->i_sb);
	return 0;
}

/* The next inode, by offset of its mark, that has been dirty for @age. */
static struct inode *presto_next_dirty(struct kml *kml, u64 *after, unsigned long age)
{
	struct presto_jinode *ji;
	struct inode *inode = NULL;

	mutex_lock(&kml->lock);
	list_for_each_entry(ji, &kml->dirty, dirty_list) {
		if (time_before(jiffies, ji->since + age))
			break;
		/* lento closes what it applies itself, under the update's own dot */
		if (ji->dirty <= *after || ji->applied)
			continue;
		inode = igrab(ji->inode);
		*after = ji->dirty;
		if (inode)
			break;
	}
	mutex_unlock(&kml->lock);
	return inode;
}

/* Closes off all that is open now. Returns zero or -EAGAIN (frozen), -EINTR. */
int presto_close_marks(struct kml *kml)
{
	struct inode *inode;
	u64 after = 0, end = kml_head(kml);
	int err = 0;

	while (!err && (inode = presto_next_dirty(kml, &after, 0))) {
		/* what is mapped has another mark by now */
		if (after < end)
			err = down_write_killable(&inode->i_rwsem);
		if (after < end && !err) {
			err = presto_close_open(kml, inode);
			inode_unlock(inode);
		}
		iput(inode);
		if (after >= end)
			break;
	}
	return err;
}

/* Runs while there are open marks, and only then. */
void presto_closer(struct work_struct *work)
{
	struct kml *kml = container_of(to_delayed_work(work), struct kml, closer);
	struct inode *inode;
	u64 after = 0;

	/* an unmount holds it, and waits for us */
	if (down_read_trylock(&kml->sb->s_umount)) {
		while (kml->sb->s_root &&
		       (inode = presto_next_dirty(kml, &after, PRESTO_CLOSE_AFTER))) {
			/* a busy one waits for the next round */
			if (inode_trylock(inode)) {
				presto_close_open(kml, inode);
				inode_unlock(inode);
			}
			iput(inode);
		}
		up_read(&kml->sb->s_umount);
	}
	if (!list_empty_careful(&kml->dirty))
		schedule_delayed_work(&kml->closer, PRESTO_CLOSE_AFTER / 2);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an apply context asks of an operation: that nobody has changed its
 * objects since lento looked at the log, and the mtime of the directories.
 *
 * Both are decided here, under the locks of the operation, because between
 * lento's look and the operation any program may change anything.
 */
#include "presto.h"
#include "kml.h"

/*
 * What enters the tree was out of everybody's reach (what it replaces was
 * not), and a CLOSE tells of what has happened already.
 */
static bool presto_is_beyond_doubt(const struct presto_op *op, u16 field)
{
	u16 kml_op = le16_to_cpu(((const struct kml_record *)op->buf)->op);

	return kml_op == KML_OP_CLOSE || (kml_op == KML_OP_ENTER && field == KML_F_OBJECT);
}

/*
 * Without a journal below, an entry of a directory, or an xattr, may reach the
 * disk before everything that would show that there was a change: record and
 * ctime. So the first update since the last sync of what was there then waits
 * for its record; a scan finds what is new since in a directory named by one.
 */
static bool presto_must_wait(const struct presto_op *op, u16 field, const struct presto_jinode *ji)
{
	const struct kml *kml = PRESTO_SB(op->sb)->kml;

	if (kml->ordered || READ_ONCE(ji->shown) >= READ_ONCE(kml->covered))
		return false;
	switch (le16_to_cpu(((const struct kml_record *)op->buf)->op)) {
	case KML_OP_LINK:
	case KML_OP_RENAME:
	case KML_OP_ENTER:
	case KML_OP_LEAVE:
	case KML_OP_SETXATTR:
	case KML_OP_REMOVEXATTR:
		return true;
	case KML_OP_CLOSE:
		return false;
	default:
		return field == KML_F_PARENT;
	}
}

/**
 * presto_op_touch - an object that an operation is about
 * @op: the operation, not written yet
 * @field: as what the record names it
 * @ji: the object, locked by the VFS as the operation needs it
 *
 * The error (-EAGAIN: it has changed since it was looked at) is kept in @op.
 */
void presto_op_touch(struct presto_op *op, u16 field, struct presto_jinode *ji)
{
	struct presto_context *context = &op->context;

	if (!WARN_ON_ONCE(op->ntouched == ARRAY_SIZE(op->touched)))
		op->touched[op->ntouched++] = ji;
	op->waits |= presto_must_wait(op, field, ji);
	if (!context->replica || !context->seen || READ_ONCE(ji->changed) < context->seen)
		return;
	if (field == KML_F_PARENT || field == KML_F_PARENT2) {
		if (context->flags & PRESTO_CONTEXT_YIELD)
			context->flags |= field == KML_F_PARENT ? PRESTO_CONTEXT_KEEP :
								  PRESTO_CONTEXT_KEEP2;
	} else if (!op->err && !presto_is_beyond_doubt(op, field)) {
		op->err = -EAGAIN;
	}
}

/**
 * presto_op_lacks - an operation would replace what isn't there
 * @op: the operation, not written yet
 * @dir: where it isn't, locked
 *
 * If the directory has changed since it was looked at, somebody has taken it
 * away: -EAGAIN, kept in @op.
 */
void presto_op_lacks(struct presto_op *op, const struct presto_jinode *dir)
{
	const struct presto_context *context = &op->context;

	if (context->replica && context->seen && !op->err &&
	    READ_ONCE(dir->changed) >= context->seen)
		op->err = -EAGAIN;
}

void presto_note_change(struct presto_jinode *ji, const struct presto_op *op)
{
	if (!op->context.replica && op->offset)
		WRITE_ONCE(ji->changed, op->offset);
}

/* The record is in the log: everything that it names has changed. */
void presto_op_note(struct presto_op *op)
{
	unsigned int i;

	for (i = 0; i < op->ntouched; i++)
		presto_note_change(op->touched[i], op);
}

void presto_op_made(struct presto_op *op, struct inode *inode)
{
	presto_fid_new(inode);
	inode_has_no_xattr(inode);	/* none that a write would have to drop */
	presto_note_change(&PRESTO_I(inode)->j, op);
	WRITE_ONCE(PRESTO_I(inode)->j.shown, op->offset);
}

/* The record must be durable before the operation runs, or it is taken back. */
int presto_op_wait(struct presto_op *op)
{
	struct kml *kml = PRESTO_SB(op->sb)->kml;
	struct kml_result result;
	unsigned int i;
	int err;

	if (!op->waits)
		return 0;
	err = kml_flush(kml);
	if (err) {
		presto_fill_result(&result, (const void *)op->buf, KML_VOID, NULL, NULL);
		kml_write_result(kml, op, &result);
		kml_end(kml, op);
		return err;
	}
	for (i = 0; i < op->ntouched; i++)
		WRITE_ONCE(op->touched[i]->shown, op->offset);
	return 0;
}

static bool presto_sets_mtime(const struct presto_op *op)
{
	return op->buf && op->context.replica;
}

void presto_op_dir_before(struct presto_op *op, unsigned int which, struct inode *lower_dir)
{
	const struct presto_context *context = &op->context;
	u32 keep = which ? PRESTO_CONTEXT_KEEP2 : PRESTO_CONTEXT_KEEP;

	if (!presto_sets_mtime(op))
		return;
	if ((context->flags & PRESTO_CONTEXT_TIME) && !(context->flags & keep))
		op->mtime[which] = (struct timespec64){ context->sec, context->nsec };
	else
		op->mtime[which] = inode_get_mtime(lower_dir);
}

/* The lower directory is locked. */
void presto_leave_mtime(struct dentry *lower_dir, struct timespec64 wanted)
{
	struct iattr attr = {
		.ia_valid = ATTR_MTIME | ATTR_MTIME_SET | ATTR_FORCE,
		.ia_mtime = wanted,
	};
	struct timespec64 mtime = inode_get_mtime(d_inode(lower_dir));
	int err;

	if (timespec64_equal(&mtime, &wanted))
		return;
	/* an append-only directory takes names, but no times */
	err = presto_do_setattr(&nop_mnt_idmap, lower_dir, &attr);
	if (err)
		pr_debug("the mtime of %pd2 stays (%d)\n", lower_dir, err);
}

void presto_op_dir_after(struct presto_op *op, unsigned int which, struct dentry *lower_dir)
{
	if (presto_sets_mtime(op))
		presto_leave_mtime(lower_dir, op->mtime[which]);
}

/* The lower file system may read the clock twice, but the record tells one time. */
void presto_op_dirs_alike(struct presto_op *op, struct dentry *lower_dir, struct inode *other)
{
	if (op->buf && !op->context.replica)
		presto_leave_mtime(lower_dir, inode_get_mtime(other));
}

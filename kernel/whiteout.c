// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RENAME_WHITEOUT makes an object where the renamed one was. It has a record of
 * its own, a MKNOD behind the RENAME, which is written before the RENAME ends:
 * a RENAME that something follows had happened, and so had its whiteout.
 */
#include "presto.h"
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include "kml.h"
#include "lower.h"

/**
 * presto_whiteout_begin - what a rename is going to leave behind
 * @idmap: of the mount
 * @dir: upper directory that the rename takes from, locked
 * @dentry: the name there
 *
 * Called with write access to the lower file system, before the RENAME is
 * written. Room in the log is kept until presto_whiteout_end(). Returns the
 * record, or an ERR_PTR().
 */
struct presto_op *presto_whiteout_begin(struct mnt_idmap *idmap, struct inode *dir,
					struct dentry *dentry)
{
	struct presto_op *op = kmalloc(sizeof(*op), GFP_KERNEL);
	int err;

	if (!op)
		return ERR_PTR(-ENOMEM);
	presto_record_init(op, dir->i_sb, KML_OP_MKNOD);
	presto_op_parent(op, KML_F_PARENT, dir);
	presto_op_name(op, KML_F_NAME, &dentry->d_name);
	presto_op_new(op, idmap, dir, S_IFCHR | WHITEOUT_MODE, WHITEOUT_DEV);
	err = presto_record_finish(op) ?: kml_keep(PRESTO_SB(dir->i_sb)->kml);
	if (err) {
		presto_record_free(op);
		kfree(op);
		return ERR_PTR(err);
	}
	return op;
}

/* The rename can't be taken back: memory that is short is waited for. */
static struct dentry *presto_whiteout_find(const struct qstr *name, struct dentry *dir)
{
	struct dentry *made;

	for (;;) {
		made = presto_do_lookup(name, dir);
		if (made != ERR_PTR(-ENOMEM) || fatal_signal_pending(current))
			return made;
		memalloc_retry_wait(GFP_KERNEL);
	}
}

static int presto_whiteout_write(struct presto_op *op, struct dentry *made, struct inode *dir)
{
	struct kml *kml = PRESTO_SB(op->sb)->kml;
	struct kml_result result;
	int err;

	/* somebody has changed it below */
	if (!d_is_positive(made) || !IS_WHITEOUT(d_inode(made)))
		return 0;
	err = kml_finish(kml, op);
	if (err)
		return err;
	presto_op_note(op);
	presto_fill_result(&result, (const void *)op->buf, KML_DONE, d_inode(made), dir);
	kml_write_result(kml, op, &result);
	kml_end(kml, op);
	return 0;
}

/* The lower rename of @dentry has ended with @err; it wasn't run if that isn't zero. */
void presto_whiteout_end(struct presto_op *op, struct dentry *dentry, int err)
{
	struct kml *kml = PRESTO_SB(op->sb)->kml;
	struct dentry *dir = presto_lower_dentry(dentry->d_parent), *made;

	if (!err) {
		made = presto_whiteout_find(&dentry->d_name, dir);
		err = PTR_ERR_OR_ZERO(made) ?: presto_whiteout_write(op, made, d_inode(dir));
		if (err)
			kml_break(kml, "the record of a whiteout", err);
		if (!IS_ERR(made))
			dput(made);
	}
	kml_let(kml);
	presto_record_free(op);
	kfree(op);
}

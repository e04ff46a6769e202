/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal as the file system operations see it.
 *
 * Every operation that changes something runs
 *
 *	presto_op_begin()	gate, write access to the lower file system, a record in memory
 *	presto_op_*()		what the record says
 *	presto_op_write()	the record goes to the log, ahead of the operation
 *	... the lower operation ...
 *	presto_op_end()		its outcome: nothing to write, DONE in place, or VOID in place
 *
 * with the locks of the objects that it names held from presto_op_write() to
 * presto_op_end(), so that records of one object never swap (J3) and only the
 * last record of an object can be in doubt after a power cut (J2).
 */
#ifndef _PRESTO_JOURNAL_H
#define _PRESTO_JOURNAL_H

#include <linux/fs.h>
#include <linux/list.h>
#include "intermezzo.h"

struct presto_sb;
struct presto_inode;
struct kml;
struct presto_device;
struct presto_jinode;

#define PRESTO_RECORD_SIZE	512	/* enough for all but long names, targets and xattrs */

/*
 * On the stack it is __uninitialized: what begins it sets all but the room, of
 * which only what is used is ever touched.
 */
struct presto_op {
	struct super_block *sb;		/* ours, not the lower one */
	/* the record, KML_RECORD_MAX at most; NULL: not journaled */
	u8 *buf;
	u32 size;			/* bytes there are */
	u32 len;			/* bytes used */
	u64 offset;			/* where it stands in the log, after presto_op_write() */
	u64 recno;
	int err;			/* of building the record, for presto_op_write() */
	struct inode *clock;		/* lower inode whose clock gives the record's time */
	/* apply.c: the caller's context, replica 0: none; what the operation names */
	struct presto_context context;
	struct presto_jinode *touched[4];	/* OBJECT, PARENT, PARENT2, REPLACED */
	unsigned int ntouched;
	u64 taken;			/* counts up to here are, whatever the log says */
	bool waits;			/* for the log to be durable: presto_must_wait() */
	struct timespec64 mtime[2];	/* to be left on PARENT, PARENT2 */
	struct list_head inflight;	/* in kml->inflight, in order of offset [kml->tail_lock] */
	u8 room[PRESTO_RECORD_SIZE] __aligned(8);	/* what buf is, until a record is larger */
};

/*
 * Begins an operation of kind @kml_op on @sb. Takes write access to the lower
 * mount (freeze protection included). The caller's task decides dot, source and
 * flags by its apply context. Returns zero or a negative errno (-EPERM: lento
 * without a context; -EROFS; -ENOMEM); on error nothing is held.
 */
int presto_op_begin(struct presto_op *op, struct super_block *sb, u16 kml_op);

/* The same for what happens inside .intermezzo or on nameless inodes: no record. */
int presto_op_begin_unlogged(struct presto_op *op, struct super_block *sb);

/*
 * What the record says; errors are kept and returned by presto_op_write().
 * Inodes are upper ones.
 */

/* KML_F_OBJECT, KML_F_REPLACED */
void presto_op_object(struct presto_op *op, u16 field, struct inode *inode);
/* KML_F_PARENT, KML_F_PARENT2 */
void presto_op_parent(struct presto_op *op, u16 field, struct inode *dir);
void presto_op_bytes(struct presto_op *op, u16 field, const void *data, u32 len);
void presto_op_name(struct presto_op *op, u16 field, const struct qstr *name);
/* KML_F_ATTR of an object to be made; IDs are those of the file system, not of the mount */
void presto_op_new(struct presto_op *op, struct mnt_idmap *idmap, struct inode *dir, umode_t mode,
		   dev_t rdev);
/* KML_F_ATTR of a setattr */
void presto_op_iattr(struct presto_op *op, struct mnt_idmap *idmap, const struct iattr *attr);
/* all attributes an inode has now */
void presto_op_attr(struct presto_op *op, u16 field, struct inode *inode);
void presto_op_flags(struct presto_op *op, u32 flags, u32 aux);			/* or'ed in */
void presto_op_lacks(struct presto_op *op, const struct presto_jinode *dir);

/*
 * Writes the record (INTENT). On error nothing was changed, the operation must
 * not run, and presto_op_abort() gives it up instead of presto_op_end().
 */
int presto_op_write(struct presto_op *op);

/*
 * Ends the operation and drops write access. @err: the outcome of the lower
 * operation (negative: the record becomes VOID). @made: the new lower inode of
 * an operation that makes one, else NULL. @dir: the lower directory whose mtime
 * the operation set, or NULL.
 */
void presto_op_end(struct presto_op *op, int err, struct inode *made, struct inode *dir);
/* The same in two steps: the record stays in flight between them. */
void presto_op_outcome(struct presto_op *op, int err, struct inode *made, struct inode *dir);
void presto_op_close(struct presto_op *op);

/*
 * Around the lower operation, with the lower directory locked: in an apply
 * context it is left with the mtime that the context wants. @which: 0 for
 * KML_F_PARENT, 1 for KML_F_PARENT2.
 */
void presto_op_dir_before(struct presto_op *op, unsigned int which, struct inode *lower_dir);
void presto_op_dir_after(struct presto_op *op, unsigned int which, struct dentry *lower_dir);

/* What an operation has left is to be this mtime. */
void presto_leave_mtime(struct dentry *lower_dir, struct timespec64 wanted);

/* A rename between two directories leaves one mtime on both: that of @other. */
void presto_op_dirs_alike(struct presto_op *op, struct dentry *lower_dir, struct inode *other);

/* The operation has made @inode, an upper one. */
void presto_op_made(struct presto_op *op, struct inode *inode);

/* Gives up an operation that was begun but not written. */
void presto_op_abort(struct presto_op *op);

/*
 * Content of regular files. presto_dirty() goes before the first change of the
 * content since open (write, truncate through a descriptor, fallocate,
 * copy_file_range, shared writable mapping): it writes the DIRTY mark, where the
 * CREATE isn't one already, and reserves room for the CLOSE. @overwrites: bytes
 * that are on disk may be overwritten in place; the mark is then made durable
 * first, because data blocks may reach the disk before the transaction that
 * holds the mark.
 * Cheap when the inode is marked already.
 *
 * Not for files below .intermezzo that were opened there. The caller counts as a writer
 * (presto_writer_get()), and holds inode_lock of the upper inode, shared or
 * exclusive, from before presto_dirty() until after presto_changed(): a
 * CLOSE|OPEN takes it exclusively, so no change falls between it and the next
 * mark. Direct I/O that is still in flight when the lock is dropped was told of
 * by presto_changed() before, and the CLOSE|OPEN waits for it. A mapping can't:
 * inodes whose lower mapping is writable get a new mark together with the
 * CLOSE|OPEN. Freeze protection is taken here, at the level of page faults.
 */
int presto_dirty(struct inode *inode, bool overwrites);
/* A range that changed, after the change. len ~0ULL: to the end; from 0: unknown. */
void presto_changed(struct inode *inode, u64 start, u64 len);
/*
 * Open files and mappings that can write. put of the last one writes CLOSE if
 * the inode is dirty; it takes inode_lock of the upper inode: no lock is held.
 */
void presto_writer_get(struct inode *inode);
void presto_writer_put(struct inode *inode, struct dentry *dentry);
bool presto_has_writers(struct inode *inode);
bool presto_has_mark(struct inode *inode);
/* The file has just been created by an operation that has ended. */
void presto_created(struct inode *inode, const struct presto_op *op);
/* Will the CLOSE tell of attributes that are set now? Notes that it must. The inode is locked. */
bool presto_close_tells(struct inode *inode);
/* An inode goes away (last link gone, never to be closed again): its mark needs no CLOSE. */
void presto_forget(struct inode *inode);
/* PRESTO_XATTR_FID was set or removed: read it anew. */
void presto_fid_changed(struct inode *inode);

/* Per inode state of the journal, embedded in struct presto_inode. */
struct presto_jinode {
	struct inode *inode;		/* upper, the one this is embedded in */
	struct mutex lock;		/* DIRTY and CLOSE of this inode take turns */
	/* offset of the open mark, DIRTY or CREATE, 0: clean [lock, kml->lock to change] */
	u64 dirty;
	unsigned long since;		/* jiffies of the mark [kml->lock] */
	bool applied;			/* the mark was made in an apply context [kml->lock] */
	struct list_head dirty_list;	/* in kml->dirty, in order of offset [kml->lock] */
	unsigned int writers;		/* [lock] */
	bool awaited;			/* lento is to be told when there are none [lock] */
	/*
	 * Offset of its CREATE, if it was made here and not closed since, else 0: its
	 * first CLOSE tells of attributes that were set under its mark, and attr_set
	 * says that there are some. [upper i_rwsem]
	 */
	u64 created;
	bool attr_set;
	/*
	 * Offset of the last record about it, or about an entry of it, that wasn't
	 * made in an apply context; of an inode that comes into memory, not below
	 * it. [the VFS's locks of the operation]
	 */
	u64 changed;
	/*
	 * A record at this offset names it, or made it, and a scan would find that:
	 * presto_must_wait(). [the same]
	 */
	u64 shown;
	spinlock_t range_lock;		/* what changed, and the FID */
	unsigned int nranges;		/* [range_lock] */
	bool whole;			/* ranges are unknown [range_lock] */
	struct kml_fid fid;		/* valid if fid_known [range_lock] */
	bool fid_known;			/* [range_lock] */
	/* sorted, disjoint [range_lock] */
	struct kml_range_cpu { u64 start, end; } ranges[KML_RANGES_MAX];
};

void presto_jinode_init(struct presto_jinode *ji, struct inode *inode);

/* The whole journal of a mount. Recovery happens in open. */
int presto_journal_open(struct super_block *sb);
void presto_journal_close(struct super_block *sb);	/* CLOSEs, UMOUNT record, sync */
/* for ->sync_fs and PRESTO_IOC_SYNC */
int presto_journal_sync(struct super_block *sb);

/* Who is asking. */
/* the caller's thread group has our device open */
bool presto_is_lento(struct super_block *sb);
/* the caller's thread has an apply context on it */
bool presto_in_context(struct super_block *sb);

/* The device. */
int presto_devices_init(void);
void presto_devices_exit(void);
/* "/dev/intermezzo3" or NULL: the first free one */
int presto_device_bind(struct super_block *sb, const char *name);
void presto_device_unbind(struct super_block *sb);	/* readers wake up with ENOTCONN */
const char *presto_device_name(struct presto_device *device);	/* "intermezzo3" */

#endif

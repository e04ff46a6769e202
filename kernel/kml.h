/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log file behind a mount: an append-only file on the lower file system.
 *
 * Crash argument. A record is in the file before its operation runs, and the
 * file's data goes through the lower file system's journal, whose transactions
 * commit in order. So an operation is never durable without its record (J1),
 * and what a cut leaves behind the last whole record was never acted upon.
 * The file has blocks ahead of the head, which read as zeros: writing a record,
 * its outcome or a CLOSE needs no new block, so finishing never meets a full disk.
 *
 * Lock ranking, outer first:
 *	s_umount (the closer only tries)
 *	  upper inodes' i_rwsem
 *	    freeze protection of the lower file system
 *	      presto_jinode.lock
 *	        kml.lock
 *	          i_rwsem of the log file, then what the lower file system takes
 *	            kml.tail_lock
 *	              presto_jinode.range_lock, presto_device.lock
 * kml.trim_lock ranks with kml.lock and is never held with it. Under kml.lock
 * and presto_jinode.lock memory is allocated with NOFS only: reclaim evicts
 * inodes, and an evicted inode takes them.
 */
#ifndef _PRESTO_KML_H
#define _PRESTO_KML_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "intermezzo.h"
#include "journal.h"

/* Blocks are allocated ahead of the head in steps of this many bytes. */
#define KML_AHEAD	(1024 * 1024)

/* Where the lower file system can't, zeros are written in steps of this many bytes. */
#define KML_STEP	(64 * 1024)

/* The largest CLOSE: peer, object, parent, name, attributes, ranges, both ends. */
#define KML_CLOSE_MAX	ALIGN(sizeof(struct kml_record) + 6 * sizeof(struct kml_field) + \
			      sizeof(__le64) + 2 * sizeof(struct kml_object) + 256 + \
			      sizeof(struct kml_attr) + \
			      KML_RANGES_MAX * sizeof(struct kml_range) + 4, KML_ALIGN)

/* Only operations that free space may use the last bytes of a full disk. */
#define KML_REMOVAL_ROOM	(32 * 1024)

struct presto_device;

struct kml {
	struct super_block *sb;		/* upper */
	struct presto_device *device;
	struct file *file;
	struct address_space_operations aops;	/* the log file's while it is exact */
	const struct address_space_operations *lower_aops;	/* those that it had, or NULL */
	const struct cred *cred;	/* the mounter's: may use the root reserve */
	void *zeros;			/* KML_STEP of them */
	u8 log_id[16];
	bool exact;			/* the file's data is journaled below (J1) */
	bool ordered;			/* metadata below is durable in order */
	u32 mount;			/* what the MOUNT says: KML_MOUNT_* */
	u64 mounts;			/* that the lower file system counts, or 0 */

	struct mutex lock;		/* appending */
	u64 zeroed;			/* end of the blocks ahead, that is of the file [lock] */
	u64 recno;			/* of the last record [lock] */
	u64 local;			/* highest count of this replica [lock] */
	u64 reserved;			/* bytes kept for the CLOSEs of open marks [lock] */
	/* where recovery would start: stable and dirty of the last record [lock] */
	u64 anchor;
	u64 created;			/* the last record, if it may be a mark, or 0 [lock] */
	struct list_head dirty;		/* presto_jinodes with open marks, by offset [lock] */
	u64 unclosed;			/* oldest mark that recovery has yet to close, or 0 */
	bool broken;			/* nothing can be written any more [only ever set] */

	spinlock_t tail_lock;		/* head, watermark, what is in flight */
	u64 head;			/* end of the last record [lock and tail_lock to change] */
	u64 watermark;			/* kml_watermark() [tail_lock to change] */
	struct list_head inflight;	/* presto_ops, by offset [tail_lock] */
	errseq_t data_err;		/* write-back errors of the log file seen [constant] */
	errseq_t wb_err;		/* write-back errors of the lower file system seen [none] */
	u64 synced;			/* of the log all below is durable [tail_lock to change] */
	u64 covered;			/* log and tree durable [tail_lock to change] */

	struct mutex trim_lock;		/* one trims at a time */
	u64 first;			/* oldest retained record [trim_lock to change] */

	struct delayed_work closer;	/* armed while there are open marks */
};

/* How kml_append() treats a record. */
enum kml_kind {
	KML_PLAIN,		/* stands for itself: ended as it is written */
	KML_TRACKED,		/* holds the watermark until kml_end() */
};

/* kml_file.c: the file itself. */
struct kml *kml_open(struct super_block *sb);
void kml_free(struct kml *kml);
int kml_read(struct kml *kml, u64 offset, void *buf, size_t len);
int kml_write(struct kml *kml, u64 offset, const void *buf, size_t len);
int kml_allocate(struct kml *kml, u64 offset, u64 len);
int kml_flush(struct kml *kml);
int kml_write_back(struct kml *kml);
int kml_check_disk(struct kml *kml);
void kml_mark_synced(struct kml *kml, u64 offset);
void kml_mark_covered(struct kml *kml, u64 offset);
u64 kml_find_first(struct kml *kml);
int kml_trim(struct kml *kml, u64 below);

/* writeback.c: its blocks on their way to their place. */
void kml_writeback_begin(struct kml *kml);
void kml_writeback_end(struct kml *kml);

/* kml.c: appending, outcomes, the watermark. */
int kml_append(struct kml *kml, struct presto_op *op, enum kml_kind kind, u64 reserve);
int kml_append_locked(struct kml *kml, struct presto_op *op, enum kml_kind kind);
int kml_make_room(struct kml *kml, u16 kml_op, u32 len, u64 reserve);
int kml_keep(struct kml *kml);
void kml_let(struct kml *kml);
int kml_finish(struct kml *kml, struct presto_op *op);
int kml_write_result(struct kml *kml, struct presto_op *op, struct kml_result *result);
void kml_end(struct kml *kml, struct presto_op *op);
bool kml_may_mark(const struct kml_record *record);
void kml_break(struct kml *kml, const char *what, int err);

/* Readers see what is below. */
static inline u64 kml_watermark(struct kml *kml)
{
	/* pairs with the release in kml_move_watermark() */
	return smp_load_acquire(&kml->watermark);
}

static inline u64 kml_head(struct kml *kml)
{
	return READ_ONCE(kml->head);
}

/* format.c: one reading of the bytes for everybody in the kernel. */
u32 kml_crc32c(u32 crc, const void *data, size_t len);
u32 kml_record_crc(const void *record, u32 len);
u32 kml_result_crc(const struct kml_result *result, u64 recno);
bool kml_len_ok(u64 offset, u32 len);
bool kml_record_ok(u64 offset, const void *record, u32 avail);
u32 kml_state(const struct kml_record *record);
const void *kml_field(const struct kml_record *record, u16 type, u32 *len);

/* journal.c: a record in memory. */
void presto_record_init(struct presto_op *op, struct super_block *sb, u16 kml_op);
int presto_record_finish(struct presto_op *op);
int presto_record_append(struct presto_op *op);
void presto_record_free(struct presto_op *op);
bool presto_op_counts(u16 kml_op);
void presto_lower_object(struct presto_op *op, u16 field, struct inode *lower,
			 const struct kml_fid *fid);
void presto_lower_attr(struct presto_op *op, u16 field, struct inode *lower);
void presto_fill_attr(struct kml_attr *attr, struct inode *lower);
void presto_fill_result(struct kml_result *result, const struct kml_record *record, u32 state,
			struct inode *made, struct inode *dir);

/* apply.c */
void presto_op_touch(struct presto_op *op, u16 field, struct presto_jinode *ji);
void presto_op_note(struct presto_op *op);
int presto_op_wait(struct presto_op *op);
void presto_note_change(struct presto_jinode *ji, const struct presto_op *op);

/* fid.c */
int presto_fid(struct inode *inode, struct kml_fid *fid);
void presto_fid_new(struct inode *inode);

/* ranges.c */
void presto_put_ranges(struct presto_op *op, struct presto_jinode *ji);

/* content.c */
void presto_closer(struct work_struct *work);
int presto_close_marks(struct kml *kml);

/* recover.c, decide.c */
int kml_recover(struct kml *kml);
struct dentry *kml_resolve(struct kml *kml, const struct kml_object *object);
int kml_decide(struct kml *kml, u64 offset, struct kml_record *record);

/* gate.c */
int presto_gate_check(struct kml *kml, const struct presto_op *op);
int presto_gate_ask(struct kml *kml, bool here);

/* context.c */
bool presto_device_context(struct presto_device *device, struct presto_context *context);

/* device.c */
void presto_device_start(struct presto_device *device, struct super_block *sb);
void presto_device_stop(struct presto_device *device);
void presto_device_wake(struct presto_device *device);
void presto_device_released(struct presto_device *device);
void presto_device_wanted(struct presto_device *device);

#endif

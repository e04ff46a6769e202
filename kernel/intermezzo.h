/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * The journal format (KML) and the device protocol of InterMezzo: the one
 * place where both are defined. The C# side reads the same bytes in
 * lento/InterMezzo.Journal; tests prove that both agree on every offset.
 *
 * All integers are little-endian and of fixed width. Offsets are byte offsets
 * in the log; they only grow and are never used twice (trimming punches holes).
 *
 *   kml file:  | 4096 bytes: struct kml_super | records ... | zeros |
 *
 *   record:    | struct kml_record (168) | field | field | ... | len (4) |
 *   field:     | struct kml_field (8) | data, zero padded to 8 |
 *
 * A record is a multiple of 16 bytes long, starts at a multiple of 16 and
 * never crosses a multiple of KML_CHUNK; what is left of a chunk is filled by
 * one PAD record. So a reader can start at any chunk (the first at 4096).
 * A zero length is the end of the log.
 */
#ifndef _INTERMEZZO_H
#define _INTERMEZZO_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define KML_MAGIC		"IMezzKML"	/* 8 bytes, no NUL */
#define KML_VERSION		1
#define KML_SUPER_SIZE		4096
#define KML_CHUNK		(256 * 1024)
#define KML_RECORD_MAX		(128 * 1024)	/* bytes, a whole record */
#define KML_ALIGN		16

/* Features: a reader that doesn't know an incompatible one stops. */
#define KML_FEATURE_INCOMPAT_KNOWN	0ULL

struct kml_super {
	__u8	magic[8];
	__le32	version;
	__le32	chunk;			/* KML_CHUNK */
	__u8	log_id[16];		/* random, made with the log */
	__le64	feature_compat;
	__le64	feature_incompat;
	__u8	fileset[256];		/* NUL padded */
	__le32	crc;			/* crc32c of the bytes before it */
} __attribute__((packed));

/* An object, named by the replica that made it. replica 0: this replica. */
struct kml_fid {
	__le64	replica;
	__le64	ino;
	__le32	gen;
	__le32	reserved;		/* 0 */
} __attribute__((packed));		/* 24 bytes */

/*
 * What only the operation itself could tell; written once more in place when
 * it has ended. For operations that make an object (CREATE MKDIR SYMLINK
 * MKNOD) it holds the new inode. crc is crc32c over these 48 bytes with crc
 * taken as zero, seeded with the record number's low 32 bits. A result with a
 * wrong crc counts as INTENT.
 *
 * Below the watermark INTENT and DONE both mean: it happened (an operation
 * whose outcome says nothing new isn't written a second time). VOID: it
 * failed, or a power cut came first; readers pass over it.
 */
#define KML_INTENT	0x544e4900	/* written ahead of the operation */
#define KML_DONE	0x4e4f4400
#define KML_VOID	0x44494f56

struct kml_result {
	__le32	state;
	__le32	crc;
	__le64	ino;			/* new object in the lower file system */
	__le32	gen;
	__le32	mode;			/* of the new object, after umask and ACL */
	__le32	uid;
	__le32	gid;
	__le64	sec;			/* mtime the operation left on the parent */
	__le32	nsec;			/* ... if KML_RESULT_TIME, else the record's time */
	__le32	flags;			/* KML_RESULT_* */
} __attribute__((packed));		/* 48 bytes */

#define KML_RESULT_TIME		0x1
#define KML_RESULT_XATTRS	0x2	/* born with xattrs, perhaps (inherited ACL, TMPFILE) */

struct kml_record {
	__le32	len;			/*   0 whole record, both ends included */
	__le16	op;			/*   4 KML_OP_* */
	__le16	version;		/*   6 KML_VERSION */
	__le32	flags;			/*   8 KML_FLAG_* */
	__le32	crc;			/*  12 crc32c of the record, crc and result taken as zero */
	__le64	recno;			/*  16 1, 2, 3, ... without gaps, PADs not counted (0) */
	__le64	stable;			/*  24 every record below this offset had ended */
	__le64	dirty;			/*  32 oldest open DIRTY mark, or the record's own offset */
	__le64	replica;		/*  40 dot: who made the update; 0: this replica */
	__le64	counter;		/*  48 dot: its count there; 0: no update (DIRTY, MARK) */
	__le64	local;			/*  56 highest count of this replica, with this record's */
	__le64	source;			/*  64 applied: offset in the log it came from; else 0 */
	struct kml_result result;	/*  72 */
	__le64	sec;			/* 120 when (clock of the lower file system) */
	__le32	nsec;			/* 128 */
	__le32	uid;			/* 132 actor, fsuid in the initial user namespace */
	__le32	gid;			/* 136 fsgid */
	__le32	pid;			/* 140 thread group */
	__le32	aux;			/* 144 by operation: rename flags, setxattr flags, ... */
	__le32	fields;			/* 148 number of fields */
	__le64	synced;			/* 152 log and tree were durable below this offset */
	__le64	mounts;			/* 160 that the lower file system has counted, 0: none */
} __attribute__((packed));		/* 168 bytes; the first field follows */

/* PAD is short: only len, op, version and flags, zeros, and len at its end. */
#define KML_PAD_MIN	16

#define KML_FLAG_APPLIED	0x01	/* made in an apply context */
#define KML_FLAG_PARTIAL	0x02	/* more operations of the same update follow */
#define KML_FLAG_RECOVERED	0x04	/* by recovery, or a scan, after an unclean stop */
#define KML_FLAG_OPEN		0x08	/* CLOSE: the file is still open for writing */
#define KML_FLAG_WHOLE		0x10	/* CLOSE: the ranges aren't known, all may have changed */
#define KML_FLAG_TMPFILE	0x20	/* CREATE: a nameless (O_TMPFILE) inode's first name */
#define KML_FLAG_DIR		0x40	/* RENAME, ENTER, LEAVE: the object is a directory */
#define KML_FLAG_ATTR		0x80	/* CLOSE: mode and owner may have changed since the mark */
#define KML_FLAG_MARKED		0x100	/* the record before, a CREATE, was an open mark as well */

enum kml_op {
	KML_OP_PAD		= 1,
	KML_OP_CREATE		= 2,	/* PARENT NAME ATTR; object in result; may be a mark */
	KML_OP_MKDIR		= 3,	/* PARENT NAME ATTR; object in result */
	KML_OP_SYMLINK		= 4,	/* PARENT NAME ATTR TARGET; object in result */
	KML_OP_MKNOD		= 5,	/* PARENT NAME ATTR (rdev); object in result */
	KML_OP_LINK		= 6,	/* OBJECT PARENT NAME ATTR_BEFORE */
	KML_OP_UNLINK		= 7,	/* OBJECT PARENT NAME ATTR_BEFORE (nlink) */
	KML_OP_RMDIR		= 8,	/* OBJECT PARENT NAME ATTR_BEFORE */
	/* aux of RENAME and ENTER: RENAME_* */
	KML_OP_RENAME		= 9,	/* OBJECT PARENT NAME PARENT2 NAME2 [REPLACED] */
	KML_OP_SETATTR		= 10,	/* OBJECT ATTR (valid) ATTR_BEFORE */
	KML_OP_SETXATTR		= 11,	/* OBJECT XATTR_NAME XATTR_VALUE; aux: flags */
	KML_OP_REMOVEXATTR	= 12,	/* OBJECT XATTR_NAME */
	KML_OP_DIRTY		= 13,	/* OBJECT: content is about to change */
	KML_OP_CLOSE		= 14,	/* OBJECT [PARENT NAME] ATTR RANGES: content is complete */
	KML_OP_ENTER		= 15,	/* OBJECT PARENT NAME ATTR [REPLACED]: came in, or TELL */
	KML_OP_LEAVE		= 16,	/* OBJECT PARENT NAME ATTR_BEFORE: went into .intermezzo */
	KML_OP_MARK		= 17,	/* PAYLOAD: the daemon's own; replayed by nobody */
	KML_OP_MOUNT		= 18,	/* written at mount; aux: KML_MOUNT_* */
	KML_OP_UMOUNT		= 19,	/* written at a clean unmount */
	KML_OP_LIST		= 20,	/* OBJECT ATTR PAYLOAD: a directory's names, all */
	KML_OP_MAX		= KML_OP_LIST,
};

/*
 * aux of a MOUNT. SCAN: where the journal isn't exact, records from the offset
 * in "synced" on can't be relied upon and are VOID; what the tree has become is
 * to be found by a scan. BELOW: somebody else has mounted the lower file system,
 * or checked it, since our last mount.
 */
#define KML_MOUNT_UNCLEAN	0x1	/* the stop before was unclean */
#define KML_MOUNT_SCAN		0x2
#define KML_MOUNT_BELOW		0x4
#define KML_MOUNT_UNORDERED	0x8	/* the lower file system has no journal at all */

/*
 * The payload of a LIST: this, then the names, each with its length in a byte
 * before it. It speaks of the names whose crc32c, masked, has this value; so a
 * directory of any size is told of in records of bounded size.
 */
struct kml_list {
	__le32	mask;
	__le32	value;
	__le32	names;			/* how many follow */
	__le32	reserved;		/* 0 */
} __attribute__((packed));		/* 16 bytes */

enum kml_field_type {
	KML_F_OBJECT		= 1,	/* struct kml_object */
	KML_F_PARENT		= 2,	/* struct kml_object */
	KML_F_NAME		= 3,	/* 1..255 bytes */
	KML_F_PARENT2		= 4,	/* struct kml_object */
	KML_F_NAME2		= 5,	/* 1..255 bytes */
	KML_F_ATTR		= 6,	/* struct kml_attr */
	KML_F_ATTR_BEFORE	= 7,	/* struct kml_attr */
	KML_F_TARGET		= 8,	/* 1..4095 bytes */
	KML_F_XATTR_NAME	= 9,	/* 1..255 bytes */
	KML_F_XATTR_VALUE	= 10,	/* 0..65536 bytes */
	KML_F_RANGES		= 11,	/* struct kml_range[<= KML_RANGES_MAX], sorted, disjoint */
	KML_F_REPLACED		= 12,	/* struct kml_object: what was at the new name */
	KML_F_PAYLOAD		= 13,	/* 0..KML_MARK_MAX bytes */
	KML_F_PEER		= 14,	/* __le64: whose log "source" is in, if not its maker's */
};

#define KML_RANGES_MAX	16
#define KML_MARK_MAX	65536

struct kml_field {
	__le16	type;
	__le16	reserved;		/* 0 */
	__le32	len;			/* bytes of data, padding not counted */
} __attribute__((packed));

/* An object that exists here: its name for everybody, and its inode here. */
struct kml_object {
	struct kml_fid fid;
	__le64	ino;
	__le32	gen;
	__le32	mode;			/* type and permissions */
} __attribute__((packed));		/* 40 bytes */

#define KML_ATTR_MODE	0x001
#define KML_ATTR_UID	0x002
#define KML_ATTR_GID	0x004
#define KML_ATTR_SIZE	0x008
#define KML_ATTR_ATIME	0x010
#define KML_ATTR_MTIME	0x020
#define KML_ATTR_CTIME	0x040
#define KML_ATTR_RDEV	0x080
#define KML_ATTR_NLINK	0x100

struct kml_attr {
	__le32	valid;			/* KML_ATTR_*: which of these mean something */
	__le32	mode;
	__le32	uid;
	__le32	gid;
	__le32	major;
	__le32	minor;
	__le64	size;
	__le64	atime_sec;
	__le64	mtime_sec;
	__le64	ctime_sec;
	__le32	atime_nsec;
	__le32	mtime_nsec;
	__le32	ctime_nsec;
	__le32	nlink;
} __attribute__((packed));		/* 72 bytes */

struct kml_range {
	__le64	start;
	__le64	len;			/* ~0: to the end of the file */
} __attribute__((packed));

/* Identity of a replicated object, kept on its inode as struct kml_fid. */
#define PRESTO_XATTR_FID	"trusted.intermezzo.fid"
#define PRESTO_CONTROL_DIR	".intermezzo"
#define PRESTO_STAGING_DIR	"staging"
/* in there, what has left the tree until lento knows where it belongs */
#define PRESTO_ASIDE_DIR	"aside"
/* in there, conflicts, and in each of these what lost it */
#define PRESTO_CONFLICTS_DIR	"conflicts"
#define PRESTO_KEPT_DIR		"kept"

/*
 * File flags that replicas are told of, as an xattr that no file system has:
 * SETXATTR with a __le32 of FS_IMMUTABLE_FL and FS_APPEND_FL, or REMOVEXATTR
 * when neither is left.
 */
#define KML_XATTR_FLAGS		"system.intermezzo.flags"

/*
 * The device, /dev/intermezzoN, for CAP_SYS_ADMIN. Integers of ioctls are in
 * the machine's own order.
 *
 * read/pread: whole records from the file position (an offset in the log; it
 *	starts at the first record that is retained) up to the watermark, as
 *	many as fit, PADs included. Blocks at the watermark unless O_NONBLOCK
 *	(EAGAIN). EMSGSIZE: the buffer doesn't hold the next record. ENODATA:
 *	the position has been trimmed. EINVAL: no record starts there.
 *	ENOTCONN: no file system is mounted on the device.
 * lseek: SEEK_SET and SEEK_CUR, sets the position. Each open file has its own.
 * poll: EPOLLIN when the watermark is beyond the position, EPOLLPRI when
 *	"released" or "wanted" isn't what this open file was told last, EPOLLHUP
 *	when nothing is mounted.
 * write: one message per call, struct presto_message then its payload.
 */
struct presto_message {
	__u32	len;			/* this header and the payload */
	__u16	type;			/* PRESTO_MSG_* */
	__u16	reserved;		/* 0 */
	/*
	 * Counts of this replica up to here are taken, and the next update gets a
	 * higher one: for a log that went back in time. PRESTO_COUNT_MAX at most.
	 */
	__u64	count;
};

#define PRESTO_MSG_MARK		1	/* payload goes to the journal as a MARK */

#define PRESTO_COUNT_MAX	0x4000000000000000ULL

#define PRESTO_PROTOCOL		9

struct presto_info {
	__u32	protocol;		/* PRESTO_PROTOCOL */
	__u32	journal_mode;		/* PRESTO_JOURNAL_* */
	__u64	features;		/* 0 */
	__u64	first;			/* offset of the oldest retained record */
	__u64	watermark;		/* finished records end here */
	__u64	head;			/* the log ends here */
	__u64	records;		/* number of the last record */
	__u64	local;			/* highest count of this replica */
	__u8	log_id[16];
	char	fileset[256];
	__u32	mount;			/* aux of the MOUNT: KML_MOUNT_* */
	/*
	 * Grows when an object that PRESTO_IOC_OBJECT has found with writers has none
	 * any more. (A close is told to fanotify and inotify before it has happened.)
	 */
	__u32	released;
	__u32	wanted;			/* grows when a program has to ask at the gate */
	__u32	gate;			/* as it stands: PRESTO_GATE_* */
};

#define PRESTO_JOURNAL_EXACT	0
#define PRESTO_JOURNAL_SCAN	1

/*
 * The apply context of the calling thread; replica 0 ends it.
 *
 * seen: the caller has looked at the log below this offset. An operation on an
 *	object that somebody else has changed since fails with EAGAIN, and
 *	nothing has happened; so does a rename into the tree, without
 *	RENAME_NOREPLACE, to a name where nothing stands any more. 0: don't ask.
 * sec, nsec: the mtime that the operation leaves on directories whose entries
 *	it changes, with PRESTO_CONTEXT_TIME. Without it they keep theirs.
 */
struct presto_context {
	__u64	replica;
	__u64	counter;
	__u64	source;
	__u64	seen;
	__s64	sec;
	__u32	nsec;
	__u32	flags;			/* KML_FLAG_PARTIAL, PRESTO_CONTEXT_* */
	__u64	peer;			/* whose log "source" is in, if not the replica's */
};

#define PRESTO_CONTEXT_TIME	0x10000
#define PRESTO_CONTEXT_KEEP	0x20000	/* ... but not on the first directory */
#define PRESTO_CONTEXT_KEEP2	0x40000	/* ... but not on the second directory */
#define PRESTO_CONTEXT_YIELD	0x80000	/* ... but not on one that has changed since */

/* How an open file stands in the journal. */
struct presto_object {
	__u64	ino;			/* in */
	__u32	gen;			/* in */
	__u32	writers;		/* out: times open for writing or mapped shared writable */
	__u64	dirty;			/* out: offset of its open DIRTY mark, 0 if clean */
	__u32	waits;			/* out: 1: clean, and its writers are kept out */
	__u32	reserved;
};

/*
 * A name that is in the tree, and that the log doesn't tell of: an ENTER is
 * journaled for it, or a LINK if another name of the object was told before, as
 * an update of this replica. Nothing changes. Not in an apply context (EINVAL).
 * ENOENT: there is no such name.
 */
struct presto_place {
	__s32	dir;			/* a descriptor of the directory, O_PATH will do */
	__u16	op;			/* KML_OP_ENTER or KML_OP_LINK */
	__u16	len;			/* of the name, 1..255 */
	__u32	flags;			/* 0, or KML_FLAG_RECOVERED */
	char	name[256];
};

/*
 * The names of a directory: a LIST is journaled. EAGAIN: its entries, or it
 * itself, may have been changed since the caller looked at the log.
 */
struct presto_list {
	__s32	dir;			/* a descriptor of the directory, O_PATH will do */
	__u32	len;			/* of the payload, sizeof(struct kml_list) at least */
	__u64	seen;			/* the names were read when the log ended here, or later */
	__u64	payload;		/* its address: KML_MARK_MAX bytes at most */
};

/*
 * The gate: whether programs may change the tree; what lento applies passes it
 * always. Turned to ASK or SHUT, the call returns when nothing is under way any
 * more and content is closed off in the log. It is gone with the mount, and
 * becomes "gone" when lento is, or doesn't answer in time somebody who asks.
 */
struct presto_gate {
	__u32	state;			/* PRESTO_GATE_* */
	__u32	gone;			/* PRESTO_GATE_OPEN or SHUT */
	__u32	wait_ms;		/* 1 to PRESTO_GATE_WAIT_MAX */
	/*
	 * So long, at most, whoever has a file open for writing may go on, before
	 * the call closes its content off; 0 to PRESTO_GATE_WAIT_MAX.
	 */
	__u32	grace_ms;
};

#define PRESTO_GATE_OPEN	0	/* they may */
#define PRESTO_GATE_ASK		1	/* they wait, and "wanted" grows */
#define PRESTO_GATE_SHUT	2	/* EROFS */

#define PRESTO_GATE_WAIT_MAX	600000

#define PRESTO_IOC_INFO		_IOR(0x9a, 1, struct presto_info)
#define PRESTO_IOC_CONTEXT	_IOW(0x9a, 2, struct presto_context)
#define PRESTO_IOC_SYNC		_IOR(0x9a, 3, __u64)	/* all below this offset is durable */
#define PRESTO_IOC_TRIM		_IOW(0x9a, 4, __u64)	/* records below the offset may go */
#define PRESTO_IOC_OBJECT	_IOWR(0x9a, 5, struct presto_object)
#define PRESTO_IOC_TELL		_IOW(0x9a, 6, struct presto_place)
#define PRESTO_IOC_LIST		_IOW(0x9a, 7, struct presto_list)
#define PRESTO_IOC_GATE		_IOW(0x9a, 8, struct presto_gate)

#endif

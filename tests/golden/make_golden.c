// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the golden journals that both readers of the format are tested with,
 * and golden.txt: what the C compiler makes of kernel/intermezzo.h.
 *
 *	make_golden DIRECTORY
 *
 *	all.kml		one record of every operation, every field, VOID, DONE, INTENT
 *	chunks.kml	the largest fields, PADs at the ends of chunks
 *	torn.kml	the last record is cut off in its middle
 *	damaged.kml	a damaged record with good ones behind it
 *	golden.txt	sizes, offsets, constants, and a line for every record above
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <endian.h>
#include "../../kernel/intermezzo.h"

#define LOG_MAX (1024 * 1024)

struct log {
	unsigned char bytes[LOG_MAX];
	uint64_t head;
	uint64_t recno;
	uint64_t local;
	uint64_t dirty;			/* oldest open mark, 0: none */
};

struct record {
	unsigned char bytes[KML_RECORD_MAX];
	uint32_t len;
};

static struct log kml;
static struct record rec;
static FILE *text;

static uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

static struct kml_record *header(void)
{
	return (struct kml_record *)rec.bytes;
}

static void begin(uint16_t op)
{
	struct kml_record *h = header();

	memset(&rec, 0, sizeof(rec));
	rec.len = sizeof(*h);
	h->op = htole16(op);
	h->version = htole16(KML_VERSION);
	h->result.state = htole32(KML_INTENT);
	h->sec = htole64(1700000000 + kml.recno);
	h->nsec = htole32(123456789);
	h->uid = htole32(1000);
	h->gid = htole32(1001);
	h->pid = htole32(4242);
	h->synced = htole64(KML_SUPER_SIZE);
	h->mounts = htole64(17);
}

static void field(uint16_t type, const void *data, uint32_t len)
{
	struct kml_field f = { .type = htole16(type), .len = htole32(len) };
	struct kml_record *h = header();

	memcpy(rec.bytes + rec.len, &f, sizeof(f));
	if (len)
		memcpy(rec.bytes + rec.len + sizeof(f), data, len);
	rec.len += sizeof(f) + ((len + 7) & ~7u);
	h->fields = htole32(le32toh(h->fields) + 1);
}

static void name(uint16_t type, const char *bytes)
{
	field(type, bytes, strlen(bytes));
}

static void object(uint16_t type, uint64_t replica, uint64_t ino, uint32_t mode)
{
	struct kml_object o = {
		.fid = { htole64(replica), htole64(replica ? ino + 5000 : ino),
			 htole32(replica ? 77 : 700 + ino), 0 },
		.ino = htole64(ino),
		.gen = htole32(700 + ino),
		.mode = htole32(mode),
	};

	field(type, &o, sizeof(o));
}

static void attr(uint16_t type, uint32_t valid, uint32_t mode, uint64_t size)
{
	struct kml_attr a = {
		.valid = htole32(valid), .mode = htole32(mode),
		.uid = htole32(1000), .gid = htole32(1001),
		.major = htole32(8), .minor = htole32(300),
		.size = htole64(size),
		.atime_sec = htole64(1600000001), .atime_nsec = htole32(11),
		.mtime_sec = htole64((uint64_t)-2), .mtime_nsec = htole32(999999999),
		.ctime_sec = htole64(1600000003), .ctime_nsec = htole32(33),
		.nlink = htole32(2),
	};

	field(type, &a, sizeof(a));
}

/* All names of a directory in one record: the mask is 0. */
static void list(const char *first, const char *second)
{
	struct kml_list head = { .names = htole32(2) };
	unsigned char bytes[sizeof(head) + 512];
	const char *names[2] = { first, second };
	uint32_t len = sizeof(head);

	memcpy(bytes, &head, sizeof(head));
	for (int i = 0; i < 2; i++) {
		bytes[len++] = strlen(names[i]);
		memcpy(bytes + len, names[i], strlen(names[i]));
		len += strlen(names[i]);
	}
	field(KML_F_PAYLOAD, bytes, len);
}

static void result(uint32_t state, uint64_t ino, uint32_t mode, uint32_t flags)
{
	struct kml_result *r = &header()->result;

	memset(r, 0, sizeof(*r));
	r->state = htole32(state);
	if (ino) {
		r->ino = htole64(ino);
		r->gen = htole32(700 + ino);
		r->mode = htole32(mode);
		r->uid = htole32(1000);
		r->gid = htole32(1001);
	}
	if (flags & KML_RESULT_TIME) {
		r->sec = htole64(1700000100);
		r->nsec = htole32(4000000);
	}
	r->flags = htole32(flags);
}

static const char *state_name(uint32_t state)
{
	return state == KML_DONE ? "done" : state == KML_VOID ? "void" : "intent";
}

static void append(const char *file, const void *bytes, uint32_t len)
{
	const struct kml_record *h = bytes;

	if (kml.head + len > LOG_MAX) {
		fprintf(stderr, "make_golden: the log is too small\n");
		exit(1);
	}
	memcpy(kml.bytes + kml.head, bytes, len);
	if (le16toh(h->op) == KML_OP_PAD)
		fprintf(text, "record %s %llu pad %u\n", file,
			(unsigned long long)kml.head, len);
	else
		fprintf(text, "record %s %llu op %u len %u recno %llu crc %08x state %s\n", file,
			(unsigned long long)kml.head, le16toh(h->op), len,
			(unsigned long long)le64toh(h->recno), le32toh(h->crc),
			state_name(le32toh(h->result.state)));
	kml.head += len;
}

static void pad(const char *file, uint32_t len)
{
	static unsigned char bytes[KML_RECORD_MAX];
	uint32_t le = htole32(len);
	uint16_t op = htole16(KML_OP_PAD), version = htole16(KML_VERSION);

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, &le, 4);
	memcpy(bytes + 4, &op, 2);
	memcpy(bytes + 6, &version, 2);
	memcpy(bytes + len - 4, &le, 4);
	append(file, bytes, len);
}

/* replica 0: an update of this replica; counted only if it is one. */
static void end(const char *file, uint64_t replica, uint64_t counter, uint64_t source)
{
	struct kml_record *h = header();
	struct kml_result r = h->result;
	uint32_t len = (rec.len + 4 + KML_ALIGN - 1) & ~(KML_ALIGN - 1), le = htole32(len);
	uint32_t left = KML_CHUNK - kml.head % KML_CHUNK;
	uint16_t op = le16toh(h->op);

	if (len > left)
		pad(file, left);
	h->len = le;
	memcpy(rec.bytes + len - 4, &le, 4);
	h->recno = htole64(++kml.recno);
	h->stable = htole64(kml.head);
	if (op == KML_OP_DIRTY && !kml.dirty)
		kml.dirty = kml.head;
	h->dirty = htole64(kml.dirty ? kml.dirty : kml.head);
	if (!replica && counter)
		counter = ++kml.local;
	h->replica = htole64(replica);
	h->counter = htole64(counter);
	h->local = htole64(kml.local);
	h->source = htole64(source);
	if (op == KML_OP_CLOSE)
		kml.dirty = 0;

	memset(&h->result, 0, sizeof(h->result));
	h->crc = htole32(crc32c(0, rec.bytes, len));
	r.crc = htole32(crc32c((uint32_t)kml.recno, &r, sizeof(r)));
	h->result = r;
	append(file, rec.bytes, len);
}

static void flags(uint32_t flags, uint32_t aux)
{
	header()->flags = htole32(flags);
	header()->aux = htole32(aux);
}

static void super(void)
{
	struct kml_super *s = (struct kml_super *)kml.bytes;

	memset(&kml, 0, sizeof(kml));
	memcpy(s->magic, KML_MAGIC, 8);
	s->version = htole32(KML_VERSION);
	s->chunk = htole32(KML_CHUNK);
	for (int i = 0; i < 16; i++)
		s->log_id[i] = 0xa0 + i;
	strcpy((char *)s->fileset, "golden");
	s->crc = htole32(crc32c(0, s, offsetof(struct kml_super, crc)));
	kml.head = KML_SUPER_SIZE;
}

#define REPLICA 0x1122334455667788ULL
#define DIR_MODE 040755
#define FILE_MODE 0100644

/* Everything that makes a name. */
static void all_makers(const char *f)
{
	begin(KML_OP_MOUNT);
	flags(0, KML_MOUNT_UNCLEAN | KML_MOUNT_SCAN);
	end(f, 0, 0, 0);

	begin(KML_OP_CREATE);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "file");
	attr(KML_F_ATTR, KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID, FILE_MODE, 0);
	result(KML_DONE, 12, FILE_MODE, KML_RESULT_XATTRS);
	end(f, 0, 1, 0);

	begin(KML_OP_MKDIR);
	object(KML_F_PARENT, REPLICA, 13, DIR_MODE);
	name(KML_F_NAME, "\x01\xff\xc3(not utf-8)\n");
	attr(KML_F_ATTR, KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID, DIR_MODE, 0);
	result(KML_DONE, 14, DIR_MODE, KML_RESULT_TIME);
	end(f, 0, 1, 0);

	begin(KML_OP_SYMLINK);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "link");
	attr(KML_F_ATTR, KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID, 0120777, 0);
	name(KML_F_TARGET, "../some where/else");
	result(KML_DONE, 15, 0120777, 0);
	end(f, 0, 1, 0);

	begin(KML_OP_MKNOD);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "device");
	attr(KML_F_ATTR, KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID | KML_ATTR_RDEV, 060660, 0);
	result(KML_DONE, 16, 060660, 0);
	end(f, 0, 1, 0);

	begin(KML_OP_CREATE);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "failed");
	attr(KML_F_ATTR, KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID, FILE_MODE, 0);
	result(KML_VOID, 0, 0, 0);
	end(f, 0, 1, 0);

	begin(KML_OP_LINK);
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	object(KML_F_PARENT, REPLICA, 13, DIR_MODE);
	name(KML_F_NAME, "second name");
	attr(KML_F_ATTR_BEFORE, 0x1ff & ~KML_ATTR_RDEV, FILE_MODE, 17);
	end(f, 0, 1, 0);

	begin(KML_OP_CREATE);
	flags(KML_FLAG_TMPFILE, 0);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "was nameless");
	attr(KML_F_ATTR, KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID, FILE_MODE, 0);
	result(KML_DONE, 17, FILE_MODE, 0);
	end(f, 0, 1, 0);
}

/* Everything that takes a name away or moves it. */
static void all_movers(const char *f)
{
	uint64_t peer = htole64(REPLICA + 1);

	begin(KML_OP_RENAME);
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "file");
	object(KML_F_PARENT2, REPLICA, 13, DIR_MODE);
	name(KML_F_NAME2, "renamed");
	object(KML_F_REPLACED, REPLICA, 18, FILE_MODE);
	end(f, 0, 1, 0);

	begin(KML_OP_RENAME);
	flags(KML_FLAG_DIR, 2);			/* RENAME_EXCHANGE */
	object(KML_F_OBJECT, 0, 14, DIR_MODE);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "a");
	object(KML_F_PARENT2, 0, 2, DIR_MODE);
	name(KML_F_NAME2, "b");
	object(KML_F_REPLACED, 0, 19, DIR_MODE);
	end(f, 0, 1, 0);

	begin(KML_OP_UNLINK);
	object(KML_F_OBJECT, 0, 15, 0120777);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "link");
	attr(KML_F_ATTR_BEFORE, 0x1ff & ~KML_ATTR_RDEV, 0120777, 18);
	result(KML_DONE, 0, 0, KML_RESULT_TIME);
	end(f, 0, 1, 0);

	begin(KML_OP_RMDIR);
	object(KML_F_OBJECT, REPLICA, 20, DIR_MODE);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "empty");
	attr(KML_F_ATTR_BEFORE, 0x1ff & ~KML_ATTR_RDEV, DIR_MODE, 4096);
	end(f, 0, 1, 0);

	begin(KML_OP_ENTER);
	flags(KML_FLAG_APPLIED, 0);
	object(KML_F_OBJECT, REPLICA, 21, FILE_MODE);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "came in");
	attr(KML_F_ATTR, 0x1ff & ~KML_ATTR_RDEV, FILE_MODE, 1ULL << 40);
	object(KML_F_REPLACED, REPLICA, 22, FILE_MODE);
	end(f, REPLICA, 55, 8192);

	begin(KML_OP_LEAVE);
	flags(KML_FLAG_APPLIED | KML_FLAG_PARTIAL | KML_FLAG_DIR, 0);
	field(KML_F_PEER, &peer, sizeof(peer));
	object(KML_F_OBJECT, REPLICA, 23, DIR_MODE);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "goes");
	attr(KML_F_ATTR_BEFORE, 0x1ff & ~KML_ATTR_RDEV, DIR_MODE, 4096);
	end(f, REPLICA, 56, 8400);
}

/* Attributes, content, and the journal's own records. */
static void all_changes(const char *f)
{
	struct kml_range ranges[3] = {
		{ htole64(0), htole64(4096) }, { htole64(1 << 20), htole64(1) },
		{ htole64(1ULL << 33), htole64(~0ULL) },
	};

	begin(KML_OP_SETATTR);
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	attr(KML_F_ATTR, KML_ATTR_MODE | KML_ATTR_MTIME, 0100600, 0);
	attr(KML_F_ATTR_BEFORE, 0x1ff & ~KML_ATTR_RDEV, FILE_MODE, 17);
	end(f, 0, 1, 0);

	begin(KML_OP_SETXATTR);
	flags(0, 1);				/* XATTR_CREATE */
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	name(KML_F_XATTR_NAME, "user.colour");
	field(KML_F_XATTR_VALUE, "a\0b", 3);
	end(f, 0, 1, 0);

	begin(KML_OP_SETXATTR);
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	name(KML_F_XATTR_NAME, "user.empty");
	field(KML_F_XATTR_VALUE, NULL, 0);
	end(f, 0, 1, 0);

	begin(KML_OP_REMOVEXATTR);
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	name(KML_F_XATTR_NAME, "user.colour");
	end(f, 0, 1, 0);

	begin(KML_OP_DIRTY);
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	end(f, 0, 0, 0);

	begin(KML_OP_MARK);
	field(KML_F_PAYLOAD, "payload of the daemon", 21);
	end(f, 0, 0, 0);

	begin(KML_OP_CLOSE);
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	object(KML_F_PARENT, REPLICA, 13, DIR_MODE);
	name(KML_F_NAME, "renamed");
	attr(KML_F_ATTR, 0x1ff & ~KML_ATTR_RDEV, FILE_MODE, 1ULL << 34);
	field(KML_F_RANGES, ranges, sizeof(ranges));
	end(f, 0, 1, 0);

	begin(KML_OP_CLOSE);
	flags(KML_FLAG_RECOVERED | KML_FLAG_WHOLE | KML_FLAG_OPEN, 0);
	object(KML_F_OBJECT, 0, 17, FILE_MODE);
	attr(KML_F_ATTR, 0x1ff & ~KML_ATTR_RDEV, FILE_MODE, 0);
	end(f, 0, 1, 0);

	begin(KML_OP_LIST);
	flags(KML_FLAG_RECOVERED, 0);
	object(KML_F_OBJECT, 0, 2, DIR_MODE);
	attr(KML_F_ATTR, 0x1ff & ~KML_ATTR_RDEV, DIR_MODE, 4096);
	list("renamed", "was nameless");
	end(f, 0, 1, 0);

	begin(KML_OP_UMOUNT);
	end(f, 0, 0, 0);
}

static void chunks(const char *f)
{
	static unsigned char big[65536];
	char long_name[256];

	memset(long_name, 'n', 255);
	long_name[255] = 0;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = i >> 8;

	for (int i = 0; i < 5; i++) {
		begin(KML_OP_SETXATTR);
		object(KML_F_OBJECT, 0, 12 + i, FILE_MODE);
		name(KML_F_XATTR_NAME, long_name);
		field(KML_F_XATTR_VALUE, big, sizeof(big));
		end(f, 0, 1, 0);
	}
	begin(KML_OP_MARK);
	field(KML_F_PAYLOAD, big, KML_MARK_MAX);
	end(f, 0, 0, 0);
}

static void save(const char *dir, const char *file, uint64_t len)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	out = fopen(path, "wb");
	if (!out || fwrite(kml.bytes, 1, len, out) != len || fclose(out)) {
		fprintf(stderr, "make_golden: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

#define SIZE(type) fprintf(text, "size " #type " %zu\n", sizeof(struct type))
#define OFFSET(type, member) \
	fprintf(text, "offset " #type "." #member " %zu\n", offsetof(struct type, member))
#define CONST(name) fprintf(text, "const " #name " %llu\n", (unsigned long long)(name))

static void print_structs(void)
{
	SIZE(kml_super);
	OFFSET(kml_super, magic); OFFSET(kml_super, version); OFFSET(kml_super, chunk);
	OFFSET(kml_super, log_id); OFFSET(kml_super, feature_compat);
	OFFSET(kml_super, feature_incompat); OFFSET(kml_super, fileset); OFFSET(kml_super, crc);
	SIZE(kml_fid);
	OFFSET(kml_fid, replica); OFFSET(kml_fid, ino); OFFSET(kml_fid, gen);
	OFFSET(kml_fid, reserved);
	SIZE(kml_result);
	OFFSET(kml_result, state); OFFSET(kml_result, crc); OFFSET(kml_result, ino);
	OFFSET(kml_result, gen); OFFSET(kml_result, mode); OFFSET(kml_result, uid);
	OFFSET(kml_result, gid); OFFSET(kml_result, sec); OFFSET(kml_result, nsec);
	OFFSET(kml_result, flags);
	SIZE(kml_record);
	OFFSET(kml_record, len); OFFSET(kml_record, op); OFFSET(kml_record, version);
	OFFSET(kml_record, flags); OFFSET(kml_record, crc); OFFSET(kml_record, recno);
	OFFSET(kml_record, stable); OFFSET(kml_record, dirty); OFFSET(kml_record, replica);
	OFFSET(kml_record, counter); OFFSET(kml_record, local); OFFSET(kml_record, source);
	OFFSET(kml_record, result); OFFSET(kml_record, sec); OFFSET(kml_record, nsec);
	OFFSET(kml_record, uid); OFFSET(kml_record, gid); OFFSET(kml_record, pid);
	OFFSET(kml_record, aux); OFFSET(kml_record, fields); OFFSET(kml_record, synced);
	OFFSET(kml_record, mounts);
	SIZE(kml_field);
	OFFSET(kml_field, type); OFFSET(kml_field, reserved); OFFSET(kml_field, len);
	SIZE(kml_object);
	OFFSET(kml_object, fid); OFFSET(kml_object, ino); OFFSET(kml_object, gen);
	OFFSET(kml_object, mode);
	SIZE(kml_attr);
	OFFSET(kml_attr, valid); OFFSET(kml_attr, mode); OFFSET(kml_attr, uid);
	OFFSET(kml_attr, gid); OFFSET(kml_attr, major); OFFSET(kml_attr, minor);
	OFFSET(kml_attr, size); OFFSET(kml_attr, atime_sec); OFFSET(kml_attr, mtime_sec);
	OFFSET(kml_attr, ctime_sec); OFFSET(kml_attr, atime_nsec);
	OFFSET(kml_attr, mtime_nsec); OFFSET(kml_attr, ctime_nsec); OFFSET(kml_attr, nlink);
	SIZE(kml_range);
	OFFSET(kml_range, start); OFFSET(kml_range, len);
	SIZE(kml_list);
	OFFSET(kml_list, mask); OFFSET(kml_list, value); OFFSET(kml_list, names);
	OFFSET(kml_list, reserved);
}

static void print_device(void)
{
	SIZE(presto_message);
	OFFSET(presto_message, len); OFFSET(presto_message, type);
	OFFSET(presto_message, reserved); OFFSET(presto_message, count);
	SIZE(presto_info);
	OFFSET(presto_info, protocol); OFFSET(presto_info, journal_mode);
	OFFSET(presto_info, features); OFFSET(presto_info, first);
	OFFSET(presto_info, watermark); OFFSET(presto_info, head);
	OFFSET(presto_info, records); OFFSET(presto_info, local);
	OFFSET(presto_info, log_id); OFFSET(presto_info, fileset);
	OFFSET(presto_info, mount); OFFSET(presto_info, released);
	OFFSET(presto_info, wanted); OFFSET(presto_info, gate);
	SIZE(presto_context);
	OFFSET(presto_context, replica); OFFSET(presto_context, counter);
	OFFSET(presto_context, source); OFFSET(presto_context, seen);
	OFFSET(presto_context, sec); OFFSET(presto_context, nsec); OFFSET(presto_context, flags);
	OFFSET(presto_context, peer);
	SIZE(presto_object);
	OFFSET(presto_object, ino); OFFSET(presto_object, gen);
	OFFSET(presto_object, writers); OFFSET(presto_object, dirty);
	OFFSET(presto_object, waits); OFFSET(presto_object, reserved);
	SIZE(presto_place);
	OFFSET(presto_place, dir); OFFSET(presto_place, op); OFFSET(presto_place, len);
	OFFSET(presto_place, flags); OFFSET(presto_place, name);
	SIZE(presto_list);
	OFFSET(presto_list, dir); OFFSET(presto_list, len); OFFSET(presto_list, seen);
	OFFSET(presto_list, payload);
	SIZE(presto_gate);
	OFFSET(presto_gate, state); OFFSET(presto_gate, gone); OFFSET(presto_gate, wait_ms);
	OFFSET(presto_gate, grace_ms);
	CONST(PRESTO_MSG_MARK); CONST(PRESTO_COUNT_MAX); CONST(PRESTO_PROTOCOL);
	CONST(PRESTO_JOURNAL_EXACT); CONST(PRESTO_JOURNAL_SCAN);
	CONST(PRESTO_IOC_INFO); CONST(PRESTO_IOC_CONTEXT); CONST(PRESTO_IOC_SYNC);
	CONST(PRESTO_IOC_TRIM); CONST(PRESTO_IOC_OBJECT);
	CONST(PRESTO_IOC_TELL); CONST(PRESTO_IOC_LIST); CONST(PRESTO_IOC_GATE);
	CONST(PRESTO_GATE_OPEN); CONST(PRESTO_GATE_ASK); CONST(PRESTO_GATE_SHUT);
	CONST(PRESTO_GATE_WAIT_MAX);
	CONST(PRESTO_CONTEXT_TIME); CONST(PRESTO_CONTEXT_KEEP);
	CONST(PRESTO_CONTEXT_KEEP2); CONST(PRESTO_CONTEXT_YIELD);
	fprintf(text, "string KML_MAGIC %s\n", KML_MAGIC);
	fprintf(text, "string PRESTO_XATTR_FID %s\n", PRESTO_XATTR_FID);
	fprintf(text, "string KML_XATTR_FLAGS %s\n", KML_XATTR_FLAGS);
	fprintf(text, "string PRESTO_CONTROL_DIR %s\n", PRESTO_CONTROL_DIR);
	fprintf(text, "string PRESTO_STAGING_DIR %s\n", PRESTO_STAGING_DIR);
	fprintf(text, "string PRESTO_ASIDE_DIR %s\n", PRESTO_ASIDE_DIR);
	fprintf(text, "string PRESTO_CONFLICTS_DIR %s\n", PRESTO_CONFLICTS_DIR);
	fprintf(text, "string PRESTO_KEPT_DIR %s\n", PRESTO_KEPT_DIR);
}

static void print_constants(void)
{
	CONST(KML_VERSION); CONST(KML_SUPER_SIZE); CONST(KML_CHUNK); CONST(KML_RECORD_MAX);
	CONST(KML_ALIGN); CONST(KML_PAD_MIN); CONST(KML_FEATURE_INCOMPAT_KNOWN);
	CONST(KML_INTENT); CONST(KML_DONE); CONST(KML_VOID);
	CONST(KML_RESULT_TIME); CONST(KML_RESULT_XATTRS);
	CONST(KML_FLAG_APPLIED); CONST(KML_FLAG_PARTIAL); CONST(KML_FLAG_RECOVERED);
	CONST(KML_FLAG_OPEN); CONST(KML_FLAG_WHOLE); CONST(KML_FLAG_TMPFILE);
	CONST(KML_FLAG_DIR); CONST(KML_FLAG_ATTR); CONST(KML_FLAG_MARKED);
	CONST(KML_OP_PAD); CONST(KML_OP_CREATE); CONST(KML_OP_MKDIR); CONST(KML_OP_SYMLINK);
	CONST(KML_OP_MKNOD); CONST(KML_OP_LINK); CONST(KML_OP_UNLINK); CONST(KML_OP_RMDIR);
	CONST(KML_OP_RENAME); CONST(KML_OP_SETATTR); CONST(KML_OP_SETXATTR);
	CONST(KML_OP_REMOVEXATTR); CONST(KML_OP_DIRTY); CONST(KML_OP_CLOSE);
	CONST(KML_OP_ENTER); CONST(KML_OP_LEAVE); CONST(KML_OP_MARK); CONST(KML_OP_MOUNT);
	CONST(KML_OP_UMOUNT); CONST(KML_OP_LIST); CONST(KML_OP_MAX);
	CONST(KML_MOUNT_UNCLEAN); CONST(KML_MOUNT_SCAN); CONST(KML_MOUNT_BELOW);
	CONST(KML_MOUNT_UNORDERED);
	CONST(KML_F_OBJECT); CONST(KML_F_PARENT); CONST(KML_F_NAME); CONST(KML_F_PARENT2);
	CONST(KML_F_NAME2); CONST(KML_F_ATTR); CONST(KML_F_ATTR_BEFORE); CONST(KML_F_TARGET);
	CONST(KML_F_XATTR_NAME); CONST(KML_F_XATTR_VALUE); CONST(KML_F_RANGES);
	CONST(KML_F_REPLACED); CONST(KML_F_PAYLOAD); CONST(KML_F_PEER);
	CONST(KML_RANGES_MAX); CONST(KML_MARK_MAX);
	CONST(KML_ATTR_MODE); CONST(KML_ATTR_UID); CONST(KML_ATTR_GID); CONST(KML_ATTR_SIZE);
	CONST(KML_ATTR_ATIME); CONST(KML_ATTR_MTIME); CONST(KML_ATTR_CTIME);
	CONST(KML_ATTR_RDEV); CONST(KML_ATTR_NLINK);
}

int main(int argc, char **argv)
{
	char path[4096];
	uint64_t last;

	if (argc != 2) {
		fprintf(stderr, "usage: make_golden DIRECTORY\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/golden.txt", argv[1]);
	text = fopen(path, "w");
	if (!text) {
		fprintf(stderr, "make_golden: %s: %s\n", path, strerror(errno));
		return 1;
	}
	print_structs();
	print_constants();
	print_device();

	super();
	all_makers("all.kml");
	all_movers("all.kml");
	all_changes("all.kml");
	save(argv[1], "all.kml", (kml.head + 8191) & ~4095ULL);	/* zeros end the log */

	super();
	chunks("chunks.kml");
	save(argv[1], "chunks.kml", kml.head);			/* the file ends the log */

	super();
	all_makers("torn.kml");
	last = kml.head;
	begin(KML_OP_UNLINK);
	object(KML_F_OBJECT, 0, 12, FILE_MODE);
	object(KML_F_PARENT, 0, 2, DIR_MODE);
	name(KML_F_NAME, "torn");
	end("torn.kml", 0, 1, 0);
	memset(kml.bytes + last + 176, 0, LOG_MAX - last - 176);
	fprintf(text, "torn torn.kml %llu\n", (unsigned long long)last);
	save(argv[1], "torn.kml", (kml.head + 4095) & ~4095ULL);

	super();
	all_makers("damaged.kml");
	last = KML_SUPER_SIZE + le32toh(*(__le32 *)(kml.bytes + KML_SUPER_SIZE));
	kml.bytes[last + sizeof(struct kml_record) + 20] ^= 0x40;
	fprintf(text, "damaged damaged.kml %llu\n", (unsigned long long)last);
	save(argv[1], "damaged.kml", kml.head);

	return fclose(text) ? 1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks a whole log and prints its records, one a line:
 *
 *	kml_dump [-q] FILE
 *
 *	OFFSET RECNO OP STATE key=value ...
 *
 * Names are printed in hexadecimal after "x:". Verified: super block, order,
 * lengths at both ends, checksums, record numbers, chunks and PADs, stable and
 * dirty, counts, fields. The first thing that is wrong ends it with exit 1.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../../kernel/intermezzo.h"

struct mark {
	uint64_t offset, ino;
	uint64_t denied;		/* a record since that says it isn't open, or 0 */
};

static unsigned char *image;
static uint64_t size;
static int quiet;

static uint64_t recno, local, stable;
static struct mark *marks;		/* DIRTY without CLOSE so far, by offset */
static uint64_t made_at, made_ino;	/* the record before, if it may be a mark */
static size_t nmarks, max_marks;
static uint64_t first;			/* record that is retained */
static uint64_t reopened;		/* the mark that a CLOSE|OPEN ended: the next may still name it */

static const char * const op_names[] = {
	[KML_OP_PAD] = "PAD", [KML_OP_CREATE] = "CREATE", [KML_OP_MKDIR] = "MKDIR",
	[KML_OP_SYMLINK] = "SYMLINK", [KML_OP_MKNOD] = "MKNOD", [KML_OP_LINK] = "LINK",
	[KML_OP_UNLINK] = "UNLINK", [KML_OP_RMDIR] = "RMDIR", [KML_OP_RENAME] = "RENAME",
	[KML_OP_SETATTR] = "SETATTR", [KML_OP_SETXATTR] = "SETXATTR",
	[KML_OP_REMOVEXATTR] = "REMOVEXATTR", [KML_OP_DIRTY] = "DIRTY",
	[KML_OP_CLOSE] = "CLOSE", [KML_OP_ENTER] = "ENTER", [KML_OP_LEAVE] = "LEAVE",
	[KML_OP_MARK] = "MARK", [KML_OP_MOUNT] = "MOUNT", [KML_OP_UMOUNT] = "UMOUNT",
	[KML_OP_LIST] = "LIST",
};

static const char * const field_names[] = {
	[KML_F_OBJECT] = "object", [KML_F_PARENT] = "parent", [KML_F_NAME] = "name",
	[KML_F_PARENT2] = "parent2", [KML_F_NAME2] = "name2", [KML_F_ATTR] = "attr",
	[KML_F_ATTR_BEFORE] = "before", [KML_F_TARGET] = "target",
	[KML_F_XATTR_NAME] = "xattr", [KML_F_XATTR_VALUE] = "value",
	[KML_F_RANGES] = "ranges", [KML_F_REPLACED] = "replaced", [KML_F_PAYLOAD] = "payload",
	[KML_F_PEER] = "peer",
};

static void bad(uint64_t at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "kml_dump: at %llu: ", (unsigned long long)at);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	static uint32_t table[256];
	const unsigned char *p = data;

	if (!table[1])
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int bit = 0; bit < 8; bit++)
				c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
			table[i] = c;
		}
	crc = ~crc;
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static uint32_t word(uint64_t at)
{
	uint32_t le;

	memcpy(&le, image + at, sizeof(le));
	return le32toh(le);
}

static void check_super(void)
{
	const struct kml_super *s = (void *)image;

	if (size < KML_SUPER_SIZE || memcmp(s->magic, KML_MAGIC, 8))
		bad(0, "no log");
	if (le32toh(s->crc) != crc32c(0, s, offsetof(struct kml_super, crc)))
		bad(0, "checksum of the super block");
	if (le32toh(s->version) != KML_VERSION || le32toh(s->chunk) != KML_CHUNK)
		bad(0, "version or chunk size");
	if (!quiet)
		printf("# fileset=%.256s\n", (const char *)s->fileset);
}

/* Trimmed chunks read as zeros. */
static uint64_t first_record(void)
{
	uint64_t at = KML_SUPER_SIZE;

	while (at + KML_PAD_MIN <= size && !word(at)) {
		uint64_t next = (at / KML_CHUNK + 1) * KML_CHUNK;

		if (next + KML_PAD_MIN > size)
			return KML_SUPER_SIZE;
		at = next;
	}
	return at;
}

static void check_frame(uint64_t at, uint32_t len)
{
	if (len < KML_PAD_MIN || len % KML_ALIGN || len > KML_RECORD_MAX || len > size - at)
		bad(at, "length %u", len);
	if (at / KML_CHUNK != (at + len - 1) / KML_CHUNK)
		bad(at, "crosses a chunk");
	if (word(at + len - 4) != len)
		bad(at, "lengths %u and %u at the two ends", len, word(at + len - 4));
}

static void check_pad(uint64_t at, uint32_t len)
{
	if ((at + len) % KML_CHUNK)
		bad(at, "PAD that doesn't fill its chunk");
	for (uint64_t i = at + 8; i < at + len - 4; i++)
		if (image[i])
			bad(at, "PAD with something in it");
}

static void check_crc(uint64_t at, const struct kml_record *r, uint32_t len)
{
	unsigned char *copy = malloc(len);

	if (!copy)
		bad(at, "no memory");
	memcpy(copy, r, len);
	memset(copy + offsetof(struct kml_record, crc), 0, 4);
	memset(copy + offsetof(struct kml_record, result), 0, sizeof(r->result));
	if (crc32c(0, copy, len) != le32toh(r->crc))
		bad(at, "checksum");
	free(copy);
}

static const void *field(const struct kml_record *r, uint16_t type, uint32_t *len)
{
	const unsigned char *p = (const void *)(r + 1);

	for (uint32_t n = le32toh(r->fields); n; n--) {
		const struct kml_field *f = (const void *)p;

		*len = le32toh(f->len);
		if (le16toh(f->type) == type)
			return f + 1;
		p += sizeof(*f) + ((*len + 7) & ~7u);
	}
	return NULL;
}

static void check_fields(uint64_t at, const struct kml_record *r, uint32_t len)
{
	uint64_t pos = sizeof(*r);

	for (uint32_t n = le32toh(r->fields); n; n--) {
		const struct kml_field *f = (const void *)((const char *)r + pos);
		uint32_t size;

		if (pos + sizeof(*f) > len - 4)
			bad(at, "fields run over the end");
		size = le32toh(f->len);
		if (le16toh(f->type) < KML_F_OBJECT || le16toh(f->type) > KML_F_PEER ||
		    f->reserved)
			bad(at, "field of type %u", le16toh(f->type));
		pos += sizeof(*f) + (((uint64_t)size + 7) & ~7ULL);
	}
	if (pos > len - 4 || len - 4 - pos >= KML_ALIGN)
		bad(at, "fields end at %llu of %u", (unsigned long long)pos, len);
}

static uint32_t state_of(const struct kml_record *r)
{
	struct kml_result copy = r->result;

	copy.crc = 0;
	if (le32toh(r->result.crc) != crc32c((uint32_t)le64toh(r->recno), &copy, sizeof(copy)))
		return KML_INTENT;
	return le32toh(r->result.state);
}

static struct mark drop_mark(uint64_t ino)
{
	struct mark dropped = { 0, 0, 0 };
	size_t i, to = 0;

	for (i = 0; i < nmarks; i++) {
		if (marks[i].ino == ino)
			dropped = marks[i];
		else
			marks[to++] = marks[i];
	}
	nmarks = to;
	return dropped;
}

/* Recovery would not have found it, had the power been cut behind that record. */
static uint64_t close_mark(uint64_t at, uint64_t ino)
{
	struct mark mark = drop_mark(ino);

	if (mark.denied)
		bad(at, "the mark at %llu was open, %llu says that it wasn't",
		    (unsigned long long)mark.offset, (unsigned long long)mark.denied);
	return mark.offset;
}

static void add_mark(uint64_t offset, uint64_t ino)
{
	drop_mark(ino);
	if (nmarks == max_marks) {
		max_marks = max_marks ? 2 * max_marks : 64;
		marks = realloc(marks, max_marks * sizeof(*marks));
		if (!marks)
			bad(offset, "no memory");
	}
	marks[nmarks++] = (struct mark){ offset, ino, 0 };
}

/*
 * dirty is the oldest open mark; marks of removed files end without a CLOSE,
 * and those that were trimmed are unknown.
 */
static void check_marks(uint64_t at, uint64_t dirty)
{
	size_t i;

	for (i = 0; i < nmarks && marks[i].offset != dirty; i++)
		;
	if (dirty > at || (dirty < at && dirty >= first && i == nmarks && dirty != reopened))
		bad(at, "dirty %llu is no open mark", (unsigned long long)dirty);
	for (i = 0; i < nmarks; i++)
		if (dirty > marks[i].offset && !marks[i].denied)
			marks[i].denied = at;
}

static void check_order(uint64_t at, const struct kml_record *r)
{
	uint64_t own = le64toh(r->stable);
	uint64_t number = le64toh(r->recno), count = le64toh(r->local);

	if (recno && number != recno + 1)
		bad(at, "record %llu after %llu", (unsigned long long)number,
		    (unsigned long long)recno);
	if (own > at || own < stable)
		bad(at, "stable %llu", (unsigned long long)own);
	/* a MARK may say that more are taken */
	if (recno && (le16toh(r->op) == KML_OP_MARK ? count < local :
		      count != local + (!r->replica && r->counter)))
		bad(at, "local %llu after %llu", (unsigned long long)count,
		    (unsigned long long)local);
	if (!r->replica && r->counter && le64toh(r->counter) != count)
		bad(at, "counter %llu, local %llu", (unsigned long long)le64toh(r->counter),
		    (unsigned long long)count);
	recno = number;
	stable = own;
	local = count;
}

static void print_bytes(const char *name, const unsigned char *bytes, uint32_t len)
{
	printf(" %s=x:", name);
	for (uint32_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static void print_object(const char *name, const struct kml_object *o)
{
	printf(" %s=%llu,%u,0%o", name, (unsigned long long)le64toh(o->ino), le32toh(o->gen),
	       le32toh(o->mode));
	if (o->fid.replica)
		printf(" %s.fid=%llx,%llu,%u", name, (unsigned long long)le64toh(o->fid.replica),
		       (unsigned long long)le64toh(o->fid.ino), le32toh(o->fid.gen));
}

static void print_attr(const char *name, const struct kml_attr *a)
{
	printf(" %s=valid:%x,mode:0%o,uid:%u,gid:%u,size:%llu,mtime:%lld.%09u,rdev:%u:%u,nlink:%u",
	       name, le32toh(a->valid), le32toh(a->mode), le32toh(a->uid), le32toh(a->gid),
	       (unsigned long long)le64toh(a->size), (long long)le64toh(a->mtime_sec),
	       le32toh(a->mtime_nsec), le32toh(a->major), le32toh(a->minor), le32toh(a->nlink));
}

static void print_ranges(const char *name, const struct kml_range *r, uint32_t len)
{
	printf(" %s=", name);
	for (uint32_t n = len / sizeof(*r); n; n--, r++)
		printf("%llu+%lld%s", (unsigned long long)le64toh(r->start),
		       (long long)le64toh(r->len), n > 1 ? "," : "");
}

static void print_fields(const struct kml_record *r)
{
	const unsigned char *p = (const void *)(r + 1);

	for (uint32_t n = le32toh(r->fields); n; n--) {
		const struct kml_field *f = (const void *)p;
		const char *name = field_names[le16toh(f->type)];
		const void *data = f + 1;
		uint32_t len = le32toh(f->len);

		switch (le16toh(f->type)) {
		case KML_F_OBJECT: case KML_F_PARENT: case KML_F_PARENT2: case KML_F_REPLACED:
			print_object(name, data);
			break;
		case KML_F_ATTR: case KML_F_ATTR_BEFORE:
			print_attr(name, data);
			break;
		case KML_F_RANGES:
			print_ranges(name, data, len);
			break;
		default:
			print_bytes(name, data, len);
		}
		p += sizeof(*f) + ((len + 7) & ~7u);
	}
}

static void print_record(uint64_t at, const struct kml_record *r)
{
	uint32_t state = state_of(r);

	printf("%llu %llu %s %s flags=0x%x aux=%u dot=%llx:%llu source=%llu uid=%u gid=%u pid=%u time=%lld.%09u synced=%llu mounts=%llu",
	       (unsigned long long)at, (unsigned long long)le64toh(r->recno),
	       op_names[le16toh(r->op)],
	       state == KML_DONE ? "DONE" : state == KML_VOID ? "VOID" : "INTENT",
	       le32toh(r->flags), le32toh(r->aux), (unsigned long long)le64toh(r->replica),
	       (unsigned long long)le64toh(r->counter), (unsigned long long)le64toh(r->source),
	       le32toh(r->uid), le32toh(r->gid), le32toh(r->pid), (long long)le64toh(r->sec),
	       le32toh(r->nsec), (unsigned long long)le64toh(r->synced),
	       (unsigned long long)le64toh(r->mounts));
	if (state == KML_DONE)
		printf(" made=%llu,%u,0%o,%u,%u rflags=%u rtime=%lld.%09u",
		       (unsigned long long)le64toh(r->result.ino), le32toh(r->result.gen),
		       le32toh(r->result.mode), le32toh(r->result.uid), le32toh(r->result.gid),
		       le32toh(r->result.flags), (long long)le64toh(r->result.sec),
		       le32toh(r->result.nsec));
	print_fields(r);
	putchar('\n');
}

/* It may be a mark, and the record after it says so. */
static void see_created(uint64_t at, const struct kml_record *r)
{
	int may = le16toh(r->op) == KML_OP_CREATE && state_of(r) == KML_DONE &&
		  !(le32toh(r->flags) & (KML_FLAG_APPLIED | KML_FLAG_TMPFILE));

	made_at = may ? at : 0;
	made_ino = le64toh(r->result.ino);
}

static uint32_t visit(uint64_t at)
{
	const struct kml_record *r = (void *)(image + at);
	const struct kml_object *object;
	uint32_t len = word(at), object_len;
	uint16_t op = le16toh(r->op);
	int is_void;

	check_frame(at, len);
	if (le16toh(r->version) != KML_VERSION)
		bad(at, "version %u", le16toh(r->version));
	if (op == KML_OP_PAD) {
		check_pad(at, len);
		if (!quiet)
			printf("%llu - PAD - len=%u\n", (unsigned long long)at, len);
		return len;
	}
	if (!op || op > KML_OP_MAX || len < sizeof(*r) + 4)
		bad(at, "operation %u of %u bytes", op, len);
	check_crc(at, r, len);
	check_fields(at, r, len);
	object = field(r, KML_F_OBJECT, &object_len);
	is_void = state_of(r) == KML_VOID;
	if (op == KML_OP_DIRTY && object && !is_void && !nmarks)
		add_mark(at, le64toh(object->ino));
	if (made_at && le32toh(r->flags) & KML_FLAG_MARKED)
		add_mark(made_at, made_ino);
	see_created(at, r);
	check_order(at, r);
	/* where recovery takes back a tail, that had other marks than there are now */
	if (!is_void)
		check_marks(at, le64toh(r->dirty));
	if (op == KML_OP_DIRTY && object && !is_void)
		add_mark(at, le64toh(object->ino));
	reopened = 0;
	if (op == KML_OP_CLOSE && object && !is_void)
		reopened = close_mark(at, le64toh(object->ino));
	if (!(le32toh(r->flags) & KML_FLAG_OPEN))
		reopened = 0;
	if (!quiet)
		print_record(at, r);
	return len;
}

static void load(const char *file)
{
	struct stat st;
	int fd = open(file, O_RDONLY);
	ssize_t n;

	if (fd < 0 || fstat(fd, &st)) {
		fprintf(stderr, "kml_dump: %s: %s\n", file, strerror(errno));
		exit(2);
	}
	image = calloc(1, st.st_size + KML_ALIGN);
	while (image && size < (uint64_t)st.st_size) {
		n = read(fd, image + size, st.st_size - size);
		if (n <= 0)
			break;
		size += n;
	}
	close(fd);
	if (!image || size < (uint64_t)st.st_size) {
		fprintf(stderr, "kml_dump: can't read %s\n", file);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	uint64_t at;

	if (argc == 3 && !strcmp(argv[1], "-q"))
		quiet = 1;
	else if (argc != 2) {
		fprintf(stderr, "usage: kml_dump [-q] FILE\n");
		return 2;
	}
	load(argv[argc - 1]);
	check_super();
	first = first_record();
	for (at = first; at + KML_PAD_MIN <= size && word(at); )
		at += visit(at);
	for (uint64_t rest = at; rest < size; rest++)
		if (image[rest])
			bad(rest, "something behind the end of the log at %llu",
			    (unsigned long long)at);
	printf("# first=%llu head=%llu size=%llu records=%llu local=%llu open=%zu\n",
	       (unsigned long long)first, (unsigned long long)at, (unsigned long long)size,
	       (unsigned long long)recno, (unsigned long long)local, nmarks);
	return 0;
}

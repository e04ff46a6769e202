// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tree that is journaled without the kernel module: changes files and
 * writes the records of it, as the module would. For measurements on plain
 * directories (ext2/3/4, tmpfs).
 *
 *   journaled make DIR LOG FILESET COUNT   COUNT files of 100 bytes, 1,000 to a directory, and an empty log
 *   journaled change DIR LOG COUNT N       N of these COUNT files, spread over all, get another line
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../../../kernel/intermezzo.h"

#define PER_DIRECTORY	1000
#define FILE_SIZE	100

/* The log, open at its end. */
static struct {
	int fd;
	uint64_t head;
	uint64_t recno;
	uint64_t local;
} kml;

static struct {
	unsigned char bytes[1024];
	uint32_t len;
} rec;

static void die(const char *what)
{
	fprintf(stderr, "journaled: %s: %s\n", what, strerror(errno));
	exit(1);
}

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

static void put(const void *bytes, uint32_t len)
{
	if (pwrite(kml.fd, bytes, len, kml.head) != (ssize_t)len)
		die("write the log");
	kml.head += len;
}

static void make_log(const char *path, const char *fileset)
{
	unsigned char page[KML_SUPER_SIZE] = { 0 };
	struct kml_super *super = (void *)page;

	memcpy(super->magic, KML_MAGIC, sizeof(super->magic));
	super->version = htole32(KML_VERSION);
	super->chunk = htole32(KML_CHUNK);
	if (getrandom(super->log_id, sizeof(super->log_id), 0) < 0)
		die("getrandom");
	strncpy((char *)super->fileset, fileset, sizeof(super->fileset) - 1);
	super->crc = htole32(crc32c(0, super, offsetof(struct kml_super, crc)));
	kml.fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (kml.fd < 0)
		die(path);
	put(page, sizeof(page));
}

/* Goes over all records to the end. */
static void open_log(const char *path)
{
	struct kml_record record;

	kml.fd = open(path, O_RDWR);
	if (kml.fd < 0)
		die(path);
	kml.head = KML_SUPER_SIZE;
	while (pread(kml.fd, &record, sizeof(record), kml.head) > 0) {
		kml.head += le32toh(record.len);
		if (le16toh(record.op) != KML_OP_PAD) {
			kml.recno = le64toh(record.recno);
			kml.local = le64toh(record.local);
		}
	}
}

static void field(uint16_t type, const void *data, uint32_t len)
{
	struct kml_record *h = (void *)rec.bytes;
	struct kml_field f = { .type = htole16(type), .len = htole32(len) };

	memcpy(rec.bytes + rec.len, &f, sizeof(f));
	memcpy(rec.bytes + rec.len + sizeof(f), data, len);
	rec.len += sizeof(f) + ((len + 7) & ~7u);
	h->fields = htole32(le32toh(h->fields) + 1);
}

static void begin(uint16_t op, uint32_t flags)
{
	struct kml_record *h = (void *)rec.bytes;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	memset(&rec, 0, sizeof(rec));
	rec.len = sizeof(*h);
	h->op = htole16(op);
	h->version = htole16(KML_VERSION);
	h->flags = htole32(flags);
	h->result.state = htole32(KML_INTENT);
	h->sec = htole64(now.tv_sec);
	h->nsec = htole32(now.tv_nsec);
}

static void pad(uint32_t len)
{
	static struct kml_record empty;
	unsigned char *bytes = calloc(1, len);
	uint32_t le = htole32(len);

	empty.op = htole16(KML_OP_PAD);
	empty.version = htole16(KML_VERSION);
	empty.len = le;
	memcpy(bytes, &empty, KML_PAD_MIN);
	memcpy(bytes + len - sizeof(le), &le, sizeof(le));
	put(bytes, len);
	free(bytes);
}

static void end(int is_update)
{
	struct kml_record *h = (void *)rec.bytes;
	struct kml_result result = h->result;
	uint32_t len = (rec.len + 4 + KML_ALIGN - 1) & ~(KML_ALIGN - 1), le = htole32(len);
	uint32_t left = KML_CHUNK - kml.head % KML_CHUNK;

	if (len > left)
		pad(left);
	h->len = le;
	memcpy(rec.bytes + len - sizeof(le), &le, sizeof(le));
	h->recno = htole64(++kml.recno);
	h->stable = htole64(kml.head);
	h->dirty = htole64(kml.head);
	h->counter = htole64(is_update ? ++kml.local : 0);
	h->local = htole64(kml.local);
	memset(&h->result, 0, sizeof(h->result));
	h->crc = htole32(crc32c(0, rec.bytes, len));
	result.crc = htole32(crc32c((uint32_t)kml.recno, &result, sizeof(result)));
	h->result = result;
	put(rec.bytes, len);
}

/* The identity of an object, as its file handle tells it. */
static struct kml_object object_at(const char *path, uint32_t mode)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} at = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
	uint64_t ino = 0;
	uint32_t word[3];
	int mount;

	if (name_to_handle_at(AT_FDCWD, path, &at.handle, &mount, 0))
		die(path);
	memcpy(word, at.handle.f_handle, sizeof(word));
	if (at.handle.handle_type != 1 || (at.handle.handle_bytes != 8 && at.handle.handle_bytes != 12)) {
		errno = EOPNOTSUPP;
		die(path);
	}
	if (at.handle.handle_bytes == 12) {	/* tmpfs */
		ino = word[1] | (uint64_t)word[2] << 32;
		word[1] = word[0];
	} else {
		ino = word[0];
	}
	return (struct kml_object) {
		.fid = { .ino = htole64(ino), .gen = htole32(word[1]) },
		.ino = htole64(ino), .gen = htole32(word[1]), .mode = htole32(mode),
	};
}

static struct kml_attr attr_of(const struct stat *st)
{
	return (struct kml_attr) {
		.valid = htole32(KML_ATTR_MODE | KML_ATTR_UID | KML_ATTR_GID | KML_ATTR_SIZE | KML_ATTR_ATIME |
				 KML_ATTR_MTIME | KML_ATTR_CTIME | KML_ATTR_NLINK),
		.mode = htole32(st->st_mode), .uid = htole32(st->st_uid), .gid = htole32(st->st_gid),
		.size = htole64(st->st_size),
		.atime_sec = htole64(st->st_atim.tv_sec), .atime_nsec = htole32(st->st_atim.tv_nsec),
		.mtime_sec = htole64(st->st_mtim.tv_sec), .mtime_nsec = htole32(st->st_mtim.tv_nsec),
		.ctime_sec = htole64(st->st_ctim.tv_sec), .ctime_nsec = htole32(st->st_ctim.tv_nsec),
		.nlink = htole32(st->st_nlink),
	};
}

static const char *path_of(const char *directory, long number)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/d%04ld/f%03ld", directory, number / PER_DIRECTORY, number % PER_DIRECTORY);
	return path;
}

static void make(const char *directory, long count)
{
	char content[FILE_SIZE + 1], *slash;

	if (mkdir(directory, 0755) && errno != EEXIST)
		die(directory);
	for (long i = 0; i < count; i++) {
		const char *path = path_of(directory, i);
		int fd;

		if (i % PER_DIRECTORY == 0) {
			slash = strrchr(path, '/');
			*slash = 0;
			if (mkdir(path, 0755))
				die(path);
			*slash = '/';
		}
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		snprintf(content, sizeof(content), "%-*ld\n", FILE_SIZE - 1, i);
		if (fd < 0 || write(fd, content, FILE_SIZE) != FILE_SIZE || close(fd))
			die(path);
	}
}

static void change(const char *path)
{
	static const char line[] = "and another line\n";
	int fd = open(path, O_WRONLY | O_APPEND);
	struct kml_object object;
	struct kml_attr attr;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	object = object_at(path, st.st_mode);
	begin(KML_OP_DIRTY, 0);
	field(KML_F_OBJECT, &object, sizeof(object));
	end(0);
	if (write(fd, line, sizeof(line) - 1) < 0 || fstat(fd, &st) || close(fd))
		die(path);
	attr = attr_of(&st);
	begin(KML_OP_CLOSE, KML_FLAG_WHOLE);
	field(KML_F_OBJECT, &object, sizeof(object));
	field(KML_F_ATTR, &attr, sizeof(attr));
	end(1);
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "make")) {
		make(argv[2], atol(argv[5]));
		make_log(argv[3], argv[4]);
	} else if (argc == 6 && !strcmp(argv[1], "change")) {
		long count = atol(argv[4]), n = atol(argv[5]);

		open_log(argv[3]);
		for (long i = 0; i < n; i++)
			change(path_of(argv[2], i * (count / n)));
	} else {
		fputs("usage: journaled make DIR LOG FILESET COUNT | change DIR LOG COUNT N\n", stderr);
		return 2;
	}
	return 0;
}

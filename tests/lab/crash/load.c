// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The load of a power cut: many processes that change one tree until the power
 * goes.
 *
 *	load SEED MOUNT MARKS [DEVICE ARCHIVE]
 *
 * Storms do random operations on few names, so that they meet; whether one
 * succeeds is nobody's concern. Durable actors sync what they did and then say
 * so, by a block on MARKS, a part of the same disk: in the order of the disk's
 * writes a mark stands behind all that it vouches for. With DEVICE another one
 * copies the log to ARCHIVE as lento would, and has what it copied trimmed. A
 * line with the number of operations so far goes to stdout now and then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "../../../kernel/intermezzo.h"
#include "cells.h"

enum { STORMS = 4, DURABLE = 2, NAMES = 9, SHARED = 3, HELD = 4, MAX_CELLS = 40, FULL = 8 };
enum { TELL_EVERY = 100, TRIM_EVERY = KML_CHUNK };

static unsigned long *operations;	/* of all processes */
static uint64_t seq;

static void done(void)
{
	unsigned long n = __atomic_add_fetch(operations, 1, __ATOMIC_RELAXED);

	if (n % TELL_EVERY == 0)
		dprintf(1, "%lu\n", n);
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)random() % n;
}

static int one_in(unsigned int n)
{
	return !below(n);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Stores behind a file's end: somebody truncated it. */
static sigjmp_buf bus_jump;

static void on_bus(int signal)
{
	(void)signal;
	siglongjmp(bus_jump, 1);
}

/* ---- storms ---- */

static struct held {
	int fd;
	unsigned char *map;
	size_t mapped;
} held[HELD];

static const char *a_path(char *buf)
{
	char *p = buf;

	if (!one_in(8))
		p += sprintf(p, "s%u/", below(SHARED));
	while (one_in(3) && p < buf + 24)
		p += sprintf(p, "n%u/", below(NAMES));
	sprintf(p, "n%u", below(NAMES));
	return buf;
}

static const char *a_directory(char *buf)
{
	if (one_in(2))
		sprintf(buf, "s%u", below(SHARED));
	else
		sprintf(buf, "s%u/n%u", below(SHARED), below(NAMES));
	return buf;
}

static void let_go(struct held *h)
{
	if (h->map)
		munmap(h->map, h->mapped);
	if (h->fd >= 0)
		close(h->fd);
	h->map = NULL;
	h->fd = -1;
}

static struct held *hold(int fd)
{
	struct held *h = &held[below(HELD)];

	let_go(h);
	h->fd = fd;
	return h;
}

static void write_cells(int fd, const struct stat *st, uint32_t index, uint32_t count)
{
	struct cell cells[6];
	uint32_t i;

	for (i = 0; i < count; i++)
		cell_make(&cells[i], st->st_ino, index == CELL_ANYWHERE ? index : index + i, ++seq);
	if (index == CELL_ANYWHERE)
		(void)!write(fd, cells, count * CELL);
	else
		(void)!pwrite(fd, cells, count * CELL, (off_t)index * CELL);
}

/* A page may be written back at any time, as it stands then: a cell is made elsewhere. */
static void store_cells(struct held *h, const struct stat *st)
{
	struct cell cell;
	uint32_t index;

	if (sigsetjmp(bus_jump, 1))
		return;
	for (unsigned int n = 1 + below(4); n; n--) {
		index = below(h->mapped / CELL);
		cell_make(&cell, st->st_ino, index, ++seq);
		memcpy(h->map + (size_t)index * CELL, &cell, CELL);
	}
}

static void map_it(struct held *h, const struct stat *st)
{
	if (h->map || st->st_size < CELL)
		return;
	h->mapped = st->st_size / CELL * CELL;
	h->map = mmap(NULL, h->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);
	if (h->map == MAP_FAILED) {
		h->map = NULL;
		return;
	}
	store_cells(h, st);
	if (one_in(3)) {	/* the mapping alone keeps it open */
		close(h->fd);
		h->fd = -1;
	}
}

static void open_content(void)
{
	char buf[64];
	int flags = O_RDWR | O_NONBLOCK;
	int fd;

	if (one_in(2))
		flags |= O_CREAT;
	if (one_in(8))
		flags |= O_TRUNC;
	if (one_in(6))
		flags |= O_APPEND;
	fd = open(a_path(buf), flags, 0644);
	if (fd >= 0)
		hold(fd);
}

static void content(void)
{
	struct held *h = &held[below(HELD)];
	struct stat st;
	int append;

	if (h->fd < 0 || one_in(4)) {
		open_content();
		return;
	}
	if (fstat(h->fd, &st) || !S_ISREG(st.st_mode) || one_in(5)) {
		let_go(h);
		return;
	}
	append = fcntl(h->fd, F_GETFL) & O_APPEND;
	switch (below(12)) {
	case 0:
		(void)!ftruncate(h->fd, (off_t)below(MAX_CELLS) * CELL);
		break;
	case 1:
		(void)!fallocate(h->fd, one_in(2) ? FALLOC_FL_KEEP_SIZE : 0, 0, below(MAX_CELLS) * CELL);
		break;
	case 2:
		(void)!fallocate(h->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 (off_t)below(MAX_CELLS) * CELL, (1 + below(16)) * CELL);
		break;
	case 3:
		map_it(h, &st);
		break;
	case 4:
		if (one_in(3))
			fsync(h->fd);
		break;
	case 5: case 6:
		if (h->map) {
			store_cells(h, &st);
			if (one_in(4))
				msync(h->map, h->mapped, MS_SYNC);
			break;
		}
		/* fall through */
	default:
		write_cells(h->fd, &st, append ? CELL_ANYWHERE : below(MAX_CELLS), 1 + below(6));
	}
}

static void name_tmpfile(void)
{
	char buf[64], self[64];
	struct stat st;
	int fd = open(a_directory(buf), O_TMPFILE | O_RDWR, 0640);

	if (fd < 0)
		return;
	fstat(fd, &st);
	if (one_in(2))
		write_cells(fd, &st, 0, 1 + below(6));
	if (one_in(3))
		fchmod(fd, 0600 + below(0177));
	if (one_in(3))
		fsetxattr(fd, "user.early", "before its name", 15, 0);
	sprintf(self, "/proc/self/fd/%d", fd);
	if (!linkat(AT_FDCWD, self, AT_FDCWD, a_path(buf), AT_SYMLINK_FOLLOW) && one_in(2))
		write_cells(fd, &st, 2, 1 + below(6));
	hold(fd);
}

static void attributes(const char *path)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	char value[3000], name[16];
	struct stat st;

	sprintf(name, "%s.k%u", one_in(3) ? "trusted" : "user", below(4));
	switch (below(6)) {
	case 0:
		if (!lstat(path, &st))	/* directories stay open for the storm of a user */
			chmod(path, S_ISDIR(st.st_mode) ? 0777 | below(010) << 9 : 0600 | below(010000));
		break;
	case 1:
		(void)!lchown(path, below(3) * 500, below(3) * 500);
		break;
	case 2:
		if (one_in(2))
			times[1] = (struct timespec){ random() % 2000000000, random() % 1000000000 };
		utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
		break;
	case 3: case 4:
		memset(value, 'a' + below(26), sizeof(value));
		lsetxattr(path, name, value, one_in(8) ? below(sizeof(value)) : below(60),
			  one_in(4) ? XATTR_CREATE : one_in(4) ? XATTR_REPLACE : 0);
		break;
	case 5:
		lremovexattr(path, name);
		break;
	}
}

static void operation(void)
{
	char buf[3][64];
	const char *a = a_path(buf[0]), *b = a_path(buf[1]);
	int fd;

	switch (below(25)) {
	case 0: case 1: mkdir(a, 0777); break;
	case 2: rmdir(a); break;
	case 3: case 4: unlink(a); break;
	case 5: case 6: case 7: rename(a, b); break;
	case 8: renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE); break;
	case 9: renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE); break;
	case 10: case 11: (void)!link(a, b); break;
	case 12:
		sprintf(buf[2], one_in(2) ? "n%u" : "../s1/n%u", below(NAMES));
		(void)!symlink(buf[2], a);
		break;
	case 13: mkfifo(a, 0644); break;
	case 14: (void)!truncate(a, (off_t)below(MAX_CELLS) * CELL); break;
	case 15: name_tmpfile(); break;
	case 16:
		fd = open(a, O_CREAT | O_EXCL | O_WRONLY, 0666);
		if (fd >= 0)
			close(fd);
		break;
	case 17: case 18: case 19: attributes(a); break;
	case 20: renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_WHITEOUT); break;
	default: content();
	}
	done();
}

static void storm(unsigned int number)
{
	for (int i = 0; i < HELD; i++)
		held[i].fd = -1;
	/* whose writes take setuid bits away */
	if (number == 1 && (setgid(500) || setuid(500)))
		die("setuid");
	umask(number == 2 ? 0 : 022);
	for (;;)
		operation();
}

/* ---- durable actors ---- */

struct actor {
	int dir, wal, marks;
	uint64_t wal_ino;
	struct mark *mark;
};

static void must(int ok, const char *what)
{
	if (!ok)
		die(what);
}

/* Vouches for @n, of which @what is durable. */
static void vouch(struct actor *a, int what, uint64_t n)
{
	a->mark->done[what] = n;
	must(pwrite(a->marks, a->mark, CELL, (off_t)a->mark->actor * CELL) == CELL, "marks");
}

static void fill_file(int fd, uint64_t generation)
{
	struct cell cells[FULL];
	struct stat st;

	fstat(fd, &st);
	for (uint32_t i = 0; i < FULL; i++)
		cell_make(&cells[i], st.st_ino, i, generation);
	must(pwrite(fd, cells, sizeof(cells), 0) == sizeof(cells), "pwrite");
}

/* All that it did before is in the log before this, and in the tree. */
static void names(struct actor *a, uint64_t n)
{
	char text[32], from[32], to[32];

	sprintf(from, "x%u", below(6));
	sprintf(to, "x%u", below(6));
	mkdirat(a->dir, from, 0755);
	renameat2(a->dir, from, a->dir, to, 0);
	unlinkat(a->dir, to, one_in(2) ? AT_REMOVEDIR : 0);
	must(!fsetxattr(a->dir, "user.seq", text, sprintf(text, "%lu", n), 0), "fsetxattr");
	if (one_in(3))
		return;
	/* the whole file system at times: where the journal isn't exact, a scan begins there */
	must(!(one_in(8) ? syncfs(a->dir) : fsync(a->dir)), "fsync");
	vouch(a, MARK_NAMES, n);
}

static void append(struct actor *a, uint64_t n)
{
	struct cell c;

	cell_make(&c, a->wal_ino, n - 1, n);
	must(pwrite(a->wal, &c, CELL, (off_t)(n - 1) * CELL) == CELL, "wal");
	if (one_in(3))
		return;
	must(!(one_in(2) ? fdatasync(a->wal) : fsync(a->wal)), "fsync");
	vouch(a, MARK_APPENDED, n);
}

static void map(struct actor *a, uint64_t n)
{
	int fd = openat(a->dir, "map", O_RDWR | O_CREAT, 0644);
	struct cell *cells;
	struct stat st;

	fstat(fd, &st);
	if (!st.st_size)
		fill_file(fd, n);
	cells = mmap(NULL, FULL * CELL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(cells != MAP_FAILED, "mmap");
	close(fd);
	for (uint32_t i = 0; i < FULL; i++)
		cell_make(&cells[i], st.st_ino, i, n);
	must(!msync(cells, FULL * CELL, MS_SYNC), "msync");
	vouch(a, MARK_MAPPED, n);
	munmap(cells, FULL * CELL);
}

static void replace(struct actor *a, uint64_t n)
{
	int fd = openat(a->dir, "new.tmp", O_RDWR | O_CREAT | O_TRUNC, 0644);

	fill_file(fd, n);
	must(!fsync(fd), "fsync");
	close(fd);
	must(!renameat(a->dir, "new.tmp", a->dir, "new"), "rename");
	if (one_in(2))
		return;
	must(!fsync(a->dir), "fsync");
	vouch(a, MARK_REPLACED, n);
}

/* Its mtime says what it is to hold; nothing is synced. */
static void overwrite(struct actor *a, uint64_t n)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = n } };
	int fd = openat(a->dir, "old", O_RDWR | O_CREAT, 0644);

	fill_file(fd, n);
	futimens(fd, times);
	close(fd);
}

static void durable(unsigned int number, const char *marks)
{
	uint64_t n[5] = {};
	struct actor a;
	struct stat st;
	char name[16];
	int what;

	sprintf(name, "p%u", number);
	must(!mkdir(name, 0755), "mkdir");
	a.dir = open(name, O_RDONLY | O_DIRECTORY);
	a.wal = openat(a.dir, "wal", O_RDWR | O_CREAT, 0644);
	a.marks = open(marks, O_WRONLY | O_DIRECT);
	must(a.dir >= 0 && a.wal >= 0 && a.marks >= 0, "open");
	fstat(a.wal, &st);
	a.wal_ino = st.st_ino;
	a.mark = aligned_alloc(4096, 4096);
	memset(a.mark, 0, 4096);
	a.mark->magic = MARK_MAGIC;
	a.mark->actor = number;
	for (;;) {
		what = below(5);
		n[what]++;
		switch (what) {
		case MARK_NAMES: names(&a, n[what]); break;
		case MARK_APPENDED: append(&a, n[what]); break;
		case MARK_MAPPED: map(&a, n[what]); break;
		case MARK_REPLACED: replace(&a, n[what]); break;
		default: overwrite(&a, n[what]);
		}
		done();
	}
}

/* ---- trimming ---- */

static void trim(const char *device, const char *archive)
{
	static unsigned char buf[1 << 19];
	int fd = open(device, O_RDWR), out = open(archive, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	uint64_t at = KML_SUPER_SIZE, trimmed = 0;
	ssize_t n;

	must(fd >= 0 && out >= 0, "archive");
	for (;;) {
		n = pread(fd, buf, sizeof(buf), at);	/* waits for records */
		must(n > 0 && pwrite(out, buf, n, at) == n, "archive");
		at += n;
		if (at - trimmed < TRIM_EVERY)
			continue;
		must(!ioctl(fd, PRESTO_IOC_TRIM, &at), "trim");
		trimmed = at;
	}
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
	char name[16];
	int status;

	if (argc != 4 && argc != 6) {
		fprintf(stderr, "usage: load SEED MOUNT MARKS [DEVICE ARCHIVE]\n");
		return 2;
	}
	signal(SIGBUS, on_bus);
	operations = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(operations != MAP_FAILED && !chdir(argv[2]), argv[2]);
	umask(0);
	for (unsigned int i = 0; i < SHARED; i++) {
		sprintf(name, "s%u", i);
		mkdir(name, 0777);
	}
	for (unsigned int i = 0; i < STORMS + DURABLE + (argc == 6); i++) {
		if (fork())
			continue;
		srandom(seed * 100 + i);
		seq = (uint64_t)i << 56;
		if (i < STORMS)
			storm(i);
		if (i < STORMS + DURABLE)
			durable(i - STORMS, argv[3]);
		trim(argv[4], argv[5]);
	}
	/* none is to end before the power does */
	wait(&status);
	fprintf(stderr, "load: an actor ended: %x\n", status);
	return 1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every operation after one of them, for pairs.py:
 *
 *	pairs FIRST MOUNT MARKS
 *
 * FIRST counts the operations from 0. Each pair has a directory of its own with
 * all it needs, durable before: "FIRST-SECOND", whose operations come together,
 * and "FIRST.SECOND", with fsyncs in between. The second one goes to what the
 * first one made or moved. Before and after a pair, which ends with fsyncs and a
 * sync, a block is written to MARKS, a part of the same disk: behind the second
 * block all of it is durable.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "cells.h"

enum { PLACES = 24, MARK_BEGUN = 1, MARK_DURABLE = 2 };

/* What the next operation goes to: the object last made or moved, and the last one of a kind. */
static char last[128], file[128], dir[128];
static int mount_fd, marks_fd;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "pairs: %s (%s, %s, %s): %s\n", what, last, file, dir, strerror(errno));
	exit(1);
}

static mode_t type_of(const char *path)
{
	struct stat st;

	must(!lstat(path, &st), "lstat");
	return st.st_mode & S_IFMT;
}

static void write_cells(const char *path, int flags, uint32_t first, uint32_t count, uint64_t seq)
{
	int fd = open(path, O_WRONLY | flags, 0640);
	struct stat st;
	struct cell c;

	must(fd >= 0 && !fstat(fd, &st), path);
	for (uint32_t i = first; i < first + count; i++) {
		cell_make(&c, st.st_ino, i, seq);
		must(pwrite(fd, &c, CELL, (off_t)i * CELL) == CELL, "pwrite");
	}
	must(!close(fd), "close");
}

/* ---- the operations; @n is 1 for the first one, 2 for the second ---- */

static void do_create(int n)
{
	snprintf(file, sizeof(file), "%.64s/c%d", dir, n);
	strcpy(last, file);
	write_cells(file, O_CREAT | O_EXCL, 0, 0, 0);
}

static void do_write(int n)
{
	write_cells(file, 0, n, 2, n);
}

static void do_rename(int n)
{
	int directory = S_ISDIR(type_of(last));
	const char *to = n == 1 ? "r" : directory ? "replaced.dir" : "replaced";

	must(!rename(last, to), "rename");
	if (!strcmp(file, last))
		strcpy(file, to);
	if (directory)
		strcpy(dir, to);
	strcpy(last, to);
}

static void do_link(int n)
{
	char to[128];

	snprintf(to, sizeof(to), "%.64s/l%d", dir, n);
	must(!link(file, to), "link");
	strcpy(last, strcpy(file, to));
}

static void do_unlink(int n)
{
	must(!unlink(S_ISDIR(type_of(last)) ? file : last), "unlink");
	strcpy(last, strcpy(file, n == 1 ? "spare1" : "spare2"));
}

static void do_mkdir(int n)
{
	snprintf(last, sizeof(last), "%.64s/m%d", dir, n);
	must(!mkdir(last, 0750), "mkdir");
	strcpy(dir, last);
}

static void do_rmdir(int n)
{
	if (!strcmp(dir, "."))
		strcpy(dir, n == 1 ? "d" : "replaced.dir");
	must(!rmdir(dir), "rmdir");
	strcpy(dir, ".");
	strcpy(last, file);
}

static void do_symlink(int n)
{
	snprintf(last, sizeof(last), "%.64s/s%d", dir, n);
	must(!symlink("f", last), "symlink");
}

static void do_setattr(int n)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000 + n } };

	must(!lchown(last, 500 + n, 600 + n), "lchown");
	must(!utimensat(AT_FDCWD, last, times, AT_SYMLINK_NOFOLLOW), "utimensat");
}

static void do_setxattr(int n)
{
	const char *name = S_ISLNK(type_of(last)) ? "trusted.k" : "user.k";

	must(!lsetxattr(last, name, n == 1 ? "first" : "the second", n == 1 ? 5 : 10, 0), "setxattr");
}

static void do_truncate(int n)
{
	must(!truncate(file, (n == 1 ? 1 : 6) * CELL), "truncate");
}

static void sync_path(const char *path)
{
	int fd = open(path, O_RDONLY);

	must(fd >= 0 && !fsync(fd) && !close(fd), "fsync");
}

static void do_fsync(int n)
{
	(void)n;
	sync_path(S_ISLNK(type_of(last)) ? "." : last);
}

/* As a careful program does it: the lower file system commits, and nobody has the log written. */
static void sync_names(void)
{
	do_fsync(0);
	sync_path(".");
}

static const struct operation {
	const char *name;
	void (*run)(int n);
} operations[] = {
	{ "create", do_create }, { "write", do_write }, { "rename", do_rename }, { "link", do_link },
	{ "unlink", do_unlink }, { "mkdir", do_mkdir }, { "rmdir", do_rmdir }, { "symlink", do_symlink },
	{ "setattr", do_setattr }, { "setxattr", do_setxattr }, { "truncate", do_truncate },
	{ "fsync", do_fsync },
};
enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };

/* ---- pairs ---- */

static void prepare(const char *name)
{
	static const char *const files[] = { "f", "spare1", "spare2", "replaced" };

	must(!mkdir(name, 0755) && !chdir(name), name);
	for (unsigned int i = 0; i < sizeof(files) / sizeof(*files); i++)
		write_cells(files[i], O_CREAT | O_EXCL, 0, 4, 0);
	must(!mkdir("d", 0755) && !mkdir("replaced.dir", 0755) && !chdir(".."), name);
}

static void vouch(unsigned int pair, uint64_t what)
{
	static struct mark mark __attribute__((aligned(4096)));

	mark = (struct mark){ .magic = MARK_MAGIC, .actor = pair, .done = { what } };
	must(pwrite(marks_fd, &mark, CELL, (off_t)pair * CELL) == CELL, "marks");
}

static void run(const char *name, unsigned int pair, int first, int second)
{
	strcpy(last, strcpy(file, "f"));
	strcpy(dir, ".");
	must(!chdir(name), name);
	vouch(pair, MARK_BEGUN);
	operations[first].run(1);
	if (pair % 2)
		sync_names();
	operations[second].run(2);
	sync_names();
	must(!syncfs(mount_fd), "syncfs");
	vouch(pair, MARK_DURABLE);
	must(!chdir(".."), "..");
}

int main(int argc, char **argv)
{
	int first = argc == 4 ? atoi(argv[1]) : OPERATIONS;
	char names[PLACES][64];

	if (first < 0 || first >= OPERATIONS) {
		fprintf(stderr, "usage: pairs FIRST MOUNT MARKS\n");
		return 2;
	}
	marks_fd = open(argv[3], O_WRONLY | O_DIRECT);
	mount_fd = open(argv[2], O_RDONLY);
	must(marks_fd >= 0 && mount_fd >= 0 && !chdir(argv[2]), "open");
	umask(0);
	for (unsigned int pair = 0; pair < PLACES; pair++) {
		snprintf(names[pair], sizeof(names[pair]), "%s%c%s", operations[first].name,
			 pair % 2 ? '.' : '-', operations[pair / 2].name);
		prepare(names[pair]);
	}
	must(!syncfs(mount_fd), "syncfs");
	for (unsigned int pair = 0; pair < PLACES; pair++)
		run(names[pair], pair, first, pair / 2);
	return 0;
}

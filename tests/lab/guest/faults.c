// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations for which memory can't be had:
 *
 *	faults DIRECTORY LOWER UPPER [OPERATION NTH]
 *
 * Each operation runs below DIRECTORY, a mounted one, with its first allocation
 * failing, then with its second, and so on until none is left to fail, each
 * time in a directory of its own. It succeeds or fails with an error of its
 * kind; whether log and tree agree is for others to say. LOWER is a directory to be mounted on UPPER, again and
 * again. An outcome that couldn't be logged ends all updates until the next
 * mount: then it prints "broken OPERATION NTH", exits with 3, and is to be
 * started there. The last line is "done FAILED SUCCEEDED".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MOST = 2000 };		/* allocations of one operation: more is a loop */

struct operation {
	const char *name;
	int (*prepare)(void);	/* makes what it needs, or NULL */
	int (*run)(void);	/* -1: errno */
};

static const char *top, *lower, *upper;
static int nth_file, file = -1;
static int failures, successes;

static void die(const char *what)
{
	printf("not ok - faults: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- what operations need ---- */

static int put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t len = strlen(text), got;

	if (fd < 0)
		return -1;
	got = write(fd, text, len);
	return close(fd) || got != len ? -1 : 0;
}

static int one_file(void) { return put("old", "content"); }
static int two_files(void) { return put("old", "content") || put("new", "other") ? -1 : 0; }
static int one_dir(void) { return mkdir("dir", 0755); }

static int with_xattr(void)
{
	return one_file() || setxattr("old", "user.k", "v", 1, 0) ? -1 : 0;
}

static int opened(void)
{
	if (one_file())
		return -1;
	file = open("old", O_RDWR);
	return file < 0 ? -1 : 0;
}

static int written(void)
{
	return opened() || pwrite(file, "changed", 7, 0) != 7 ? -1 : 0;
}

static int forgotten(void)
{
	int fd, ret;

	if (one_file())
		return -1;
	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (fd < 0)
		return -1;
	ret = write(fd, "2", 1) == 1 ? 0 : -1;
	close(fd);
	return ret;
}

static int unmounted(void) { return umount(upper) && errno != EINVAL ? -1 : 0; }
static int do_mount(void) { return mount(lower, upper, "intermezzo", 0, "fileset=again"); }
static int mounted(void) { return unmounted() || do_mount() ? -1 : 0; }

/* ---- operations ---- */

static int do_close(void)
{
	int fd = file;

	file = -1;
	return close(fd);
}

static int do_create(void)
{
	file = open("new", O_CREAT | O_EXCL | O_WRONLY, 0644);
	return file < 0 ? -1 : do_close();
}

static int do_mkdir(void) { return mkdir("dir", 0755); }
static int do_symlink(void) { return symlink("where", "new"); }
static int do_mknod(void) { return mknod("new", S_IFIFO | 0644, 0); }
static int do_link(void) { return link("old", "new"); }
static int do_unlink(void) { return unlink("old"); }
static int do_rmdir(void) { return rmdir("dir"); }
static int do_rename(void) { return rename("old", "new"); }
static int do_whiteout(void) { return renameat2(AT_FDCWD, "old", AT_FDCWD, "new", RENAME_WHITEOUT); }
static int do_exchange(void) { return renameat2(AT_FDCWD, "old", AT_FDCWD, "new", RENAME_EXCHANGE); }
static int do_chmod(void) { return chmod("old", 0600); }
static int do_chown(void) { return chown("old", 12, 34); }
static int do_utimens(void) { return utimensat(AT_FDCWD, "old", NULL, 0); }
static int do_setxattr(void) { return setxattr("old", "user.k", "value", 5, 0); }
static int do_removexattr(void) { return removexattr("old", "user.k"); }
static int do_truncate(void) { return truncate("old", 3); }
static int do_ftruncate(void) { return ftruncate(file, 3); }
static int do_write(void) { return pwrite(file, "changed", 7, 0) < 0 ? -1 : 0; }
static int do_append(void) { return pwrite(file, "more", 4, 7) < 0 ? -1 : 0; }
static int do_fallocate(void) { return fallocate(file, 0, 0, 20000); }
static int do_fsync(void) { return fsync(file); }

static int do_lookup(void)
{
	struct stat st;

	return stat("old", &st);
}

static int do_map(void)
{
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	return map == MAP_FAILED ? -1 : munmap(map, 4096);
}

static int do_tmpfile(void)
{
	char self[64];
	int ret;

	file = open(".", O_TMPFILE | O_WRONLY, 0644);
	if (file < 0)
		return -1;
	sprintf(self, "/proc/self/fd/%d", file);
	ret = pwrite(file, "nameless", 8, 0) < 0 ? -1 :
	      linkat(AT_FDCWD, self, AT_FDCWD, "new", AT_SYMLINK_FOLLOW);
	return do_close() ? -1 : ret;
}

static int do_unmount(void) { return umount(upper); }

static const struct operation operations[] = {
	{ "create", NULL, do_create },
	{ "mkdir", NULL, do_mkdir },
	{ "symlink", NULL, do_symlink },
	{ "mknod", NULL, do_mknod },
	{ "link", one_file, do_link },
	{ "unlink", one_file, do_unlink },
	{ "rmdir", one_dir, do_rmdir },
	{ "rename", one_file, do_rename },
	{ "rename over a file", two_files, do_rename },
	{ "rename with a whiteout", one_file, do_whiteout },
	{ "exchange", two_files, do_exchange },
	{ "chmod", one_file, do_chmod },
	{ "chown", one_file, do_chown },
	{ "utimens", one_file, do_utimens },
	{ "setxattr", one_file, do_setxattr },
	{ "removexattr", with_xattr, do_removexattr },
	{ "truncate", one_file, do_truncate },
	{ "ftruncate", opened, do_ftruncate },
	{ "write", opened, do_write },
	{ "append", opened, do_append },
	{ "fallocate", opened, do_fallocate },
	{ "fsync", written, do_fsync },
	{ "close", written, do_close },
	{ "map", opened, do_map },
	{ "nameless file", NULL, do_tmpfile },
	{ "lookup", forgotten, do_lookup },
	{ "mount", unmounted, do_mount },
	{ "unmount", mounted, do_unmount },
};

/* ---- failing allocations ---- */

/* The nth allocation of this task fails; 0: none. Returns how many were left to count. */
static int arm(int nth)
{
	char text[16] = "";
	int left = 0;

	if (!nth) {
		if (pread(nth_file, text, sizeof(text) - 1, 0) <= 0)
			die("fail-nth");
		left = atoi(text);
	}
	sprintf(text, "%d", nth);
	if (pwrite(nth_file, text, strlen(text), 0) < 0)
		die("fail-nth");
	return left;
}

static int expected(int error)
{
	/* what ext4 and the VFS make of it; EIO: the log is broken, or a block couldn't be read */
	return error == ENOMEM || error == EIO || error == ENFILE || error == ENOBUFS;
}

static int enter(const struct operation *op, int nth)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.%d", top, op->name, nth);
	/* it is there if that was as far as a log that is broken went */
	return (mkdir(path, 0755) && errno != EEXIST) || chdir(path);
}

/* Returns 0 when there was nothing left to fail, else 1. */
static int once(const struct operation *op, int nth)
{
	int ret, error, left;

	if (enter(op, nth) || (op->prepare && op->prepare())) {
		if (errno == EIO) {
			printf("broken %td %d\n", op - operations, nth);
			exit(3);
		}
		die(op->name);
	}
	arm(nth);
	ret = op->run();
	error = errno;
	left = arm(0);
	errno = error;
	if (ret && (left || !expected(error))) {
		printf("# allocation %d, %d left\n", nth, left);
		die(op->name);
	}
	ret ? failures++ : successes++;
	if (file >= 0)
		do_close();
	return !left;
}

int main(int argc, char **argv)
{
	size_t first = argc > 4 ? atoi(argv[4]) : 0;
	int nth = argc > 5 ? atoi(argv[5]) : 1;

	if (argc < 4)
		die("usage: faults DIRECTORY LOWER UPPER [OPERATION NTH]");
	top = argv[1];
	lower = argv[2];
	upper = argv[3];
	nth_file = open("/proc/self/fail-nth", O_RDWR);
	if (nth_file < 0)
		nth_file = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_file < 0)
		die("/proc/thread-self/fail-nth");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = first; i < sizeof(operations) / sizeof(*operations); i++, nth = 1) {
		while (once(&operations[i], nth))
			if (++nth > MOST)
				die("no end of allocations");
		printf("ok - faults: %s: each of %d allocations\n", operations[i].name, nth - 1);
	}
	printf("done %d %d\n", failures, successes);
	return 0;
}

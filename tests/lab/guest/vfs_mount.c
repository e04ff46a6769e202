// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of the mount that the VFS knows, changed while it is used. */
#include "check.h"

#include <sys/mount.h>
#include <time.h>

static int remount(unsigned long flags)
{
	return mount(NULL, getenv("PRESTO_MOUNT"), NULL, MS_REMOUNT | flags, NULL);
}

static const char *check_read_only(void)
{
	int fd = open("f", O_CREAT | O_WRONLY, 0644), unlinked;

	EXPECT(fd >= 0);
	REFUSED(remount(MS_RDONLY), EBUSY);
	EXPECT(write(fd, "x", 1) == 1 && !close(fd));
	/* of this, too, something is to be written at the end */
	unlinked = open("g", O_CREAT | O_RDWR, 0644);
	EXPECT(!unlink("g") && !close(unlinked));
	fd = open("f", O_RDONLY);
	unlinked = open("h", O_CREAT | O_RDONLY, 0644);
	EXPECT(!unlink("h"));
	REFUSED(remount(MS_RDONLY), EBUSY);
	EXPECT(!close(unlinked) && !remount(MS_RDONLY));
	REFUSED(open("f", O_WRONLY), EROFS);
	REFUSED(unlink("f"), EROFS);
	REFUSED(chmod("f", 0600), EROFS);
	REFUSED(utimensat(AT_FDCWD, "f", NULL, 0), EROFS);
	EXPECT(is_file("f", "x") && !fsync(fd) && !syncfs(fd) && !remount(0) && !chmod("f", 0600));
	return NULL;
}

/* Sets an atime that relatime has no reason to change, reads, and tells whether it has changed. */
static int atime_moves(const char *name, int is_dir)
{
	time_t now = time(NULL);
	struct timespec times[2] = { { now + 100, 0 }, { now, 0 } };
	struct stat st;
	char command[64];

	if (utimensat(AT_FDCWD, name, times, 0))
		return -1;
	snprintf(command, sizeof(command), is_dir ? "ls %s >/dev/null" : "cat %s >/dev/null", name);
	return system(command) || stat(name, &st) ? -1 : st.st_atime != now + 100;
}

static const char *check_atimes(void)
{
	EXPECT(!put_file("f", "x") && !mkdir("d", 0755) && !put_file("d/x", ""));
	EXPECT(!remount(MS_BIND | MS_STRICTATIME) && atime_moves("f", 0) == 1 && atime_moves("d", 1) == 1);
	EXPECT(!remount(MS_BIND | MS_STRICTATIME | MS_NODIRATIME) && atime_moves("f", 0) == 1 && !atime_moves("d", 1));
	EXPECT(!remount(MS_BIND | MS_NOATIME) && !atime_moves("f", 0) && !atime_moves("d", 1));
	EXPECT(!remount(MS_BIND | MS_RELATIME) && !atime_moves("f", 0) && !atime_moves("d", 1));
	EXPECT(!remount(MS_STRICTATIME | MS_LAZYTIME) && atime_moves("f", 0) == 1);
	EXPECT(!system("echo 2 > /proc/sys/vm/drop_caches") && atime_moves("f", 0) == 1);
	EXPECT(!remount(MS_RELATIME) && !atime_moves("f", 0));
	return NULL;
}

const struct check mount_checks[] = {
	{ "read-only", check_read_only },
	{ "atime options", check_atimes },
	{}
};

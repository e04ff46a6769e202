// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists a tree, one object a line, for model.py:
 *
 *	collect TREE
 *
 *	PATH INO GEN MODE NLINK UID GID SIZE MTIME RDEV TARGET XATTRS CELLS
 *
 * PATH, TARGET and the names and values of xattrs are hexadecimal after "x:".
 * CELLS of a regular file: how many, zero, bad, good ones without a gap from
 * the first, lowest and highest seq. What presto keeps for itself isn't listed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/fs.h>
#include "cells.h"

static void die(const char *what)
{
	fprintf(stderr, "collect: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put_hex(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	fputs("x:", stdout);
	while (len--)
		printf("%02x", *p++);
}

static void put_xattrs(const char *path)
{
	static char list[65536], value[65536];
	ssize_t len = llistxattr(path, list, sizeof(list)), n;

	if (len < 0)
		die(path);
	printf(" -");
	for (char *name = list; name < list + len; name += strlen(name) + 1) {
		n = lgetxattr(path, name, value, sizeof(value));
		if (n < 0)
			die(path);
		putchar(',');
		put_hex(name, strlen(name));
		putchar('=');
		put_hex(value, n);
	}
}

static void put_cells(int fd, const struct stat *st)
{
	static const struct cell zero;
	uint64_t count = 0, zeros = 0, bad = 0, prefix = 0, low = ~0ULL, high = 0;
	struct cell c;
	ssize_t n;

	while ((n = read(fd, &c, CELL)) > 0) {
		if (n == CELL && !memcmp(&c, &zero, CELL)) {
			zeros++;
		} else if (n == CELL && cell_good(&c, st->st_ino, count)) {
			prefix += prefix == count;
			low = c.seq < low ? c.seq : low;
			high = c.seq > high ? c.seq : high;
		} else {
			bad++;
		}
		count++;
	}
	if (n < 0)
		die("read");
	printf(" %lu,%lu,%lu,%lu,%lu,%lu\n", count, zeros, bad, prefix, low, high);
}

static void put(const char *path, const char *shown)
{
	char target[4096];
	struct stat st;
	ssize_t len = 0;
	int gen = 0, fd = -1;

	if (lstat(path, &st))
		die(path);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		fd = open(path, O_RDONLY);
		if (fd < 0 || ioctl(fd, FS_IOC_GETVERSION, &gen))
			die(path);
	}
	if (S_ISLNK(st.st_mode))
		len = readlink(path, target, sizeof(target));
	put_hex(shown, strlen(shown));
	printf(" %lu %u 0%o %lu %u %u %lu %ld.%09ld %u:%u ", st.st_ino, gen, st.st_mode,
	       st.st_nlink, st.st_uid, st.st_gid, st.st_size, st.st_mtim.tv_sec,
	       st.st_mtim.tv_nsec, major(st.st_rdev), minor(st.st_rdev));
	put_hex(target, len);
	put_xattrs(path);
	if (S_ISREG(st.st_mode))
		put_cells(fd, &st);
	else
		puts(" -");
	if (fd >= 0)
		close(fd);
}

static void walk(const char *path, size_t top)
{
	char child[8192];
	struct dirent *entry;
	struct stat st;
	DIR *dir = opendir(path);

	if (!dir)
		die(path);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (!strcmp(child + top, "/.intermezzo") || !strcmp(child + top, "/lost+found"))
			continue;
		put(child, child + top + 1);
		if (!lstat(child, &st) && S_ISDIR(st.st_mode))
			walk(child, top);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: collect TREE\n");
		return 2;
	}
	put(argv[1], "");
	walk(argv[1], strlen(argv[1]));
	return fflush(stdout) || ferror(stdout);
}

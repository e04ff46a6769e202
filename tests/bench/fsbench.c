// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fsbench: one kind of work on a file system.
 *
 *   fsbench create DIR COUNT     COUNT empty files in one directory
 *   fsbench unlink DIR COUNT     and away with them
 *   fsbench stat DIR COUNT       stat each of them
 *   fsbench seqwrite FILE MIB    write(2) of 128 KiB at a time, fsync at the end
 *   fsbench seqread FILE MIB     read(2) of 128 KiB at a time
 *   fsbench randwrite FILE MIB   as many 4 KiB blocks in random order in a file of that size, fsync at the end
 *   fsbench randread FILE MIB    the same, reading
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char block[128 * 1024];

static void die(const char *what)
{
	fprintf(stderr, "fsbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void each_name(const char *verb, long count)
{
	struct stat st;
	char name[32];

	for (long i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "file-%07ld", i);
		if (*verb == 'c') {
			int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);

			if (fd < 0 || close(fd))
				die(name);
		} else if (*verb == 'u' ? unlink(name) : stat(name, &st)) {
			die(name);
		}
	}
}

static void transfer(int fd, int writes, off_t where, size_t len)
{
	ssize_t n = writes ? pwrite(fd, block, len, where) : pread(fd, block, len, where);

	if (n != (ssize_t)len)
		die("transfer");
}

static void data(const char *verb, const char *file, long mib)
{
	int writes = !!strstr(verb, "write"), random = !strncmp(verb, "rand", 4);
	size_t len = random ? 4096 : sizeof(block);
	long count = mib * 1024 * 1024 / (long)len;
	unsigned int seed = 1;
	int fd = open(file, writes ? O_CREAT | O_RDWR : O_RDONLY, 0644);

	if (fd < 0)
		die(file);
	memset(block, 'x', sizeof(block));
	for (long i = 0; i < count; i++)
		transfer(fd, writes, (random ? rand_r(&seed) % count : i) * (off_t)len, len);
	if (writes && fsync(fd))
		die("fsync");
	if (close(fd))
		die("close");
}

int main(int argc, char **argv)
{
	long count;

	if (argc != 4 || (count = atol(argv[3])) <= 0) {
		fputs("usage: fsbench create|unlink|stat|seqwrite|seqread|randwrite|randread PATH COUNT\n", stderr);
		return 2;
	}
	if (strchr("cu", *argv[1]) || !strcmp(argv[1], "stat")) {
		if (chdir(argv[2]))
			die(argv[2]);
		each_name(argv[1], count);
	} else {
		data(argv[1], argv[2], count);
	}
	return 0;
}

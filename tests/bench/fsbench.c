// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fsbench: one kind of work on a file system.
 *
 *   fsbench create DIR COUNT     COUNT empty files in one directory
 *   fsbench stat DIR COUNT       stat each of them
 *   fsbench rename DIR COUNT     each to another name and back
 *   fsbench unlink DIR COUNT     and away with them
 *   fsbench fill DIR COUNT       COUNT files of 4 KiB in one directory
 *   fsbench seqwrite FILE MIB    write(2) of 128 KiB at a time, fsync at the end
 *   fsbench seqread FILE MIB     read(2) of 128 KiB at a time
 *   fsbench randwrite FILE MIB   as many 4 KiB blocks in random order in a file of that size, fsync at the end
 *   fsbench randread FILE MIB    the same, reading
 *   fsbench mmapwrite FILE MIB   every page of it through a shared mapping, msync at the end
 *   fsbench mmapread FILE MIB    the same, reading
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

static char block[128 * 1024];

static void die(const char *what)
{
	fprintf(stderr, "fsbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int make(const char *name, size_t len)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);

	return fd < 0 || (len && write(fd, block, len) != (ssize_t)len) || close(fd);
}

static int one_name(const char *verb, const char *name)
{
	char other[40];
	struct stat st;

	switch (*verb) {
	case 'c':
		return make(name, 0);
	case 'f':
		return make(name, PAGE);
	case 'u':
		return unlink(name);
	case 'r':
		snprintf(other, sizeof(other), "other-%s", name);
		return rename(name, other) || rename(other, name);
	default:
		return stat(name, &st);
	}
}

static void each_name(const char *verb, long count)
{
	char name[32];

	for (long i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "file-%07ld", i);
		if (one_name(verb, name))
			die(name);
	}
}

static void transfer(int fd, int writes, off_t where, size_t len)
{
	ssize_t n = writes ? pwrite(fd, block, len, where) : pread(fd, block, len, where);

	if (n != (ssize_t)len)
		die("transfer");
}

static void copy(int fd, int writes, int random, long mib)
{
	size_t len = random ? PAGE : sizeof(block);
	long count = mib * 1024 * 1024 / (long)len;
	unsigned int seed = 1;

	for (long i = 0; i < count; i++)
		transfer(fd, writes, (random ? rand_r(&seed) % count : i) * (off_t)len, len);
	if (writes && fsync(fd))
		die("fsync");
}

static void map(int fd, int writes, long mib)
{
	size_t size = (size_t)mib * 1024 * 1024;
	char *at = mmap(NULL, size, PROT_READ | (writes ? PROT_WRITE : 0), MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < size; i += PAGE) {
		if (writes)
			memcpy(at + i, block, PAGE);
		else
			memcpy(block, at + i, PAGE);
	}
	if (writes && msync(at, size, MS_SYNC))
		die("msync");
	munmap(at, size);
}

static void data(const char *verb, const char *file, long mib)
{
	int writes = !!strstr(verb, "write");
	int fd = open(file, writes ? O_CREAT | O_RDWR : O_RDONLY, 0644);

	if (fd < 0)
		die(file);
	memset(block, 'x', sizeof(block));
	if (*verb == 'm')
		map(fd, writes, mib);
	else
		copy(fd, writes, *verb == 'r', mib);
	if (close(fd))
		die("close");
}

int main(int argc, char **argv)
{
	static const char names[] = " create stat rename unlink fill ";
	static const char files[] = " seqwrite seqread randwrite randread mmapwrite mmapread ";
	char word[32];
	long count;

	snprintf(word, sizeof(word), " %s ", argc == 4 ? argv[1] : "");
	if (argc != 4 || (count = atol(argv[3])) <= 0 || (!strstr(names, word) && !strstr(files, word))) {
		fprintf(stderr, "usage: fsbench%sDIR COUNT, fsbench%sFILE MIB\n", names, files);
		return 2;
	}
	if (strstr(files, word)) {
		data(argv[1], argv[2], count);
	} else {
		if (chdir(argv[2]))
			die(argv[2]);
		each_name(argv[1], count);
	}
	return 0;
}

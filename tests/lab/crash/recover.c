// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts a disk again and again, each time with what a power cut left on it:
 *
 *	recover DISK TYPE UPPER LOWER OUT COLLECT
 *
 * For each line of its input DISK has been replaced. It is mounted on UPPER, so
 * that the module recovers, and unmounted; then what is there below is written
 * down: OUT/tree (by COLLECT) and OUT/kml. The answer is a line: "ok", or
 * what failed. One process for all: programs that start cost an emulated
 * guest more than what they do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *disk, *type, *upper, *lower, *out, *collect;

static const char *write_tree(void)
{
	char path[4096];
	int status;

	snprintf(path, sizeof(path), "%s/tree", out);
	if (!fork()) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		if (fd >= 0 && dup2(fd, 1) == 1)
			execl(collect, collect, lower, NULL);
		_exit(127);
	}
	return wait(&status) > 0 && !status ? NULL : "collect";
}

static const char *write_log(void)
{
	static char buf[1 << 16];
	char from[4096], to[4096];
	int in, copy;
	ssize_t n;

	snprintf(from, sizeof(from), "%s/.intermezzo/crash/kml", lower);
	snprintf(to, sizeof(to), "%s/kml", out);
	in = open(from, O_RDONLY);
	copy = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	do
		n = read(in, buf, sizeof(buf));
	while (n > 0 && write(copy, buf, n) == n);
	if (close(in) || close(copy))
		return "copying the log";
	return n ? "copying the log" : NULL;
}

static const char *recover(void)
{
	char options[256];
	const char *why;

	snprintf(options, sizeof(options), "fileset=crash,cache_type=%s,journal=exact", type);
	if (mount(disk, upper, "intermezzo", 0, options))
		return "mount";
	if (umount2(upper, 0))
		return "umount";
	if (mount(disk, lower, type, MS_RDONLY, NULL))
		return "mount below";
	why = write_tree();
	if (!why)
		why = write_log();
	return umount2(lower, 0) ? "umount below" : why;
}

int main(int argc, char **argv)
{
	char line[16];
	const char *why;

	if (argc != 7) {
		fprintf(stderr, "usage: recover DISK TYPE UPPER LOWER OUT COLLECT\n");
		return 2;
	}
	disk = argv[1];
	type = argv[2];
	upper = argv[3];
	lower = argv[4];
	out = argv[5];
	collect = argv[6];
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		why = recover();
		if (why)
			printf("%s: %s\n", why, strerror(errno));
		else
			puts("ok");
	}
	return 0;
}

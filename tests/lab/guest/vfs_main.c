// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the checks, or those named: vfs DIRECTORY DEVICE [CHECK...], lines "ok - name" and "not ok - name: why".
 * DEVICE is "-" for a bare file system, which must answer alike to all that don't concern lento.
 */
#include "check.h"

#include <sys/wait.h>

const char *failed(const char *file, int line, const char *what)
{
	static char why[512];

	snprintf(why, sizeof(why), "%s:%d: %s (%s)", strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
		 line, what, strerror(errno));
	return why;
}

int put_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t len = strlen(text), got;

	if (fd < 0)
		return -1;
	got = write(fd, text, len);
	return close(fd) || got != len ? -1 : 0;
}

int is_file(const char *name, const char *text)
{
	char buf[4096];
	int fd = open(name, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	if (fd >= 0)
		close(fd);
	return len == (ssize_t)strlen(text) && !memcmp(buf, text, len);
}

int absent(const char *name)
{
	struct stat st;

	return lstat(name, &st) == -1 && errno == ENOENT;
}

/* In a child, so that what one check leaves open is no other's concern. */
static int run_check(const char *dir, const struct check *check)
{
	char path[4096];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", dir, check->name);
	for (char *at = path + strlen(dir) + 1; *at; at++)
		if (*at == ' ' || *at == '/')
			*at = '_';
	fflush(stdout);
	pid = fork();
	if (!pid) {
		const char *why = "its directory can't be made";

		if (!mkdir(path, 0755) && !chdir(path))
			why = check->run();
		if (why)
			printf("not ok - vfs: %s: %s\n", check->name, why);
		else
			printf("ok - vfs: %s\n", check->name);
		fflush(stdout);
		_exit(!!why);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("not ok - vfs: %s: killed by signal %d\n", check->name, WTERMSIG(status));
	return status != 0;
}

static int is_wanted(const struct check *check, char **names)
{
	if (!*names)
		return 1;
	while (*names && strcmp(*names, check->name))
		names++;
	return !!*names;
}

int main(int argc, char **argv)
{
	const struct check *groups[] = {
		name_checks, data_checks, map_checks, meta_checks, limit_checks, lock_checks, mount_checks,
		idmap_checks, lento_checks,
	};
	int bad = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: vfs DIRECTORY DEVICE [CHECK...]\n");
		return 2;
	}
	umask(022);
	setenv("PRESTO_MOUNT", argv[1], 0);
	setenv("PRESTO_DEVICE", argv[2], 1);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (groups[i] == lento_checks && !strcmp(argv[2], "-"))
			continue;
		for (const struct check *check = groups[i]; check->name; check++)
			if (is_wanted(check, argv + 3))
				bad += run_check(argv[1], check);
	}
	return bad != 0;
}

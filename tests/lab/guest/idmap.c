// SPDX-License-Identifier: GPL-2.0-or-later
/* Idmapped mounts, and the user namespaces that say how IDs are mapped. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "idmap.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static int put_map(pid_t pid, const char *which, unsigned int first)
{
	char path[64], line[64];
	int fd, len, got;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, which);
	len = snprintf(line, sizeof(line), "0 %u %d\n", first, IDS);
	fd = open(path, O_WRONLY);
	got = write(fd, line, len);
	close(fd);
	return got == len ? 0 : -1;
}

int idmap_namespace(unsigned int first)
{
	int ready[2], fd = -1;
	char path[64], byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		if (!unshare(CLONE_NEWUSER) && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (read(ready[0], &byte, 1) == 1 && !put_map(pid, "uid_map", first) && !put_map(pid, "gid_map", first))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	close(ready[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

int idmap_mount(const char *dir, unsigned int first)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int fd = open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int namespace = idmap_namespace(first), err;

	attr.userns_fd = namespace;
	err = mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	close(namespace);
	if (!err)
		return fd;
	close(fd);
	return -1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Mounts a directory with mapped IDs: idmapped SOURCE TARGET FIRST */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "idmap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

int main(int argc, char **argv)
{
	int mnt;

	if (argc != 4) {
		fprintf(stderr, "usage: idmapped SOURCE TARGET FIRST\n");
		return 2;
	}
	mnt = idmap_mount(argv[1], atoi(argv[3]));
	if (mnt < 0 || move_mount(mnt, "", AT_FDCWD, argv[2], MOVE_MOUNT_F_EMPTY_PATH)) {
		perror("idmapped");
		return 1;
	}
	return 0;
}

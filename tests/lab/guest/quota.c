// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Quotas asked for and set through a file system that is named by any path on it:
 * quota user|project PATH ID [BYTES INODES], prints "bytes inodes" that are used, or sets limits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/quota.h>

static int quotactl(int fd, int command, const char *type, int id, void *arg)
{
	int kind = strcmp(type, "project") ? USRQUOTA : PRJQUOTA;

	return syscall(SYS_quotactl_fd, fd, (unsigned int)QCMD(command, kind), id, arg);
}

int main(int argc, char **argv)
{
	struct if_dqblk quota = { .dqb_valid = QIF_LIMITS };
	int fd, err, id;

	if (argc != 4 && argc != 6)
		return 2;
	fd = open(argv[2], O_RDONLY);
	id = atoi(argv[3]);
	if (argc == 6) {
		quota.dqb_bhardlimit = atoll(argv[4]) / QIF_DQBLKSIZE;
		quota.dqb_ihardlimit = atoll(argv[5]);
	}
	err = quotactl(fd, argc == 6 ? Q_SETQUOTA : Q_GETQUOTA, argv[1], id, &quota);
	if (err)
		fprintf(stderr, "quota: %s: %s\n", argv[2], strerror(errno));
	else if (argc == 4)
		printf("%llu %llu\n", (unsigned long long)quota.dqb_curspace, (unsigned long long)quota.dqb_curinodes);
	return err != 0;
}

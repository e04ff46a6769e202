/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the mounted file system. Each is a function that returns NULL, or
 * why it failed; it runs in an empty directory of its own.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct check {
	const char *name;
	const char *(*run)(void);
};

const char *failed(const char *file, int line, const char *what);

/* What is expected; errno goes into the answer. */
#define EXPECT(condition)							\
	do {									\
		errno = 0;							\
		if (!(condition))						\
			return failed(__FILE__, __LINE__, #condition);		\
	} while (0)

/* @call fails with @error. */
#define REFUSED(call, error)	EXPECT((call) == -1 && errno == (error))

int put_file(const char *name, const char *text);		/* 0: written */
int is_file(const char *name, const char *text);		/* content equals */
int absent(const char *name);

extern const struct check name_checks[], data_checks[], map_checks[], meta_checks[], limit_checks[],
	lock_checks[], mount_checks[], idmap_checks[], lento_checks[];

#endif

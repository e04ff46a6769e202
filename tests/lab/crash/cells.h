/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the load writes: cells that tell of which file they are, where in it
 * they belong and how old they are, so that nothing else can pass for content.
 */
#ifndef _CELLS_H
#define _CELLS_H

#include <stdint.h>
#include <string.h>

#define CELL		512
#define CELL_MAGIC	0x4c4c4543
#define CELL_ANYWHERE	(~0u)		/* appended: the index wasn't known */

struct cell {
	uint32_t magic, index;
	uint64_t ino, seq;
	uint32_t crc;
	unsigned char fill[CELL - 28];
} __attribute__((packed));

/* What a durable actor knows to be on the disk, written past the file system. */
#define MARK_MAGIC	0x4b52414d
enum { MARK_NAMES, MARK_APPENDED, MARK_MAPPED, MARK_REPLACED, MARKS };

struct mark {
	uint32_t magic, actor;
	uint64_t done[MARKS];
	unsigned char pad[CELL - 8 - 8 * MARKS];
} __attribute__((packed));

static inline uint32_t cell_sum(const struct cell *c)
{
	const unsigned char *p = (const void *)c;
	uint32_t sum = 2166136261u;

	for (unsigned int i = 0; i < CELL; i++)
		if (i < 24 || i >= 28)
			sum = (sum ^ p[i]) * 16777619u;
	return sum;
}

static inline void cell_make(struct cell *c, uint64_t ino, uint32_t index, uint64_t seq)
{
	c->magic = CELL_MAGIC;
	c->index = index;
	c->ino = ino;
	c->seq = seq;
	memset(c->fill, (int)(seq ^ index), sizeof(c->fill));
	c->crc = cell_sum(c);
}

static inline int cell_good(const struct cell *c, uint64_t ino, uint32_t index)
{
	return c->magic == CELL_MAGIC && c->ino == ino && c->crc == cell_sum(c) &&
	       (c->index == index || c->index == CELL_ANYWHERE);
}

#endif

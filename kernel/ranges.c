// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which bytes of a file have changed since its mark: a bounded number of ranges,
 * merged where they meet, or where the gap between them is smallest.
 */
#include "presto.h"
#include "kml.h"

/* Merges the two neighbours with the smallest gap between them. */
static void presto_merge_ranges(struct presto_jinode *ji)
{
	unsigned int i, best = 0;
	u64 gap, least = ~0ULL;

	for (i = 0; i + 1 < ji->nranges; i++) {
		gap = ji->ranges[i + 1].start - ji->ranges[i].end;
		if (gap < least) {
			least = gap;
			best = i;
		}
	}
	ji->ranges[best].end = ji->ranges[best + 1].end;
	ji->nranges--;
	memmove(&ji->ranges[best + 1], &ji->ranges[best + 2],
		(ji->nranges - best - 1) * sizeof(ji->ranges[0]));
}

static void presto_add_range(struct presto_jinode *ji, u64 start, u64 end)
{
	unsigned int first = 0, last;

	while (first < ji->nranges && ji->ranges[first].end < start)
		first++;
	/* what is known already, or the next of a row: no range comes or goes */
	if (first < ji->nranges && ji->ranges[first].start <= start &&
	    (first + 1 == ji->nranges || end < ji->ranges[first + 1].start)) {
		ji->ranges[first].end = max(end, ji->ranges[first].end);
		return;
	}
	for (last = first; last < ji->nranges && ji->ranges[last].start <= end; last++) {
		start = min(start, ji->ranges[last].start);
		end = max(end, ji->ranges[last].end);
	}
	if (first == last && ji->nranges == KML_RANGES_MAX) {
		/* room for one more, then look again: the neighbours may have merged over it */
		presto_merge_ranges(ji);
		presto_add_range(ji, start, end);
		return;
	}
	memmove(&ji->ranges[first + 1], &ji->ranges[last],
		(ji->nranges - last) * sizeof(ji->ranges[0]));
	ji->nranges += 1 - (last - first);
	ji->ranges[first].start = start;
	ji->ranges[first].end = end;
}

void presto_changed(struct inode *inode, u64 start, u64 len)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;
	u64 end = len > ~0ULL - start ? ~0ULL : start + len;

	if (!len)
		return;
	spin_lock(&ji->range_lock);
	if (!start && end == ~0ULL)
		ji->whole = true;
	if (!ji->whole)
		presto_add_range(ji, start, end);
	spin_unlock(&ji->range_lock);
}

/* Takes what changed out of the inode and into the record. */
void presto_put_ranges(struct presto_op *op, struct presto_jinode *ji)
{
	struct kml_range ranges[KML_RANGES_MAX] __uninitialized;
	unsigned int i, n;
	bool whole;

	spin_lock(&ji->range_lock);
	n = ji->nranges;
	whole = ji->whole;
	for (i = 0; i < n; i++) {
		u64 start = ji->ranges[i].start, end = ji->ranges[i].end;

		ranges[i].start = cpu_to_le64(start);
		ranges[i].len = cpu_to_le64(end == ~0ULL ? end : end - start);
	}
	ji->nranges = 0;
	ji->whole = false;
	spin_unlock(&ji->range_lock);
	if (whole)
		presto_op_flags(op, KML_FLAG_WHOLE, 0);
	else
		presto_op_bytes(op, KML_F_RANGES, ranges, n * sizeof(ranges[0]));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Quotas are the lower file system's, which charges whoever is charged without
 * us. Who asks our mount for them, or sets them, is passed on; they are turned
 * on and off below. No record: they are one machine's.
 */
#include <linux/quota.h>
#include "presto.h"

/* The lower super block, which nobody remounts meanwhile. */
static struct super_block *presto_lock_quota(struct super_block *sb)
{
	struct super_block *lower = presto_lower_sb(sb);

	down_read(&lower->s_umount);
	return lower;
}

static int presto_get_dqblk(struct super_block *sb, struct kqid id, struct qc_dqblk *quota)
{
	struct super_block *lower = presto_lock_quota(sb);
	int err = lower->s_qcop->get_dqblk(lower, id, quota);

	up_read(&lower->s_umount);
	return err;
}

static int presto_get_nextdqblk(struct super_block *sb, struct kqid *id, struct qc_dqblk *quota)
{
	struct super_block *lower = presto_lock_quota(sb);
	int err = lower->s_qcop->get_nextdqblk(lower, id, quota);

	up_read(&lower->s_umount);
	return err;
}

static int presto_set_dqblk(struct super_block *sb, struct kqid id, struct qc_dqblk *quota)
{
	struct super_block *lower = presto_lock_quota(sb);
	int err = lower->s_qcop->set_dqblk(lower, id, quota);

	up_read(&lower->s_umount);
	return err;
}

static int presto_get_quota_state(struct super_block *sb, struct qc_state *state)
{
	struct super_block *lower = presto_lock_quota(sb);
	int err = lower->s_qcop->get_state(lower, state);

	up_read(&lower->s_umount);
	return err;
}

static int presto_set_quota_info(struct super_block *sb, int type, struct qc_info *info)
{
	struct super_block *lower = presto_lock_quota(sb);
	int err = lower->s_qcop->set_info(lower, type, info);

	up_read(&lower->s_umount);
	return err;
}

static int presto_quota_sync(struct super_block *sb, int type)
{
	struct super_block *lower = presto_lock_quota(sb);
	int err = lower->s_qcop->quota_sync(lower, type);

	up_read(&lower->s_umount);
	return err;
}

static const struct quotactl_ops presto_quota_ops = {
	.get_dqblk	= presto_get_dqblk,
	.get_nextdqblk	= presto_get_nextdqblk,
	.set_dqblk	= presto_set_dqblk,
	.get_state	= presto_get_quota_state,
	.set_info	= presto_set_quota_info,
	.quota_sync	= presto_quota_sync,
};

/* Of what ext2, 3 and 4 have, all or nothing is there. */
void presto_init_quota(struct super_block *sb)
{
	struct super_block *lower = presto_lower_sb(sb);

	if (!lower->s_qcop)
		return;
	sb->s_qcop = &presto_quota_ops;
	sb->s_quota_types = lower->s_quota_types;
}

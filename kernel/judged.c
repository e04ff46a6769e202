// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Idmapped mounts of ours. Most methods are told the mapping of the mount that
 * they are called through, and pass it on, where it means the same: the lower
 * super block has the same user namespace. Those that aren't told (lookup, link,
 * unlink, rmdir) were judged with it by the VFS, which judges them below again,
 * without it; so does a write, which may take a set-id bit. There they run with
 * credentials that pass; what else depends on credentials, quota and the reserve
 * of blocks, goes by the caller's.
 */
#include <linux/sched/task.h>
#include "presto.h"

/* Before any method is called through a mount, the VFS asks ->permission() about a directory. */
void presto_note_idmap(struct super_block *sb, struct mnt_idmap *idmap)
{
	struct presto_sb *ps = PRESTO_SB(sb);

	if (unlikely(idmap != &nop_mnt_idmap && !READ_ONCE(ps->idmapped)))
		WRITE_ONCE(ps->idmapped, true);
}

static const struct cred *presto_judged_cred(void)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return NULL;
	cred->fsuid = current_fsuid();
	cred->fsgid = current_fsgid();
	set_groups(cred, current_cred()->group_info);
	if (!ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE))
		cap_lower(cred->cap_effective, CAP_SYS_RESOURCE);
	return cred;
}

/**
 * presto_judged_begin - begin what the VFS must not judge without the mount's mapping
 * @sb: ours
 * @old: for presto_judged_end()
 *
 * Where nobody has mapped IDs it is judged again, as it was above. Returns zero or -ENOMEM.
 */
int presto_judged_begin(struct super_block *sb, const struct cred **old)
{
	const struct cred *cred;

	*old = NULL;
	if (likely(!READ_ONCE(PRESTO_SB(sb)->idmapped)))
		return 0;
	cred = presto_judged_cred();
	if (!cred)
		return -ENOMEM;
	*old = override_creds(cred);
	return 0;
}

void presto_judged_end(const struct cred *old)
{
	const struct cred *cred = current_cred();

	if (!old)
		return;
	revert_creds(old);
	put_cred(cred);
}

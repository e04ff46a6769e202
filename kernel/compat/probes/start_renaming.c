// SPDX-License-Identifier: GPL-2.0-or-later
/* after 6.12: lock_rename() became start_renaming() */
#include <linux/fs.h>
#include <linux/namei.h>

int probe(struct mnt_idmap *idmap, struct dentry *dir, struct dentry *old, struct dentry *new)
{
	struct renamedata rd = { .mnt_idmap = idmap, .old_parent = dir, .new_parent = dir };
	int err = start_renaming_two_dentries(&rd, old, new);

	end_renaming(&rd);
	return err;
}

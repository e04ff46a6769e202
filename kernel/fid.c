// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The name of an object for everybody: by whom it was made, and which inode it
 * was there. On what others have made it is an xattr, read once.
 */
#include "presto.h"
#include <linux/xattr.h>
#include "kml.h"

/* An object that was made here, and that nobody has named. */
static struct kml_fid presto_own_fid(struct inode *lower)
{
	return (struct kml_fid){
		.ino = cpu_to_le64(lower->i_ino),
		.gen = cpu_to_le32(lower->i_generation),
	};
}

static int presto_read_fid(struct inode *lower, struct kml_fid *fid)
{
	ssize_t len = __vfs_getxattr(NULL, lower, PRESTO_XATTR_FID, fid, sizeof(*fid));

	if (len == sizeof(*fid))
		return 0;
	if (len != -ENODATA && len != -EOPNOTSUPP) {
		pr_err_ratelimited("inode %llu: bad %s (%zd)\n", (u64)lower->i_ino,
				   PRESTO_XATTR_FID, len);
		return len < 0 ? len : -EIO;
	}
	*fid = presto_own_fid(lower);
	return 0;
}

static void presto_fid_keep(struct presto_jinode *ji, const struct kml_fid *fid)
{
	spin_lock(&ji->range_lock);
	ji->fid = *fid;
	ji->fid_known = true;
	spin_unlock(&ji->range_lock);
}

/* The name of an object for everybody. Read from the lower inode once. */
int presto_fid(struct inode *inode, struct kml_fid *fid)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;
	bool known;
	int err;

	spin_lock(&ji->range_lock);
	known = ji->fid_known;
	*fid = ji->fid;
	spin_unlock(&ji->range_lock);
	if (known)
		return 0;
	err = presto_read_fid(presto_lower_inode(inode), fid);
	if (err)
		return err;
	presto_fid_keep(ji, fid);
	return 0;
}

/* It has just been made: there is nothing to be read. */
void presto_fid_new(struct inode *inode)
{
	struct kml_fid fid = presto_own_fid(presto_lower_inode(inode));

	presto_fid_keep(&PRESTO_I(inode)->j, &fid);
}

void presto_fid_changed(struct inode *inode)
{
	struct presto_jinode *ji = &PRESTO_I(inode)->j;

	spin_lock(&ji->range_lock);
	ji->fid_known = false;
	spin_unlock(&ji->range_lock);
}

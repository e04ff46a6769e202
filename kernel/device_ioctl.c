// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ioctls of /dev/intermezzoN. Arguments are copied in before the mount is
 * looked at, and results copied out after it was let go.
 */
#include "presto.h"
#include <linux/uaccess.h>
#include "device.h"
#include "kml.h"

static long presto_ioctl_info(struct super_block *sb, struct presto_info *info)
{
	struct presto_sb *ps = PRESTO_SB(sb);
	struct kml *kml = ps->kml;

	info->protocol = PRESTO_PROTOCOL;
	info->journal_mode = kml->exact ? PRESTO_JOURNAL_EXACT : PRESTO_JOURNAL_SCAN;
	info->first = READ_ONCE(kml->first);
	mutex_lock(&kml->lock);
	info->watermark = kml_watermark(kml);
	info->head = kml->head;
	info->records = kml->recno;
	info->local = kml->local;
	mutex_unlock(&kml->lock);
	memcpy(info->log_id, kml->log_id, sizeof(info->log_id));
	strscpy(info->fileset, ps->fileset, sizeof(info->fileset));
	info->unclean = kml->unclean;
	return 0;
}

static long presto_ioctl_sync(struct super_block *sb, u64 *watermark)
{
	*watermark = kml_watermark(PRESTO_SB(sb)->kml);
	return presto_journal_sync(sb);
}

static long presto_ioctl_trim(struct super_block *sb, u64 below)
{
	struct kml *kml = PRESTO_SB(sb)->kml;

	return below > kml_head(kml) ? -EINVAL : kml_trim(kml, below);
}

static long presto_ioctl_object(struct super_block *sb, struct presto_object *object)
{
	struct inode *inode = presto_ilookup(sb, object->ino, object->gen);

	object->writers = 0;
	object->dirty = 0;
	if (inode) {
		struct presto_jinode *ji = &PRESTO_I(inode)->j;

		mutex_lock(&ji->lock);
		object->writers = ji->writers;
		object->dirty = ji->dirty;
		mutex_unlock(&ji->lock);
		iput(inode);
	}
	return 0;
}

static long presto_ioctl_mounted(struct presto_device *device, unsigned int cmd, void *arg)
{
	struct super_block *sb;
	long err = -ENOTCONN;

	down_read(&device->use);
	sb = device->sb;
	if (sb) {
		switch (cmd) {
		case PRESTO_IOC_INFO:
			err = presto_ioctl_info(sb, arg);
			break;
		case PRESTO_IOC_CONTEXT:
			err = presto_context_set(device, arg);
			break;
		case PRESTO_IOC_SYNC:
			err = presto_ioctl_sync(sb, arg);
			break;
		case PRESTO_IOC_TRIM:
			err = presto_ioctl_trim(sb, *(u64 *)arg);
			break;
		case PRESTO_IOC_OBJECT:
			err = presto_ioctl_object(sb, arg);
			break;
		}
	}
	up_read(&device->use);
	return err;
}

long presto_device_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	union {
		struct presto_info info;
		struct presto_context context;
		struct presto_object object;
		u64 offset;
	} arg = {};
	void __user *uarg = (void __user *)user;
	long err;

	switch (cmd) {
	case PRESTO_IOC_INFO:
	case PRESTO_IOC_CONTEXT:
	case PRESTO_IOC_SYNC:
	case PRESTO_IOC_TRIM:
	case PRESTO_IOC_OBJECT:
		break;
	default:
		return -ENOTTY;
	}
	if ((_IOC_DIR(cmd) & _IOC_WRITE) && copy_from_user(&arg, uarg, _IOC_SIZE(cmd)))
		return -EFAULT;
	err = presto_ioctl_mounted(presto_file_device(file), cmd, &arg);
	if (!err && (_IOC_DIR(cmd) & _IOC_READ) && copy_to_user(uarg, &arg, _IOC_SIZE(cmd)))
		err = -EFAULT;
	return err;
}

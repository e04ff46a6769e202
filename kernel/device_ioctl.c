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
	info->mount = kml->mount;
	info->released = atomic_read(&ps->device->released);
	info->wanted = atomic_read(&ps->device->wanted);
	info->gate = READ_ONCE(ps->device->gate.state);
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
	object->waits = 0;
	object->reserved = 0;
	if (inode) {
		struct presto_jinode *ji = &PRESTO_I(inode)->j;

		mutex_lock(&ji->lock);
		object->writers = ji->writers;
		ji->awaited |= ji->writers;
		object->dirty = ji->dirty;
		object->waits = ji->writers && !presto_may_be_written(inode);
		mutex_unlock(&ji->lock);
		iput(inode);
	}
	return 0;
}

static long presto_ioctl_tell(struct super_block *sb, const struct presto_place *place)
{
	struct file *dir;
	long err = -EXDEV;

	if (!place->len || place->len > NAME_MAX || (place->flags & ~KML_FLAG_RECOVERED) ||
	    (place->op != KML_OP_ENTER && place->op != KML_OP_LINK))
		return -EINVAL;
	dir = fget_raw(place->dir);
	if (!dir)
		return -EBADF;
	if (file_dentry(dir)->d_sb == sb)
		err = presto_tell(file_dentry(dir), place);
	fput(dir);
	return err;
}

static long presto_ioctl_list(struct super_block *sb, const struct presto_list *list,
			      const void *payload)
{
	struct file *dir = fget_raw(list->dir);
	long err = -EXDEV;

	if (!dir)
		return -EBADF;
	if (file_dentry(dir)->d_sb == sb)
		err = presto_tell_list(file_dentry(dir), payload, list->len, list->seen);
	fput(dir);
	return err;
}

static long presto_ioctl_mounted(struct presto_device *device, unsigned int cmd, void *arg,
				 const void *payload)
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
		case PRESTO_IOC_TELL:
			err = presto_ioctl_tell(sb, arg);
			break;
		case PRESTO_IOC_LIST:
			err = presto_ioctl_list(sb, arg, payload);
			break;
		case PRESTO_IOC_GATE:
			err = presto_gate_set(sb, arg);
			break;
		}
	}
	up_read(&device->use);
	return err;
}

/* What a list points to, for kvfree(). */
static void *presto_copy_payload(const struct presto_list *list)
{
	if (list->len < sizeof(struct kml_list) || list->len > KML_MARK_MAX)
		return ERR_PTR(-EINVAL);
	return vmemdup_user(u64_to_user_ptr(list->payload), list->len);
}

long presto_device_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	union {
		struct presto_info info;
		struct presto_context context;
		struct presto_object object;
		struct presto_place place;
		struct presto_list list;
		struct presto_gate gate;
		u64 offset;
	} arg = {};
	void __user *uarg = (void __user *)user;
	void *payload = NULL;
	long err;

	switch (cmd) {
	case PRESTO_IOC_INFO:
	case PRESTO_IOC_CONTEXT:
	case PRESTO_IOC_SYNC:
	case PRESTO_IOC_TRIM:
	case PRESTO_IOC_OBJECT:
	case PRESTO_IOC_TELL:
	case PRESTO_IOC_LIST:
	case PRESTO_IOC_GATE:
		break;
	default:
		return -ENOTTY;
	}
	if ((_IOC_DIR(cmd) & _IOC_WRITE) && copy_from_user(&arg, uarg, _IOC_SIZE(cmd)))
		return -EFAULT;
	if (cmd == PRESTO_IOC_LIST) {
		payload = presto_copy_payload(&arg.list);
		if (IS_ERR(payload))
			return PTR_ERR(payload);
	}
	err = presto_ioctl_mounted(presto_file_device(file), cmd, &arg, payload);
	kvfree(payload);
	if (!err && cmd == PRESTO_IOC_INFO)
		presto_file_told(file, &arg.info);
	if (!err && (_IOC_DIR(cmd) & _IOC_READ) && copy_to_user(uarg, &arg, _IOC_SIZE(cmd)))
		err = -EFAULT;
	return err;
}

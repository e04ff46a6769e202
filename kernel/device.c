// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/intermezzoN: opening, reading records, writing messages, and the
 * coming and going of the mount behind it.
 */
#include "presto.h"
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "device.h"
#include "kml.h"

#define PRESTO_DEVICES_MAX	64
#define PRESTO_READ_MAX		(2 * KML_RECORD_MAX)

static unsigned int presto_ndevices = 16;
module_param_named(devices, presto_ndevices, uint, 0444);
MODULE_PARM_DESC(devices, "Number of /dev/intermezzoN devices, 1 to 64 (16)");

static struct presto_device *presto_devices;
static DEFINE_MUTEX(presto_devices_lock);

/* An open device. */
struct presto_reader {
	struct presto_device *device;
	struct presto_client *client;
	u32 released;			/* told last [none] */
	u32 wanted;			/* the same */
};

struct presto_device *presto_file_device(struct file *file)
{
	struct presto_reader *reader = file->private_data;

	return reader->device;
}

void presto_file_told(struct file *file, const struct presto_info *info)
{
	struct presto_reader *reader = file->private_data;

	WRITE_ONCE(reader->released, info->released);
	WRITE_ONCE(reader->wanted, info->wanted);
}

static int presto_device_open(struct inode *inode, struct file *file)
{
	struct presto_device *device = container_of(file->private_data, struct presto_device, misc);
	struct presto_reader *reader;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	reader = kmalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader)
		return -ENOMEM;
	reader->device = device;
	reader->released = atomic_read(&device->released);
	reader->wanted = atomic_read(&device->wanted);
	reader->client = presto_client_get(device);
	if (!reader->client) {
		kfree(reader);
		return -ENOMEM;
	}
	file->private_data = reader;
	return 0;
}

static int presto_device_release(struct inode *inode, struct file *file)
{
	struct presto_reader *reader = file->private_data;

	presto_client_put(reader->device, reader->client);
	kfree(reader);
	return 0;
}

/* Is there something to say at @pos, be it an error? */
static bool presto_readable(struct presto_device *device, u64 pos)
{
	bool ready = true;

	spin_lock(&device->lock);
	if (device->sb) {
		struct kml *kml = PRESTO_SB(device->sb)->kml;

		ready = kml_watermark(kml) != (pos ?: READ_ONCE(kml->first));
	}
	spin_unlock(&device->lock);
	return ready;
}

/* How many of @size bytes read from @pos are whole records? */
static ssize_t presto_whole_records(const void *buf, u64 pos, u32 size, u64 avail)
{
	u32 at = 0, len = le32_to_cpu(*(const __le32 *)buf);

	if (!kml_len_ok(pos, len) || len > avail)
		return -EINVAL;
	if (len > size)
		return -EMSGSIZE;
	if (!kml_record_ok(pos, buf, size))
		return *(const __le32 *)(buf + len - sizeof(__le32)) == cpu_to_le32(len) ?
		       -EIO : -EINVAL;
	while (size - at >= KML_PAD_MIN) {
		len = le32_to_cpu(*(const __le32 *)(buf + at));
		if (!kml_len_ok(pos + at, len) || len > size - at)
			break;
		at += len;
	}
	return at;
}

/* Reads whole records at *@pos into a buffer of the kernel's. */
static ssize_t presto_read_records(struct kml *kml, u64 *pos, size_t count, void **buf)
{
	u64 watermark = kml_watermark(kml), first = READ_ONCE(kml->first);
	ssize_t n;
	u32 size;

	if (!*pos)
		*pos = first;
	if (*pos < KML_SUPER_SIZE || *pos > watermark || *pos % KML_ALIGN)
		return -EINVAL;
	if (*pos < first)
		return -ENODATA;
	if (*pos == watermark)
		return -EAGAIN;
	size = min_t(u64, min_t(u64, count, PRESTO_READ_MAX), watermark - *pos);
	if (size < KML_PAD_MIN)
		return -EMSGSIZE;
	*buf = kvmalloc(size, GFP_KERNEL);
	if (!*buf)
		return -ENOMEM;
	n = kml_read(kml, *pos, *buf, size);
	smp_rmb();	/* pairs with smp_wmb() in kml_trim(): bytes, then first */
	if (*pos < READ_ONCE(kml->first))
		return -ENODATA;
	return n ?: presto_whole_records(*buf, *pos, size, watermark - *pos);
}

static ssize_t presto_device_read(struct file *file, char __user *to, size_t count, loff_t *ppos)
{
	struct presto_device *device = presto_file_device(file);
	u64 pos = *ppos;
	void *buf;
	ssize_t n;

	if (!count)
		return 0;
	for (;;) {
		buf = NULL;
		down_read(&device->use);
		n = -ENOTCONN;
		if (device->sb)
			n = presto_read_records(PRESTO_SB(device->sb)->kml, &pos, count, &buf);
		up_read(&device->use);
		if (n != -EAGAIN || (file->f_flags & O_NONBLOCK))
			break;
		n = wait_event_interruptible(device->wait, presto_readable(device, pos));
		if (n)
			break;
	}
	if (n > 0 && copy_to_user(to, buf, n))
		n = -EFAULT;
	if (n > 0)
		*ppos = pos + n;
	kvfree(buf);
	return n;
}

static __poll_t presto_device_poll(struct file *file, poll_table *wait)
{
	struct presto_reader *reader = file->private_data;
	struct presto_device *device = reader->device;
	__poll_t events = 0;

	poll_wait(file, &device->wait, wait);
	if (!READ_ONCE(device->sb))
		return EPOLLHUP;
	if (presto_readable(device, file->f_pos))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(reader->released) != atomic_read(&device->released) ||
	    READ_ONCE(reader->wanted) != atomic_read(&device->wanted))
		events |= EPOLLPRI;
	return events;
}

static loff_t presto_device_llseek(struct file *file, loff_t offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	return no_seek_end_llseek(file, offset, whence);
}

static int presto_write_mark(struct super_block *sb, const void *payload, u32 len, u64 taken)
{
	struct vfsmount *mnt = PRESTO_SB(sb)->lower_mnt;
	struct presto_op op;
	int err = mnt_want_write(mnt);

	if (err)
		return err;
	presto_record_init(&op, sb, KML_OP_MARK);
	op.taken = taken;
	presto_op_bytes(&op, KML_F_PAYLOAD, payload, len);
	err = presto_record_append(&op);
	mnt_drop_write(mnt);
	return err;
}

/* The header is checked whole before anything is done. */
static int presto_check_message(const struct presto_message *message, size_t count)
{
	if (message->len != count || message->reserved ||
	    message->count > PRESTO_COUNT_MAX)
		return -EINVAL;
	if (message->type != PRESTO_MSG_MARK)
		return -EOPNOTSUPP;
	if (count - sizeof(*message) > KML_MARK_MAX)
		return -EMSGSIZE;
	return 0;
}

static ssize_t presto_device_write(struct file *file, const char __user *from, size_t count,
				   loff_t *ppos)
{
	struct presto_device *device = presto_file_device(file);
	struct presto_message message;
	void *payload;
	size_t len;
	int err;

	if (count < sizeof(message))
		return -EINVAL;
	if (copy_from_user(&message, from, sizeof(message)))
		return -EFAULT;
	err = presto_check_message(&message, count);
	if (err)
		return err;
	len = count - sizeof(message);
	payload = kvmalloc(len + 1, GFP_KERNEL);
	if (!payload)
		return -ENOMEM;
	err = -EFAULT;
	if (!copy_from_user(payload, from + sizeof(message), len)) {
		down_read(&device->use);
		err = device->sb ? presto_write_mark(device->sb, payload, len, message.count) :
			-ENOTCONN;
		up_read(&device->use);
	}
	kvfree(payload);
	return err ?: count;
}

static const struct file_operations presto_device_fops = {
	.owner		= THIS_MODULE,
	.open		= presto_device_open,
	.release	= presto_device_release,
	.read		= presto_device_read,
	.write		= presto_device_write,
	.poll		= presto_device_poll,
	.llseek		= presto_device_llseek,
	.unlocked_ioctl	= presto_device_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

void presto_device_wake(struct presto_device *device)
{
	if (wq_has_sleeper(&device->wait))
		wake_up_interruptible_poll(&device->wait, EPOLLIN | EPOLLRDNORM);
}

void presto_device_released(struct presto_device *device)
{
	atomic_inc(&device->released);
	wake_up_interruptible_poll(&device->wait, EPOLLPRI);
}

void presto_device_wanted(struct presto_device *device)
{
	atomic_inc(&device->wanted);
	wake_up_interruptible_poll(&device->wait, EPOLLPRI);
}

/* From here on the device gives access to the mount. */
void presto_device_start(struct presto_device *device, struct super_block *sb)
{
	down_write(&device->use);
	spin_lock(&device->lock);
	device->sb = sb;
	spin_unlock(&device->lock);
	up_write(&device->use);
	presto_device_wake(device);
}

/* Returns when nobody uses the mount through the device any more. */
void presto_device_stop(struct presto_device *device)
{
	down_write(&device->use);
	spin_lock(&device->lock);
	device->sb = NULL;
	spin_unlock(&device->lock);
	up_write(&device->use);
	presto_contexts_clear(device);
	presto_gate_reset(device);
	wake_up_interruptible_poll(&device->wait, EPOLLHUP);
}

static struct presto_device *presto_find_device(const char *name)
{
	static const char prefix[] = "/dev/intermezzo";
	unsigned int i;

	if (name) {
		if (strncmp(name, prefix, sizeof(prefix) - 1) ||
		    kstrtouint(name + sizeof(prefix) - 1, 10, &i))
			return ERR_PTR(-EINVAL);
		if (i >= presto_ndevices)
			return ERR_PTR(-ENXIO);	/* mount(8) takes ENODEV for no such file system */
		return presto_devices[i].bound ? ERR_PTR(-EBUSY) : &presto_devices[i];
	}
	for (i = 0; i < presto_ndevices; i++)
		if (!presto_devices[i].bound)
			return &presto_devices[i];
	return ERR_PTR(-EBUSY);
}

int presto_device_bind(struct super_block *sb, const char *name)
{
	struct presto_device *device;

	mutex_lock(&presto_devices_lock);
	device = presto_find_device(name);
	if (!IS_ERR(device)) {
		device->bound = true;
		PRESTO_SB(sb)->device = device;
	}
	mutex_unlock(&presto_devices_lock);
	if (!IS_ERR(device))
		return 0;
	pr_err("prestodev=%s: %s\n", name ?: "(first free one)",
	       PTR_ERR(device) == -EBUSY ? "in use by another mount" :
	       PTR_ERR(device) == -ENXIO ? "no such device" : "not /dev/intermezzoN");
	return PTR_ERR(device);
}

void presto_device_unbind(struct super_block *sb)
{
	struct presto_device *device = PRESTO_SB(sb)->device;

	if (!device)
		return;
	presto_device_stop(device);
	mutex_lock(&presto_devices_lock);
	device->bound = false;
	mutex_unlock(&presto_devices_lock);
	PRESTO_SB(sb)->device = NULL;
}

const char *presto_device_name(struct presto_device *device)
{
	return device->name;
}

static int presto_device_init(struct presto_device *device, unsigned int i)
{
	int err;

	snprintf(device->name, sizeof(device->name), "intermezzo%u", i);
	init_waitqueue_head(&device->wait);
	init_waitqueue_head(&device->gate_wait);
	init_rwsem(&device->use);
	spin_lock_init(&device->lock);
	INIT_LIST_HEAD(&device->clients);
	INIT_LIST_HEAD(&device->contexts);
	device->misc.minor = MISC_DYNAMIC_MINOR;
	device->misc.name = device->name;
	device->misc.mode = 0600;
	device->misc.fops = &presto_device_fops;
	err = misc_register(&device->misc);
	device->registered = !err;
	return err;
}

int presto_devices_init(void)
{
	unsigned int i;
	int err = 0;

	if (!presto_ndevices || presto_ndevices > PRESTO_DEVICES_MAX) {
		pr_err("devices=%u: must be 1 to %u\n", presto_ndevices, PRESTO_DEVICES_MAX);
		return -EINVAL;
	}
	presto_devices = kcalloc(presto_ndevices, sizeof(*presto_devices), GFP_KERNEL);
	if (!presto_devices)
		return -ENOMEM;
	for (i = 0; i < presto_ndevices && !err; i++)
		err = presto_device_init(&presto_devices[i], i);
	if (err)
		presto_devices_exit();
	return err;
}

void presto_devices_exit(void)
{
	unsigned int i;

	for (i = 0; i < presto_ndevices; i++)
		if (presto_devices[i].registered)
			misc_deregister(&presto_devices[i].misc);
	rcu_barrier();	/* presto_client_free() is code of this module */
	kfree(presto_devices);
}

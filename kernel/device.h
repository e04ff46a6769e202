/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/intermezzoN: between a mount and the daemon that serves it.
 *
 * A device lives as long as the module, a mount comes and goes: it is reserved
 * by presto_device_bind(), can be used from presto_device_start() to
 * presto_device_stop(), and whoever uses the journal holds @use meanwhile. So
 * a mount can end while the device is open, and a device can be closed by
 * anyone at any time.
 *
 * Lock ranking: use, then kml.lock and the rest (see kml.h). No copy from or to
 * user space under any of them.
 */
#ifndef _PRESTO_DEVICE_H
#define _PRESTO_DEVICE_H

#include <linux/miscdevice.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "intermezzo.h"

struct presto_device {
	struct miscdevice misc;
	char name[24];
	bool registered;
	bool bound;			/* reserved by a mount [presto_devices_lock] */
	wait_queue_head_t wait;		/* readers at the watermark, and for what is released */
	atomic_t released;		/* presto_info.released */

	struct presto_gate gate;	/* [lock; state to leave OPEN also kml.lock] */
	bool asked;			/* somebody waits at the gate [lock] */
	unsigned int turns;		/* of the gate [lock to change] */
	bool lenient;			/* what is open for writing goes on [lock to change] */
	atomic_t writers;		/* files that programs have open for writing */
	unsigned long deadline;		/* for lento to answer him, in jiffies [lock] */
	wait_queue_head_t gate_wait;
	atomic_t wanted;		/* presto_info.wanted */

	struct rw_semaphore use;	/* shared: the mount stays; exclusive: it comes or goes */
	spinlock_t lock;
	struct super_block *sb;		/* in use [use and lock to change, either to read] */
	struct list_head clients;	/* thread groups that have it open [lock, RCU to read] */
	struct list_head contexts;	/* of their threads [lock] */
};

/* A thread group that has the device open: lento. */
struct presto_client {
	struct list_head link;
	struct pid *tgid;
	unsigned int opens;		/* [device->lock] */
	bool keeps;			/* turns the gate [device->lock] */
	struct rcu_head rcu;
};

/* context.c */
struct presto_client *presto_client_get(struct presto_device *device);
void presto_client_put(struct presto_device *device, struct presto_client *client);
int presto_context_set(struct presto_device *device, const struct presto_context *context);
void presto_contexts_clear(struct presto_device *device);
/* The caller's thread group turns the gate from now on: false, it hasn't opened the device. */
bool presto_client_keeps(struct presto_device *device);

/* gate.c */
long presto_gate_set(struct super_block *sb, const struct presto_gate *gate);
/* The mount ends: nobody waits any more. */
void presto_gate_reset(struct presto_device *device);
/* Whoever turned it is gone. */
void presto_gate_deserted(struct presto_device *device);

/* device_ioctl.c */
long presto_device_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

struct presto_device *presto_file_device(struct file *file);
/* Whoever has the device open as @file knows presto_info.released and wanted. */
void presto_file_told(struct file *file, const struct presto_info *info);

#endif

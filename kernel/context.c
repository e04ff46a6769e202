// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is lento, and whose update its threads apply.
 */
#include "presto.h"
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include "device.h"
#include "kml.h"

#define PRESTO_CONTEXT_FLAGS	(KML_FLAG_PARTIAL | PRESTO_CONTEXT_TIME | PRESTO_CONTEXT_KEEP | \
				 PRESTO_CONTEXT_KEEP2 | PRESTO_CONTEXT_YIELD)

struct presto_thread_context {
	struct list_head link;
	struct pid *thread;
	struct pid *tgid;
	struct presto_context context;
};

static bool presto_is_client(struct presto_device *device, struct pid *tgid)
{
	struct presto_client *client;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(client, &device->clients, link) {
		found = client->tgid == tgid;
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

/* The caller's thread group opens the device once more. */
struct presto_client *presto_client_get(struct presto_device *device)
{
	struct pid *tgid = task_tgid(current);
	struct presto_client *client, *new = kzalloc(sizeof(*new), GFP_KERNEL);

	if (!new)
		return NULL;
	spin_lock(&device->lock);
	list_for_each_entry(client, &device->clients, link) {
		if (client->tgid == tgid) {
			client->opens++;
			spin_unlock(&device->lock);
			kfree(new);
			return client;
		}
	}
	new->tgid = get_pid(tgid);
	new->opens = 1;
	list_add_rcu(&new->link, &device->clients);
	spin_unlock(&device->lock);
	return new;
}

/* Moves the contexts of @tgid (NULL: all) to @gone. */
static void presto_contexts_take(struct presto_device *device, struct pid *tgid,
				 struct list_head *gone)
{
	struct presto_thread_context *tc, *next;

	lockdep_assert_held(&device->lock);
	list_for_each_entry_safe(tc, next, &device->contexts, link)
		if (!tgid || tc->tgid == tgid)
			list_move(&tc->link, gone);
}

static void presto_contexts_free(struct list_head *gone)
{
	struct presto_thread_context *tc, *next;

	list_for_each_entry_safe(tc, next, gone, link) {
		put_pid(tc->thread);
		put_pid(tc->tgid);
		kfree(tc);
	}
}

static void presto_client_free(struct rcu_head *rcu)
{
	struct presto_client *client = container_of(rcu, struct presto_client, rcu);

	put_pid(client->tgid);
	kfree(client);
}

bool presto_client_keeps(struct presto_device *device)
{
	struct presto_client *client;
	bool found = false;

	spin_lock(&device->lock);
	list_for_each_entry(client, &device->clients, link) {
		found = client->tgid == task_tgid(current);
		if (found) {
			client->keeps = true;
			break;
		}
	}
	spin_unlock(&device->lock);
	return found;
}

void presto_client_put(struct presto_device *device, struct presto_client *client)
{
	LIST_HEAD(gone);
	bool last;

	spin_lock(&device->lock);
	last = !--client->opens;
	if (last) {
		list_del_rcu(&client->link);
		presto_contexts_take(device, client->tgid, &gone);
	}
	spin_unlock(&device->lock);
	presto_contexts_free(&gone);
	if (last && client->keeps)
		presto_gate_deserted(device);
	if (last)
		call_rcu(&client->rcu, presto_client_free);
}

/* Contexts end with the mount. */
void presto_contexts_clear(struct presto_device *device)
{
	LIST_HEAD(gone);

	spin_lock(&device->lock);
	presto_contexts_take(device, NULL, &gone);
	spin_unlock(&device->lock);
	presto_contexts_free(&gone);
}

/* Takes out the caller's context, and those of threads that have ended without a word. */
static void presto_contexts_prune(struct presto_device *device, struct list_head *gone)
{
	struct presto_thread_context *tc, *next;

	lockdep_assert_held(&device->lock);
	rcu_read_lock();
	list_for_each_entry_safe(tc, next, &device->contexts, link)
		if (tc->thread == task_pid(current) || !pid_task(tc->thread, PIDTYPE_PID))
			list_move(&tc->link, gone);
	rcu_read_unlock();
}

/* Sets the context of the calling thread, a thread of lento; replica 0 ends it. */
int presto_context_set(struct presto_device *device, const struct presto_context *context)
{
	struct presto_thread_context *tc = NULL;
	LIST_HEAD(gone);

	if ((context->flags & ~PRESTO_CONTEXT_FLAGS) || context->nsec >= NSEC_PER_SEC ||
	    (context->replica && !context->counter))
		return -EINVAL;
	if (!presto_is_client(device, task_tgid(current)))
		return -EPERM;
	if (context->replica) {
		tc = kmalloc(sizeof(*tc), GFP_KERNEL);
		if (!tc)
			return -ENOMEM;
		tc->thread = get_pid(task_pid(current));
		tc->tgid = get_pid(task_tgid(current));
		tc->context = *context;
	}
	spin_lock(&device->lock);
	presto_contexts_prune(device, &gone);
	if (tc)
		list_add(&tc->link, &device->contexts);
	spin_unlock(&device->lock);
	presto_contexts_free(&gone);
	return 0;
}

/* The context of the calling thread. Costs one look when nobody has any. */
bool presto_device_context(struct presto_device *device, struct presto_context *context)
{
	struct presto_thread_context *tc;
	bool found = false;

	if (list_empty_careful(&device->contexts))
		return false;
	spin_lock(&device->lock);
	list_for_each_entry(tc, &device->contexts, link) {
		found = tc->thread == task_pid(current);
		if (found) {
			*context = tc->context;
			break;
		}
	}
	spin_unlock(&device->lock);
	return found;
}

bool presto_in_context(struct super_block *sb)
{
	struct presto_context context;

	return presto_device_context(PRESTO_SB(sb)->device, &context);
}

bool presto_is_lento(struct super_block *sb)
{
	return presto_is_client(PRESTO_SB(sb)->device, task_tgid(current));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gate: whether programs may change the tree now. lento turns it as it has
 * the fileset's write permit or hasn't. It stands where records are appended:
 * an update has its record or hasn't begun (J6), and once the watermark has
 * passed the place where the log ended when the gate was turned, nothing is
 * under way any more.
 *
 * Whoever must ask waits where he holds nothing: the system call ends with
 * -ERESTARTNOINTR, the task waits on its way back to user mode, and then begins
 * the call anew. With a directory locked, it would keep lento from applying there
 * what the permit waits for. Tasks that never get to user mode wait for the
 * content of a file where they are, and are told to try again otherwise.
 */
#include "presto.h"
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include "device.h"
#include "kml.h"

#define PRESTO_NO_USER_MODE	(PF_KTHREAD | PF_IO_WORKER | PF_EXITING | PF_DUMPCORE)

struct presto_asker {
	struct callback_head work;
	struct presto_device *device;
};

/* What a task waits for lives as long as the module, not only as long as the mount. */
static void presto_gate_turn(struct presto_device *device, u32 state)
{
	spin_lock(&device->lock);
	WRITE_ONCE(device->gate.state, state);
	WRITE_ONCE(device->turns, device->turns + 1);
	device->asked = false;
	spin_unlock(&device->lock);
	wake_up_all(&device->gate_wait);
}

void presto_gate_reset(struct presto_device *device)
{
	device->gate.gone = PRESTO_GATE_OPEN;
	presto_gate_turn(device, PRESTO_GATE_OPEN);
}

void presto_gate_deserted(struct presto_device *device)
{
	presto_gate_turn(device, device->gate.gone);
}

/* What whoever has a file open for writing does before he closes it. */
static bool presto_gate_finishes(const struct presto_op *op)
{
	switch (le16_to_cpu(((const struct kml_record *)op->buf)->op)) {
	case KML_OP_DIRTY:
		return true;
	case KML_OP_SETATTR:
	case KML_OP_SETXATTR:
	case KML_OP_REMOVEXATTR:
		return op->ntouched && READ_ONCE(op->touched[0]->writers);
	default:
		return false;
	}
}

/*
 * Whether a program may append @op: zero, -EROFS, or -ERESTARTNOINTR upon which
 * presto_gate_ask() is to be called when nothing is locked that lento needs.
 */
int presto_gate_check(struct kml *kml, const struct presto_op *op)
{
	u32 state = READ_ONCE(kml->device->gate.state);

	lockdep_assert_held(&kml->lock);
	if (likely(state == PRESTO_GATE_OPEN) || op->context.replica || presto_is_lento(kml->sb))
		return 0;
	if (READ_ONCE(kml->device->lenient) && presto_gate_finishes(op))
		return 0;
	return state == PRESTO_GATE_SHUT ? -EROFS : -ERESTARTNOINTR;
}

/* When lento is taken for silent. */
static long presto_gate_left(struct presto_device *device)
{
	long left;

	spin_lock(&device->lock);
	left = device->asked ? (long)(device->deadline - jiffies) : MAX_SCHEDULE_TIMEOUT;
	spin_unlock(&device->lock);
	return left;
}

static void presto_gate_expire(struct presto_device *device)
{
	bool expired;

	spin_lock(&device->lock);
	expired = device->gate.state == PRESTO_GATE_ASK && device->asked &&
		  !time_before(jiffies, device->deadline);
	if (expired) {
		WRITE_ONCE(device->gate.state, device->gate.gone);
		device->asked = false;
	}
	spin_unlock(&device->lock);
	if (!expired)
		return;
	pr_warn_ratelimited("%s: lento doesn't answer: %s\n", device->name,
			    READ_ONCE(device->gate.state) == PRESTO_GATE_SHUT ?
			    "nothing may be changed" : "programs go on without a permit");
	wake_up_all(&device->gate_wait);
	presto_device_released(device);
}

static bool presto_gate_asks(struct presto_device *device)
{
	return READ_ONCE(device->gate.state) == PRESTO_GATE_ASK;
}

/* lento has from now on to answer. */
static void presto_gate_want(struct presto_device *device)
{
	spin_lock(&device->lock);
	if (presto_gate_asks(device) && !device->asked) {
		device->asked = true;
		device->deadline = jiffies + msecs_to_jiffies(device->gate.wait_ms);
	}
	spin_unlock(&device->lock);
	presto_device_wanted(device);
}

static bool presto_gate_turned(struct presto_device *device, unsigned int turns)
{
	return READ_ONCE(device->turns) != turns || !presto_gate_asks(device);
}

/*
 * Until it is turned, or a signal comes: one that kills, if @killable. Whoever
 * finds that it was opened and is closed again asks once more.
 */
static int presto_gate_wait(struct presto_device *device, bool killable)
{
	wait_queue_head_t *wait = &device->gate_wait;

	while (presto_gate_asks(device)) {
		unsigned int turns = READ_ONCE(device->turns);
		long left;

		if (!READ_ONCE(device->asked))
			presto_gate_want(device);
		left = presto_gate_left(device);
		if (left <= 0) {
			presto_gate_expire(device);
			continue;
		}
		if (killable)
			left = wait_event_killable_timeout(*wait,
							   presto_gate_turned(device, turns), left);
		else
			left = wait_event_interruptible_timeout(*wait,
								presto_gate_turned(device, turns),
								left);
		if (left < 0)
			return left;
	}
	return 0;
}

static void presto_asker_work(struct callback_head *work)
{
	struct presto_asker *asker = container_of(work, struct presto_asker, work);

	/* the system call is begun anew in any case, after the signal if one came */
	if (!(current->flags & PF_EXITING))
		presto_gate_wait(asker->device, false);
	kfree(asker);
	module_put(THIS_MODULE);
}

/* On the way back to user mode, and with it the system call is begun anew. */
static int presto_gate_later(struct presto_device *device)
{
	struct presto_asker *asker = kmalloc(sizeof(*asker), GFP_NOFS);
	int err;

	if (!asker)
		return -ENOMEM;
	init_task_work(&asker->work, presto_asker_work);
	asker->device = device;
	__module_get(THIS_MODULE);
	err = task_work_add(current, &asker->work, TWA_SIGNAL);
	if (!err)
		return -ERESTARTNOINTR;
	module_put(THIS_MODULE);
	kfree(asker);
	return err;
}

/**
 * presto_gate_ask - a program wants to write, and must ask
 * @kml: the log
 * @here: the caller holds nothing that lento needs, unless the task can't wait later
 *
 * Returns zero when the caller is to try again, or the errno to end with.
 */
int presto_gate_ask(struct kml *kml, bool here)
{
	struct presto_device *device = kml->device;

	presto_gate_want(device);
	if (!(current->flags & PRESTO_NO_USER_MODE))
		return presto_gate_later(device);
	return here ? presto_gate_wait(device, true) : -EAGAIN;
}

int presto_gate_enter(struct super_block *sb, bool must_ask)
{
	struct presto_device *device = PRESTO_SB(sb)->device;
	u32 state;
	int err = 0;

	while (!err) {
		atomic_inc(&device->writers);
		/* pairs with the barrier in presto_gate_settle(): he sees us, or we him */
		smp_mb__after_atomic();
		state = READ_ONCE(device->gate.state);
		if (state == PRESTO_GATE_OPEN || !must_ask)
			return 0;
		presto_gate_leave(sb);
		err = state == PRESTO_GATE_SHUT ? -EROFS :
						  presto_gate_ask(PRESTO_SB(sb)->kml, true);
	}
	return err;
}

void presto_gate_leave(struct super_block *sb)
{
	struct presto_device *device = PRESTO_SB(sb)->device;

	if (atomic_dec_and_test(&device->writers) && READ_ONCE(device->lenient))
		wake_up_all(&device->gate_wait);
}

/*
 * Whether a program may write to it now: he has it open for that, and isn't kept
 * out by the gate. (Once that was turned nothing is under way, but what has a mark
 * again since: stores to a mapping.)
 */
bool presto_may_be_written(struct inode *inode)
{
	const struct presto_device *device = PRESTO_SB(inode->i_sb)->device;

	return presto_has_writers(inode) &&
	       (READ_ONCE(device->gate.state) == PRESTO_GATE_OPEN || READ_ONCE(device->lenient) ||
		(READ_ONCE(PRESTO_I(inode)->j.dirty) && !READ_ONCE(PRESTO_I(inode)->j.applied)));
}

/* The gate is turned: lets whoever is writing come to an end, then what is under way. */
static int presto_gate_settle(struct presto_device *device, struct kml *kml, u32 grace_ms)
{
	long left = 1;
	u64 head;

	/* pairs with the barrier in presto_gate_enter() */
	smp_mb();
	if (grace_ms)
		left = wait_event_interruptible_timeout(device->gate_wait,
							!atomic_read(&device->writers),
							msecs_to_jiffies(grace_ms));
	mutex_lock(&kml->lock);
	WRITE_ONCE(device->lenient, false);
	head = kml->head;
	mutex_unlock(&kml->lock);
	if (left < 0)
		return left;
	return wait_event_interruptible(device->wait, kml_watermark(kml) >= head);
}

static bool presto_gate_ok(const struct presto_gate *gate)
{
	return gate->state <= PRESTO_GATE_SHUT && gate->grace_ms <= PRESTO_GATE_WAIT_MAX &&
	       (gate->gone == PRESTO_GATE_OPEN || gate->gone == PRESTO_GATE_SHUT) &&
	       gate->wait_ms && gate->wait_ms <= PRESTO_GATE_WAIT_MAX;
}

/*
 * Turns it. Unless it is open now, returns when nothing that a program does is
 * under way, and all content is closed off in the log but for what is mapped
 * for writing. -EAGAIN: the lower file system is frozen, some content is not.
 */
long presto_gate_set(struct super_block *sb, const struct presto_gate *gate)
{
	struct presto_device *device = PRESTO_SB(sb)->device;
	struct kml *kml = PRESTO_SB(sb)->kml;
	int err;

	if (!presto_gate_ok(gate))
		return -EINVAL;
	if (!presto_client_keeps(device))
		return -EPERM;
	mutex_lock(&kml->lock);
	spin_lock(&device->lock);
	device->gate.gone = gate->gone;
	device->gate.wait_ms = gate->wait_ms;
	WRITE_ONCE(device->lenient, gate->state != PRESTO_GATE_OPEN && gate->grace_ms);
	spin_unlock(&device->lock);
	presto_gate_turn(device, gate->state);
	mutex_unlock(&kml->lock);
	if (gate->state == PRESTO_GATE_OPEN)
		return 0;
	err = presto_gate_settle(device, kml, gate->grace_ms);
	return err ?: presto_close_marks(kml);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Direct I/O that is asynchronous stays so: the lower file system gets a request
 * of ours, whose completion, in any context, completes the caller's.
 *
 * A write that grows the file, or appends, is over when the lower call returns;
 * so what is in flight changes neither size nor blocks, and its range was told
 * before it was submitted. A CLOSE|OPEN waits for what is in flight, and the last
 * close comes after it, for a request holds its file.
 */
#include <linux/refcount.h>
#include <linux/slab.h>
#include "presto.h"

struct presto_request {
	struct kiocb lower;
	struct kiocb *iocb;	/* the caller's; gone after its completion */
	refcount_t refs;	/* the submitter's, and that of the completion */
};

static struct kmem_cache *presto_request_cachep;

int presto_request_cache_init(void)
{
	presto_request_cachep = KMEM_CACHE(presto_request, SLAB_HWCACHE_ALIGN);
	return presto_request_cachep ? 0 : -ENOMEM;
}

void presto_request_cache_exit(void)
{
	kmem_cache_destroy(presto_request_cachep);
}

/* The same request for the lower file, to be done before the call returns. */
void presto_lower_iocb(struct kiocb *lower, struct kiocb *iocb)
{
	kiocb_clone(lower, iocb, presto_lower_file(iocb->ki_filp));
	/* the caller can neither be woken for a page of ours nor complete it for us */
	lower->ki_flags &= ~(IOCB_WAITQ | IOCB_DIO_CALLER_COMP);
}

static void presto_request_put(struct presto_request *request)
{
	if (refcount_dec_and_test(&request->refs))
		kmem_cache_free(presto_request_cachep, request);
}

static void presto_request_end(struct presto_request *request)
{
	if (request->lower.ki_flags & IOCB_WRITE)
		kiocb_end_write(&request->lower);
	request->iocb->ki_pos = request->lower.ki_pos;
	presto_request_put(request);
}

static void presto_request_complete(struct kiocb *lower, long res)
{
	struct presto_request *request = container_of(lower, struct presto_request, lower);
	struct kiocb *iocb = request->iocb;

	presto_request_end(request);
	iocb->ki_complete(iocb, res);
}

/* Can the caller wait for its completion elsewhere? */
bool presto_is_async(struct kiocb *iocb)
{
	return iocb->ki_flags & IOCB_DIRECT && !is_sync_kiocb(iocb);
}

/**
 * presto_submit - read or write without waiting
 * @iocb: the caller's request, which is asynchronous
 * @iter: his memory
 *
 * Returns -EIOCBQUEUED if the completion will tell the result, else the result.
 */
ssize_t presto_submit(struct kiocb *iocb, struct iov_iter *iter)
{
	struct presto_request *request = kmem_cache_alloc(presto_request_cachep, GFP_KERNEL);
	bool write = iov_iter_rw(iter) == WRITE;
	const struct file_operations *fops;
	ssize_t ret;

	if (!request)
		return -ENOMEM;
	presto_lower_iocb(&request->lower, iocb);
	request->lower.ki_complete = presto_request_complete;
	request->iocb = iocb;
	/* the lower file system looks at its request until the call returns */
	refcount_set(&request->refs, 2);
	fops = request->lower.ki_filp->f_op;
	if (write) {
		/* not every caller says so: loop devices on older kernels don't */
		request->lower.ki_flags |= IOCB_WRITE;
		kiocb_start_write(&request->lower);
	}
	ret = write ? fops->write_iter(&request->lower, iter) :
		      fops->read_iter(&request->lower, iter);
	if (ret != -EIOCBQUEUED)
		presto_request_end(request);
	presto_request_put(request);
	return ret;
}

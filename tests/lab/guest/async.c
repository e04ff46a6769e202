// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Direct I/O in flight, over a disk that a test can stop:
 *
 *	async FILE DISK LOWER CLOSED
 *
 * FILE is on presto, LOWER is what presto stands on, and the file system below DISK
 * holds the image of LOWER's disk: frozen, it keeps all writes waiting. CLOSED is a
 * command that succeeds if the log has the CLOSE of FILE, or one that leaves it open
 * if its argument is "open". Prints "ok - name" and "not ok - name: why".
 */
#include "check.h"

#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sched.h>
#include <signal.h>

enum { BLOCK = 4096, REQUESTS = 32 };

static char *path, *closed_command;
static int disk, lower;
static char *data;			/* REQUESTS blocks */

const char *failed(const char *file, int line, const char *what)
{
	static char why[512];

	snprintf(why, sizeof(why), "%s:%d: %s (%s)", file, line, what, strerror(errno));
	return why;
}

static int stop_disk(void)
{
	return ioctl(disk, FIFREEZE, 0);
}

static int go_on(void)
{
	return ioctl(disk, FITHAW, 0);
}

static int is_closed(void)
{
	return !system(closed_command);
}

static int is_closed_off(void)
{
	char command[4096];

	snprintf(command, sizeof(command), "%s open", closed_command);
	return !system(command);
}

static void fill(char byte)
{
	for (int i = 0; i < REQUESTS; i++)
		memset(data + i * BLOCK, byte + i, BLOCK);
}

/* What is to be overwritten is there, and marked durably. */
static int prepare(char byte)
{
	int fd = open(path, O_RDWR | O_CREAT | O_DIRECT, 0644);

	fill(byte);
	if (pwrite(fd, data, REQUESTS * BLOCK, 0) != REQUESTS * BLOCK || fsync(fd) ||
	    pwrite(fd, data, BLOCK, 0) != BLOCK || fsync(fd))
		return -1;
	sync();
	return fd;
}

static int has_content(char byte)
{
	char *got = malloc(REQUESTS * BLOCK);
	int fd = open(path, O_RDONLY), same;

	fill(byte);
	same = read(fd, got, REQUESTS * BLOCK) == REQUESTS * BLOCK && !memcmp(got, data, REQUESTS * BLOCK);
	close(fd);
	free(got);
	return same;
}

static int submit_aio(aio_context_t context, int fd, int opcode)
{
	static struct iocb cbs[REQUESTS];
	struct iocb *list[REQUESTS];

	for (int i = 0; i < REQUESTS; i++) {
		cbs[i] = (struct iocb){ .aio_lio_opcode = opcode, .aio_fildes = fd, .aio_nbytes = BLOCK,
					.aio_buf = (unsigned long)data + i * BLOCK, .aio_offset = i * BLOCK };
		list[i] = &cbs[i];
	}
	return syscall(SYS_io_submit, context, REQUESTS, list);
}

/* How many have ended well, of which @least are waited for. */
static int reap_aio(aio_context_t context, int least)
{
	struct io_event events[REQUESTS];
	struct timespec now = {};
	int n = syscall(SYS_io_getevents, context, least, REQUESTS, events, least ? NULL : &now);

	for (int i = 0; i < n; i++)
		if (events[i].res != BLOCK)
			return -1;
	return n;
}

static const char *check_aio(void)
{
	aio_context_t context = 0;
	int fd = prepare('a');

	EXPECT(fd >= 0 && !syscall(SYS_io_setup, REQUESTS, &context) && !is_closed());
	fill('A');
	EXPECT(!stop_disk() && submit_aio(context, fd, IOCB_CMD_PWRITE) == REQUESTS);
	EXPECT(reap_aio(context, 0) == 0 && !close(fd) && !is_closed());
	EXPECT(!go_on() && reap_aio(context, REQUESTS) == REQUESTS);
	/* the file is put by whoever completes the last one, a moment later */
	while (!is_closed())
		sched_yield();
	EXPECT(has_content('A'));
	fd = open(path, O_RDONLY | O_DIRECT);
	memset(data, 0, REQUESTS * BLOCK);
	EXPECT(submit_aio(context, fd, IOCB_CMD_PREAD) == REQUESTS && reap_aio(context, REQUESTS) == REQUESTS);
	EXPECT(data[0] == 'A' && data[REQUESTS * BLOCK - 1] == 'A' + REQUESTS - 1 && !close(fd));
	return NULL;
}

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static int open_ring(struct ring *ring)
{
	struct io_uring_params p = {};
	char *sq, *cq;

	ring->fd = syscall(SYS_io_uring_setup, REQUESTS, &p);
	if (ring->fd < 0)
		return -1;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*ring->cqes), PROT_READ | PROT_WRITE, MAP_SHARED,
		  ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, p.sq_entries * sizeof(*ring->sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			  IORING_OFF_SQES);
	ring->sq_tail = (void *)(sq + p.sq_off.tail);
	ring->sq_mask = (void *)(sq + p.sq_off.ring_mask);
	ring->sq_array = (void *)(sq + p.sq_off.array);
	ring->cq_head = (void *)(cq + p.cq_off.head);
	ring->cq_tail = (void *)(cq + p.cq_off.tail);
	ring->cq_mask = (void *)(cq + p.cq_off.ring_mask);
	ring->cqes = (void *)(cq + p.cq_off.cqes);
	return sq == MAP_FAILED || cq == MAP_FAILED || ring->sqes == MAP_FAILED ? -1 : 0;
}

static int submit_ring(struct ring *ring, int fd, int opcode)
{
	unsigned int tail = *ring->sq_tail;

	for (int i = 0; i < REQUESTS; i++, tail++) {
		unsigned int at = tail & *ring->sq_mask;

		ring->sqes[at] = (struct io_uring_sqe){ .opcode = opcode, .fd = fd, .off = i * BLOCK,
			.addr = (unsigned long)data + i * BLOCK, .len = BLOCK };
		ring->sq_array[at] = at;
	}
	__atomic_store_n(ring->sq_tail, tail, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, ring->fd, REQUESTS, 0, 0, NULL, 0);
}

static int reap_ring(struct ring *ring, int least)
{
	int n = 0;

	if (least && syscall(SYS_io_uring_enter, ring->fd, 0, least, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	for (; *ring->cq_head != __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE); n++, ++*ring->cq_head)
		if (ring->cqes[*ring->cq_head & *ring->cq_mask].res != BLOCK)
			return -1;
	return n;
}

static const char *check_uring(void)
{
	struct ring ring;
	int fd = prepare('b');

	EXPECT(fd >= 0 && !open_ring(&ring));
	fill('B');
	EXPECT(!stop_disk() && submit_ring(&ring, fd, IORING_OP_WRITE) == REQUESTS && reap_ring(&ring, 0) == 0);
	EXPECT(!go_on() && reap_ring(&ring, REQUESTS) == REQUESTS && has_content('B'));
	memset(data, 0, REQUESTS * BLOCK);
	EXPECT(submit_ring(&ring, fd, IORING_OP_READ) == REQUESTS && reap_ring(&ring, REQUESTS) == REQUESTS);
	EXPECT(data[0] == 'B' && data[REQUESTS * BLOCK - 1] == 'B' + REQUESTS - 1 && !close(fd));
	/* not direct: through the page cache, by whichever way the ring finds */
	fd = open(path, O_RDWR);
	fill('c');
	EXPECT(submit_ring(&ring, fd, IORING_OP_WRITE) == REQUESTS && reap_ring(&ring, REQUESTS) == REQUESTS);
	EXPECT(has_content('c'));
	return NULL;
}

/* Does it wait for a lock in a function of the kernel that is named like this? */
static int waits_in(pid_t pid, const char *function)
{
	char name[64], line[128] = "";
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/wchan", pid);
	file = fopen(name, "r");
	if (!file)
		return -1;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return !!strstr(line, function);
}

/* A freeze of the lower file system waits for what is in flight. */
static const char *check_freeze(void)
{
	aio_context_t context = 0;
	int fd = prepare('d'), status;
	pid_t pid;

	EXPECT(fd >= 0 && !syscall(SYS_io_setup, REQUESTS, &context));
	fill('D');
	EXPECT(!stop_disk() && submit_aio(context, fd, IOCB_CMD_PWRITE) == REQUESTS);
	pid = fork();
	if (!pid)
		_exit(!!ioctl(lower, FIFREEZE, 0));
	while (!waits_in(pid, "freeze") && !waitpid(pid, &status, WNOHANG))
		sched_yield();
	EXPECT(waits_in(pid, "freeze") && !go_on() && reap_aio(context, REQUESTS) == REQUESTS);
	EXPECT(waitpid(pid, &status, 0) == pid && !status && !ioctl(lower, FITHAW, 0) && has_content('D'));
	return NULL;
}

/*
 * A file that stays open is closed off in the log after a while, but not before what
 * is in flight. Whoever does that locks the file, which keeps out others.
 */
static const char *check_closer(void)
{
	aio_context_t context = 0;
	int fd = prepare('f');
	pid_t pid;

	EXPECT(fd >= 0 && !syscall(SYS_io_setup, REQUESTS, &context));
	fill('F');
	EXPECT(!stop_disk() && submit_aio(context, fd, IOCB_CMD_PWRITE) == REQUESTS);
	pid = fork();
	if (!pid)
		while (!fchown(fd, -1, -1))
			sched_yield();
	while (!waits_in(pid, "chown"))
		EXPECT(!is_closed_off());
	EXPECT(!is_closed_off() && !go_on() && reap_aio(context, REQUESTS) == REQUESTS);
	while (!is_closed_off())
		sched_yield();
	EXPECT(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid && has_content('F'));
	return NULL;
}

/* Whoever is killed with requests in flight goes when they are done, and so does his file. */
static const char *check_killed(void)
{
	int submitted[2], fd = prepare('e');
	char byte;
	pid_t pid;

	EXPECT(fd >= 0 && !pipe(submitted) && !stop_disk());
	pid = fork();
	if (!pid) {
		aio_context_t context = 0;

		fill('E');
		if (!syscall(SYS_io_setup, REQUESTS, &context) && submit_aio(context, fd, IOCB_CMD_PWRITE) == REQUESTS &&
		    write(submitted[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(submitted[1]);
	close(fd);
	EXPECT(read(submitted[0], &byte, 1) == 1 && !kill(pid, SIGKILL) && !is_closed());
	EXPECT(!go_on() && waitpid(pid, NULL, 0) == pid);
	while (!is_closed())
		sched_yield();
	EXPECT(has_content('E'));
	return NULL;
}

/* In a child, which ends without its file; one that can't go on lets the disk go. */
static int run_check(const char *name, const char *(*check)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		const char *why;

		alarm(300);
		unlink(path);
		why = check();
		if (why)
			printf("not ok - async: %s: %s\n", name, why);
		else
			printf("ok - async: %s\n", name);
		fflush(stdout);
		_exit(!!why);
	}
	waitpid(pid, &status, 0);
	go_on();
	if (WIFSIGNALED(status))
		printf("not ok - async: %s: killed by signal %d\n", name, WTERMSIG(status));
	return status != 0;
}

int main(int argc, char **argv)
{
	int bad;

	if (argc != 5 || posix_memalign((void **)&data, BLOCK, REQUESTS * BLOCK)) {
		fprintf(stderr, "usage: async FILE DISK LOWER CLOSED\n");
		return 2;
	}
	path = argv[1];
	disk = open(argv[2], O_RDONLY);
	lower = open(argv[3], O_RDONLY);
	closed_command = argv[4];
	bad = run_check("aio", check_aio);
	bad += run_check("io_uring", check_uring);
	bad += run_check("a freeze waits", check_freeze);
	bad += run_check("killed", check_killed);
	bad += run_check("a file that stays open", check_closer);
	return bad != 0;
}

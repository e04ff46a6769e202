// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nonsense to /dev/intermezzoN while programs work on the mounts behind it:
 *
 *	device_fuzz SEED ROUNDS MOUNT ARCHIVE DISK MOUNT2
 *
 * MOUNT is on device 0. DISK is mounted on MOUNT2 and device 1, and unmounted,
 * again and again. Whether a call succeeds is nobody's concern; that each
 * returns, and each process can be killed, is. A log that is trimmed is copied
 * to ARCHIVE before. Prints "ok - ..." or "not ok - ...: why".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "../../../kernel/intermezzo.h"

enum { FUZZERS = 3, WORKERS = 2, DAEMONS = 12, PATIENCE = 240, PAGE = 4096 };
enum { MARK, CONTEXT, SYNC, TRIM, OBJECT, TELL, LIST, INFO, READ, KINDS };
static const char *const kind_names[] = {
	"MARK", "CONTEXT", "SYNC", "TRIM", "OBJECT", "TELL", "LIST", "INFO", "read"
};

static struct shared {
	unsigned long good[KINDS], bad[KINDS];	/* calls that succeeded, that failed */
	unsigned long operations, mounts, applied;
	uint64_t archived;			/* the log below this is copied */
} *shared;

static const char *mount_dir, *archive_path, *disk, *mount2;
static unsigned char *edge;			/* the page behind it isn't there */
static int fd = -1, failures;

static void report(int good, const char *name, const char *format, ...)
{
	va_list args;

	printf("%s - device fuzz: %s", good ? "ok" : "not ok", name);
	if (!good) {
		failures++;
		printf(": ");
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
	}
	putchar('\n');
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)random() % n;
}

static int one_in(unsigned int n)
{
	return !below(n);
}

static uint64_t number(void)
{
	static const uint64_t limits[] = {
		0, 1, 2, 15, 16, 255, 256, 4095, 4096, 4097, KML_MARK_MAX, KML_CHUNK, INT32_MAX,
		UINT32_MAX, 999999999, 1000000000, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 15, UINT64_MAX
	};

	if (one_in(2))
		return limits[below(sizeof(limits) / sizeof(*limits))];
	return (uint64_t)random() << below(34);
}

static void count(int kind, long result)
{
	__atomic_add_fetch(result >= 0 ? &shared->good[kind] : &shared->bad[kind], 1, __ATOMIC_RELAXED);
}

static void *random_bytes(void *to, size_t len)
{
	unsigned char *p = to;

	while (len--)
		*p++ = random();
	return to;
}

/* Nowhere, in the kernel, or across the end of what is there. */
static void *bad_place(size_t len)
{
	void *bad[] = {
		NULL, (void *)1, (void *)-PAGE, (void *)0xffff888000000000UL, edge + PAGE - below(len < PAGE ? len + 1 : PAGE)
	};

	return bad[below(5)];
}

static void *place_for(const void *bytes, size_t len)
{
	static unsigned char good[KML_MARK_MAX + 2 * PAGE];

	return one_in(6) ? bad_place(len) : memcpy(good + below(8), bytes, len);
}

/* ---- operations on the mount ---- */

static const char *path(char *buf, int lento)
{
	if (lento && one_in(4))
		sprintf(buf, "%s/" PRESTO_CONTROL_DIR "/test/staging/x%u", mount_dir, below(4));
	else if (one_in(3))
		sprintf(buf, "%s/n%u", mount_dir, below(6));
	else
		sprintf(buf, "%s/d%u/n%u", mount_dir, below(2), below(6));
	return buf;
}

static void write_file(const char *name)
{
	int file = open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0644);

	if (file < 0)
		return;
	(void)!pwrite(file, name, 10, below(9000));
	if (one_in(8))
		fsync(file);
	close(file);
}

static void operation(int lento)
{
	char buf[2][PAGE];
	const char *a = path(buf[0], lento), *b = path(buf[1], lento);
	unsigned char value[40];

	switch (below(10)) {
	case 0: mkdir(a, 0755); break;
	case 1: rmdir(a); break;
	case 2: unlink(a); break;
	case 3: rename(a, b); break;
	case 4: (void)!link(a, b); break;
	case 5: (void)!symlink("n1", a); break;
	case 6: chmod(a, 0700 + below(0100)); break;
	case 7:
		lsetxattr(a, lento ? PRESTO_XATTR_FID : "user.k", random_bytes(value, sizeof(value)),
			  lento && one_in(2) ? sizeof(struct kml_fid) : below(sizeof(value)), 0);
		break;
	default: write_file(a);
	}
	__atomic_add_fetch(&shared->operations, 1, __ATOMIC_RELAXED);
}

/* ---- the device ---- */

static void reopen(void)
{
	char name[64];

	if (fd >= 0)
		close(fd);
	sprintf(name, "/dev/intermezzo%u", one_in(4));
	fd = open(name, O_RDWR | O_NONBLOCK);
}

static void send_message(void)
{
	static unsigned char bytes[KML_MARK_MAX + PAGE];
	struct presto_message m = { .type = PRESTO_MSG_MARK };
	size_t payload = one_in(8) ? below(KML_MARK_MAX + 100) : below(100), len;

	m.len = sizeof(m) + payload;
	if (one_in(2)) {
		uint64_t odd = number();

		memcpy((unsigned char *)&m + 2 * below(sizeof(m) / 2 - 3), &odd, 1 << below(4));
	}
	len = one_in(8) ? below(sizeof(m) + payload + 1) : sizeof(m) + payload;
	memcpy(bytes, &m, sizeof(m));
	count(MARK, write(fd, place_for(bytes, len), len));
}

static int set_context(struct presto_context *c)
{
	*c = (struct presto_context){
		.replica = 1 + below(5), .counter = 1 + below(1000), .source = below(100000), .sec = 1000, .nsec = 5,
		.flags = below(16) * PRESTO_CONTEXT_TIME
	};
	return ioctl(fd, PRESTO_IOC_CONTEXT, c);
}

/* Mostly with one member that is odd; then, perhaps, an update in it. */
static void fuzz_context(void)
{
	struct presto_context c;
	uint64_t odd = number();
	int err = set_context(&c);

	if (one_in(2)) {
		memcpy((unsigned char *)&c + 4 * below(sizeof(c) / 4 - 1), &odd, 4 << below(2));
		err = ioctl(fd, PRESTO_IOC_CONTEXT, place_for(&c, sizeof(c)));
	}
	count(CONTEXT, err);
	for (unsigned int i = below(4); i; i--)
		operation(1);
	if (one_in(2)) {
		c.replica = 0;
		ioctl(fd, PRESTO_IOC_CONTEXT, &c);
	}
}

static int odd_descriptor(void)
{
	char buf[PAGE];
	int pipes[2];

	switch (below(8)) {
	case 0: return number();
	case 1: return dup(fd);
	case 2: return open("/proc/self", O_PATH);
	case 3: return open(path(buf, 1), O_PATH | O_NOFOLLOW);
	case 4: return memfd_create("odd", 0);
	case 5: return pipe(pipes) || close(pipes[1]) ? -1 : pipes[0];
	case 6: return open(mount2, O_PATH);
	default:
		sprintf(buf, "%s/d%u", mount_dir, below(2));
		return open(buf, one_in(2) ? O_PATH : O_RDONLY);
	}
}

static void fuzz_tell(void)
{
	struct presto_place place = { .dir = odd_descriptor(), .op = one_in(2) ? KML_OP_ENTER : KML_OP_LINK };
	char buf[PAGE];
	uint64_t odd = number();

	if (one_in(3)) {
		sprintf(buf, "%s/d%u", mount_dir, below(2));
		if (place.dir > 2)
			close(place.dir);
		place.dir = open(buf, O_PATH);
	}
	place.len = sprintf(place.name, "n%u", below(6));
	if (one_in(3))
		memcpy((unsigned char *)&place + 2 * below(8), &odd, 2);
	if (one_in(8))
		random_bytes(place.name, sizeof(place.name));
	count(TELL, ioctl(fd, PRESTO_IOC_TELL, place_for(&place, sizeof(place))));
	if (place.dir > 2 && place.dir != fd)
		close(place.dir);
}

/* The names are the caller's business: any bytes do. */
static void fuzz_list(void)
{
	static unsigned char payload[KML_MARK_MAX + 1];
	struct presto_list list = { .dir = odd_descriptor(), .len = below(200), .payload = (uintptr_t)payload };
	char buf[PAGE];

	random_bytes(payload, 200);
	if (one_in(2)) {
		sprintf(buf, "%s/d%u", mount_dir, below(2));
		if (list.dir > 2)
			close(list.dir);
		list.dir = open(buf, O_PATH);
		list.seen = ~0ULL;
	}
	if (one_in(4))
		list.len = one_in(2) ? sizeof(payload) - below(2) : number();
	if (one_in(6))
		list.payload = number();
	count(LIST, ioctl(fd, PRESTO_IOC_LIST, place_for(&list, sizeof(list))));
	if (list.dir > 2 && list.dir != fd)
		close(list.dir);
}

/* What hasn't been copied isn't trimmed, on the device whose log is looked at in the end. */
static void fuzz_trim(void)
{
	uint64_t at = one_in(2) ? number() : __atomic_load_n(&shared->archived, __ATOMIC_ACQUIRE);
	struct presto_info info = {};

	if (ioctl(fd, PRESTO_IOC_INFO, &info) || (at > shared->archived && at <= info.head + (1 << 22)))
		return;
	count(TRIM, ioctl(fd, PRESTO_IOC_TRIM, place_for(&at, sizeof(at))));
}

static void fuzz_object(void)
{
	struct presto_object object = { .ino = one_in(2) ? below(100) : number(), .gen = number() };
	char buf[PAGE];
	struct stat st;
	int file;

	if (one_in(2)) {
		file = open(path(buf, 1), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
		if (file >= 0 && !fstat(file, &st) && !ioctl(file, _IOR('v', 1, long), &object.gen))
			object.ino = st.st_ino;
		if (file >= 0)
			close(file);
	}
	count(OBJECT, ioctl(fd, PRESTO_IOC_OBJECT, place_for(&object, sizeof(object))));
}

static void fuzz_numbers(void)
{
	unsigned char bytes[1024];
	unsigned int cmd = one_in(2) ? (unsigned int)number() : _IOC(below(4), 0x9a, below(12), below(600));

	/* a TRIM that could succeed has its own way */
	if (cmd != PRESTO_IOC_TRIM)
		ioctl(fd, cmd, place_for(random_bytes(bytes, sizeof(bytes)), sizeof(bytes)));
}

static void fuzz_read(void)
{
	static unsigned char buf[2 * KML_RECORD_MAX];
	struct pollfd p = { .fd = fd, .events = below(1 << 12) };
	size_t len = one_in(2) ? sizeof(buf) : below(sizeof(buf));
	void *to = one_in(6) ? bad_place(len) : buf;

	poll(&p, 1, 0);
	lseek(fd, number(), below(6));
	lseek(fd, one_in(2) ? 0 : number() & ~15ULL, SEEK_SET);
	count(READ, one_in(2) ? read(fd, to, len) : pread(fd, to, len, one_in(2) ? 0 : number() & INT64_MAX));
}

static void fuzz_info(void)
{
	struct presto_info info = {};
	uint64_t offset = 0;

	if (one_in(8))
		count(SYNC, ioctl(fd, PRESTO_IOC_SYNC, place_for(&offset, sizeof(offset))));
	else
		count(INFO, ioctl(fd, PRESTO_IOC_INFO, place_for(&info, sizeof(info))));
}

static void fuzzer(unsigned int rounds)
{
	static void (*const calls[])(void) = {
		send_message, fuzz_context, fuzz_context, fuzz_tell, fuzz_tell, fuzz_list, fuzz_trim, fuzz_object, fuzz_numbers,
		fuzz_read, fuzz_info, reopen
	};

	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + PAGE, PAGE);
	reopen();
	while (rounds--)
		calls[below(sizeof(calls) / sizeof(*calls))]();
}

/* ---- everybody else ---- */

static void worker(unsigned int unused)
{
	(void)unused;
	for (;;)
		operation(0);
}

/* Copies the log, so that it may be trimmed. */
static void archivist(unsigned int unused)
{
	static unsigned char buf[2 * KML_RECORD_MAX];
	int device = open("/dev/intermezzo0", O_RDWR);
	int copy = open(archive_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	uint64_t at = KML_SUPER_SIZE;
	ssize_t n;

	(void)unused;
	while ((n = pread(device, buf, sizeof(buf), at)) > 0 && pwrite(copy, buf, n, at) == n) {
		at += n;
		__atomic_store_n(&shared->archived, at, __ATOMIC_RELEASE);
	}
	_exit(1);
}

static void comes_and_goes(unsigned int unused)
{
	char name[PAGE];

	(void)unused;
	snprintf(name, sizeof(name), "%s/f", mount2);
	for (;;) {
		if (mount(disk, mount2, "intermezzo", 0, "fileset=test,cache_type=ext3,prestodev=/dev/intermezzo1"))
			continue;
		write_file(name);
		unlink(name);
		while (umount2(mount2, 0) && errno == EBUSY)
			write_file(name);
		__atomic_add_fetch(&shared->mounts, 1, __ATOMIC_RELAXED);
	}
}

/* A lento that applies, for ever. */
static void daemon_process(unsigned int unused)
{
	struct presto_context c;

	(void)unused;
	fd = open("/dev/intermezzo0", O_RDWR);
	for (;;) {
		if (set_context(&c))
			_exit(1);
		operation(1);
		__atomic_add_fetch(&shared->applied, 1, __ATOMIC_RELAXED);
	}
}

static pid_t start(void (*run)(unsigned int), unsigned int seed, unsigned int rounds)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	srandom(seed);
	run(rounds);
	_exit(0);
}

/* ---- who waits for them ---- */

static void show_stack(pid_t pid)
{
	char command[64];

	fflush(stdout);
	sprintf(command, "cat /proc/%d/stack; echo w >/proc/sysrq-trigger", pid);
	(void)!system(command);
}

/* Has @pid ended within PATIENCE? */
static int ends(pid_t pid, int *status)
{
	struct timespec tick = { .tv_nsec = 20000000 };

	for (int i = 0; i < PATIENCE * 50; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return 1;
		nanosleep(&tick, NULL);
	}
	show_stack(pid);
	return 0;
}

static int dies(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	return ends(pid, &status);
}

/* Does @counter move by @by within PATIENCE? */
static int moves(unsigned long *counter, unsigned long by)
{
	struct timespec tick = { .tv_nsec = 5000000 };
	unsigned long goal = __atomic_load_n(counter, __ATOMIC_RELAXED) + by;

	for (int i = 0; i < PATIENCE * 200; i++) {
		if (__atomic_load_n(counter, __ATOMIC_RELAXED) >= goal)
			return 1;
		nanosleep(&tick, NULL);
	}
	return 0;
}

static void daemons(unsigned int seed)
{
	pid_t workers[WORKERS], old = 0, new;
	int going = 1, mortal = 1, status, i, stopped = 1;

	for (i = 0; i < WORKERS; i++)
		workers[i] = start(worker, seed + i, 0);
	for (i = 0; i < DAEMONS && going && mortal; i++) {
		new = start(daemon_process, seed + 100 + i, 0);
		going = moves(&shared->applied, 3 + below(20));
		kill(new, SIGSTOP);
		stopped &= waitpid(new, &status, WUNTRACED) == new && WIFSTOPPED(status);
		going &= moves(&shared->operations, 40);
		mortal = dies(workers[0]);	/* a program in the middle of something */
		workers[0] = start(worker, seed + 200 + i, 0);
		/* two that are stopped at a time, each with a context */
		mortal &= !old || dies(old);
		old = new;
	}
	report(going, "programs go on while a daemon is stopped, killed, replaced", "nothing moved in %d s", PATIENCE);
	report(stopped, "a daemon in a context can be stopped", "it ended: %x", status);
	for (i = 0; i < WORKERS; i++)
		mortal &= dies(workers[i]);
	report(mortal & dies(old), "all of them can be killed at any time", "one stays");
}

static void fuzz(unsigned int seed, unsigned int rounds)
{
	pid_t fuzzers[FUZZERS], others[WORKERS + 2];
	int i, status, home = 1, mortal = 1;

	for (i = 0; i < WORKERS; i++)
		others[i] = start(worker, seed + 300 + i, 0);
	others[i++] = start(archivist, 0, 0);
	others[i++] = start(comes_and_goes, 0, 0);
	for (i = 0; i < FUZZERS; i++)
		fuzzers[i] = start(fuzzer, seed + 400 + i, rounds);
	for (i = 0; i < FUZZERS; i++)
		home &= ends(fuzzers[i], &status) && status == 0;
	report(home, "all calls return", "a fuzzer ended with %x, or not at all", status);
	report(moves(&shared->operations, 40), "programs go on beside", "nothing moved in %d s", PATIENCE);
	report(moves(&shared->mounts, 1), "mounts come and go under an open device", "none did in %d s", PATIENCE);
	for (i = 0; i < WORKERS + 2; i++)
		mortal &= dies(others[i]);
	report(mortal, "whoever worked beside can be killed", "one stays");
	umount2(mount2, 0);
	for (i = 0; i < KINDS; i++)
		report(shared->good[i] && shared->bad[i], kind_names[i], "%lu succeeded, %lu failed: not fuzzed",
		       shared->good[i], shared->bad[i]);
	printf("# seed %u: %lu operations, %lu of them applied, %lu mounts, %llu bytes of log\n", seed, shared->operations,
	       shared->applied, shared->mounts, (unsigned long long)shared->archived);
}

int main(int argc, char **argv)
{
	char name[PAGE];

	if (argc != 7) {
		fprintf(stderr, "usage: device_fuzz SEED ROUNDS MOUNT ARCHIVE DISK MOUNT2\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	mount_dir = argv[3];
	archive_path = argv[4];
	disk = argv[5];
	mount2 = argv[6];
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s/d%d", mount_dir, i);
		mkdir(name, 0755);
	}
	srandom(atoi(argv[1]));
	daemons(atoi(argv[1]));
	fuzz(atoi(argv[1]), atoi(argv[2]));
	return failures != 0;
}

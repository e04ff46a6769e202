// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tests /dev/intermezzoN as lento uses and misuses it.
 *
 *	journal_device DEVICE MOUNT		all tests, "ok - ..." / "not ok - ...: why"
 *	journal_device DEVICE trim OFFSET	TRIM, prints the first offset retained
 *	journal_device DEVICE info		prints what INFO says
 *	journal_device DEVICE read OFFSET	one read there, prints bytes or the errno
 *	journal_device DEVICE hold COMMAND	runs COMMAND with the device open; then
 *						waits for the unmount in poll and read
 *	journal_device DEVICE apply DIRECTORY NAME REPLICA COUNTER SOURCE
 *						creates a file in an apply context
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/fs.h>
#include "../../../kernel/intermezzo.h"

static int failures;
static int fd;
static const char *mount_dir;
static void *volatile nowhere = (void *)1;
static unsigned char buf[512 * 1024];

static void check(int good, const char *name, const char *format, ...)
{
	va_list args;

	printf("%s - device: %s", good ? "ok" : "not ok", name);
	if (!good) {
		failures++;
		printf(": ");
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
	}
	putchar('\n');
}

/* @ret is -1 and errno is @want. */
static void check_errno(long ret, int want, const char *name)
{
	int err = errno;

	check(ret == -1 && err == want, name, "returned %ld, %s", ret,
	      ret == -1 ? strerror(err) : "no error");
}

static struct presto_info info(void)
{
	struct presto_info i;

	memset(&i, 0xee, sizeof(i));
	if (ioctl(fd, PRESTO_IOC_INFO, &i)) {
		printf("not ok - device: INFO: %s\n", strerror(errno));
		exit(1);
	}
	return i;
}

static const struct kml_record *record_at(uint64_t offset)
{
	ssize_t n = pread(fd, buf, sizeof(buf), offset);

	return n > 0 ? (const struct kml_record *)buf : NULL;
}

/* Good until the call after the next one. */
static char *path(const char *name)
{
	static char full[2][4096];
	static int next;
	char *result = full[next ^= 1];

	snprintf(result, sizeof(full[0]), "%s/%s", mount_dir, name);
	return result;
}

/* Returns when the parent sleeps in the kernel. */
static void wait_for_sleeping_parent(void)
{
	char file[64], state = 0;

	snprintf(file, sizeof(file), "/proc/%d/stat", getppid());
	while (state != 'S') {
		FILE *stat_file = fopen(file, "r");

		if (!stat_file || fscanf(stat_file, "%*d %*s %c", &state) != 1)
			_exit(1);
		fclose(stat_file);
	}
}

/* Another process, that is not lento, makes a file. */
static pid_t create_in_child(const char *name, int wait_first)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (wait_first)
		wait_for_sleeping_parent();
	_exit(open(path(name), O_CREAT | O_EXCL | O_WRONLY, 0644) < 0 ? errno : 0);
}

static int child_status(pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_info(void)
{
	struct presto_info i = info();

	check(i.protocol == PRESTO_PROTOCOL && i.first >= KML_SUPER_SIZE && i.watermark <= i.head &&
	      i.first <= i.watermark && i.records && i.fileset[0], "INFO is plausible",
	      "first %llu watermark %llu head %llu", i.first, i.watermark, i.head);
}

static void test_read(void)
{
	struct presto_info i = info();
	uint64_t at = i.first, recno = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t p = 0; p < n; ) {
			const struct kml_record *r = (void *)(buf + p);

			if (r->op != KML_OP_PAD) {
				if (recno && r->recno != recno + 1)
					check(0, "records come in order", "%llu after %" PRIu64,
					      r->recno, recno);
				recno = r->recno;
			}
			p += r->len;
		}
		at += n;
	}
	check_errno(n, EAGAIN, "read at the watermark without blocking: EAGAIN");
	check(at == i.watermark && recno == i.records, "read from 0 gives all records",
	      "ended at %" PRIu64 " of %llu", at, i.watermark);
	check((uint64_t)lseek(fd, 0, SEEK_CUR) == at, "the position moved with the records", "no");
}

static void test_positions(void)
{
	struct presto_info i = info();

	check_errno(pread(fd, buf, 8, i.first), EMSGSIZE, "8 bytes hold no record: EMSGSIZE");
	check_errno(pread(fd, buf, 64, i.first), EMSGSIZE, "64 bytes hold no record: EMSGSIZE");
	check_errno(pread(fd, buf, 4096, i.first + 16), EINVAL, "no record starts there: EINVAL");
	check_errno(pread(fd, buf, 4096, i.first + 3), EINVAL, "unaligned position: EINVAL");
	check_errno(pread(fd, buf, 4096, 1024), EINVAL, "in the super block: EINVAL");
	check_errno(pread(fd, buf, 4096, i.watermark + 16), EINVAL,
		    "beyond the watermark: EINVAL");
	check_errno(pread(fd, buf, 4096, INT64_MAX - 15), EINVAL, "at the end of numbers: EINVAL");
	check_errno(lseek(fd, 0, SEEK_END), EINVAL, "SEEK_END: EINVAL");
	check_errno(lseek(fd, -1, SEEK_SET), EINVAL, "negative position: EINVAL");
	check(lseek(fd, i.first, SEEK_SET) == (off_t)i.first && lseek(fd, 0, SEEK_CUR) ==
	      (off_t)i.first, "SEEK_SET and SEEK_CUR", "no");
	check_errno(read(fd, nowhere, 4096), EFAULT, "read to a bad address: EFAULT");
	check(pread(fd, buf, 0, i.first) == 0, "read of nothing", "%s", strerror(errno));
}

static void test_waiting(void)
{
	struct presto_info i = info();
	struct pollfd p = { .fd = fd, .events = POLLIN };
	pid_t pid;
	ssize_t n;

	fcntl(fd, F_SETFL, 0);
	lseek(fd, i.watermark, SEEK_SET);
	check(poll(&p, 1, 0) == 0, "poll at the watermark: nothing", "revents %x", p.revents);
	pid = create_in_child("polled", 1);
	check(poll(&p, 1, 20000) == 1 && (p.revents & POLLIN), "a record wakes poll",
	      "revents %x", p.revents);
	check(child_status(pid) == 0, "the child made its file", "no");
	lseek(fd, info().watermark, SEEK_SET);
	pid = create_in_child("read", 1);
	alarm(20);
	n = read(fd, buf, sizeof(buf));
	alarm(0);
	check(n > 0 && ((struct kml_record *)buf)->op == KML_OP_CREATE &&
	      ((struct kml_record *)buf)->result.state == KML_DONE,
	      "a record wakes read, finished", "%zd", n);
	check(child_status(pid) == 0, "the second child made its file", "no");
}

static ssize_t send_mark(uint32_t len, uint16_t type, uint16_t reserved, uint64_t count,
			 size_t payload)
{
	static unsigned char message[sizeof(struct presto_message) + KML_MARK_MAX + 16];
	struct presto_message *m = (void *)message;

	*m = (struct presto_message){ len, type, reserved, count };
	memset(m + 1, 'm', payload);
	return write(fd, message, sizeof(*m) + payload);
}

/* Counts that others know already aren't given again. */
static void test_counts(void)
{
	const uint32_t head = sizeof(struct presto_message);
	uint64_t local = info().local;

	send_mark(head + 4, PRESTO_MSG_MARK, 0, local + 1000, 4);
	check(info().local == local + 1000, "a MARK takes counts", "no");
	check(!child_status(create_in_child("counted", 0)) && info().local == local + 1001,
	      "the next update has a higher one", "no");
	send_mark(head + 4, PRESTO_MSG_MARK, 0, local, 4);
	check(info().local == local + 1001, "no MARK gives one back", "no");
}

static void test_marks(void)
{
	const uint32_t head = sizeof(struct presto_message);
	uint64_t before = info().watermark;
	const struct kml_record *r;

	check(send_mark(head + 100, PRESTO_MSG_MARK, 0, 0, 100) == head + 100, "MARK is taken",
	      "%s", strerror(errno));
	r = record_at(before);
	check(r && r->op == KML_OP_MARK && r->counter == 0 && r->fields == 1 &&
	      buf[sizeof(*r) + 8 + 99] == 'm', "MARK stands in the log", "no");
	check(send_mark(head, PRESTO_MSG_MARK, 0, 0, 0) == head, "empty MARK", "%s",
	      strerror(errno));
	check(send_mark(head + KML_MARK_MAX, PRESTO_MSG_MARK, 0, 0, KML_MARK_MAX) ==
	      (ssize_t)(head + KML_MARK_MAX), "largest MARK", "%s", strerror(errno));
	check_errno(send_mark(head + KML_MARK_MAX + 1, PRESTO_MSG_MARK, 0, 0, KML_MARK_MAX + 1),
		    EMSGSIZE, "MARK that is too large: EMSGSIZE");
	check_errno(send_mark(head + 5, PRESTO_MSG_MARK, 0, 0, 4), EINVAL, "wrong length: EINVAL");
	check_errno(send_mark(head + 4, 77, 0, 0, 4), EOPNOTSUPP, "unknown message: EOPNOTSUPP");
	check_errno(send_mark(head + 4, PRESTO_MSG_MARK, 1, 0, 4), EINVAL, "reserved: EINVAL");
	check_errno(send_mark(head + 4, PRESTO_MSG_MARK, 0, PRESTO_COUNT_MAX + 1, 4), EINVAL,
		    "a count that is too large: EINVAL");
	test_counts();
	check_errno(write(fd, "xx", 2), EINVAL, "two bytes: EINVAL");
	check_errno(write(fd, nowhere, 64), EFAULT, "write from a bad address: EFAULT");
}

static int set_context(uint64_t replica, uint64_t counter, uint64_t source, uint32_t flags)
{
	struct presto_context c = {
		.replica = replica, .counter = counter, .source = source, .flags = flags
	};

	return ioctl(fd, PRESTO_IOC_CONTEXT, &c);
}

static void test_contexts(void)
{
	struct presto_context bad_time = { .replica = 5, .counter = 1, .nsec = 1000000000 };
	struct presto_context passed_on = {
		.replica = 0xabcdef, .counter = 43, .source = 4096, .peer = 0xfedcba
	};
	const struct kml_field *peer;
	uint64_t before;
	const struct kml_record *r;

	check_errno(open(path("forbidden"), O_CREAT | O_WRONLY, 0644), EPERM,
		    "lento without a context may not modify: EPERM");
	check_errno(set_context(5, 0, 0, 0), EINVAL, "context without a count: EINVAL");
	check_errno(set_context(5, 1, 0, KML_FLAG_APPLIED), EINVAL, "context with unknown flags: EINVAL");
	check_errno(ioctl(fd, PRESTO_IOC_CONTEXT, &bad_time), EINVAL, "context with a bad time: EINVAL");
	check(!set_context(0xabcdef, 42, 4096, KML_FLAG_PARTIAL), "context is set", "%s",
	      strerror(errno));
	before = info().watermark;
	check(!mkdir(path("applied"), 0700), "lento in a context modifies", "%s", strerror(errno));
	r = record_at(before);
	check(r && r->op == KML_OP_MKDIR && r->replica == 0xabcdef && r->counter == 42 &&
	      r->source == 4096 && r->flags == (KML_FLAG_APPLIED | KML_FLAG_PARTIAL),
	      "the record has the context's dot, source and flags", "no");
	check(!ioctl(fd, PRESTO_IOC_CONTEXT, &passed_on), "context with a peer is set", "%s",
	      strerror(errno));
	before = info().watermark;
	check(!mkdir(path("passed-on"), 0700) && !rmdir(path("passed-on")), "so it modifies", "%s",
	      strerror(errno));
	r = record_at(before);
	peer = r ? (const void *)(r + 1) : NULL;
	check(peer && peer->type == KML_F_PEER && peer->len == 8 &&
	      *(const uint64_t *)(peer + 1) == 0xfedcba && r->replica == 0xabcdef,
	      "the record names the peer beside its maker", "no");
	before = info().watermark;
	check(child_status(create_in_child("local", 0)) == 0, "a child isn't lento", "no");
	r = record_at(before);
	check(r && r->replica == 0 && r->counter == info().local && !(r->flags & KML_FLAG_APPLIED),
	      "its record has a dot of this replica", "no");
	check(!set_context(0, 0, 0, 0), "context is ended", "%s", strerror(errno));
	check_errno(rmdir(path("applied")), EPERM, "without it: EPERM again");
}

static long mtime_of(const char *name)
{
	struct stat st;

	return stat(path(name), &st) ? -1 : st.st_mtime;
}

static int child_does(const char *command)
{
	pid_t pid = fork();

	if (!pid) {
		if (chdir(path(".")))
			_exit(1);
		_exit(system(command) ? 1 : 0);
	}
	return child_status(pid);
}

/* What an operation in a context leaves on directories, and what it may not touch. */
static void test_context_asks(void)
{
	struct presto_context c = { .replica = 5, .counter = 1, .sec = 1000, .nsec = 5,
				    .flags = PRESTO_CONTEXT_TIME };
	long kept;

	check(!child_does("mkdir a b && touch a/f b/g && sync"), "a program makes two directories", "no");
	c.seen = info().head;
	ioctl(fd, PRESTO_IOC_CONTEXT, &c);
	check(!rename(path("a/f"), path("b/f")) && mtime_of("a") == 1000 && mtime_of("b") == 1000,
	      "a rename in a context leaves its time on both directories", "%ld %ld",
	      mtime_of("a"), mtime_of("b"));
	c.sec = 2000;
	c.flags |= PRESTO_CONTEXT_KEEP2;
	ioctl(fd, PRESTO_IOC_CONTEXT, &c);
	check(!rename(path("b/f"), path("a/f")) && mtime_of("a") == 1000 && mtime_of("b") == 2000,
	      "a directory that is to keep its mtime keeps it", "%ld %ld", mtime_of("a"), mtime_of("b"));
	c.flags = 0;
	ioctl(fd, PRESTO_IOC_CONTEXT, &c);
	check(!unlink(path("a/f")) && mtime_of("a") == 1000,
	      "without a time all directories keep theirs", "%ld", mtime_of("a"));

	check(!child_does("chmod 600 b/g && touch b/h && sync"), "a program changes a file", "no");
	kept = mtime_of("b");
	check_errno(unlink(path("b/g")), EAGAIN, "what was changed since isn't touched: EAGAIN");
	check(!access(path("b/g"), F_OK), "it is still there", "no");
	c.seen = info().head;
	c.flags = PRESTO_CONTEXT_TIME | PRESTO_CONTEXT_YIELD;
	ioctl(fd, PRESTO_IOC_CONTEXT, &c);
	check(!unlink(path("b/g")) && mtime_of("b") == 2000,
	      "after another look it is done", "%ld", mtime_of("b"));
	check(!child_does("touch b/i && sync"), "a program makes a file", "no");
	kept = mtime_of("b");
	check(!unlink(path("b/h")) && mtime_of("b") == kept,
	      "a directory that changed since keeps its mtime where asked to", "%ld %ld",
	      mtime_of("b"), kept);

	check(!child_does("touch b/j && sync"), "a program makes another file", "no");
	c.seen = info().head;
	ioctl(fd, PRESTO_IOC_CONTEXT, &c);
	close(open(path(".intermezzo/j"), O_CREAT | O_WRONLY, 0600));
	check(!child_does("mv b/j a/j && sync"), "a program renames it", "no");
	check_errno(rename(path(".intermezzo/j"), path("b/j")), EAGAIN,
		    "what is to replace it doesn't take its old name: EAGAIN");
	check(access(path("b/j"), F_OK) && !access(path("a/j"), F_OK), "the file is where it was", "no");
	c.seen = info().head;
	ioctl(fd, PRESTO_IOC_CONTEXT, &c);
	check(!rename(path(".intermezzo/j"), path("b/j")),
	      "after another look the name is free", "%d", errno);
	check(!unlink(path("b/j")) && !unlink(path("a/j")), "both go", "%d", errno);
	set_context(0, 0, 0, 0);
}

static int tell(int dir, uint16_t op, const char *name)
{
	struct presto_place place = { .dir = dir, .op = op, .len = strlen(name) };

	strncpy(place.name, name, sizeof(place.name));
	return ioctl(fd, PRESTO_IOC_TELL, &place);
}

static const void *field(const struct kml_record *record, uint16_t type)
{
	const unsigned char *at = (const unsigned char *)(record + 1);

	for (uint32_t i = 0; i < record->fields; i++) {
		const struct kml_field *f = (const void *)at;

		if (f->type == type)
			return f + 1;
		at += sizeof(*f) + (f->len + 7) / 8 * 8;
	}
	return NULL;
}

/* Is the record at @offset an own one of @op that tells that tell/@name is there? */
static int told(uint64_t offset, uint16_t op, const char *name)
{
	const struct kml_record *r = record_at(offset);
	const struct kml_object *object = r ? field(r, KML_F_OBJECT) : NULL;
	const char *told_name = r ? field(r, KML_F_NAME) : NULL;
	char whole[300];
	struct stat st;

	snprintf(whole, sizeof(whole), "tell/%s", name);
	return object && told_name && !lstat(path(whole), &st) && r->op == op && r->counter &&
	       !r->replica && !r->source && object->ino == st.st_ino &&
	       (object->mode & S_IFMT) == (st.st_mode & S_IFMT) && !memcmp(told_name, name, strlen(name));
}

static void test_tell(void)
{
	char longest[257] = "";
	uint64_t before;
	int dir, file, away;

	memset(longest, 'n', 256);
	check(!child_does("mkdir -p tell/d && echo x >tell/f && ln tell/f tell/g && ln -s nowhere tell/s && sync"),
	      "a program makes what is told of", "no");
	dir = open(path("tell"), O_PATH);
	file = open(path("tell/f"), O_RDONLY);
	away = open("/proc", O_PATH);
	before = info().head;
	check_errno(tell(dir, KML_OP_ENTER, "none"), ENOENT, "TELL of a name that isn't there: ENOENT");
	check_errno(tell(dir, KML_OP_ENTER, ""), EINVAL, "TELL of no name: EINVAL");
	check_errno(tell(dir, KML_OP_ENTER, longest), EINVAL, "TELL of a name of 256 bytes: EINVAL");
	check_errno(tell(dir, KML_OP_CREATE, "f"), EINVAL, "TELL of another operation: EINVAL");
	check_errno(tell(dir, KML_OP_LINK, "d"), EINVAL, "TELL of a link of a directory: EINVAL");
	check(tell(dir, KML_OP_ENTER, "d/.."), "TELL of a path is refused", "no");
	check(tell(dir, KML_OP_ENTER, ".."), "TELL of .. is refused", "no");
	check_errno(tell(file, KML_OP_ENTER, "f"), ENOTDIR, "TELL below a file: ENOTDIR");
	check_errno(tell(-1, KML_OP_ENTER, "f"), EBADF, "TELL without a directory: EBADF");
	check_errno(tell(away, KML_OP_ENTER, "self"), EXDEV, "TELL elsewhere: EXDEV");
	close(away);
	away = open(path("."), O_PATH);
	check_errno(tell(away, KML_OP_ENTER, ".intermezzo"), ENOENT, "TELL of .intermezzo: ENOENT");
	close(away);
	away = open(path(".intermezzo"), O_PATH);
	check(away >= 0 && tell(away, KML_OP_ENTER, "home") && errno == EINVAL,
	      "TELL below .intermezzo: EINVAL", "%s", strerror(errno));
	set_context(5, 1, 0, 0);
	check_errno(tell(dir, KML_OP_ENTER, "f"), EINVAL, "TELL in a context: EINVAL");
	set_context(0, 0, 0, 0);
	check(info().head == before, "what is refused leaves no record", "no");
	for (const char *name = "fsd"; *name; name++) {
		char one[2] = { *name };

		before = info().head;
		check(!tell(dir, KML_OP_ENTER, one) && told(before, KML_OP_ENTER, one),
		      "TELL of what is there is an ENTER of this replica's own", "%s: %s", one,
		      strerror(errno));
	}
	before = info().head;
	check(!tell(dir, KML_OP_LINK, "g") && told(before, KML_OP_LINK, "g"),
	      "TELL of another name is a LINK", "%s", strerror(errno));
	check(!child_does("rm -r tell"), "what was told of is removed", "no");
	check_errno(tell(dir, KML_OP_ENTER, "f"), ENOENT, "TELL in a directory that is gone: ENOENT");
	close(away);
	close(file);
	close(dir);
}

/* What has left the tree and may come back is logged as if it had not, but for itself. */
static void test_left(const char *parent, const char *name)
{
	char store[300], object[310], inside[320], made[330];
	const struct kml_record *record;
	uint64_t before;
	int cwd;

	snprintf(store, sizeof(store), "%s/%s/%s", PRESTO_CONTROL_DIR, info().fileset, parent);
	mkdir(path(store), 0700);
	snprintf(store, sizeof(store), "%s/%s/%s/%s", PRESTO_CONTROL_DIR, info().fileset, parent, name);
	snprintf(object, sizeof(object), "%s/it", store);
	snprintf(inside, sizeof(inside), "%s/inside", object);
	snprintf(made, sizeof(made), "%s/made", inside);
	check(!child_does("mkdir -p left/inside && echo x >left/inside/f"), "a program makes what leaves", "no");
	cwd = open(path("left/inside"), O_PATH);
	mkdir(path(store), 0700);
	set_context(5, 1, 0, 0);
	before = info().head;
	check(!rename(path("left"), path(object)) && record_at(before)->op == KML_OP_LEAVE,
	      "a directory that leaves: LEAVE", "%s: %s", parent, strerror(errno));
	before = info().head;
	check(!mkdir(path(made), 0755) && (record = record_at(before)) &&
	      record->op == KML_OP_MKDIR && record->replica == 5, "what lento makes in it has a record",
	      "%s: %s", parent, strerror(errno));
	set_context(0, 0, 0, 0);
	check_errno(rmdir(path(made)), EPERM, "... and needs a context");
	before = info().head;
	if (!fork())
		_exit(mkdirat(cwd, "by", 0755) || renameat(cwd, "by", cwd, "name") ? errno : 0);
	check(child_status(-1) == 0 && (record = record_at(before)) && record->op == KML_OP_MKDIR &&
	      !record->replica && record->counter, "what a program makes that is in it, too", "%s", parent);
	before = info().head;
	snprintf(made, sizeof(made), "%s/beside", store);
	check(!mkdir(path(made), 0700) && !rmdir(path(made)) && info().head == before,
	      "what is lento's own has none", "%s: %s", parent, strerror(errno));
	set_context(5, 2, 0, 0);
	before = info().head;
	check(!rename(path(object), path("back")) && record_at(before)->op == KML_OP_ENTER,
	      "... that comes back: ENTER", "%s: %s", parent, strerror(errno));
	set_context(0, 0, 0, 0);
	check(!child_does("rmdir back/inside/made back/inside/name && rm -r back"), "what came back is as it was made", "%s", parent);
	rmdir(path(store));
	close(cwd);
}

static void test_ioctls(void)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	struct presto_object object = {};
	struct presto_info i;
	uint64_t offset = 0;
	struct stat st;
	int pipes[2], status, held;
	char c;
	pid_t pid;

	check_errno(ioctl(fd, _IO(0x9a, 99)), ENOTTY, "unknown ioctl: ENOTTY");
	check_errno(ioctl(fd, PRESTO_IOC_INFO, nowhere), EFAULT, "INFO to a bad address: EFAULT");
	check(!ioctl(fd, PRESTO_IOC_SYNC, &offset) && offset == info().watermark,
	      "SYNC gives the watermark", "%" PRIu64, offset);
	offset = info().head + 16;
	check_errno(ioctl(fd, PRESTO_IOC_TRIM, &offset), EINVAL, "TRIM beyond the head: EINVAL");

	if (pipe(pipes))
		exit(1);
	pid = fork();
	if (!pid) {
		int file = open(path("held"), O_CREAT | O_WRONLY, 0644);

		status = write(file, "x", 1) + write(pipes[1], "x", 1);
		pause();
		_exit(status);
	}
	if (read(pipes[0], &c, 1) != 1)
		exit(1);
	held = open(path("held"), O_RDONLY);
	if (held < 0 || fstat(held, &st) || ioctl(held, FS_IOC_GETVERSION, &object.gen))
		check(0, "the inode and generation of a file", "%s", strerror(errno));
	close(held);
	object.ino = st.st_ino;
	status = ioctl(fd, PRESTO_IOC_OBJECT, &object);
	check(!status && object.writers == 1 && object.dirty, "OBJECT of a file being written",
	      "%d: writers %u dirty %llu", status, object.writers, object.dirty);
	i = info();
	check(poll(&p, 1, 0) == 0, "nobody has closed it: no POLLPRI", "revents %x", p.revents);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	check(poll(&p, 1, 20000) == 1 && p.revents & POLLPRI, "its close: POLLPRI", "revents %x",
	      p.revents);
	check(info().released == i.released + 1 && poll(&p, 1, 0) == 0, "INFO has told it", "%u",
	      info().released);
	status = ioctl(fd, PRESTO_IOC_OBJECT, &object);
	check(!status && !object.writers && !object.dirty, "OBJECT after its close",
	      "%d: writers %u dirty %llu", status, object.writers, object.dirty);
}

static int hold(const char *command)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct presto_info i;

	lseek(fd, info().watermark, SEEK_SET);
	if (!fork())
		_exit(system(command) ? 1 : 0);
	while (poll(&p, 1, 20000) == 1 && !(p.revents & POLLHUP))
		if (read(fd, buf, sizeof(buf)) < 0 && errno != ENOTCONN)
			break;
	check(p.revents & POLLHUP, "an unmount wakes poll with POLLHUP", "revents %x", p.revents);
	check(child_status(-1) == 0, "the unmount succeeds with the device open", "no");
	check_errno(read(fd, buf, sizeof(buf)), ENOTCONN, "read without a mount: ENOTCONN");
	check_errno(ioctl(fd, PRESTO_IOC_INFO, &i), ENOTCONN, "ioctl without a mount: ENOTCONN");
	check_errno(send_mark(20, PRESTO_MSG_MARK, 0, 0, 4), ENOTCONN,
		    "write without a mount: ENOTCONN");
	return failures != 0;
}

static int apply(char **argv)
{
	char name[4096];

	if (set_context(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0),
			strtoull(argv[4], NULL, 0), 0)) {
		perror("context");
		return 1;
	}
	snprintf(name, sizeof(name), "%s/%s", argv[0], argv[1]);
	if (open(name, O_CREAT | O_EXCL | O_WRONLY, 0644) < 0) {
		perror(name);
		return 1;
	}
	return 0;
}

static int print_info(void)
{
	struct presto_info i = info();

	printf("first=%llu watermark=%llu head=%llu records=%llu local=%llu mode=%u mount=%u fileset=%s\n",
	       i.first, i.watermark, i.head, i.records, i.local, i.journal_mode, i.mount,
	       i.fileset);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t offset = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = argc < 3 ? -1 : open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argc < 3 ? "usage" : argv[1]);
		return 2;
	}
	if (argc == 4 && !strcmp(argv[2], "trim")) {
		if (ioctl(fd, PRESTO_IOC_TRIM, &offset)) {
			perror("trim");
			return 1;
		}
		return print_info();
	}
	if (argc == 4 && !strcmp(argv[2], "read")) {
		ssize_t n = pread(fd, buf, sizeof(buf), offset);

		printf("%s\n", n < 0 ? strerrorname_np(errno) : "bytes");
		return 0;
	}
	if (argc == 4 && !strcmp(argv[2], "hold"))
		return hold(argv[3]);
	if (argc == 8 && !strcmp(argv[2], "apply"))
		return apply(argv + 3);
	if (!strcmp(argv[2], "info"))
		return print_info();
	mount_dir = argv[2];
	test_info();
	test_read();
	test_positions();
	test_waiting();
	test_marks();
	test_contexts();
	test_context_asks();
	test_tell();
	test_left(PRESTO_STAGING_DIR, PRESTO_ASIDE_DIR);
	test_left(PRESTO_CONFLICTS_DIR "/5-1", PRESTO_KEPT_DIR);
	test_ioctls();
	return failures != 0;
}

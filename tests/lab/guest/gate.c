// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tests the gate: this process is lento, its children are programs.
 *
 *	gate DEVICE MOUNT	"ok - ..." / "not ok - ...: why"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "../../../kernel/intermezzo.h"

#define LONG	PRESTO_GATE_WAIT_MAX

static int failures;
static int fd;
static const char *device;

static void check(int good, const char *name, const char *more)
{
	printf("%s - gate: %s%s%s\n", good ? "ok" : "not ok", name, *more ? ", " : "", more);
	failures += !good;
	fflush(stdout);
}

static struct presto_info info(void)
{
	struct presto_info i;

	if (ioctl(fd, PRESTO_IOC_INFO, &i)) {
		perror("not ok - gate: INFO");
		exit(1);
	}
	return i;
}

static int turn(unsigned int state, unsigned int gone, unsigned int wait_ms)
{
	struct presto_gate gate = { .state = state, .gone = gone, .wait_ms = wait_ms };

	return ioctl(fd, PRESTO_IOC_GATE, &gate) ? errno : 0;
}

static int context(uint64_t replica)
{
	struct presto_context c = { .replica = replica, .counter = 1, .source = 4096 };

	return ioctl(fd, PRESTO_IOC_CONTEXT, &c);
}

/* Each returns an errno, 0: done. The working directory is one of the mount. */
static int result(long ret)
{
	return ret < 0 ? errno : 0;
}

static int with_file(const char *name, int flags, int (*use)(int file))
{
	int file = open(name, flags, 0644), err;

	if (file < 0)
		return errno;
	err = use(file);
	close(file);
	return err;
}

static int no_use(int file) { return file < 0; }
static int put(int file) { return result(pwrite(file, "new", 3, 0)); }
static int cut(int file) { return result(ftruncate(file, 1)); }
static int allocate(int file) { return result(fallocate(file, 0, 0, 5000)); }
static int mode(int file) { return result(fchmod(file, 0600)); }

static int map(int file)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED ? errno : 0;
}

static int do_mkdir(void) { return result(mkdir("made", 0755)); }
static int do_rmdir(void) { return result(rmdir("empty")); }
static int do_create(void) { return with_file("created", O_CREAT | O_EXCL | O_WRONLY, no_use); }
static int do_symlink(void) { return result(symlink("x", "symlink")); }
static int do_link(void) { return result(link("file", "link")); }
static int do_unlink(void) { return result(unlink("gone")); }
static int do_rename(void) { return result(rename("old", "new")); }
static int do_chmod(void) { return result(chmod("file", 0640)); }
static int do_xattr(void) { return result(setxattr("file", "user.x", "y", 1, 0)); }
static int do_open_truncates(void) { return with_file("file", O_WRONLY | O_TRUNC, no_use); }
static int do_write(void) { return with_file("file", O_WRONLY, put); }
static int do_truncate(void) { return with_file("file", O_WRONLY, cut); }
static int do_fallocate(void) { return with_file("file", O_WRONLY, allocate); }
static int do_fchmod(void) { return with_file("file", O_RDONLY, mode); }
static int do_open(void) { return with_file("file", O_RDWR, no_use); }
static int do_map(void) { return with_file("file", O_RDWR, map); }

static const struct {
	const char *name;
	int (*work)(void);
} operations[] = {
	{ "mkdir", do_mkdir }, { "rmdir", do_rmdir }, { "create", do_create },
	{ "symlink", do_symlink }, { "link", do_link }, { "unlink", do_unlink },
	{ "rename", do_rename }, { "chmod", do_chmod }, { "setxattr", do_xattr },
	{ "open with O_TRUNC", do_open_truncates }, { "write", do_write },
	{ "ftruncate", do_truncate }, { "fallocate", do_fallocate }, { "fchmod", do_fchmod },
	{ "mmap", do_map }, { "open for writing", do_open },
};

#define NOPERATIONS	(sizeof(operations) / sizeof(operations[0]))

static pid_t program(int (*work)(void))
{
	pid_t pid = fork();

	if (!pid)
		_exit(work());
	return pid;
}

/* What came of it: its errno, or minus the signal that ended it. */
static int end_of(pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int runs(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

/* Returns when somebody has asked who hadn't when INFO said @wanted. */
static void wait_for_asker(unsigned int wanted)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };

	while (info().wanted == wanted)
		poll(&p, 1, -1);
}

static int make_ground(const char *ground)
{
	return mkdir(ground, 0755) || chdir(ground) || mkdir("empty", 0755) ||
	       with_file("file", O_CREAT | O_WRONLY, put) || with_file("gone", O_CREAT | O_WRONLY, put) ||
	       with_file("old", O_CREAT | O_WRONLY, put);
}

/* A directory for the operations, made by a program; this process enters it. */
static void new_ground(const char *top)
{
	static int round;
	char name[4096];
	pid_t pid;

	snprintf(name, sizeof(name), "%s/gate-%d", top, round++);
	pid = fork();
	if (!pid)
		_exit(make_ground(name));
	check(end_of(pid) == 0 && chdir(name) == 0, "a directory to work in", "");
}

static void test_arguments(void)
{
	const struct presto_gate bad[] = {
		{ PRESTO_GATE_SHUT + 1, 0, 1, 0 }, { 0, PRESTO_GATE_ASK, 1, 0 }, { 0, 0, 0, 0 },
		{ 0, 0, PRESTO_GATE_WAIT_MAX + 1, 0 }, { 0, 0, 1, PRESTO_GATE_WAIT_MAX + 1 },
	};
	size_t i, refused = 0;
	pid_t pid;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused += ioctl(fd, PRESTO_IOC_GATE, &bad[i]) == -1 && errno == EINVAL;
	check(refused == i, "wrong arguments: EINVAL", "");
	pid = fork();
	if (!pid)
		_exit(turn(PRESTO_GATE_SHUT, PRESTO_GATE_OPEN, LONG));
	check(end_of(pid) == EPERM, "from a process that hasn't opened the device: EPERM", "");
	check(info().gate == PRESTO_GATE_OPEN, "it is open at first", "");
}

static void test_shut(void)
{
	size_t i;

	check(!turn(PRESTO_GATE_SHUT, PRESTO_GATE_OPEN, LONG) && info().gate == PRESTO_GATE_SHUT,
	      "it is shut", "");
	for (i = 0; i < NOPERATIONS; i++)
		check(end_of(program(operations[i].work)) == EROFS, "shut: EROFS", operations[i].name);
	check(!context(7) && !mkdir("lento", 0755) && !rmdir("lento") && !context(0),
	      "lento in a context passes", "");
	check(access("file", R_OK) == 0 && access("made", F_OK) == -1, "programs read", "");
	check(!turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG), "it is opened", "");
}

/* What is being written when it is shut is closed off, and goes on when it is opened. */
static void test_content(void)
{
	static unsigned char buf[256 * 1024];
	int to[2], from[2];
	struct presto_info before;
	const struct kml_record *r;
	unsigned int wanted;
	char reply = 0;
	ssize_t n, at;
	int closed = 0;
	pid_t pid;

	if (pipe(to) || pipe(from))
		exit(1);
	pid = fork();
	if (!pid) {
		int file = open("file", O_WRONLY), round;

		for (round = 0; round < 4; round++) {
			char err = result(pwrite(file, "part", 4, 4 * round));

			if (write(from[1], &err, 1) != 1 || read(to[0], &err, 1) != 1)
				_exit(95);
		}
		_exit(0);
	}
	check(read(from[0], &reply, 1) == 1 && !reply, "a program writes", "");
	before = info();
	check(!turn(PRESTO_GATE_SHUT, PRESTO_GATE_OPEN, LONG), "it is shut meanwhile", "");
	n = pread(fd, buf, sizeof(buf), before.watermark);
	for (at = 0; at < n; at += le32toh(r->len)) {
		r = (void *)(buf + at);
		closed += r->op == KML_OP_CLOSE && r->flags & KML_FLAG_OPEN;
	}
	check(closed == 1, "the content is closed off", "");
	check(write(to[1], "", 1) == 1 && read(from[0], &reply, 1) == 1 && reply == EROFS,
	      "the next write: EROFS", "");
	check(!turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG), "it is opened", "");
	check(write(to[1], "", 1) == 1 && read(from[0], &reply, 1) == 1 && !reply,
	      "the one after that is done", "");
	check(!turn(PRESTO_GATE_ASK, PRESTO_GATE_OPEN, LONG), "it is to be asked for", "");
	wanted = info().wanted;
	check(write(to[1], "", 1) == 1, "the program writes on", "");
	wait_for_asker(wanted);
	check(!context(7) && !chmod("file", 0644) && !context(0), "and keeps lento from nothing", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	check(read(from[0], &reply, 1) == 1 && !reply, "then it is done", "");
	check(write(to[1], "", 1) == 1 && end_of(pid) == 0, "and the program ends", "");
}

/* A program that has the file open, and writes to its end whenever it is told to. */
static pid_t writer(int to[2], int from[2])
{
	pid_t pid;

	if (pipe(to) || pipe(from))
		exit(1);
	pid = fork();
	if (!pid) {
		int file = open("file", O_WRONLY | O_APPEND);
		char err = file < 0;

		close(to[1]);
		while (write(from[1], &err, 1) == 1 && read(to[0], &err, 1) == 1)
			err = result(write(file, "!", 1));
		_exit(0);
	}
	close(to[0]);
	check(read(from[0], (char []){ 1 }, 1) == 1, "a program has a file open", "");
	return pid;
}

static int writes(int to[2], int from[2])
{
	char err = 1;

	return write(to[1], "", 1) == 1 && read(from[0], &err, 1) == 1 ? err : -1;
}

static struct presto_object object_of(const char *name)
{
	struct presto_object object = {};
	struct stat st;
	int file = open(name, O_RDONLY);

	if (file < 0 || fstat(file, &st) || ioctl(file, FS_IOC_GETVERSION, &object.gen))
		exit(1);
	close(file);
	object.ino = st.st_ino;
	if (ioctl(fd, PRESTO_IOC_OBJECT, &object))
		exit(1);
	return object;
}

/* How many records of an operation there are from @at on, made by @replica. */
static int records(uint64_t at, unsigned int op, uint64_t replica)
{
	static unsigned char buf[256 * 1024];
	ssize_t n = pread(fd, buf, sizeof(buf), at), done;
	const struct kml_record *r;
	int found = 0;

	for (done = 0; done < n; done += le32toh(r->len)) {
		r = (void *)(buf + done);
		found += le16toh(r->op) == op && le64toh(r->replica) == replica;
	}
	return found;
}

static int reads(const char *name, const char *text)
{
	char buf[64] = {};
	int file = open(name, O_RDONLY);
	int good = file >= 0 && read(file, buf, sizeof(buf) - 1) >= 0 && !strcmp(buf, text);

	close(file);
	return good;
}

/* What a program has open while it waits changes under it, in place, and so it goes on from there. */
static void test_held(void)
{
	unsigned int wanted = info().wanted;
	int to[2], from[2], file;
	struct presto_object object;
	uint64_t before;
	pid_t pid = writer(to, from);

	check(!writes(to, from) && object_of("file").writers == 1 && !object_of("file").waits,
	      "it writes: it isn't kept out", "");
	check(!context(7) && rename("old", "file") == -1 && errno == EBUSY,
	      "nothing takes its place", "");
	turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG);
	object = object_of("file");
	check(object.writers == 1 && !object.dirty && object.waits == 1, "the gate keeps it out", "");
	before = info().head;
	file = open("file", O_WRONLY);
	check(pwrite(file, "NEW", 3, 0) == 3 && object_of("file").dirty, "lento writes to it", "");
	check(write(to[1], "", 1) == 1, "the program writes on", "");
	wait_for_asker(wanted);
	check(reads("file", "NEW!"), "that lento has a mark lets nobody in", "");
	check(!close(file) && !object_of("file").dirty && records(before, KML_OP_CLOSE, 7) == 1,
	      "what lento wrote is closed off with its dot", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	check(read(from[0], (char []){ 1 }, 1) == 1 && reads("file", "NEW!!"), "the program goes on from there", "");

	before = info().head;
	check(!context(0) && !turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG) && !context(7), "again it is kept out", "");
	file = open("file", O_WRONLY);
	check(pwrite(file, "more", 4, 0) == 4, "lento begins to write", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	check(!writes(to, from) && records(before, KML_OP_DIRTY, 0) == 1, "let in, the program has a mark of its own", "");
	check(pwrite(file, "less", 4, 0) == -1 && errno == EBUSY, "over which lento doesn't write", "");
	check(!close(file) && object_of("file").dirty, "nor is it closed off by lento", "");

	turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG);
	check(!unlink("file"), "kept out again: the file may be removed", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	check(!writes(to, from) && !context(0), "and is written to all the same", "");
	close(to[1]);
	check(end_of(pid) == 0, "the program ends", "");
}

static void test_ask(void)
{
	size_t i;

	for (i = 0; i < NOPERATIONS; i++) {
		unsigned int wanted;
		pid_t pid;

		if (turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG))
			check(0, "ASK", operations[i].name);
		wanted = info().wanted;
		pid = program(operations[i].work);
		wait_for_asker(wanted);
		check(runs(pid), "whoever asks waits", operations[i].name);
		/* with the directory or the file locked, these would wait for him */
		check(!context(7) && !mkdir("lento", 0755) && !rmdir("lento") &&
		      !chmod("file", 0644) && !context(0), "lento doesn't wait for him", operations[i].name);
		turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
		check(end_of(pid) == 0, "then it is done", operations[i].name);
	}
}

static void nobody_asks(int number)
{
	static const char line[] = "not ok - gate: opened briefly, whoever waits asks again: nobody does\n";

	_exit(number != SIGALRM || write(1, line, sizeof(line) - 1) < 0 ? 2 : 1);
}

/* Nobody else runs on this CPU before this process sleeps; what it forks is as it was before. */
static int alone(int is_alone)
{
	struct sched_param first = { .sched_priority = is_alone };
	cpu_set_t here, all;
	int i;

	CPU_ZERO(&here);
	CPU_SET(0, &here);
	CPU_ZERO(&all);
	for (i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &all);
	return sched_setscheduler(0, is_alone ? SCHED_FIFO | SCHED_RESET_ON_FORK : SCHED_OTHER, &first) ||
	       sched_setaffinity(0, sizeof(here), is_alone ? &here : &all);
}

/* Opened and closed before the one who waits gets to run: he asks again. */
static void test_brief(void)
{
	unsigned int wanted;
	pid_t pid;

	check(!alone(1), "nobody runs beside", "");
	turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG);
	wanted = info().wanted;
	pid = program(do_chmod);
	wait_for_asker(wanted);
	wanted = info().wanted;
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG);
	signal(SIGALRM, nobody_asks);
	alarm(60);
	wait_for_asker(wanted);
	alarm(0);
	check(runs(pid), "opened briefly, whoever waits asks again", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	check(end_of(pid) == 0 && !alone(0), "and is done", "");
}

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

static int make_after_signal(void)
{
	signal(SIGUSR1, note_signal);
	return do_mkdir() ?: caught != SIGUSR1;
}

static void test_signals(void)
{
	unsigned int wanted;
	pid_t pid;

	turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG);
	wanted = info().wanted;
	pid = program(make_after_signal);
	wait_for_asker(wanted);
	wanted = info().wanted;
	kill(pid, SIGUSR1);
	wait_for_asker(wanted);
	check(runs(pid), "after a signal's handler it goes on waiting", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	check(end_of(pid) == 0, "and is done", "");

	turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG);
	wanted = info().wanted;
	pid = program(do_create);
	wait_for_asker(wanted);
	kill(pid, SIGTERM);
	check(end_of(pid) == -SIGTERM, "whoever waits can be killed", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	check(access("created", F_OK) == -1, "and has done nothing", "");
}

static void test_silence(void)
{
	turn(PRESTO_GATE_ASK, PRESTO_GATE_OPEN, 300);
	check(end_of(program(do_mkdir)) == 0 && info().gate == PRESTO_GATE_OPEN,
	      "a silent lento: open, if so it was told", "");
	turn(PRESTO_GATE_ASK, PRESTO_GATE_SHUT, 300);
	check(end_of(program(do_create)) == EROFS && info().gate == PRESTO_GATE_SHUT,
	      "or shut", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
}

/* A lento that turns it, says so, and ends at the next byte. */
static pid_t other_lento(unsigned int gone, int ready, int end)
{
	pid_t pid = fork();
	char byte = 0;

	if (pid)
		return pid;
	close(fd);
	fd = open(device, O_RDWR);
	_exit(fd < 0 || turn(PRESTO_GATE_ASK, gone, LONG) || write(ready, &byte, 1) != 1 ||
	      read(end, &byte, 1) != 1);
}

/* Writes, sets attributes and closes as soon as the gate isn't open any more. */
static int finish(void)
{
	int file = open("file", O_WRONLY), err;

	kill(getppid(), SIGUSR2);
	while (info().gate == PRESTO_GATE_OPEN)
		;
	err = put(file) ?: result(fsetxattr(file, "user.y", "z", 1, 0)) ?: mode(file);
	/* what it begins now waits */
	close(file);
	return err ?: do_mkdir();
}

static void test_grace(void)
{
	struct presto_gate gate = { PRESTO_GATE_ASK, PRESTO_GATE_SHUT, LONG, LONG };
	unsigned int wanted = info().wanted;
	sigset_t ready;
	pid_t pid;
	int number;

	sigemptyset(&ready);
	sigaddset(&ready, SIGUSR2);
	sigprocmask(SIG_BLOCK, &ready, NULL);
	pid = program(finish);
	sigwait(&ready, &number);
	check(!ioctl(fd, PRESTO_IOC_GATE, &gate), "whoever writes comes to an end", "");
	wait_for_asker(wanted);
	check(runs(pid), "and waits with what he begins then", "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
	check(end_of(pid) == 0, "and it is done", "");
}

static void test_desertion(unsigned int gone, int want, const char *name)
{
	int ready[2], end[2];
	unsigned int wanted;
	pid_t lento, pid;
	char byte = 0;

	if (pipe(ready) || pipe(end))
		exit(1);
	lento = other_lento(gone, ready[1], end[0]);
	if (read(ready[0], &byte, 1) != 1)
		exit(1);
	wanted = info().wanted;
	pid = program(do_symlink);
	wait_for_asker(wanted);
	check(write(end[1], &byte, 1) == 1 && end_of(lento) == 0 && end_of(pid) == want, name, "");
	turn(PRESTO_GATE_OPEN, PRESTO_GATE_OPEN, LONG);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	device = argv[1];
	fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(device);
		return 1;
	}
	test_arguments();
	new_ground(argv[2]);
	test_shut();
	test_content();
	test_ask();
	new_ground(argv[2]);
	test_signals();
	new_ground(argv[2]);
	test_brief();
	new_ground(argv[2]);
	test_held();
	new_ground(argv[2]);
	test_silence();
	new_ground(argv[2]);
	test_grace();
	test_desertion(PRESTO_GATE_SHUT, EROFS, "a lento that is gone: shut, if so it was told");
	test_desertion(PRESTO_GATE_OPEN, 0, "or open");
	return failures != 0;
}

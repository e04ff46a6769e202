// SPDX-License-Identifier: GPL-2.0-or-later
/* Locks of all kinds, and leases. */
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

static int lock(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &lock);
}

static const char *check_ofd_locks(void)
{
	struct flock found = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int a = open("f", O_CREAT | O_RDWR, 0644), b = open("f", O_RDWR), status;
	pid_t pid;

	EXPECT(!lock(a, F_OFD_SETLK, F_WRLCK, 0, 10) && !lock(b, F_OFD_SETLK, F_WRLCK, 10, 10));
	REFUSED(lock(b, F_OFD_SETLK, F_RDLCK, 9, 1), EAGAIN);
	/* the process's own lock is another owner's */
	REFUSED(lock(a, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
	EXPECT(!fcntl(b, F_OFD_GETLK, &found) && found.l_type == F_WRLCK && found.l_pid == -1 && found.l_len == 10);
	pid = fork();
	if (!pid)	/* inherited: the same open file */
		_exit(lock(a, F_OFD_SETLK, F_UNLCK, 0, 5) != 0);
	EXPECT(waitpid(pid, &status, 0) == pid && !status && !lock(b, F_OFD_SETLK, F_WRLCK, 0, 5));
	pid = fork();
	if (!pid) {
		close(b);
		_exit(lock(open("f", O_RDWR), F_OFD_SETLKW, F_WRLCK, 10, 1) != 0);
	}
	/* waits until the last descriptor is closed */
	EXPECT(!close(b) && waitpid(pid, &status, 0) == pid && !status);
	REFUSED(lock(open("f", O_RDONLY), F_OFD_SETLK, F_WRLCK, 0, 1), EBADF);
	return NULL;
}

static const char *check_process_locks(void)
{
	struct flock found = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open("f", O_CREAT | O_RDWR, 0644), other, status;
	pid_t parent = getpid(), pid;

	EXPECT(!lock(fd, F_SETLK, F_WRLCK, 100, 0) && !lock(fd, F_SETLK, F_RDLCK, 0, 50));
	pid = fork();
	if (!pid) {
		int ok = !fcntl(fd, F_GETLK, &found) && found.l_pid == parent && found.l_type == F_RDLCK &&
			 !lock(fd, F_SETLK, F_RDLCK, 0, 50) && !lock(fd, F_SETLK, F_WRLCK, 50, 50) &&
			 lock(fd, F_SETLK, F_RDLCK, 1L << 40, 1) == -1 && errno == EAGAIN;

		_exit(!ok);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && !status);
	/* any close drops them all */
	other = open("f", O_RDONLY);
	EXPECT(!close(other));
	pid = fork();
	if (!pid)
		_exit(lock(fd, F_SETLK, F_WRLCK, 0, 0) != 0);
	EXPECT(waitpid(pid, &status, 0) == pid && !status);
	return NULL;
}

static const char *check_flock(void)
{
	int a = open("f", O_CREAT | O_RDWR, 0644), b = open("f", O_RDONLY);

	EXPECT(!flock(a, LOCK_SH) && !flock(b, LOCK_SH | LOCK_NB));
	REFUSED(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	EXPECT(!flock(b, LOCK_UN) && !flock(a, LOCK_EX | LOCK_NB));
	/* independent of the other kinds */
	EXPECT(!lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
	REFUSED(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	EXPECT(!close(a) && !flock(b, LOCK_EX | LOCK_NB));
	return NULL;
}

/* Is there a signal that the lease is asked for? */
static int is_asked_for(void)
{
	struct timespec limit = { 60, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	return sigtimedwait(&set, NULL, &limit) == SIGIO;
}

static void block_sigio(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* @fd has the lease @type, which @breaks asks for; the opener waits until it is given up. */
static const char *break_lease(int fd, int type, int flags)
{
	int status;
	pid_t pid;

	EXPECT(!fcntl(fd, F_SETLEASE, type) && fcntl(fd, F_GETLEASE) == type);
	REFUSED(open("f", flags | O_NONBLOCK), EWOULDBLOCK);
	EXPECT(is_asked_for());
	pid = fork();
	if (!pid)
		_exit(open("f", flags) < 0);
	EXPECT(!fcntl(fd, F_SETLEASE, F_UNLCK) && waitpid(pid, &status, 0) == pid && !status);
	EXPECT(fcntl(fd, F_GETLEASE) == F_UNLCK);
	return NULL;
}

static const char *check_leases(void)
{
	int fd, writer, status;
	const char *why;
	pid_t pid;

	block_sigio();
	EXPECT(!put_file("f", "x"));
	fd = open("f", O_RDONLY);
	why = break_lease(fd, F_RDLCK, O_WRONLY) ?: break_lease(fd, F_WRLCK, O_RDONLY);
	if (why)
		return why;
	/* a size that is set by name asks, too */
	EXPECT(!fcntl(fd, F_SETLEASE, F_RDLCK));
	pid = fork();
	if (!pid)
		_exit(truncate("f", 0) != 0);
	EXPECT(is_asked_for() && !fcntl(fd, F_SETLEASE, F_UNLCK));
	EXPECT(waitpid(pid, &status, 0) == pid && !status && is_file("f", ""));
	writer = open("f", O_WRONLY);
	REFUSED(fcntl(fd, F_SETLEASE, F_RDLCK), EAGAIN);
	REFUSED(fcntl(fd, F_SETLEASE, F_WRLCK), EAGAIN);
	close(writer);
	REFUSED(fcntl(open(".", O_RDONLY), F_SETLEASE, F_RDLCK), EINVAL);
	EXPECT(!fcntl(fd, F_SETLEASE, F_RDLCK) && !close(fd));
	EXPECT(open("f", O_WRONLY | O_NONBLOCK) >= 0);
	return NULL;
}

const struct check lock_checks[] = {
	{ "OFD locks", check_ofd_locks },
	{ "process locks", check_process_locks },
	{ "flock", check_flock },
	{ "leases", check_leases },
	{}
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process 1 of a lab guest, and the server that runs commands in it.
 *
 * Three kinds of process: process 1 reaps, and powers the guest off; the listener accepts connections on the management
 * interface, which only it can see (a network namespace of its own: pulling the guest's cable or a test's firewall can't
 * cut the lab off, and the guest's programs see one interface, as on a real machine); a session serves one connection and
 * runs one command.
 *
 * A connection carries frames: a type byte, a little-endian length, the payload.
 *   to the guest:   k token, e NAME=VALUE, a argument, t rows cols (wants a terminal), x run it, i input (empty: its end),
 *                   w rows cols (the window changed), p power off
 *   from the guest: o output, r error output, x exit code
 * A client never half-closes: when the connection ends before the command, the command is killed.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT 7
#define MAX_FRAME (1u << 20)
#define MAX_STRINGS 4096

static char token[64];

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "lab agent: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(args);
	exit(1);
}

/* ---- frames ---- */

struct frame {
	char type;
	uint32_t length;
	char *data;		/* ends with a NUL that length doesn't count */
};

static bool read_all(int fd, void *data, size_t length)
{
	while (length) {
		ssize_t n = read(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data = (char *)data + n;
		length -= n;
	}
	return true;
}

static bool write_all(int fd, const void *data, size_t length)
{
	while (length) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data = (const char *)data + n;
		length -= n;
	}
	return true;
}

static bool receive(int fd, struct frame *frame)
{
	unsigned char head[5];

	if (!read_all(fd, head, sizeof(head)))
		return false;
	frame->type = head[0];
	memcpy(&frame->length, head + 1, 4);
	frame->length = le32toh(frame->length);
	if (frame->length > MAX_FRAME)
		return false;
	frame->data = malloc(frame->length + 1);
	if (!frame->data)
		return false;
	frame->data[frame->length] = 0;
	return read_all(fd, frame->data, frame->length);
}

/* One write per frame, so that a short answer is one packet. */
static bool send_frame(int fd, char type, const void *data, uint32_t length)
{
	static char buffer[5 + 65536];
	uint32_t le = htole32(length);

	buffer[0] = type;
	memcpy(buffer + 1, &le, 4);
	memcpy(buffer + 5, data, length);
	return write_all(fd, buffer, 5 + length);
}

/* ---- session: one connection, one command ---- */

struct request {
	char *argv[MAX_STRINGS];
	char *env[MAX_STRINGS];
	int args, vars;
	bool known;		/* the token was right */
	bool terminal;
	struct winsize window;
};

struct session {
	int connection, input, output, error, process;
	pid_t pid;
	struct frame pending;	/* input that the command hasn't taken yet */
	uint32_t written;	/* of pending */
};

static struct winsize parse_window(const char *text)
{
	struct winsize window = { 0 };

	sscanf(text, "%hu %hu", &window.ws_row, &window.ws_col);
	return window;
}

static void power_off_request(void)
{
	kill(1, SIGUSR1);
	exit(0);
}

static bool read_request(int connection, struct request *request)
{
	struct frame frame;

	while (receive(connection, &frame)) {
		if (frame.type == 'k')
			request->known = !strcmp(frame.data, token);
		if (!request->known)
			return false;
		if (request->args == MAX_STRINGS - 1 || request->vars == MAX_STRINGS - 1)
			return false;
		switch (frame.type) {
		case 'k':
			break;
		case 'e':
			request->env[request->vars++] = frame.data;
			break;
		case 'a':
			request->argv[request->args++] = frame.data;
			break;
		case 't':
			request->terminal = true;
			request->window = parse_window(frame.data);
			break;
		case 'p':
			power_off_request();
			break;
		case 'x':
			return request->args > 0;
		default:
			return false;
		}
	}
	return false;
}

static void execute(struct request *request)
{
	static const int reset[] = { SIGPIPE, SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
	sigset_t none;
	int net = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

	if (net < 0 || setns(net, CLONE_NEWNET))
		die("can't enter the guest's network");
	for (size_t i = 0; i < sizeof(reset) / sizeof(*reset); i++)
		signal(reset[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/root"))
		die("/root");
	environ = request->env;
	execvp(request->argv[0], request->argv);
	fprintf(stderr, "%s: %s\n", request->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void spawn_with_terminal(struct session *session, struct request *request)
{
	int master;

	session->pid = forkpty(&master, NULL, NULL, &request->window);
	if (session->pid < 0)
		die("forkpty");
	if (!session->pid)
		execute(request);
	session->output = master;
	session->input = dup(master);
	session->error = -1;
}

static void spawn_with_pipes(struct session *session, struct request *request)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	session->pid = fork();
	if (session->pid < 0)
		die("fork");
	if (!session->pid) {
		setsid();
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execute(request);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	session->input = in[1];
	session->output = out[0];
	session->error = err[0];
}

static void set_nonblocking(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void abandon(struct session *session)
{
	kill(-session->pid, SIGKILL);
	exit(0);
}

/* True when something was passed on; closes the descriptor at its end. */
static bool pass_output(struct session *session, int *fd, char type)
{
	static char buffer[65536];
	ssize_t n;

	if (*fd < 0)
		return false;
	n = read(*fd, buffer, sizeof(buffer));
	if (n > 0) {
		if (!send_frame(session->connection, type, buffer, n))
			abandon(session);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(*fd);
		*fd = -1;
	}
	return false;
}

static void close_input(struct session *session)
{
	if (session->input >= 0)
		close(session->input);
	session->input = -1;
}

static void drop_pending(struct session *session)
{
	free(session->pending.data);
	session->pending.data = NULL;
	session->written = 0;
}

static void pass_input(struct session *session)
{
	ssize_t n = write(session->input, session->pending.data + session->written,
			  session->pending.length - session->written);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {			/* the command reads no more: drop what is left */
		close_input(session);
		drop_pending(session);
		return;
	}
	session->written += n;
	if (session->written == session->pending.length)
		drop_pending(session);
}

static void take_frame(struct session *session)
{
	struct frame frame;
	struct winsize window;

	if (!receive(session->connection, &frame))
		abandon(session);
	if (frame.type == 'w') {
		window = parse_window(frame.data);
		ioctl(session->output, TIOCSWINSZ, &window);
		free(frame.data);
	} else if (frame.type != 'i') {
		abandon(session);
	} else if (!frame.length) {
		close_input(session);
		free(frame.data);
	} else if (session->input < 0) {
		free(frame.data);
	} else {
		session->pending = frame;
		pass_input(session);
	}
}

static void finish(struct session *session)
{
	uint32_t code;
	int status;

	while (pass_output(session, &session->output, 'o'))
		;
	while (pass_output(session, &session->error, 'r'))
		;
	waitpid(session->pid, &status, 0);
	code = htole32(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	send_frame(session->connection, 'x', &code, sizeof(code));
	exit(0);
}

/* Ends with the command, not with its last child: a daemon it left behind may keep the pipes. */
static void relay(struct session *session)
{
	for (;;) {
		bool full = session->pending.data;
		struct pollfd fds[] = {
			{ session->connection, (full ? 0 : POLLIN) | POLLRDHUP, 0 },
			{ full ? session->input : -1, POLLOUT, 0 },
			{ session->output, POLLIN, 0 },
			{ session->error, POLLIN, 0 },
			{ session->process, POLLIN, 0 },
		};

		if (poll(fds, 5, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[2].revents)
			pass_output(session, &session->output, 'o');
		if (fds[3].revents)
			pass_output(session, &session->error, 'r');
		if (fds[4].revents)
			finish(session);
		if (fds[1].revents)
			pass_input(session);
		if (fds[0].revents & POLLIN)
			take_frame(session);
		else if (fds[0].revents)
			abandon(session);
	}
}

static void serve(int connection)
{
	static struct request request;
	struct session session = { .connection = connection };

	signal(SIGCHLD, SIG_DFL);
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (!read_request(connection, &request))
		exit(0);
	if (request.terminal)
		spawn_with_terminal(&session, &request);
	else
		spawn_with_pipes(&session, &request);
	session.process = pidfd_open(session.pid, 0);
	if (session.process < 0)
		die("pidfd_open");
	set_nonblocking(session.input);
	set_nonblocking(session.output);
	set_nonblocking(session.error);
	relay(&session);
}

/* ---- listener ---- */

static int run(char *const argv[], int net)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (net >= 0 && setns(net, CLONE_NEWNET))
			die("setns");
		execv(argv[0], argv);
		die("%s", argv[0]);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

#define IP(net, ...) do { if (run((char *[]){ "/run/lab/busybox", "ip", __VA_ARGS__, NULL }, net)) die("ip failed"); } while (0)

static void enter_management_network(void)
{
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char self[16];

	snprintf(self, sizeof(self), "%d", getpid());
	if (net < 0 || unshare(CLONE_NEWNET))
		die("unshare");
	IP(net, "link", "set", "eth1", "netns", self);
	IP(-1, "address", "add", "10.0.2.15/24", "dev", "eth1");
	IP(-1, "link", "set", "eth1", "up");
	close(net);
}

static void report_ready(void)
{
	int events = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);

	if (events < 0 || !write_all(events, "ready\n", 6))
		die("/dev/ttyS1");
	close(events);
}

static void listen_for_commands(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int listener;

	enter_management_network();
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&any, sizeof(any)) || listen(listener, 64))
		die("listen");
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	report_ready();
	for (;;) {
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			continue;
		if (!fork())
			serve(connection);
		close(connection);
	}
}

/* ---- process 1 ---- */

/* Waits until no process is left but this one, at most so long. */
static bool reap_all(int seconds)
{
	struct timespec end, now, wait = { .tv_nsec = 100 * 1000 * 1000 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec)
			return false;
		sigtimedwait(&child, NULL, &wait);
	}
}

static void power_off(pid_t listener)
{
	kill(listener, SIGKILL);
	kill(-1, SIGCONT);
	kill(-1, SIGTERM);
	if (!reap_all(15)) {
		fprintf(stderr, "lab agent: some processes ignored SIGTERM\n");
		kill(-1, SIGKILL);
		reap_all(5);
	}
	run((char *[]){ "/bin/umount", "-a", "-r", "-t", "noproc,nosysfs,nodevtmpfs,nodevpts,no9p,nooverlay,notmpfs", NULL }, -1);
	sync();
	reboot(RB_POWER_OFF);
	die("power off");
}

int main(void)
{
	FILE *file = fopen("/run/lab/token", "r");
	sigset_t signals;
	pid_t listener;

	if (!file || !fgets(token, sizeof(token), file))
		die("/run/lab/token");
	fclose(file);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGUSR1);
	listener = fork();
	if (listener < 0)
		die("fork");
	if (!listener)
		listen_for_commands();
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (;;) {
		pid_t pid;

		if (sigwaitinfo(&signals, NULL) == SIGUSR1)
			power_off(listener);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			if (pid == listener)
				power_off(listener);
	}
}

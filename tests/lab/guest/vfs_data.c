// SPDX-License-Identifier: GPL-2.0-or-later
/* Data: reading and writing in all ways but by mappings. */
#include "check.h"

#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/aio_abi.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <signal.h>

enum { BLOCK = 4096 };

static const char *check_read_write(void)
{
	struct stat st;
	char buf[16];
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	EXPECT(write(fd, "hello", 5) == 5 && lseek(fd, 0, SEEK_CUR) == 5);
	EXPECT(lseek(fd, -3, SEEK_END) == 2 && read(fd, buf, 16) == 3 && !memcmp(buf, "llo", 3));
	EXPECT(pwrite(fd, "J", 1, 0) == 1 && pread(fd, buf, 16, 0) == 5 && !memcmp(buf, "Jello", 5));
	EXPECT(pwrite(fd, "x", 1, 5000000000LL) == 1 && !fstat(fd, &st) && st.st_size == 5000000001LL);
	EXPECT(!ftruncate(fd, 3) && !fstat(fd, &st) && st.st_size == 3 && pread(fd, buf, 16, 0) == 3);
	EXPECT(!truncate("f", 10) && pread(fd, buf, 16, 0) == 10 && !buf[9]);
	REFUSED(lseek(fd, -1, SEEK_SET), EINVAL);
	close(fd);
	EXPECT(!truncate("f", 4) && !stat("f", &st) && st.st_size == 4);
	fd = open("f", O_RDONLY);
	REFUSED(write(fd, "x", 1), EBADF);
	REFUSED(ftruncate(fd, 0), EINVAL);
	return NULL;
}

static const char *check_append(void)
{
	int a = open("f", O_CREAT | O_WRONLY | O_APPEND, 0644), b = open("f", O_WRONLY);

	EXPECT(write(a, "1", 1) == 1 && write(b, "2", 1) == 1 && write(a, "3", 1) == 1);
	EXPECT(is_file("f", "23") && write(b, "4", 1) == 1 && is_file("f", "24"));
	EXPECT(!fcntl(b, F_SETFL, O_APPEND) && write(b, "5", 1) == 1 && is_file("f", "245"));
	EXPECT(!fcntl(a, F_SETFL, 0) && lseek(a, 0, SEEK_SET) == 0 && write(a, "6", 1) == 1);
	EXPECT(is_file("f", "645"));
	return NULL;
}

static const char *check_direct(void)
{
	char *buf;
	int fd = open("f", O_CREAT | O_RDWR | O_DIRECT, 0644);

	EXPECT(!posix_memalign((void **)&buf, BLOCK, BLOCK) && fd >= 0);
	memset(buf, 'd', BLOCK);
	EXPECT(pwrite(fd, buf, BLOCK, 0) == BLOCK && pwrite(fd, buf, BLOCK, BLOCK) == BLOCK);
	REFUSED(pwrite(fd, buf + 1, BLOCK, 0), EINVAL);
	memset(buf, 0, BLOCK);
	EXPECT(pread(fd, buf, BLOCK, BLOCK) == BLOCK && buf[7] == 'd');
	EXPECT(!fcntl(fd, F_SETFL, 0) && pwrite(fd, "x", 1, 1) == 1);
	EXPECT(!fcntl(fd, F_SETFL, O_DIRECT) && pread(fd, buf, BLOCK, 0) == BLOCK && buf[1] == 'x');
	return NULL;
}

static const char *check_aio(void)
{
	static char data[BLOCK] __attribute__((aligned(BLOCK)));
	aio_context_t context = 0;
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_buf = (unsigned long)data,
			   .aio_nbytes = BLOCK }, *list = &cb;
	struct io_event event;

	memset(data, 'a', BLOCK);
	cb.aio_fildes = open("f", O_CREAT | O_RDWR | O_DIRECT, 0644);
	EXPECT(!syscall(SYS_io_setup, 4, &context) && syscall(SYS_io_submit, context, 1, &list) == 1);
	EXPECT(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1 && event.res == BLOCK);
	cb.aio_lio_opcode = IOCB_CMD_PREAD;
	memset(data, 0, BLOCK);
	EXPECT(syscall(SYS_io_submit, context, 1, &list) == 1);
	EXPECT(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1 && data[9] == 'a');
	return NULL;
}

static const char *check_vectors(void)
{
	struct iovec out[2] = { { "ab", 2 }, { "cd", 2 } };
	char buf[8];
	struct iovec in = { buf, 8 };
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	EXPECT(writev(fd, out, 2) == 4 && pwritev2(fd, out, 2, -1, RWF_APPEND | RWF_SYNC) == 4);
	EXPECT(preadv2(fd, &in, 1, 0, RWF_NOWAIT) == 8 && !memcmp(buf, "abcdabcd", 8));
	EXPECT(pwritev2(fd, out, 1, 0, RWF_NOWAIT) == 2 || errno == EAGAIN || errno == EOPNOTSUPP);
	return NULL;
}

static const char *check_sync(void)
{
	int fd = open("f", O_CREAT | O_RDWR | O_SYNC, 0644);

	EXPECT(write(fd, "x", 1) == 1 && !fsync(fd) && !fdatasync(fd) && !syncfs(fd));
	EXPECT(!sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
	EXPECT(!posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT(!readahead(fd, 0, BLOCK));
	return NULL;
}

static const char *check_fallocate(void)
{
	char buf[BLOCK * 4];
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	memset(buf, 'f', sizeof(buf));
	EXPECT(write(fd, buf, sizeof(buf)) == sizeof(buf));
	EXPECT(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK));
	EXPECT(lseek(fd, 0, SEEK_HOLE) == BLOCK && lseek(fd, BLOCK, SEEK_DATA) == 2 * BLOCK);
	EXPECT(pread(fd, buf, 1, BLOCK + 9) == 1 && !buf[0]);
	return NULL;
}

/* Only files with extents can do these. */
static const char *check_fallocate_extents(void)
{
	struct stat st;
	char buf[BLOCK * 4];
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	memset(buf, 'f', sizeof(buf));
	EXPECT(write(fd, buf, sizeof(buf)) == sizeof(buf));
	if (strcmp(getenv("PRESTO_LOWER"), "ext4")) {
		REFUSED(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, BLOCK, BLOCK), EOPNOTSUPP);
		return NULL;
	}
	EXPECT(!fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, BLOCK, BLOCK));
	EXPECT(!fstat(fd, &st) && st.st_size == 3 * BLOCK && pread(fd, buf, 1, BLOCK) == 1 && buf[0] == 'f');
	EXPECT(!fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, BLOCK) && pread(fd, buf, 1, 0) == 1 && !buf[0]);
	EXPECT(!fallocate(fd, FALLOC_FL_ZERO_RANGE, BLOCK, 10) && pread(fd, buf, 11, BLOCK) == 11);
	EXPECT(!buf[0] && buf[10] == 'f');
	EXPECT(!fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 40 * BLOCK) && !fstat(fd, &st) && st.st_size == 4 * BLOCK);
	EXPECT(!fallocate(fd, 0, 0, 20 * BLOCK) && !fstat(fd, &st) && st.st_size == 20 * BLOCK);
	return NULL;
}

static const char *check_seek(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	EXPECT(pwrite(fd, "a", 1, 0) == 1 && pwrite(fd, "b", 1, 100 * BLOCK) == 1);
	EXPECT(lseek(fd, 0, SEEK_DATA) == 0 && lseek(fd, 1, SEEK_HOLE) == BLOCK);
	EXPECT(lseek(fd, BLOCK, SEEK_DATA) == 100 * BLOCK && lseek(fd, 0, SEEK_CUR) == 100 * BLOCK);
	REFUSED(lseek(fd, 100 * BLOCK + 1, SEEK_DATA), ENXIO);
	return NULL;
}

static const char *check_fiemap(void)
{
	struct { struct fiemap map; struct fiemap_extent extents[4]; } arg = {
		.map = { .fm_length = ~0ULL, .fm_flags = FIEMAP_FLAG_SYNC, .fm_extent_count = 4 } };
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	char buf[BLOCK] = "x";

	EXPECT(write(fd, buf, BLOCK) == BLOCK && !ioctl(fd, FS_IOC_FIEMAP, &arg));
	EXPECT(arg.map.fm_mapped_extents == 1 && arg.extents[0].fe_length == BLOCK);
	return NULL;
}

static const char *check_copies(void)
{
	loff_t from = 2, to = 0;
	off_t start = 0;
	int in, out, pipes[2];

	EXPECT(!put_file("in", "0123456789") && !pipe(pipes));
	in = open("in", O_RDONLY);
	out = open("out", O_CREAT | O_RDWR, 0644);
	EXPECT(copy_file_range(in, &from, out, &to, 4, 0) == 4 && is_file("out", "2345"));
	EXPECT(sendfile(out, in, &start, 3) == 3 && is_file("out", "0125"));
	EXPECT(splice(in, NULL, pipes[1], NULL, 5, 0) == 5);
	EXPECT(splice(pipes[0], NULL, out, NULL, 5, 0) == 5 && is_file("out", "01201234"));
	REFUSED(ioctl(out, FICLONE, in), EOPNOTSUPP);
	return NULL;
}

static const char *check_pipes(void)
{
	static char text[8 * BLOCK], back[8 * BLOCK];
	struct iovec from = { text, 4 * BLOCK };
	int fd = open("f", O_CREAT | O_RDWR, 0644), a[2], b[2];
	loff_t at = 10, end = 5;

	memset(text, 't', sizeof(text));
	EXPECT(!pipe(a) && !pipe(b) && vmsplice(a[1], &from, 1, 0) == 4 * BLOCK);
	EXPECT(tee(a[0], b[1], 4 * BLOCK, 0) == 4 * BLOCK);
	EXPECT(splice(a[0], NULL, fd, &at, 4 * BLOCK, SPLICE_F_MOVE) == 4 * BLOCK && at == 10 + 4 * BLOCK);
	EXPECT(splice(b[0], NULL, fd, &at, 4 * BLOCK, 0) == 4 * BLOCK);
	EXPECT(pread(fd, back, 10, 0) == 10 && !back[9] && pread(fd, back, sizeof(back), 10) == sizeof(back));
	EXPECT(!memcmp(text, back, sizeof(back)));
	EXPECT(splice(fd, &end, a[1], NULL, 100, 0) == 100 && read(a[0], back, 100) == 100 && back[5] == 't');
	end = 1 << 30;
	EXPECT(splice(fd, &end, a[1], NULL, 100, 0) == 0);
	REFUSED(splice(a[0], &at, fd, NULL, 1, 0), ESPIPE);
	EXPECT(!fcntl(fd, F_SETFL, O_APPEND));
	REFUSED(splice(b[0], NULL, fd, &at, 1, 0), EINVAL);
	return NULL;
}

/* Whoever waits for a pipe keeps no other writer of the file waiting. */
static const char *check_empty_pipe(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644), pipes[2], status;
	char state = 0, path[64], line[256] = "";
	FILE *stat;
	pid_t pid;

	EXPECT(!pipe(pipes));
	REFUSED(splice(pipes[0], NULL, fd, NULL, 5, SPLICE_F_NONBLOCK), EAGAIN);
	pid = fork();
	if (!pid)
		_exit(splice(pipes[0], NULL, fd, NULL, 5, 0) != 5);
	sprintf(path, "/proc/%d/stat", pid);
	while (state != 'S') {
		stat = fopen(path, "r");
		EXPECT(stat && fgets(line, sizeof(line), stat) && !fclose(stat));
		state = strrchr(line, ')')[2];
		EXPECT(state != 'Z');
	}
	EXPECT(pwrite(fd, "before", 6, 0) == 6 && write(pipes[1], "spl", 3) == 3);
	close(pipes[1]);
	EXPECT(waitpid(pid, &status, 0) == pid && status == 1 << 8 && is_file("f", "splore"));
	EXPECT(splice(pipes[0], NULL, fd, NULL, 5, 0) == 0);
	return NULL;
}

static const char *check_advice(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644), writer = open("f", O_WRONLY), dir = open(".", O_RDONLY);

	EXPECT(ftruncate(fd, 8 * BLOCK) == 0 && !readahead(fd, BLOCK, 100 * BLOCK));
	for (int advice = POSIX_FADV_NORMAL; advice <= POSIX_FADV_NOREUSE; advice++)
		EXPECT(!posix_fadvise(fd, BLOCK, 2 * BLOCK, advice));
	EXPECT(posix_fadvise(fd, 0, 0, 99) == EINVAL && posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL) == EINVAL);
	REFUSED(readahead(writer, 0, BLOCK), EBADF);
	REFUSED(readahead(dir, 0, BLOCK), EINVAL);
	REFUSED(sync_file_range(fd, -1, 0, 0), EINVAL);
	REFUSED(sync_file_range(fd, 0, 0, 64), EINVAL);
	EXPECT(!syncfs(dir) && !fsync(dir) && !fdatasync(dir));
	return NULL;
}

static const char *check_exec(void)
{
	char buf[16] = "";
	int fd, out[2], go[2];
	pid_t pid;

	EXPECT(!system("cp /bin/cat /bin/echo .") && !pipe(out) && !pipe(go));
	if (!fork()) {
		dup2(out[1], 1);
		execl("./echo", "echo", "ran", NULL);
		_exit(1);
	}
	EXPECT(read(out[0], buf, sizeof(buf)) == 4 && !strcmp(buf, "ran\n"));
	fd = open("cat", O_RDWR);
	REFUSED(execl("./cat", "cat", NULL), ETXTBSY);
	close(fd);
	pid = fork();
	if (!pid) {
		dup2(go[0], 0);
		dup2(out[1], 1);
		execl("./cat", "cat", NULL);
		_exit(1);
	}
	EXPECT(write(go[1], "+", 1) == 1 && read(out[0], buf, 1) == 1 && buf[0] == '+');
	REFUSED(open("cat", O_RDWR), ETXTBSY);
	EXPECT(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
	return NULL;
}

const struct check data_checks[] = {
	{ "read and write", check_read_write },
	{ "append", check_append },
	{ "O_DIRECT", check_direct },
	{ "aio", check_aio },
	{ "vectors", check_vectors },
	{ "sync", check_sync },
	{ "fallocate", check_fallocate },
	{ "fallocate of extents", check_fallocate_extents },
	{ "holes", check_seek },
	{ "fiemap", check_fiemap },
	{ "copies", check_copies },
	{ "pipes", check_pipes },
	{ "an empty pipe", check_empty_pipe },
	{ "advice", check_advice },
	{ "exec", check_exec },
	{}
};

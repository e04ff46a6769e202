// SPDX-License-Identifier: GPL-2.0-or-later
/* Where ranges end: times, sizes, paths. */
#include "check.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/xattr.h>

/* What inodes of 256 bytes can hold: from 1901 to 2446. */
static const long long first_second = -(1LL << 31), last_second = 0x37fffffffLL;

static long long kept(long long second)
{
	return second < first_second ? first_second : second > last_second ? last_second : second;
}

static const char *check_times(void)
{
	const long long seconds[] = {
		first_second - 1, first_second, -1, 0, INT_MAX, 1LL << 31, UINT_MAX, 1LL << 32, 1LL << 33,
		(1LL << 33) + (1LL << 32), last_second, last_second + 1, 1LL << 40,
	};
	struct stat st;

	EXPECT(!put_file("f", "x") && !symlink("f", "s") && !mkdir("d", 0755));
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		struct timespec times[2] = { { seconds[i], 1 }, { seconds[i], 999999999 } };
		/* beyond the ends the nanoseconds go, at the ends they may */
		int inside = seconds[i] > first_second && seconds[i] < last_second;

		EXPECT(!utimensat(AT_FDCWD, "f", times, 0) && !stat("f", &st));
		EXPECT(st.st_mtim.tv_sec == kept(seconds[i]) && st.st_atim.tv_sec == kept(seconds[i]));
		EXPECT(!inside || (st.st_mtim.tv_nsec == 999999999 && st.st_atim.tv_nsec == 1));
		EXPECT(!utimensat(AT_FDCWD, "s", times, AT_SYMLINK_NOFOLLOW) && !lstat("s", &st));
		EXPECT(st.st_mtim.tv_sec == kept(seconds[i]));
		EXPECT(!utimensat(AT_FDCWD, "d", times, 0) && !stat("d", &st) && st.st_mtim.tv_sec == kept(seconds[i]));
	}
	EXPECT(!system("echo 2 > /proc/sys/vm/drop_caches") && !stat("f", &st) && st.st_mtim.tv_sec == last_second);
	REFUSED(utimensat(AT_FDCWD, "f", (struct timespec [2]){ { 0, 1000000000 } }, 0), EINVAL);
	return NULL;
}

static const char *check_sparse(void)
{
	const off_t offsets[] = { (1LL << 31) - 1, (1LL << 32) - 1, (1LL << 32) + 5, (1LL << 40) + 7 };
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	struct stat st;
	char buf[4], *map;

	for (int i = 0; i < 4; i++) {
		EXPECT(pwrite(fd, "end", 3, offsets[i]) == 3 && !fstat(fd, &st) && st.st_size == offsets[i] + 3);
		EXPECT(pread(fd, buf, 4, offsets[i]) == 3 && !memcmp(buf, "end", 3));
	}
	EXPECT(st.st_blocks < 1000 && pread(fd, buf, 1, 1LL << 39) == 1 && !buf[0]);
	EXPECT(lseek(fd, 1LL << 33, SEEK_DATA) == 1LL << 40 && lseek(fd, 0, SEEK_HOLE) == 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 1LL << 40);
	EXPECT(map != MAP_FAILED && !memcmp(map + 7, "end", 3));
	map[7] = 'E';
	EXPECT(!munmap(map, 4096) && pread(fd, buf, 3, offsets[3]) == 3 && !memcmp(buf, "End", 3));
	EXPECT(!ftruncate(fd, (1LL << 32) + 6) && pread(fd, buf, 4, offsets[2]) == 1);
	EXPECT(!truncate("f", (3LL << 39) + 1) && !fstat(fd, &st) && st.st_size == (3LL << 39) + 1);
	REFUSED(pwrite(fd, "x", 1, 1LL << 44), EFBIG);
	REFUSED(ftruncate(fd, 1LL << 50), EFBIG);
	REFUSED(lseek(fd, 1LL << 50, SEEK_SET), EINVAL);
	return NULL;
}

/* A path of @len bytes through @step, a directory's name of 249 bytes, to "f". */
static void fill_path(char *path, const char *step, size_t len)
{
	size_t at = 0;

	while (at + 250 < len - 1)
		at += sprintf(path + at, "%s/", step);
	while (at < len - 1)
		path[at++] = '/';
	strcpy(path + at, "f");
}

static const char *check_paths(void)
{
	char step[250], path[2 * PATH_MAX];
	int dir = open(".", O_RDONLY), next;

	memset(step, 'd', 249);
	step[249] = 0;
	for (int depth = 0; depth < 20; depth++) {
		EXPECT(!mkdirat(dir, step, 0755));
		next = openat(dir, step, O_RDONLY);
		close(dir);
		dir = next;
	}
	EXPECT(dir >= 0 && openat(dir, "deeper", O_CREAT | O_RDWR, 0644) >= 0 && !close(dir));
	fill_path(path, step, PATH_MAX - 1);
	EXPECT(!put_file(path, "far") && is_file(path, "far") && !chmod(path, 0600));
	EXPECT(!setxattr(path, "user.k", "v", 1, 0) && !rename(path, "near") && is_file("near", "far"));
	EXPECT(!symlink(path, "s") && readlink("s", path + PATH_MAX, PATH_MAX) == PATH_MAX - 1);
	EXPECT(!link("near", "s2") && !rename("near", path) && is_file("s", "far"));
	fill_path(path, step, PATH_MAX);
	REFUSED(open(path, O_RDONLY), ENAMETOOLONG);
	REFUSED(symlink(path, "t"), ENAMETOOLONG);
	return NULL;
}

const struct check limit_checks[] = {
	{ "edge times", check_times },
	{ "large sparse files", check_sparse },
	{ "long paths", check_paths },
	{}
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many processes, one small tree: each operation is a random one on random
 * names, so that they meet. storm SECONDS DIRECTORY... : the processes take the
 * directories in turn. Whether an operation succeeds is nobody's concern; that
 * all come home, and that the file systems are whole afterwards, is.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 6, NAMES = 12, DIRECTORIES = 3 };

static const char *name(char *buf)
{
	int dir = rand() % (DIRECTORIES + 1);

	if (dir < DIRECTORIES)
		sprintf(buf, "d%d/n%d", dir, rand() % NAMES);
	else
		sprintf(buf, "n%d", rand() % NAMES);
	return buf;
}

static void write_file(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR, 0644);

	if (fd < 0)
		return;
	if (write(fd, path, 6) == 6 && rand() % 2)
		(void)!ftruncate(fd, rand() % 9000);
	close(fd);
}

static void map_file(const char *path)
{
	int fd = open(path, O_RDWR);
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (rand() % 2)
		unlink(path);
	if (map != MAP_FAILED)
		munmap(map, 8192);
}

static void name_tmpfile(const char *path)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0644);
	char self[64];

	if (fd < 0)
		return;
	sprintf(self, "/proc/self/fd/%d", fd);
	if (write(fd, "before", 6) == 6 && !linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		(void)!write(fd, "after", 5);
	close(fd);
}

static void list(void)
{
	DIR *dir = opendir(rand() % 2 ? "." : "d1");

	while (dir && readdir(dir))
		;
	if (dir)
		closedir(dir);
}

static void one(void)
{
	char buf[2][32];
	const char *a = name(buf[0]), *b = name(buf[1]);
	struct stat st;

	switch (rand() % 14) {
	case 0: mkdir(a, 0755); break;
	case 1: rmdir(a); break;
	case 2: unlink(a); break;
	case 3: rename(a, b); break;
	case 4: (void)!link(a, b); break;
	case 5: (void)!symlink(a, b); break;
	case 6: renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE); break;
	case 7: write_file(a); break;
	case 8: map_file(a); break;
	case 9: (void)!truncate(a, rand() % 5000); break;
	case 10: chmod(a, 0600 + rand() % 0177); break;
	case 11: list(); break;
	case 12: name_tmpfile(b); break;
	case 13: stat(a, &st); lstat(b, &st); break;
	}
}

static void storm(const char *dir, int seconds, int seed)
{
	time_t end = time(NULL) + seconds;

	srand(seed);
	if (chdir(dir))
		_exit(1);
	while (time(NULL) < end)
		one();
	_exit(0);
}

int main(int argc, char **argv)
{
	int status, bad = 0;
	char path[4096];

	for (int i = 2; i < argc; i++) {
		for (int d = 0; d < DIRECTORIES; d++) {
			snprintf(path, sizeof(path), "%s/d%d", argv[i], d);
			mkdir(path, 0755);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		if (!fork())
			storm(argv[2 + i % (argc - 2)], atoi(argv[1]), 4711 + i);
	while (wait(&status) > 0)
		bad |= status;
	return bad != 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Mappings, shared and private. */
#include "check.h"

#include <sys/mman.h>
#include <sys/wait.h>

enum { PAGE = 4096 };

static const char *check_shared(void)
{
	char buf[8];
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	char *map;

	EXPECT(!ftruncate(fd, 4 * PAGE));
	map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT(map != MAP_FAILED && pwrite(fd, "written", 7, 0) == 7 && !memcmp(map, "written", 7));
	memcpy(map + PAGE, "stored", 6);
	EXPECT(pread(fd, buf, 6, PAGE) == 6 && !memcmp(buf, "stored", 6) && !msync(map, 4 * PAGE, MS_SYNC));
	close(fd);
	memcpy(map, "after", 5);
	EXPECT(!munmap(map, PAGE) && !munmap(map + PAGE, 3 * PAGE));
	fd = open("f", O_RDONLY);
	EXPECT(read(fd, buf, 5) == 5 && !memcmp(buf, "after", 5));
	return NULL;
}

static const char *check_private(void)
{
	int fd;
	char *map;

	EXPECT(!put_file("f", "original"));
	fd = open("f", O_RDONLY);
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	EXPECT(map != MAP_FAILED && !memcmp(map, "original", 8));
	memcpy(map, "changed!", 8);
	EXPECT(is_file("f", "original") && !munmap(map, PAGE));
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT(map != MAP_FAILED && !memcmp(map, "original", 8));
	REFUSED(mprotect(map, PAGE, PROT_READ | PROT_WRITE), EACCES);
	EXPECT(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
	return NULL;
}

static const char *check_mprotect(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	char buf[8], *map;

	EXPECT(!ftruncate(fd, 3 * PAGE));
	map = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT(map != MAP_FAILED && !close(fd) && !mprotect(map + PAGE, PAGE, PROT_READ | PROT_WRITE));
	memcpy(map + PAGE, "middle", 6);
	EXPECT(!munmap(map, 3 * PAGE));
	fd = open("f", O_RDONLY);
	EXPECT(pread(fd, buf, 6, PAGE) == 6 && !memcmp(buf, "middle", 6));
	return NULL;
}

static const char *check_fork(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644), status;
	char *map;

	EXPECT(!ftruncate(fd, PAGE));
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT(map != MAP_FAILED && !close(fd));
	if (!fork()) {
		strcpy(map, "child");
		_exit(0);
	}
	EXPECT(wait(&status) > 0 && !status && !strcmp(map, "child"));
	map = mremap(map, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	EXPECT(map != MAP_FAILED && !strcmp(map, "child"));
	strcpy(map, "parent");
	EXPECT(!munmap(map, 2 * PAGE));
	fd = open("f", O_RDONLY);
	EXPECT(read(fd, (char [8]){}, 8) == 8);
	return NULL;
}

/* /proc/PID/maps shows the user's path. */
static const char *check_maps_path(void)
{
	char line[4096], here[2048], want[2100];
	int fd = open("mapped", O_CREAT | O_RDWR, 0644), found = 0;
	FILE *maps;

	EXPECT(!ftruncate(fd, PAGE) && getcwd(here, sizeof(here)));
	EXPECT(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	snprintf(want, sizeof(want), "%s/mapped\n", here);
	maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, want) != NULL;
	EXPECT(found);
	return NULL;
}

const struct check map_checks[] = {
	{ "shared mapping", check_shared },
	{ "private mapping", check_private },
	{ "mprotect", check_mprotect },
	{ "mapping over fork", check_fork },
	{ "path of a mapping", check_maps_path },
	{}
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* Names: making, linking, renaming, removing, reading directories. */
#include "check.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

static const char *check_create(void)
{
	struct stat st;
	int fd = open("f", O_CREAT | O_EXCL | O_RDWR, 0640);

	EXPECT(fd >= 0);
	EXPECT(!fstat(fd, &st) && S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0640);
	REFUSED(open("f", O_CREAT | O_EXCL | O_RDWR, 0640), EEXIST);
	REFUSED(open("missing", O_RDONLY), ENOENT);
	REFUSED(open("f/x", O_RDONLY), ENOTDIR);
	REFUSED(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	EXPECT(!put_file("f", "old text") && is_file("f", "old text"));
	EXPECT(!put_file("f", "new") && is_file("f", "new"));
	return NULL;
}

static const char *check_directories(void)
{
	struct stat st;

	EXPECT(!mkdir("d", 0751) && !stat("d", &st) && (st.st_mode & 07777) == 0751 && st.st_nlink == 2);
	REFUSED(mkdir("d", 0755), EEXIST);
	EXPECT(!mkdir("d/e", 0755) && !stat("d", &st) && st.st_nlink == 3);
	REFUSED(rmdir("d"), ENOTEMPTY);
	REFUSED(unlink("d"), EISDIR);
	EXPECT(!rmdir("d/e") && !rmdir("d") && absent("d"));
	EXPECT(!mkdir("d", 0755) && !rmdir("d"));
	return NULL;
}

static const char *check_links(void)
{
	struct stat a, b;
	char target[5000], back[5000];

	EXPECT(!put_file("f", "x") && !link("f", "g"));
	EXPECT(!stat("f", &a) && !stat("g", &b) && a.st_ino == b.st_ino && a.st_nlink == 2);
	REFUSED(link("f", "g"), EEXIST);
	EXPECT(!unlink("f") && !stat("g", &b) && b.st_nlink == 1 && is_file("g", "x"));
	EXPECT(!symlink("g", "s") && is_file("s", "x"));
	memset(target, 'y', 4000);
	target[4000] = 0;
	EXPECT(!symlink(target, "long") && readlink("long", back, sizeof(back)) == 4000);
	EXPECT(!memcmp(target, back, 4000));
	REFUSED(open("long", O_RDONLY), ENAMETOOLONG);
	EXPECT(!symlink("loop", "loop"));
	REFUSED(open("loop", O_RDONLY), ELOOP);
	return NULL;
}

static const char *check_open_unlinked(void)
{
	struct stat st;
	char buf[8];
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	EXPECT(fd >= 0 && write(fd, "abc", 3) == 3 && !unlink("f"));
	EXPECT(!fstat(fd, &st) && st.st_nlink == 0 && st.st_size == 3);
	EXPECT(pread(fd, buf, 8, 0) == 3 && pwrite(fd, "d", 1, 3) == 1 && pread(fd, buf, 8, 0) == 4);
	EXPECT(!fchmod(fd, 0600) && !ftruncate(fd, 1) && !fstat(fd, &st) && st.st_size == 1);
	EXPECT(!put_file("f", "other") && is_file("f", "other"));
	EXPECT(pread(fd, buf, 8, 0) == 1 && buf[0] == 'a' && !close(fd));
	return NULL;
}

static const char *check_tmpfile(void)
{
	struct stat st;
	char path[64];
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	EXPECT(fd >= 0 && write(fd, "tmp", 3) == 3 && !fstat(fd, &st) && st.st_nlink == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT(!linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	EXPECT(is_file("named", "tmp") && !fstat(fd, &st) && st.st_nlink == 1);
	EXPECT(write(fd, "!", 1) == 1 && !close(fd) && is_file("named", "tmp!"));
	fd = open(".", O_TMPFILE | O_EXCL | O_RDWR, 0600);
	EXPECT(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	REFUSED(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW), ENOENT);
	return NULL;
}

static const char *check_rename(void)
{
	struct stat a, b;

	EXPECT(!put_file("f", "1") && !put_file("g", "2") && !stat("f", &a));
	EXPECT(!rename("f", "g") && absent("f") && is_file("g", "1"));
	EXPECT(!stat("g", &b) && a.st_ino == b.st_ino);
	EXPECT(!mkdir("d", 0755) && !rename("g", "d/g") && is_file("d/g", "1"));
	EXPECT(!mkdir("e", 0755));
	REFUSED(rename("e", "d"), ENOTEMPTY);
	REFUSED(rename("d", "d/x"), EINVAL);
	REFUSED(rename("d/g", "e"), EISDIR);
	EXPECT(!rename("d", "e") && is_file("e/g", "1") && absent("d"));
	EXPECT(!link("e/g", "h") && !rename("h", "e/g") && !stat("h", &a) && a.st_nlink == 2);
	return NULL;
}

static const char *check_rename_flags(void)
{
	struct stat st;

	EXPECT(!put_file("f", "1") && !put_file("g", "2"));
	REFUSED(renameat2(AT_FDCWD, "f", AT_FDCWD, "g", RENAME_NOREPLACE), EEXIST);
	EXPECT(!renameat2(AT_FDCWD, "f", AT_FDCWD, "n", RENAME_NOREPLACE) && is_file("n", "1"));
	EXPECT(!renameat2(AT_FDCWD, "n", AT_FDCWD, "g", RENAME_EXCHANGE));
	EXPECT(is_file("n", "2") && is_file("g", "1"));
	EXPECT(!mkdir("d", 0755) && !renameat2(AT_FDCWD, "d", AT_FDCWD, "g", RENAME_EXCHANGE));
	EXPECT(is_file("d", "1") && !stat("g", &st) && S_ISDIR(st.st_mode));
	EXPECT(!renameat2(AT_FDCWD, "n", AT_FDCWD, "w", RENAME_WHITEOUT) && is_file("w", "2"));
	EXPECT(!lstat("n", &st) && S_ISCHR(st.st_mode) && st.st_rdev == 0);
	return NULL;
}

static const char *check_special(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "sock" };
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	EXPECT(!mkfifo("fifo", 0644) && !stat("fifo", &st) && S_ISFIFO(st.st_mode));
	EXPECT(!mknod("null", S_IFCHR | 0666, makedev(1, 3)) && !put_file("null", "gone"));
	EXPECT(!stat("null", &st) && st.st_rdev == makedev(1, 3));
	EXPECT(!mknod("block", S_IFBLK | 0600, makedev(7, 0)) && !stat("block", &st) && S_ISBLK(st.st_mode));
	EXPECT(fd >= 0 && !bind(fd, (void *)&address, sizeof(address)) && !listen(fd, 1));
	EXPECT(!stat("sock", &st) && S_ISSOCK(st.st_mode));
	EXPECT(!connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof(address)));
	return NULL;
}

static const char *check_long_names(void)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = 0;
	EXPECT(!put_file(name, "x") && is_file(name, "x"));
	name[255] = 'n';
	name[256] = 0;
	REFUSED(open(name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
	EXPECT(!put_file("\xff\x01 \n", "bytes") && is_file("\xff\x01 \n", "bytes"));
	return NULL;
}

static const char *check_readdir(void)
{
	enum { FILES = 700 };
	char name[32], seen[FILES] = "";
	struct dirent *entry;
	long middle = 0, n = 0;
	DIR *dir;

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		EXPECT(!put_file(name, ""));
	}
	dir = opendir(".");
	EXPECT(dir);
	while ((entry = readdir(dir))) {
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		EXPECT(!stat(entry->d_name, &st) && st.st_ino == entry->d_ino);
		EXPECT(entry->d_type == DT_REG && !seen[atoi(entry->d_name + 4)]++);
		if (++n == FILES / 2)
			middle = telldir(dir);
	}
	EXPECT(n == FILES);
	seekdir(dir, middle);
	for (n = 0; readdir(dir);)
		n++;
	EXPECT(n >= FILES / 2 && n <= FILES / 2 + 2);
	rewinddir(dir);
	for (n = 0; readdir(dir);)
		n++;
	EXPECT(n == FILES + 2 && !fsync(dirfd(dir)));
	return NULL;
}

static const char *check_open_renamed(void)
{
	char buf[4096];
	int fd = open("f", O_CREAT | O_RDWR, 0644), cwd;

	EXPECT(fd >= 0 && !mkdir("d", 0755) && !chdir("d") && !rename("../f", "../d/g"));
	EXPECT(write(fd, "moved", 5) == 5 && is_file("g", "moved") && !rename("../d", "../e"));
	EXPECT(getcwd(buf, sizeof(buf)) && !strcmp(strrchr(buf, '/'), "/e") && is_file("g", "moved"));
	cwd = open(".", O_RDONLY);
	EXPECT(cwd >= 0 && !unlink("g") && !rmdir("../e"));
	REFUSED(openat(cwd, "new", O_CREAT | O_RDWR, 0644), ENOENT);
	return NULL;
}

const struct check name_checks[] = {
	{ "create", check_create },
	{ "mkdir and rmdir", check_directories },
	{ "links", check_links },
	{ "unlinked while open", check_open_unlinked },
	{ "O_TMPFILE", check_tmpfile },
	{ "rename", check_rename },
	{ "rename flags", check_rename_flags },
	{ "special files", check_special },
	{ "names", check_long_names },
	{ "readdir", check_readdir },
	{ "renamed while open", check_open_renamed },
	{}
};

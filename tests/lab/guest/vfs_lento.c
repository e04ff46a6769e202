// SPDX-License-Identifier: GPL-2.0-or-later
/* .intermezzo, and what the process that has the device open may do. */
#include "check.h"

#include <dirent.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include "../../../kernel/intermezzo.h"

static const char *control(const char *name)
{
	static char path[2][4096];
	static int which;

	which = !which;
	snprintf(path[which], sizeof(path[which]), "%s/" PRESTO_CONTROL_DIR "%s", getenv("PRESTO_MOUNT"), name);
	return path[which];
}

static int become_lento(void)
{
	return open(getenv("PRESTO_DEVICE"), O_RDWR | O_CLOEXEC);
}

static int set_context(int device, unsigned long long counter)
{
	struct presto_context context = { .replica = counter ? 4711 : 0, .counter = counter };

	return ioctl(device, PRESTO_IOC_CONTEXT, &context);
}

static int listed(void)
{
	DIR *dir = opendir(getenv("PRESTO_MOUNT"));
	struct dirent *entry;
	int found = 0;

	while ((entry = readdir(dir)))
		found |= !strcmp(entry->d_name, PRESTO_CONTROL_DIR);
	closedir(dir);
	return found;
}

static const char *nobody_sees(void)
{
	struct stat st;

	REFUSED(stat(control(""), &st), ENOENT);
	REFUSED(open(control("/x"), O_RDONLY), ENOENT);
	/* one or the other, by whether lento has looked it up */
	EXPECT(open(control(""), O_CREAT | O_RDWR, 0644) == -1 && (errno == EPERM || errno == ENOENT));
	EXPECT(mkdir(control(""), 0755) == -1 && (errno == EPERM || errno == ENOENT));
	REFUSED(rmdir(control("")), ENOENT);
	EXPECT(!put_file("f", "") && rename("f", control("")) == -1 && (errno == EPERM || errno == ENOENT));
	EXPECT(!listed());
	return NULL;
}

static int in_child(const char *(*check)(void))
{
	int status;

	if (!fork()) {
		const char *why = check();

		if (why)
			fprintf(stderr, "%s\n", why);
		_exit(!!why);
	}
	return wait(&status) > 0 && !status;
}

static const char *check_hidden(void)
{
	const char *why = nobody_sees();
	struct stat st;
	int device;

	if (why)
		return why;
	device = become_lento();
	EXPECT(device >= 0 && !stat(control(""), &st) && S_ISDIR(st.st_mode) && listed());
	EXPECT(in_child(nobody_sees));
	EXPECT(!stat(control(""), &st) && !put_file(control("/t"), "") && !unlink(control("/t")));
	EXPECT(!close(device));
	return nobody_sees();
}

static const char *check_lento(void)
{
	int device;

	EXPECT(!put_file("f", "") && !mkdir("d", 0755));
	device = become_lento();
	EXPECT(device >= 0 && is_file("f", ""));
	REFUSED(open("new", O_CREAT | O_RDWR, 0644), EPERM);
	REFUSED(unlink("f"), EPERM);
	REFUSED(chmod("f", 0600), EPERM);
	EXPECT(!put_file(control("/staged"), "content") && !mkdir(control("/dir"), 0755));
	REFUSED(rename(control("/staged"), "d/entered"), EPERM);
	EXPECT(link(control("/staged"), "d/entered") == -1 && errno == EXDEV);
	EXPECT(!set_context(device, 1) && !rename(control("/staged"), "d/entered"));
	EXPECT(is_file("d/entered", "content") && !rename("f", control("/left")));
	EXPECT(absent("f") && !set_context(device, 0) && !unlink(control("/left")) && !rmdir(control("/dir")));
	REFUSED(put_file("d/entered", "changed"), EPERM);
	return NULL;
}

/* A tree that has entered is logged like any other, though its dentries were below .intermezzo. */
static const char *check_subtree(void)
{
	int device = become_lento(), fd;

	EXPECT(device >= 0 && !mkdir(control("/tree"), 0755) && !put_file(control("/tree/f"), "x"));
	fd = open(control("/tree/f"), O_RDWR);
	EXPECT(fd >= 0 && write(fd, "y", 1) == 1 && !set_context(device, 2));
	EXPECT(!rename(control("/tree"), "tree") && !set_context(device, 0));
	REFUSED(write(fd, "z", 1), EPERM);
	REFUSED(unlink("tree/f"), EPERM);
	EXPECT(is_file("tree/f", "y"));
	return NULL;
}

static const char *check_busy(void)
{
	int device = become_lento(), writer;

	EXPECT(device >= 0 && !set_context(device, 3) && !put_file("f", "old"));
	EXPECT(!put_file(control("/new"), "new"));
	writer = open("f", O_RDWR);
	REFUSED(rename(control("/new"), "f"), EBUSY);
	EXPECT(!close(writer) && !rename(control("/new"), "f") && is_file("f", "new"));
	/* a record tells of one that enters, or of one that leaves */
	EXPECT(!put_file(control("/other"), "other"));
	REFUSED(renameat2(AT_FDCWD, control("/other"), AT_FDCWD, "f", RENAME_EXCHANGE), EXDEV);
	REFUSED(renameat2(AT_FDCWD, "f", AT_FDCWD, control("/other"), RENAME_EXCHANGE), EXDEV);
	EXPECT(is_file("f", "new") && !unlink(control("/other")));
	return NULL;
}

/* The last name of what somebody writes stays; another one may go, and so may the name of what was unlinked by him. */
static const char *check_removed(void)
{
	int device = become_lento(), writer;

	EXPECT(device >= 0 && !set_context(device, 3) && !put_file("f", "old"));
	writer = open("f", O_WRONLY);
	EXPECT(writer >= 0);
	REFUSED(unlink("f"), EBUSY);
	EXPECT(!link("f", "g") && !unlink("f"));
	REFUSED(unlink("g"), EBUSY);
	EXPECT(!rename("g", control("/kept")) && !unlink(control("/kept")) && !close(writer));
	EXPECT(!put_file("f", "old") && (writer = open("f", O_RDONLY)) >= 0 && !unlink("f") && !close(writer));
	return NULL;
}

static unsigned long long mark_of(int device, const char *path)
{
	struct presto_object object = {};
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) || ioctl(fd, FS_IOC_GETVERSION, &object.gen))
		return ~0ULL;
	close(fd);
	object.ino = st.st_ino;
	return ioctl(device, PRESTO_IOC_OBJECT, &object) ? ~0ULL : object.dirty;
}

/* What was opened in the tree is logged wherever it is by then, and isn't replaced there either. */
static const char *check_written_away(void)
{
	int device, writer, go[2], status;
	unsigned long long mark;
	char byte;

	EXPECT(!put_file("f", "old") && !pipe(go));
	writer = open("f", O_RDWR);
	EXPECT(writer >= 0);
	if (!fork())
		_exit(read(go[0], &byte, 1) != 1 || ftruncate(writer, 1) || pwrite(writer, "new", 3, 0) != 3);
	device = become_lento();
	EXPECT(device >= 0 && !set_context(device, 6) && !rename("f", control("/away")));
	EXPECT(!mark_of(device, control("/away")));
	EXPECT(write(go[1], "", 1) == 1 && wait(&status) > 0 && !status && is_file(control("/away"), "new"));
	mark = mark_of(device, control("/away"));
	EXPECT(mark && mark != ~0ULL);
	EXPECT(!put_file(control("/other"), "other"));
	REFUSED(rename(control("/other"), control("/away")), EBUSY);
	EXPECT(!close(writer) && !mark_of(device, control("/away")));
	EXPECT(!rename(control("/other"), control("/away")) && !unlink(control("/away")));
	return NULL;
}

/* As replay does it: objects by handle, without a path and without opening them. */
static const char *check_by_handle(void)
{
	struct { struct file_handle head; unsigned int id[4]; } h = { .head.handle_bytes = 16 };
	int device, fd, dir, mount_fd, mount_id;
	char path[64], target[8];
	struct stat st;

	EXPECT(!symlink("f", "s") && !put_file("f", "x") && !mkdir("d", 0755));
	device = become_lento();
	mount_fd = open(getenv("PRESTO_MOUNT"), O_RDONLY);
	dir = open("d", O_RDONLY);
	EXPECT(device >= 0 && !set_context(device, 5));
	EXPECT(!name_to_handle_at(AT_FDCWD, "f", &h.head, &mount_id, 0));
	EXPECT(!system("echo 2 > /proc/sys/vm/drop_caches"));
	fd = open_by_handle_at(mount_fd, &h.head, O_PATH | O_NOFOLLOW);
	EXPECT(fd >= 0 && !linkat(fd, "", dir, "linked", AT_EMPTY_PATH) && is_file("d/linked", "x"));
	EXPECT(!fchownat(fd, "", 12, 13, AT_EMPTY_PATH) && !stat("f", &st) && st.st_uid == 12 && st.st_nlink == 2);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT(!chmod(path, 0600) && !setxattr(path, "user.y", "y", 1, 0) && !truncate(path, 0));
	EXPECT(!stat("f", &st) && (st.st_mode & 0777) == 0600 && !st.st_size);
	h.head.handle_bytes = 16;
	EXPECT(!name_to_handle_at(AT_FDCWD, "s", &h.head, &mount_id, 0));
	EXPECT(!system("echo 2 > /proc/sys/vm/drop_caches"));
	fd = open_by_handle_at(mount_fd, &h.head, O_PATH | O_NOFOLLOW);
	EXPECT(fd >= 0 && readlinkat(fd, "", target, 8) == 1 && target[0] == 'f');
	EXPECT(!utimensat(fd, "", (struct timespec [2]){ { 1, 0 }, { 2, 0 } }, AT_EMPTY_PATH));
	EXPECT(!lstat("s", &st) && st.st_mtime == 2);
	return NULL;
}

static const char *nobody_reads(void)
{
	char buf[64];

	REFUSED(getxattr("f", PRESTO_XATTR_FID, buf, 64), ENODATA);
	REFUSED(setxattr("f", PRESTO_XATTR_FID, buf, 24, 0), EPERM);
	EXPECT(listxattr("f", buf, 64) == sizeof("user.x") && !strcmp(buf, "user.x"));
	return NULL;
}

static const char *check_own_xattrs(void)
{
	struct kml_fid fid = { .replica = 7, .ino = 8, .gen = 9 };
	char buf[64];
	int device;

	EXPECT(!put_file("f", "") && !setxattr("f", "user.x", "x", 1, 0));
	device = become_lento();
	EXPECT(device >= 0 && !setxattr("f", PRESTO_XATTR_FID, &fid, sizeof(fid), 0));
	EXPECT(getxattr("f", PRESTO_XATTR_FID, buf, 64) == sizeof(fid) && in_child(nobody_reads));
	EXPECT(listxattr("f", buf, 64) == sizeof("user.x") + sizeof(PRESTO_XATTR_FID));
	REFUSED(setxattr("f", PRESTO_XATTR_FID, &fid, sizeof(fid) - 1, 0), EINVAL);
	EXPECT(!removexattr("f", PRESTO_XATTR_FID));
	return NULL;
}

const struct check lento_checks[] = {
	{ "hidden control directory", check_hidden },
	{ "lento's changes", check_lento },
	{ "subtree that enters", check_subtree },
	{ "replaced while written", check_busy },
	{ "removed while written", check_removed },
	{ "written after it was moved away", check_written_away },
	{ "objects by handle", check_by_handle },
	{ "lento's own xattrs", check_own_xattrs },
	{}
};

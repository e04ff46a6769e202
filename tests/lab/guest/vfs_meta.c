// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes, xattrs, ACLs, handles, watches. */
#include "check.h"

#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static const char *check_attributes(void)
{
	struct timespec times[2] = { { 1000000000, 123456789 }, { 1700000000, 987654321 } };
	struct stat st;

	EXPECT(!put_file("f", "x") && !chmod("f", 0711) && !chown("f", 1000, 2000));
	EXPECT(!stat("f", &st) && (st.st_mode & 07777) == 0711 && st.st_uid == 1000 && st.st_gid == 2000);
	EXPECT(!utimensat(AT_FDCWD, "f", times, 0) && !stat("f", &st));
	EXPECT(st.st_mtim.tv_sec == 1700000000 && st.st_mtim.tv_nsec == 987654321);
	EXPECT(st.st_atim.tv_sec == 1000000000 && st.st_atim.tv_nsec == 123456789);
	EXPECT(!utimensat(AT_FDCWD, "f", NULL, 0) && !stat("f", &st) && st.st_mtim.tv_sec > 1700000000);
	EXPECT(!symlink("f", "s") && !lchown("s", 5, 6) && !lstat("s", &st) && st.st_uid == 5);
	times[1].tv_sec = 1;
	EXPECT(!utimensat(AT_FDCWD, "f", times, 0) && !truncate("f", 3) && !stat("f", &st) && st.st_mtime > 1);
	return NULL;
}

/* Runs as somebody else. */
static int as_user(const char *(*check)(void))
{
	int status;

	if (!fork()) {
		const char *why = setgid(1234) || setuid(1234) ? "setuid" : check();

		if (why)
			fprintf(stderr, "%s\n", why);
		_exit(!!why);
	}
	return wait(&status) > 0 && !status;
}

static const char *user_access(void)
{
	struct stat st;
	int fd;

	REFUSED(open("secret", O_RDONLY), EACCES);
	REFUSED(open("readable", O_RDWR), EACCES);
	REFUSED(chmod("readable", 0777), EPERM);
	REFUSED(unlink("readable"), EACCES);
	REFUSED(access("secret", R_OK), EACCES);
	REFUSED(utimensat(AT_FDCWD, "readable", NULL, 0), EACCES);
	EXPECT(!utimensat(AT_FDCWD, "writable", NULL, 0));
	REFUSED(utimensat(AT_FDCWD, "writable", (struct timespec [2]){}, 0), EPERM);
	fd = open("suid", O_WRONLY);
	EXPECT(fd >= 0 && write(fd, "x", 1) == 1 && !stat("suid", &st) && !(st.st_mode & S_ISUID));
	EXPECT(!put_file("all/mine", "") && !stat("all/mine", &st) && st.st_uid == 1234);
	EXPECT(!stat("all/mine", &st) && st.st_gid == 77);
	REFUSED(unlink("all/others"), EPERM);
	return NULL;
}

static const char *check_permissions(void)
{
	EXPECT(!put_file("secret", "") && !chmod("secret", 0600) && !put_file("readable", ""));
	EXPECT(!put_file("writable", "") && !chmod("writable", 0666));
	EXPECT(!put_file("suid", "program") && !chmod("suid", 04777) && !mkdir("all", 0755));
	EXPECT(!chown("all", 0, 77) && !chmod("all", 03777) && !put_file("all/others", ""));
	EXPECT(as_user(user_access));
	return NULL;
}

static const char *check_xattrs(void)
{
	static char big[3000];
	char buf[4096];
	ssize_t len;

	EXPECT(!put_file("f", ""));
	REFUSED(getxattr("f", "user.a", buf, 10), ENODATA);
	EXPECT(!setxattr("f", "user.a", "one", 3, XATTR_CREATE) && getxattr("f", "user.a", buf, 10) == 3);
	REFUSED(setxattr("f", "user.a", "x", 1, XATTR_CREATE), EEXIST);
	REFUSED(setxattr("f", "user.b", "x", 1, XATTR_REPLACE), ENODATA);
	REFUSED(setxattr("f", "strange.x", "x", 1, 0), EOPNOTSUPP);
	EXPECT(!setxattr("f", "user.a", "", 0, 0) && getxattr("f", "user.a", buf, 10) == 0);
	EXPECT(!setxattr("f", "user.big", big, sizeof(big), 0) && !setxattr("f", "trusted.t", "t", 1, 0));
	EXPECT(getxattr("f", "user.big", NULL, 0) == sizeof(big));
	REFUSED(getxattr("f", "user.big", buf, 10), ERANGE);
	len = listxattr("f", buf, sizeof(buf));
	EXPECT(len == sizeof("user.a") + sizeof("user.big") + sizeof("trusted.t"));
	EXPECT(!removexattr("f", "user.a") && getxattr("f", "user.a", buf, 10) == -1);
	REFUSED(removexattr("f", "user.a"), ENODATA);
	return NULL;
}

/* user::rw-, user:1234:rw-, group::r--, mask::rw-, other::--- */
static const unsigned char acl[] = {
	2, 0, 0, 0,
	1, 0, 6, 0, 255, 255, 255, 255,
	2, 0, 6, 0, 0xd2, 4, 0, 0,
	4, 0, 4, 0, 255, 255, 255, 255,
	16, 0, 6, 0, 255, 255, 255, 255,
	32, 0, 0, 0, 255, 255, 255, 255,
};

static const char *user_acl(void)
{
	EXPECT(open("f", O_RDWR) >= 0);
	REFUSED(open("d/none", O_RDWR), EACCES);
	EXPECT(open("d/inherits", O_RDWR) >= 0);
	return NULL;
}

static const char *check_acls(void)
{
	unsigned char buf[100];
	struct stat st;

	EXPECT(!put_file("f", "") && !setxattr("f", "system.posix_acl_access", acl, sizeof(acl), 0));
	EXPECT(getxattr("f", "system.posix_acl_access", buf, 100) == sizeof(acl) && !memcmp(buf, acl, sizeof(acl)));
	EXPECT(!stat("f", &st) && (st.st_mode & 0777) == 0660);
	EXPECT(!mkdir("d", 0755) && !put_file("d/none", "") && !chmod("d/none", 0600));
	EXPECT(!setxattr("d", "system.posix_acl_default", acl, sizeof(acl), 0) && !put_file("d/inherits", ""));
	EXPECT(getxattr("d/inherits", "system.posix_acl_access", buf, 100) == sizeof(acl));
	EXPECT(!stat("d/inherits", &st) && (st.st_mode & 0777) == 0640);
	EXPECT(!chmod("d/inherits", 0660) && as_user(user_acl));
	EXPECT(!removexattr("f", "system.posix_acl_access"));
	EXPECT(getxattr("f", "system.posix_acl_access", buf, 100) == -1 && errno == ENODATA);
	return NULL;
}

static const char *check_capability(void)
{
	static const unsigned int cap[5] = { 0x02000001, 1 << 10, 0, 0, 0 };
	char buf[32];
	int fd;

	EXPECT(!put_file("f", "x") && !setxattr("f", "security.capability", cap, sizeof(cap), 0));
	EXPECT(getxattr("f", "security.capability", buf, 32) == sizeof(cap));
	fd = open("f", O_WRONLY);
	EXPECT(write(fd, "y", 1) == 1);
	REFUSED(getxattr("f", "security.capability", buf, 32), ENODATA);
	EXPECT(!setxattr("f", "security.capability", cap, sizeof(cap), 0) && !chown("f", 5, 5));
	REFUSED(getxattr("f", "security.capability", buf, 32), ENODATA);
	return NULL;
}

static const char *check_stat(void)
{
	struct statx a, b;
	struct statfs fs;

	EXPECT(!put_file("f", "x") && !mkdir("d", 0755));
	EXPECT(!statx(AT_FDCWD, "f", 0, STATX_ALL, &a) && a.stx_mask & STATX_BTIME && a.stx_btime.tv_sec > 0);
	EXPECT(!statx(AT_FDCWD, "d", 0, STATX_ALL, &b) && a.stx_dev_minor == b.stx_dev_minor);
	EXPECT(!statfs(".", &fs) && fs.f_blocks && fs.f_bfree && fs.f_namelen == 255);
	return NULL;
}

/* Whatever happens to a file, and whether or not it is in memory. */
static const char *check_btime(void)
{
	struct timespec old[2] = { { 1, 0 }, { 2, 0 } };
	struct statx born, now;

	EXPECT(!put_file("f", "x") && !statx(AT_FDCWD, "f", 0, STATX_BTIME, &born) && born.stx_mask & STATX_BTIME);
	EXPECT(!put_file("f", "y") && !utimensat(AT_FDCWD, "f", old, 0) && !rename("f", "g") && !link("g", "h"));
	EXPECT(!system("echo 2 > /proc/sys/vm/drop_caches") && !statx(AT_FDCWD, "h", 0, STATX_BTIME, &now));
	EXPECT(!memcmp(&now.stx_btime, &born.stx_btime, sizeof(now.stx_btime)) && born.stx_btime.tv_sec > 1);
	return NULL;
}

static const char *check_ioctls(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644), flags = 0;
	int generation = 0;

	EXPECT(!ioctl(fd, FS_IOC_GETFLAGS, &flags) && !ioctl(fd, FS_IOC_GETVERSION, &generation));
	REFUSED(ioctl(fd, _IO('f', 99), 0), ENOTTY);
	return NULL;
}

static int set_flags(const char *name, int flags)
{
	int fd = open(name, O_RDONLY), now, err;

	if (ioctl(fd, FS_IOC_GETFLAGS, &now))
		return -1;
	now = (now & ~(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL)) | flags;
	err = ioctl(fd, FS_IOC_SETFLAGS, &now);
	close(fd);
	return err;
}

static const char *user_flags(void)
{
	REFUSED(set_flags("mine", FS_IMMUTABLE_FL), EPERM);
	EXPECT(!set_flags("mine", FS_NODUMP_FL));
	REFUSED(set_flags("f", FS_NODUMP_FL), EPERM);
	return NULL;
}

static const char *check_flags(void)
{
	struct statx stx;
	int fd;

	EXPECT(!put_file("f", "x") && !mkdir("d", 0755) && !put_file("mine", "") && !chown("mine", 1234, 1234));
	EXPECT(!set_flags("f", FS_IMMUTABLE_FL | FS_NODUMP_FL) && !statx(AT_FDCWD, "f", 0, STATX_ALL, &stx));
	EXPECT(stx.stx_attributes & STATX_ATTR_IMMUTABLE && stx.stx_attributes & STATX_ATTR_NODUMP);
	REFUSED(open("f", O_WRONLY), EPERM);
	REFUSED(unlink("f"), EPERM);
	REFUSED(chmod("f", 0600), EPERM);
	REFUSED(link("f", "g"), EPERM);
	REFUSED(rename("f", "g"), EPERM);
	REFUSED(setxattr("f", "user.x", "", 0, 0), EPERM);
	EXPECT(!set_flags("d", FS_IMMUTABLE_FL));
	REFUSED(open("d/new", O_CREAT | O_WRONLY, 0644), EPERM);
	EXPECT(!set_flags("d", 0) && !set_flags("f", FS_APPEND_FL));
	REFUSED(open("f", O_WRONLY), EPERM);
	fd = open("f", O_WRONLY | O_APPEND);
	EXPECT(fd >= 0 && write(fd, "y", 1) == 1 && !close(fd) && is_file("f", "xy"));
	EXPECT(!set_flags("f", 0) && as_user(user_flags) && !unlink("f"));
	return NULL;
}

/* Waits until a process sleeps where it can't be killed, as for a frozen file system. */
static int waits_for_thaw(pid_t pid)
{
	char path[64], line[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		FILE *file = fopen(path, "r");

		if (!file || !fgets(line, sizeof(line), file))
			return 0;
		fclose(file);
		state = strrchr(line, ')') + 2;
		if (*state == 'D' || *state == 'Z')
			return *state == 'D';
	}
}

static const char *check_freeze(void)
{
	int root = open(getenv("PRESTO_MOUNT"), O_RDONLY), status;
	pid_t pid;

	EXPECT(!put_file("open", "x") && !ioctl(root, FIFREEZE, 0));
	REFUSED(ioctl(root, FIFREEZE, 0), EBUSY);
	EXPECT(is_file("open", "x"));
	pid = fork();
	if (!pid)
		_exit(put_file("new", "thawed"));
	status = waits_for_thaw(pid);
	EXPECT(!ioctl(root, FITHAW, 0) && status);
	EXPECT(waitpid(pid, &status, 0) == pid && !status && is_file("new", "thawed"));
	REFUSED(ioctl(root, FITHAW, 0), EINVAL);
	return NULL;
}

static const char *check_handles(void)
{
	struct { struct file_handle head; unsigned int id[4]; } h = { .head.handle_bytes = 16 };
	int fd, mount_fd = open(getenv("PRESTO_MOUNT"), O_RDONLY), mount_id;
	unsigned int generation;
	struct stat st;
	char buf[8];

	EXPECT(!put_file("f", "handle") && !mkdir("d", 0755) && !mkdir("d/e", 0755) && !stat("f", &st));
	fd = open("f", O_RDONLY);
	EXPECT(!ioctl(fd, FS_IOC_GETVERSION, &generation) && !close(fd));
	EXPECT(!name_to_handle_at(AT_FDCWD, "f", &h.head, &mount_id, 0));
	EXPECT(h.head.handle_type == 1 && h.head.handle_bytes == 8);
	EXPECT(h.id[0] == st.st_ino && h.id[1] == generation);
	EXPECT(!system("echo 2 > /proc/sys/vm/drop_caches"));
	fd = open_by_handle_at(mount_fd, &h.head, O_RDWR);
	EXPECT(fd >= 0 && read(fd, buf, 8) == 6 && write(fd, "!", 1) == 1 && is_file("f", "handle!"));
	EXPECT(!close(fd) && !unlink("f"));
	REFUSED(open_by_handle_at(mount_fd, &h.head, O_RDONLY), ESTALE);
	h.head.handle_bytes = 16;
	EXPECT(!name_to_handle_at(AT_FDCWD, "d/e", &h.head, &mount_id, 0));
	EXPECT(!system("echo 2 > /proc/sys/vm/drop_caches"));
	fd = open_by_handle_at(mount_fd, &h.head, O_RDONLY | O_DIRECTORY);
	EXPECT(fd >= 0 && openat(fd, "new", O_CREAT | O_RDWR, 0644) >= 0 && is_file("d/e/new", ""));
	EXPECT(!faccessat(fd, "../../d/e/new", F_OK, 0));
	return NULL;
}

static const char *check_many_handles(void)
{
	enum { FILES = 100 };
	static struct { struct file_handle head; unsigned int id[4]; } handles[FILES], small;
	int mount_fd = open(getenv("PRESTO_MOUNT"), O_RDONLY), mount_id;
	char name[32];
	struct stat st;

	EXPECT(!mkdir("d", 0755) && !mkdir("d/e", 0755));
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "d/e/%d", i);
		handles[i].head.handle_bytes = 16;
		EXPECT(!put_file(name, name) && !name_to_handle_at(AT_FDCWD, name, &handles[i].head, &mount_id, 0));
	}
	REFUSED(name_to_handle_at(AT_FDCWD, "d", &small.head, &mount_id, 0), EOVERFLOW);
	EXPECT(!rename("d/e", "f") && !system("echo 2 > /proc/sys/vm/drop_caches"));
	for (int i = FILES - 1; i >= 0; i--) {
		int fd = open_by_handle_at(mount_fd, &handles[i].head, O_RDWR);

		snprintf(name, sizeof(name), "f/%d", i);
		EXPECT(fd >= 0 && !fstat(fd, &st) && st.st_ino == handles[i].id[0]);
		EXPECT(ftruncate(fd, 0) == 0 && write(fd, "again", 5) == 5 && !close(fd) && is_file(name, "again"));
	}
	handles[0].id[1]++;
	REFUSED(open_by_handle_at(mount_fd, &handles[0].head, O_RDONLY), ESTALE);
	handles[1].head.handle_type = 99;
	REFUSED(open_by_handle_at(mount_fd, &handles[1].head, O_RDONLY), ESTALE);
	return NULL;
}

static const char *check_inotify(void)
{
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *event = (void *)buf;
	int fd = inotify_init1(IN_NONBLOCK), file;

	EXPECT(!put_file("f", "") && inotify_add_watch(fd, "f", IN_MODIFY) > 0);
	file = open("f", O_WRONLY);
	EXPECT(write(file, "x", 1) == 1);
	/* one event for one write: the lower file's isn't another */
	EXPECT(read(fd, buf, sizeof(buf)) == sizeof(*event) && event->mask == IN_MODIFY);
	return NULL;
}

static const char *check_atime(void)
{
	struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };
	struct stat st;
	int fd;

	EXPECT(!put_file("f", "x") && !utimensat(AT_FDCWD, "f", old, 0));
	fd = open("f", O_RDONLY | O_NOATIME);
	EXPECT(read(fd, (char [1]){}, 1) == 1 && !fstat(fd, &st) && st.st_atime == 1000);
	EXPECT(is_file("f", "x") && !stat("f", &st) && st.st_atime > 1000);
	return NULL;
}

const struct check meta_checks[] = {
	{ "attributes", check_attributes },
	{ "permissions", check_permissions },
	{ "xattrs", check_xattrs },
	{ "ACLs", check_acls },
	{ "capabilities", check_capability },
	{ "stat", check_stat },
	{ "btime", check_btime },
	{ "ioctls", check_ioctls },
	{ "flags", check_flags },
	{ "freeze", check_freeze },
	{ "file handles", check_handles },
	{ "many file handles", check_many_handles },
	{ "inotify", check_inotify },
	{ "atime", check_atime },
	{}
};

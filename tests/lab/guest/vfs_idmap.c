// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Idmapped mounts: who is who for the caller, and who owns what on the disk.
 * Here ID n of the disk is ID FIRST + n for whoever comes through the mount.
 */
#include "check.h"
#include "idmap.h"

#include <grp.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>

enum { FIRST = 20000, USER = 1000, OTHER = 1001 };	/* of the disk */

static int mnt;			/* the idmapped mount of the working directory */
static int namespace = -1;	/* a user namespace that is mapped like it */

/* Runs a check as somebody else: @id in the initial namespace, or as root of the other. */
static int as(int id, const char *(*check)(void))
{
	int status;

	fflush(stdout);
	if (!fork()) {
		int entered = id < 0 ? setns(namespace, CLONE_NEWUSER) : 0;
		const char *why;

		if (id < 0)
			id = 0;
		why = entered || setgroups(0, NULL) || setgid(id) || setuid(id) ? "can't become the user" : check();
		if (why)
			fprintf(stderr, "as %d: %s\n", id, why);
		_exit(!!why);
	}
	return wait(&status) > 0 && !status;
}

/* Who owns it on the disk, asked through the mount that maps nothing. */
static int owned_by(const char *name, unsigned int id)
{
	struct stat st;

	return !lstat(name, &st) && st.st_uid == id && st.st_gid == id;
}

/* The same, asked through the mapped mount. */
static int seen_as(const char *name, unsigned int id)
{
	struct statx stx;
	struct stat st;

	return !fstatat(mnt, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_uid == id && st.st_gid == id &&
	       !statx(mnt, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) && stx.stx_uid == id;
}

static int at(const char *name, int flags)
{
	return openat(mnt, name, flags, 0660);
}

static const char *mapped_files(void)
{
	struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
	char target[8], path[64];
	int fd = at("home/old", O_RDWR);

	EXPECT(fd >= 0 && read(fd, target, 3) == 3 && seen_as("home/old", FIRST + USER));
	EXPECT(!fchmod(fd, 0640) && !futimens(fd, times) && !ftruncate(fd, 1) && write(fd, "x", 1) == 1);
	EXPECT(at("home/new", O_CREAT | O_EXCL | O_RDWR) >= 0 && seen_as("home/new", FIRST + USER));
	EXPECT(!mkdirat(mnt, "home/dir", 0700) && !mknodat(mnt, "home/fifo", S_IFIFO | 0600, 0));
	EXPECT(!symlinkat("dir", mnt, "home/symlink") && readlinkat(mnt, "home/symlink", target, 8) == 3);
	EXPECT(!linkat(mnt, "home/new", mnt, "home/dir/link", 0) && seen_as("home/dir/link", FIRST + USER));
	EXPECT(!renameat(mnt, "home/dir/link", mnt, "home/moved") && !unlinkat(mnt, "home/moved", 0));
	EXPECT(!mkdirat(mnt, "home/gone", 0700) && !unlinkat(mnt, "home/gone", AT_REMOVEDIR));
	EXPECT(!fchownat(mnt, "home/new", FIRST + USER, FIRST + USER, 0));
	REFUSED(fchownat(mnt, "home/new", FIRST + OTHER, -1, 0), EPERM);
	REFUSED(fchownat(mnt, "home/new", USER, -1, 0), EOVERFLOW);
	fd = at("home", O_TMPFILE | O_RDWR);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT(fd >= 0 && !linkat(AT_FDCWD, path, mnt, "home/tmpfile", AT_SYMLINK_FOLLOW));
	EXPECT(seen_as("home/tmpfile", FIRST + USER));
	return NULL;
}

static const char *strangers_files(void)
{
	REFUSED(at("home/old", O_RDONLY), EACCES);
	REFUSED(at("home/none", O_CREAT | O_RDWR), EACCES);
	REFUSED(unlinkat(mnt, "sticky/users", 0), EPERM);
	REFUSED(renameat(mnt, "sticky/users", mnt, "sticky/mine"), EPERM);
	EXPECT(at("sticky/others", O_CREAT | O_RDWR) >= 0 && !unlinkat(mnt, "sticky/others", 0));
	return NULL;
}

/* The mapped mount isn't his: of what has no ID there he can make nothing. */
static const char *unmapped_files(void)
{
	EXPECT(seen_as("sticky/users", FIRST + USER));
	REFUSED(at("sticky/new", O_CREAT | O_RDWR), EOVERFLOW);
	REFUSED(mkdirat(mnt, "sticky/new", 0700), EOVERFLOW);
	REFUSED(symlinkat("x", mnt, "sticky/new"), EOVERFLOW);
	REFUSED(at("sticky", O_TMPFILE | O_RDWR), EOVERFLOW);
	return NULL;
}

static int prepare(void)
{
	mnt = idmap_mount(".", FIRST);
	return mnt >= 0 && !mkdir("home", 0700) && !put_file("home/old", "old") &&
	       !chown("home", USER, USER) && !chown("home/old", USER, USER) &&
	       !mkdir("sticky", 0777) && !chmod("sticky", 01777) &&
	       !put_file("sticky/users", "") && !chown("sticky/users", USER, USER);
}

static const char *check_owners(void)
{
	EXPECT(prepare() && as(FIRST + USER, mapped_files));
	EXPECT(owned_by("home/new", USER) && owned_by("home/dir", USER) && owned_by("home/fifo", USER));
	EXPECT(owned_by("home/symlink", USER) && owned_by("home/tmpfile", USER));
	EXPECT(as(FIRST + OTHER, strangers_files) && as(USER, unmapped_files));
	/* not mapped, root may still do what needs no owner */
	EXPECT(!fchownat(mnt, "home/new", FIRST + OTHER, FIRST + OTHER, 0) && owned_by("home/new", OTHER));
	REFUSED(at("root", O_CREAT | O_RDWR), EOVERFLOW);
	return NULL;
}

/* Root of the namespace, who is ID 0 of the disk and of his own mount, without rights outside. */
static const char *contained_root(void)
{
	EXPECT(seen_as("home/old", USER) && at("home/old", O_RDWR) >= 0);
	EXPECT(at("home/roots", O_CREAT | O_RDWR) >= 0 && seen_as("home/roots", 0));
	EXPECT(!fchownat(mnt, "home/roots", OTHER, OTHER, 0) && seen_as("home/roots", OTHER));
	EXPECT(!unlinkat(mnt, "home/old", 0) && !mkdirat(mnt, "home/d", 0755));
	EXPECT(!unlinkat(mnt, "home/d", AT_REMOVEDIR) && !linkat(mnt, "home/roots", mnt, "home/link", 0));
	REFUSED(mknodat(mnt, "home/device", S_IFCHR | 0600, 0x103), EPERM);
	REFUSED(fchownat(mnt, "home/roots", 2 * IDS, -1, 0), EINVAL);
	return NULL;
}

static const char *check_namespace(void)
{
	EXPECT(prepare() && (namespace = idmap_namespace(FIRST)) >= 0 && as(-1, contained_root));
	EXPECT(owned_by("home/roots", OTHER) && owned_by("home/link", OTHER) && absent("home/old"));
	return NULL;
}

/* user::rw-, user:ID:rw-, group::r--, mask::rw-, other::--- */
static void fill_acl(unsigned char *acl, unsigned int id)
{
	static const unsigned char plain[] = {
		2, 0, 0, 0,
		1, 0, 6, 0, 255, 255, 255, 255,
		2, 0, 6, 0, 0, 0, 0, 0,
		4, 0, 4, 0, 255, 255, 255, 255,
		16, 0, 6, 0, 255, 255, 255, 255,
		32, 0, 0, 0, 255, 255, 255, 255,
	};

	memcpy(acl, plain, sizeof(plain));
	memcpy(acl + 16, &id, sizeof(id));
}

enum { ACL_SIZE = 44 };

static int has_acl(const char *path, const char *name, unsigned int id)
{
	unsigned char acl[ACL_SIZE], got[100];

	fill_acl(acl, id);
	return getxattr(path, name, got, sizeof(got)) == ACL_SIZE && !memcmp(got, acl, ACL_SIZE);
}

static const char *path_at(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", mnt, name);
	return path;
}

static const char *owners_xattrs(void)
{
	unsigned char acl[ACL_SIZE];
	char buf[64];

	fill_acl(acl, FIRST + OTHER);
	EXPECT(!setxattr(path_at("home/old"), "system.posix_acl_access", acl, ACL_SIZE, 0));
	EXPECT(has_acl(path_at("home/old"), "system.posix_acl_access", FIRST + OTHER));
	EXPECT(!setxattr(path_at("home"), "system.posix_acl_default", acl, ACL_SIZE, 0));
	EXPECT(at("home/inherits", O_CREAT | O_RDWR) >= 0 && !chmod(path_at("home"), 0711));
	EXPECT(!setxattr(path_at("home/old"), "user.k", "value", 5, 0));
	EXPECT(getxattr(path_at("home/old"), "user.k", buf, 64) == 5 && listxattr(path_at("home/old"), buf, 64) > 0);
	EXPECT(!setxattr(path_at("home/old"), "user.gone", "", 0, 0) && !removexattr(path_at("home/old"), "user.gone"));
	return NULL;
}

static const char *others_xattrs(void)
{
	char buf[8];

	EXPECT(at("home/old", O_RDWR) >= 0 && getxattr(path_at("home/old"), "user.k", buf, 8) == 5);
	REFUSED(removexattr(path_at("home/old"), "system.posix_acl_access"), EPERM);
	return NULL;
}

static const char *check_mapped_xattrs(void)
{
	unsigned char acl[ACL_SIZE];

	EXPECT(prepare() && as(FIRST + USER, owners_xattrs) && as(FIRST + OTHER, others_xattrs));
	EXPECT(has_acl("home/old", "system.posix_acl_access", OTHER));
	EXPECT(has_acl("home", "system.posix_acl_default", OTHER));
	EXPECT(has_acl("home/inherits", "system.posix_acl_access", OTHER));
	fill_acl(acl, USER);
	REFUSED(setxattr(path_at("home/old"), "system.posix_acl_access", acl, ACL_SIZE, 0), EINVAL);
	return NULL;
}

/* The bit of a file that isn't a program is its group's to keep. */
static const char *members_write(void)
{
	int fd = at("sgid", O_WRONLY);

	EXPECT(fd >= 0 && write(fd, "x", 1) == 1);
	EXPECT(!fallocate(fd, 0, 0, 10) || errno == EOPNOTSUPP);
	return NULL;
}

static int has_sgid(void)
{
	struct stat st;

	return !stat("sgid", &st) && st.st_mode & S_ISGID;
}

static const char *check_sgid(void)
{
	EXPECT(prepare() && !put_file("sgid", "old") && !chown("sgid", OTHER, USER));
	/* a program's bit makes the kernel look at each write again */
	EXPECT(!chmod("sgid", 02676) && !chmod("sgid", 02666));
	EXPECT(as(FIRST + USER, members_write) && has_sgid());
	EXPECT(!chmod("sgid", 02676) && as(FIRST + USER, members_write) && !has_sgid());
	EXPECT(!chmod("sgid", 02676) && !chmod("sgid", 02666));
	EXPECT(as(FIRST + OTHER, members_write) && !has_sgid());
	return NULL;
}

/* A capability of version 3 names the root whom it serves. */
static const unsigned int capability[5] = { 0x02000001, 1 << 10, 0, 0, 0 };

static int cap_root(const char *path)
{
	unsigned int got[6] = {};
	ssize_t len = getxattr(path, "security.capability", got, sizeof(got));

	return len == sizeof(got) && (got[0] & 0xff000000) == 0x03000000 ? (int)got[5] : len == sizeof(capability) ? 0 : -1;
}

static const char *contained_capability(void)
{
	EXPECT(!setxattr(path_at("home/old"), "security.capability", capability, sizeof(capability), 0));
	EXPECT(cap_root(path_at("home/old")) == 0);
	return NULL;
}

static const char *takes_capability(void)
{
	int fd = open("home/old", O_WRONLY);

	EXPECT(fd >= 0 && write(fd, "x", 1) == 1 && cap_root("home/old") == -1 && errno == ENODATA);
	return NULL;
}

static const char *check_capabilities(void)
{
	EXPECT(prepare() && (namespace = idmap_namespace(FIRST)) >= 0 && as(-1, contained_capability));
	EXPECT(cap_root("home/old") == 0 && cap_root(path_at("home/old")) == FIRST);
	EXPECT(!chmod("home", 0711) && !chmod("home/old", 0666) && as(OTHER, takes_capability));
	/* the same without a mapped mount: there the namespace's root is one of the disk's users */
	close(mnt);
	mnt = open(".", O_PATH);
	EXPECT(!chown("home", FIRST, FIRST) && !chown("home/old", FIRST, FIRST));
	EXPECT(as(-1, contained_capability) && cap_root("home/old") == FIRST);
	return NULL;
}

const struct check idmap_checks[] = {
	{ "idmapped owners", check_owners },
	{ "idmapped in a namespace", check_namespace },
	{ "idmapped xattrs", check_mapped_xattrs },
	{ "idmapped set-group-id", check_sgid },
	{ "capabilities of a namespace", check_capabilities },
	{}
};

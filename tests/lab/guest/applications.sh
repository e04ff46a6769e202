#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DESCRIPTION: programs that people use behave on presto as they do on ext4.
# STRATEGY: the same work on a bare ext4 and on presto; what a program finds at its end must be alike, and the log
#	must replay to the tree.
# In: MODULE (intermezzo.ko), /dev/vda, /dev/vdb (empty disks).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) bad=0
trap 'cd /; umount -q "$work"/{ext4,presto,lower}; rm -rf "$work"' EXIT
export HOME=$work GIT_CONFIG_GLOBAL=$work/gitconfig GIT_AUTHOR_DATE='2001-02-03T04:05:06Z' GIT_COMMITTER_DATE='2001-02-03T04:05:06Z'

ok() { echo "ok - applications: $1"; }
not_ok() { echo "not ok - applications: $1: $2"; bad=1; }

# NAME: runs the function of that name in a directory of each file system; both must succeed and print the same
both() {
	local name=$1 fs
	for fs in ext4 presto; do
		mkdir "$work/$fs/$name"
		if ! (cd "$work/$fs/$name" && set -e && "$name") >"$work/$fs.out" 2>"$work/$fs.err"; then
			not_ok "$name on $fs" "$(tail -n 5 "$work/$fs.err" | tr '\n' ' ')"
			return
		fi
	done
	if [ -s "$work/ext4.out" ] && diff "$work/ext4.out" "$work/presto.out" >"$work/diff"; then
		ok "$name"
	else
		not_ok "$name" "$(head -n 10 "$work/diff")"
	fi
}

# Repositories share objects by hard links, pack them through mappings, and replace everything by renames.
git_work() {
	git init -q origin && cd origin
	for i in $(seq 60); do
		mkdir -p "d$((i % 7))" && seq "$i" 400 >"d$((i % 7))/f$i"
	done
	git add . && git commit -qm one
	git checkout -q -b topic && for i in 1 8 15; do seq 3 >>"d1/f$i"; done && git mv d2 moved && git commit -qam two
	git checkout -q - && echo x >>d3/f3 && git commit -qam three && git merge -q -m merged topic
	git gc -q --prune=now && git fsck --strict
	cd .. && git clone -q origin clone && cd clone && git -c core.fsync=all commit -q --allow-empty -m four && git push -q origin HEAD:refs/heads/back
	find .git/objects -type f -links +1 | sed 's/.*\.//' | sort | uniq -c
	git worktree add -q ../tree && git -C ../tree status --porcelain && git status --porcelain && git log --format='%H %s' --all
	git ls-files -s | sha256sum
}

# Times decide what is made anew.
make_work() {
	for i in $(seq 12); do printf 'int f%d(void) { return %d; }\n' "$i" "$i" >"f$i.c"; done
	echo 'int main(void) { return 0; }' >main.c
	printf 'all: program\nprogram: $(patsubst %%.c,%%.o,$(wildcard *.c))\n\t@gcc -o $@ $^\n%%.o: %%.c\n\t@echo CC $<; gcc -c -o $@ $<\n' >Makefile
	make -s | sort && ./program
	make -q all
	touch f3.c && make -s && ! make -q -W f4.c all
	touch -r program main.c && make -s
	rm -- *.o && cp -p program kept && make -s | wc -l && cmp program kept
}

database() { # database JOURNAL_MODE: three writers at a time
	python3 - "$1" <<-'END'
		import os, sqlite3, sys
		def connect():
		    db = sqlite3.connect("data.db", timeout=120, isolation_level=None)
		    db.execute("PRAGMA mmap_size=268435456")
		    return db
		db = connect()
		print(db.execute(f"PRAGMA journal_mode={sys.argv[1]}").fetchone())
		db.execute("CREATE TABLE t(writer, n, payload)")
		db.execute("CREATE INDEX i ON t(n, writer)")
		db.close()
		children = []
		for writer in range(3):
		    pid = os.fork()
		    if not pid:
		        db = connect()
		        for n in range(40):
		            db.execute("BEGIN IMMEDIATE")
		            db.execute("INSERT INTO t VALUES (?, ?, ?)", (writer, n, bytes([n]) * 3000))
		            db.execute("COMMIT" if n % 5 else "ROLLBACK")
		        db.close()
		        os._exit(0)
		    children.append(pid)
		print([os.waitpid(pid, 0)[1] for pid in children])
		db = connect()
		db.execute("DELETE FROM t WHERE n % 7 = 0")
		db.execute("VACUUM")
		print(db.execute("PRAGMA integrity_check").fetchall(), db.execute("SELECT count(*), sum(length(payload)) FROM t").fetchall())
		db.close()
	END
	ls
}
sqlite_wal() { database WAL; }
sqlite_rollback() { database DELETE; }

# Everything that a copy keeps is kept, and a second run finds nothing to do. (rsync compares times by the second: of a
# file that is made and changed within one, it tells less.)
rsync_work() {
	mkdir from && cd from && seq 5000 >a && touch -d 2001-02-03 a && ln a b && ln -s a l && mkfifo p && mkdir d && cp a d/c && truncate -s 5M sparse && setfacl -m u:1234:r a &&
		setfattr -n user.k -v v d && chown 12:34 d/c && chmod 6711 d/c && cd ..
	rsync -aHAXS from/ to && rsync -aHAXSc --itemize-changes from/ to
	seq 4 >>from/a && rsync -aHAXS --inplace --itemize-changes from/ to | sort
	rsync -aHAXS --delete --itemize-changes --exclude=d from/ to2 | wc -l
	(cd to && find . -printf '%P %y %m %n %U:%G %s %l\n' | sort) && du -s --apparent-size to && du -s to/sparse
}

tar_work() {
	tar -C /usr/include -cf in.tar linux && tar -xf in.tar && tar -df in.tar && tar -cf out.tar --sort=name linux && tar -tf out.tar | wc -l
	tar --xattrs --acls -cf x.tar linux/fs.h && mv linux moved && tar -xf in.tar && diff -r linux moved && find . -newer in.tar | wc -l
	rm -r linux && ls
}

# A package manager: unpacks beside, syncs, keeps links to what it replaces, renames.
dpkg_work() {
	mkdir -p root/var/lib/dpkg/{info,updates} p/DEBIAN p/usr/share/thing p/etc && touch root/var/lib/dpkg/{status,available}
	for version in 1 2; do
		printf 'Package: thing\nVersion: %s\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a thing\n' $version >p/DEBIAN/control
		echo /etc/thing.conf >p/DEBIAN/conffiles
		for i in $(seq 25); do seq $((i * version)) >p/usr/share/thing/$i; done
		echo $version >p/etc/thing.conf && ln -sf 1 p/usr/share/thing/link && rm -f p/usr/share/thing/h && ln p/usr/share/thing/2 p/usr/share/thing/h
		dpkg-deb --root-owner-group -b p thing.deb >/dev/null
		dpkg --root="$PWD/root" --force-not-root --force-confnew --no-triggers -i thing.deb >/dev/null
	done
	dpkg --root="$PWD/root" --verify thing
	dpkg-query --admindir=root/var/lib/dpkg -W -f '${Package} ${Version} ${db:Status-Status}\n'
	find root/usr root/etc -printf '%P %y %m %n %s\n' | sort
	dpkg --root="$PWD/root" --force-not-root -P thing >/dev/null && find root -type f -path '*thing*' -o -path 'root/usr*' -o -path 'root/etc*'
}

# What find, du and others conclude from inode numbers, link counts and devices.
find_work() {
	mkdir -p a/b/c a/e && touch a/f a/b/g && ln a/f a/b/h && ln -s . a/b/loop
	find . -xdev -printf '%P %y %n\n' | sort
	find . -noleaf -type d -links 2 | sort && find -L . -name g 2>/dev/null | sort
	[ "$(stat -c %d . a a/f a/b/c | sort -u | wc -l)" = 1 ] && echo "one device"
	[ "$(find . -samefile a/f | wc -l)" = 2 ] && ls -i a/f a/b/h | awk '{ print $1 }' | uniq | wc -l
	# the number that a directory names is the one that stat tells
	python3 -c 'import os; print(all(e.inode() == e.stat(follow_symlinks=False).st_ino for d in ("a", "a/b") for e in os.scandir(d)))'
	du -a --apparent-size --inodes . | sort -k 2 && mv a z && rmdir z/b/c && find . | sort
}

# An editor's ways to save; the reader that follows a log.
save_work() {
	python3 - <<-'END'
		import fcntl, mmap, os
		def save(name, data):
		    fd = os.open(f".{name}.new", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)
		    os.write(fd, data); os.fsync(fd); os.close(fd)
		    if os.path.exists(name):
		        if os.path.exists(f"{name}~"): os.unlink(f"{name}~")
		        os.link(name, f"{name}~")
		    os.rename(f".{name}.new", name)
		    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY); os.fsync(fd); os.close(fd)
		for n in range(20):
		    old = open("text", "rb") if n else None
		    save("text", b"%d\n" % n * 1000)
		    if old: print(old.read(3), os.fstat(old.fileno()).st_nlink)
		log, reader = open("log", "ab", buffering=0), open("log", "rb", buffering=0)
		for n in range(50):
		    log.write(b"%03d" % n); assert reader.read() == b"%03d" % n
		fd = os.open("map", os.O_RDWR | os.O_CREAT); os.ftruncate(fd, 1 << 20)
		view = mmap.mmap(fd, 1 << 20)
		for n in range(0, 1 << 20, 4093): view[n] = n % 251
		view.flush(); print(sum(os.pread(fd, 1 << 20, 0)))
		os.pwrite(fd, b"seen", 4096); print(view[4096:4100]); os.posix_fallocate(fd, 0, 3 << 20); print(os.fstat(fd).st_size)
		fcntl.flock(fd, fcntl.LOCK_EX); fcntl.lockf(fd, fcntl.LOCK_EX, 10, 5); print(sorted(os.listdir(".")))
	END
}

modprobe -q ext4; modprobe -q libcrc32c
"$here/../../../scripts/load-module" "$MODULE" && gcc -O2 -o "$work/kml_dump" "$here/kml_dump.c" || exit 1
git config --global user.name n && git config --global user.email e@example.org && git config --global init.defaultBranch main
mkdir "$work"/{ext4,presto,lower}
# the order of names in directories is that of their hashes
for disk in vda vdb; do mkfs.ext4 -q -F -E hash_seed=4b1d7c1e-8a55-4b0e-9d0c-3f2a5e6d7c8b /dev/$disk || exit 1; done
mount -o nodelalloc /dev/vda "$work/ext4" || exit 1
mount -t intermezzo -o fileset=work,cache_type=ext4,journal=exact /dev/vdb "$work/presto" || exit 1

for name in git_work make_work sqlite_wal sqlite_rollback rsync_work tar_work dpkg_work find_work save_work; do both "$name"; done

umount "$work/presto" && mount -o ro /dev/vdb "$work/lower" || exit 1
if "$work/kml_dump" "$work/lower/.intermezzo/work/kml" >"$work/dump" 2>"$work/dump.err" &&
	python3 "$here/kml_tree.py" "$work/dump" "$work/lower" 2 >"$work/tree.out" 2>&1; then
	ok "the log of all that replays to the tree"
else
	not_ok "the log of all that replays to the tree" "$(cat "$work/dump.err" "$work/tree.out" | tail -n 5)"
fi
exit "$bad"

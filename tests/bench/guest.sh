#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What does presto cost? Inside one guest: the bare lower file system, presto
# on the same kind of file system with the same options, and overlayfs on it,
# in turn, ROUNDS times; prints medians and ratios to the bare one. What is
# measured is the CPU time of the programs, in the kernel and out of it, as a
# control group accounts it; in a guest that counts (LAB_ACCEL=icount) a second
# of it is 10^9 instructions, and one round is enough.
#   MODULE=... ROUNDS=1 FILES=20000 MIB=64 UNITS=20 COMMITS=300 tests/bench/guest.sh [WORK...]
# Wants three empty disks, /dev/vda to /dev/vdc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-1} files=${FILES:-20000} mib=${MIB:-64} units=${UNITS:-20} commits=${COMMITS:-300}
tmp=$(mktemp -d) group=
export HOME=$tmp

# ---- the work; $dir is a directory on one of the file systems ----

untar() { tar -C "$dir" -xf "$tmp/tree.tar"; }
walk() { find "$dir" -newer "$tmp/tree.tar"; }
remove() { rm -r "$dir"/linux-headers-*; }
git-clone() { git clone -q --no-hardlinks "$tmp/repository" "$dir/clone"; }
git-status() { git -C "$dir/clone" status; }
compile() { make -s -C "$dir/project"; }
create() { "$tmp/fsbench" create "$dir" "$files"; }
stat() { "$tmp/fsbench" stat "$dir" "$files"; }
rename() { "$tmp/fsbench" rename "$dir" "$files"; }
unlink() { "$tmp/fsbench" unlink "$dir" "$files"; }
writers() { "$tmp/fsbench" fill "$dir/one" $((files / 10)) & "$tmp/fsbench" fill "$dir/two" $((files / 10)) && wait $!; }
seqwrite() { "$tmp/fsbench" seqwrite "$dir/data" "$mib"; }
seqread() { "$tmp/fsbench" seqread "$dir/data" "$mib"; }
randwrite() { "$tmp/fsbench" randwrite "$dir/data" "$mib"; }
randread() { "$tmp/fsbench" randread "$dir/data" "$mib"; }
mmapwrite() { "$tmp/fsbench" mmapwrite "$dir/data" "$mib"; }
mmapread() { "$tmp/fsbench" mmapread "$dir/data" "$mib"; }
sqlite() { sqlite3 "$dir/base" <"$tmp/commits.sql"; }
works=(untar walk remove git-clone git-status compile create stat rename unlink writers seqwrite seqread randwrite randread
	mmapwrite mmapread sqlite)
[ $# = 0 ] || works=("$@")

# ---- what it works on ----

make_repository() {
	mkdir "$tmp/repository"
	cp -r /usr/src/linux-headers-*-common/include/linux "$tmp/repository/"
	git -C "$tmp/repository" init -q
	git -C "$tmp/repository" add .
	git -C "$tmp/repository" -c user.name=bench -c user.email=bench@localhost commit -q -m bench
}

make_project() { # UNITS files of C, a header of their own, a Makefile
	local i
	mkdir "$tmp/project"
	for ((i = 0; i < units; i++)); do
		printf '#include "all.h"\nint part_%d(char *to) { return sprintf(to, "%%d", %d); }\n' "$i" "$i" >"$tmp/project/part$i.c"
		echo "int part_$i(char *to);"
	done | cat <(echo '#include <stdio.h>') - >"$tmp/project/all.h"
	printf '#include "all.h"\nint main(void) { char to[16]; return part_0(to) != 1; }\n' >"$tmp/project/main.c"
	# shellcheck disable=SC2016
	printf 'program: $(patsubst %%.c,%%.o,$(wildcard *.c))\n\tgcc -o $@ $^\n%%.o: %%.c all.h\n\tgcc -c -o $@ $<\n' >"$tmp/project/Makefile"
}

make_commits() {
	local i
	echo 'CREATE TABLE lines (number INTEGER PRIMARY KEY, text TEXT);'
	for ((i = 0; i < commits; i++)); do echo "INSERT INTO lines (text) VALUES ('line $i of $commits');"; done
}

mount_all() {
	local disk
	for disk in vda vdb vdc; do mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 /dev/$disk; done
	mkdir -p "$tmp"/{ext4,presto,overlay,upper,groups}
	mount -o nodelalloc /dev/vda "$tmp/ext4"
	mount -t intermezzo -o fileset=bench,cache_type=ext4 /dev/vdb "$tmp/presto"
	mount -o nodelalloc /dev/vdc "$tmp/upper"
	mkdir -p "$tmp"/upper/{lower,upper,work}
	mount -t overlay -o "lowerdir=$tmp/upper/lower,upperdir=$tmp/upper/upper,workdir=$tmp/upper/work" overlay "$tmp/overlay"
	mount -t cgroup2 cgroup2 "$tmp/groups"
	group=$tmp/groups/bench
	mkdir "$group"
}

# ---- measuring ----

used() { awk '$1 == "usage_usec" { print $2 }' "$group/cpu.stat"; }

cost() { # cost WORK: CPU seconds of it and all that it starts
	local before
	before=$(used)
	(echo "$BASHPID" >"$group/cgroup.procs" && "$1") >/dev/null
	awk -v us=$(($(used) - before)) 'BEGIN { printf "%.6f\n", us / 1e6 }'
}

measure() { # measure FS: one line a work into $tmp/FS.WORK
	local work dir=$tmp/$1/work
	mkdir -p "$dir"/{one,two}
	cp -r "$tmp/project" "$dir/"
	for work in "${works[@]}"; do
		# what was written in the second of its index git reads anew, once: how much that is, is chance
		[ "$work" != git-status ] || git-status >/dev/null
		sync
		cost "$work" >>"$tmp/$1.$work"
	done
	rm -r "$dir"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

print_table() {
	local work
	printf '%-10s %10s %10s %10s %9s %9s\n' work "ext4 s" "presto s" "overlay s" "presto x" "overlay x"
	for work in "${works[@]}"; do
		awk -v w="$work" -v e="$(median "$tmp/ext4.$work")" -v p="$(median "$tmp/presto.$work")" -v o="$(median "$tmp/overlay.$work")" \
			'BEGIN { printf "%-10s %10.3f %10.3f %10.3f %9.3f %9.3f\n", w, e, p, o, p / e, o / e }'
	done
}

gcc -O2 -o "$tmp/fsbench" "$here/fsbench.c"
tar -C /usr/src -cf "$tmp/tree.tar" "$(basename "$(ls -d /usr/src/linux-headers-*-common | head -n 1)")"
make_repository
make_project
make_commits >"$tmp/commits.sql"
"$here/../../scripts/load-module" "$MODULE"
mount_all
for ((round = 1; round <= rounds; round++)); do
	for fs in ext4 presto overlay; do measure "$fs"; done
done
echo "kernel $(uname -r), ext4 nodelalloc, medians of $rounds rounds; tree of $(tar -tf "$tmp/tree.tar" | wc -l) entries," \
	"repository of $(git -C "$tmp/repository" ls-files | wc -l) files, $((units + 1)) files to compile, $files files, $mib MiB, $commits commits"
print_table
rmdir "$group"
umount "$tmp/groups" "$tmp/overlay" "$tmp/presto" "$tmp/upper" "$tmp/ext4"
rmmod intermezzo

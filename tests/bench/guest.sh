#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What does presto cost? Inside one guest: the bare lower file system, presto
# on the same kind of file system with the same options, and overlayfs on it,
# in turn, ROUNDS times; prints medians and ratios to the bare one. What is
# measured is the CPU time of the programs, in the kernel and out of it; in a
# guest that counts (LAB_ACCEL=icount) a second of it is 10^9 instructions, and
# one round is enough.
#   MODULE=... ROUNDS=1 FILES=20000 MIB=64 tests/bench/guest.sh
# Wants three empty disks, /dev/vda to /dev/vdc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-1} files=${FILES:-20000} mib=${MIB:-64}
tmp=$(mktemp -d)

gcc -O2 -o "$tmp/fsbench" "$here/fsbench.c"
tar -C /usr/src -cf "$tmp/tree.tar" "$(basename "$(ls -d /usr/src/linux-headers-*-common | head -n 1)")"
entries=$(tar -tf "$tmp/tree.tar" | wc -l)

for disk in vda vdb vdc; do mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 /dev/$disk; done
"$here/../../scripts/load-module" "$MODULE"
mkdir -p "$tmp"/{ext4,presto,overlay,upper}
mount -o nodelalloc /dev/vda "$tmp/ext4"
mount -t intermezzo -o fileset=bench,cache_type=ext4 /dev/vdb "$tmp/presto"
mount -o nodelalloc /dev/vdc "$tmp/upper"
mkdir -p "$tmp"/upper/{lower,upper,work}
mount -t overlay -o "lowerdir=$tmp/upper/lower,upperdir=$tmp/upper/upper,workdir=$tmp/upper/work" overlay "$tmp/overlay"

seconds() { # seconds COMMAND...: CPU time
	local TIMEFORMAT='%3U %3S' times
	times=$({ time "$@" >/dev/null 2>&3; } 3>&2 2>&1)
	awk '{ printf "%.3f\n", $1 + $2 }' <<<"$times"
}

measure() { # measure ROUND FS: one line a workload into $tmp/FS.WORKLOAD
	local round=$1 fs=$2 dir=$tmp/$2/work
	mkdir "$dir"
	sync
	seconds tar -C "$dir" -xf "$tmp/tree.tar" >>"$tmp/$fs.untar"
	seconds find "$dir" -newer "$tmp/tree.tar" >>"$tmp/$fs.walk"
	seconds rm -r "$dir"/linux-headers-* >>"$tmp/$fs.remove"
	for verb in create stat unlink; do seconds "$tmp/fsbench" $verb "$dir" "$files" >>"$tmp/$fs.$verb"; done
	for verb in seqwrite seqread randwrite randread; do seconds "$tmp/fsbench" $verb "$dir/data" "$mib" >>"$tmp/$fs.$verb"; done
	rm -r "$dir"
}

for ((round = 1; round <= rounds; round++)); do
	for fs in ext4 presto overlay; do measure "$round" "$fs"; done
done

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
echo "kernel $(uname -r), ext4 nodelalloc, medians of $rounds rounds; tree of $entries entries, $files files, $mib MiB"
printf '%-10s %10s %10s %10s %9s %9s\n' work "ext4 s" "presto s" "overlay s" "presto x" "overlay x"
for work in untar walk remove create stat unlink seqwrite seqread randwrite randread; do
	awk -v w="$work" -v e="$(median "$tmp/ext4.$work")" -v p="$(median "$tmp/presto.$work")" -v o="$(median "$tmp/overlay.$work")" \
		'BEGIN { printf "%-10s %10.3f %10.3f %10.3f %9.2f %9.2f\n", w, e, p, o, p / e, o / e }'
done
umount "$tmp/overlay" "$tmp/presto" "$tmp/upper" "$tmp/ext4"
rmmod intermezzo

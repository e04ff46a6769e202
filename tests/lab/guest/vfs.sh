#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every file operation through a presto mount: on block devices with ext2, ext3
# and ext4, and on a directory; the mount options; unmounting leaves nothing.
set -u
export PRESTO_MOUNT
work=$(mktemp -d) PRESTO_MOUNT=$work/upper here=$(dirname "$0") bad=0
trap 'cd /; umount -q "$work"/upper "$work"/lower; rm -rf "$work"' EXIT

ok() { echo "ok - vfs: $1"; }
not_ok() { echo "not ok - vfs: $1: $2"; bad=1; }
# NAME COMMAND...: the command succeeds, or fails
works() { local name=$1 why; shift; if why=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$why"; fi; }
refuses() { local name=$1; shift; if "$@" >/dev/null 2>&1; then not_ok "$name" "it succeeded"; else ok "$name"; fi; }

# In every lower file system the same checks; extents of files differ.
checks() {
	local mode=$1
	export PRESTO_LOWER=$2
	mkdir -p "$work/upper/$mode"
	"$work/vfs" "$work/upper/$mode" /dev/intermezzo0 | sed "s/ - vfs: / - vfs: $mode: /"
	[ "${PIPESTATUS[0]}" = 0 ] || bad=1
}

# What the checks expect is what the lower file system itself answers, by the driver that can do most.
bare() {
	mkdir "$work/upper/bare"
	PRESTO_LOWER=$1 "$work/vfs" "$work/upper/bare" - | sed "s/ - vfs: / - vfs: bare $1: /"
	[ "${PIPESTATUS[0]}" = 0 ] || bad=1
	umount "$work/upper"
}

block() {
	local type=$1
	mkfs -t "$type" -q -F /dev/vda && mount -t ext4 /dev/vda "$work/upper" || exit 1
	bare "$type"
	mkfs -t "$type" -q -F /dev/vda || exit 1
	works "$type mounts" mount -t intermezzo -o "fileset=home,cache_type=$type" /dev/vda "$work/upper"
	checks "$type" "$type"
	refuses "$type: device mounted twice" mount -t intermezzo -o "fileset=h2,cache_type=$type" /dev/vda /mnt
	works "$type: storm" "$work/storm" 5 "$work/upper"
	works "$type: remount read-only" mount -o remount,ro "$work/upper"
	refuses "$type: read-only" touch "$work/upper/new"
	works "$type: remount read-write" mount -o remount,rw "$work/upper"
	works "$type: read-write again" touch "$work/upper/new"
	works "$type unmounts" umount "$work/upper"
	works "$type is clean below" e2fsck -fn /dev/vda
}

gcc -O1 -Wall -o "$work/vfs" "$here"/vfs_*.c "$here/idmap.c" && gcc -O1 -Wall -o "$work/storm" "$here/storm.c" || exit 1
mkdir "$work/upper" "$work/lower"
"$(dirname "$0")/../../../scripts/load-module" "$MODULE" || exit 1

for type in ext4 ext3 ext2; do
	block "$type"
done

mkfs.ext4 -q -F /dev/vda && mount /dev/vda "$work/lower" && mkdir "$work/lower/home" || exit 1
refuses "journal=exact over delayed allocation" mount -t intermezzo -o fileset=home,journal=exact "$work/lower/home" "$work/upper"
works "directory mounts" mount -t intermezzo -o fileset=home "$work/lower/home" "$work/upper"
works "directory is journal=scan" grep -q "$work/upper intermezzo .*journal=scan" /proc/mounts
checks directory ext4
refuses "directory mounted twice" mount -t intermezzo -o fileset=other "$work/lower/home" /mnt
refuses "directory around a fileset" mount -t intermezzo -o fileset=other "$work/lower" /mnt
refuses "on ourselves" mount -t intermezzo -o fileset=other "$work/upper/directory" /mnt

# changes made below, behind our back
mkdir "$work/upper/d" && touch "$work/upper/d/f" "$work/upper/gone"
ls -l "$work/upper/d" "$work/upper/none" >/dev/null 2>&1
mv "$work/lower/home/d" "$work/lower/home/e"
rm "$work/lower/home/gone"
touch "$work/lower/home/none"
works "renamed below" test ! -e "$work/upper/d" -a -e "$work/upper/e/f"
works "removed below" test ! -e "$work/upper/gone"
works "made below" test -e "$work/upper/none"
works "used after changes below" bash -c "cd $work/upper && mv e d && touch d/g gone && rm none"
works "storm above and below" "$work/storm" 8 "$work/upper" "$work/lower/home"
works "directory unmounts" umount "$work/upper"
works "lower directory unmounts" umount "$work/lower"

works "remount exact" mount -o nodelalloc /dev/vda "$work/lower"
works "exact directory" mount -t intermezzo -o fileset=home,journal=exact "$work/lower/home" "$work/upper"
umount "$work/upper" "$work/lower"

refuses "without fileset" mount -t intermezzo -o cache_type=ext4 /dev/vda /mnt
refuses "without cache_type" mount -t intermezzo -o fileset=home /dev/vda /mnt
refuses "unknown cache_type" mount -t intermezzo -o fileset=home,cache_type=tmpfs /dev/vda /mnt
refuses "unknown option" mount -t intermezzo -o fileset=home,cache_type=ext4,color=red /dev/vda /mnt
refuses "contradiction" mount -t intermezzo -o fileset=home,fileset=work,cache_type=ext4 /dev/vda /mnt
refuses "bad fileset" mount -t intermezzo -o fileset=a/b,cache_type=ext4 /dev/vda /mnt
refuses "unsupported below" mount -t intermezzo -o fileset=home /tmp /mnt
refuses "no such device" mount -t intermezzo -o fileset=home,cache_type=ext4,prestodev=/dev/intermezzo99 /dev/vda /mnt
works "chosen device" mount -t intermezzo -o fileset=home,cache_type=ext4,prestodev=/dev/intermezzo3 /dev/vda "$work/upper"
works "shows its options" grep -q 'fileset=home,cache_type=ext4,prestodev=/dev/intermezzo3,journal=exact' /proc/mounts
works "unmounts" umount "$work/upper"
works "module goes" rmmod intermezzo
exit "$bad"

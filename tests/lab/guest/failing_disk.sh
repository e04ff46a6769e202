#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DESCRIPTION: a disk that fails under load separates log and tree no more than a power cut does, and hangs nobody.
# STRATEGY: a device-mapper target between disk and file system begins to fail all or some of its requests while
#	processes work; all of them come home, the unmount succeeds, and with the disk mended the log is that of the tree.
# In: MODULE (intermezzo.ko), /dev/vda (an empty disk).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) fail=0
m=$work/upper lower=$work/lower
finish() {
	local status=$? # what could not be set up has failed, too
	cd /
	umount -q "$m" "$lower"
	dmsetup remove --noudevsync failing 2>/dev/null
	rm -rf "$work"
	exit $((status ? status : fail))
}
trap finish EXIT

ok() { echo "ok - failing disk: $1"; }
bad() { echo "not ok - failing disk: $1: ${2:-}"; fail=1; }
is() { # name command...
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else bad "$name" "$(tail -n 3 <<<"$out")"; fi
}

sectors=$(blockdev --getsz /dev/vda)
whole="0 $sectors linear /dev/vda 0"
declare -A tables=(
	[everything]="0 $sectors error"
	[writes]="0 $sectors flakey /dev/vda 0 0 3600 1 error_writes"
	# where the journal of the file system isn't, so that it goes on for a while
	[half]="0 $((sectors / 2)) flakey /dev/vda 0 0 3600 1 error_writes
$((sectors / 2)) $((sectors - sectors / 2)) linear /dev/vda $((sectors / 2))"
)
become() {
	dmsetup suspend --noudevsync --nolockfs --noflush failing && dmsetup load failing <<<"$1" && dmsetup resume --noudevsync failing
}
# what reached neither memory nor disk must be told to whoever asks for it
refused() { ! { echo x >"$m/after" && sync "$m/after"; }; }

# jbd2 of 6.1 keeps what it couldn't write to its place; newer ones don't hear of it when it is a file's, and may drop it
lost_below() { [[ $KERNEL != @(6.1|debug) ]] && dmesg | sed -n "/$1\$/,\$p" | grep -q 'writing the log to its place .* no more updates'; }

round() { # round FS KIND SECONDS
	local name="$1, $2 fail"
	echo "$name" >/dev/kmsg
	become "$whole" && mkfs -t "$1" -q -F "$disk" && mount -t intermezzo -o "fileset=test,cache_type=$1" "$disk" "$m" || { bad "$name: mount"; return; }
	"$work/storm" 5 "$m" &
	sleep "$3" # any moment will do
	become "${tables[$2]}"
	wait $! && ok "$name: all programs come home" || bad "$name: all programs come home"
	is "$name: an update that can't be kept is refused" refused
	is "$name: unmount" timeout 120 umount "$m"
	become "$whole"
	if lost_below "$name"; then
		ok "$name: that the log's blocks can't be written is told, and ends it"
		return
	fi
	is "$name: mount the mended disk" mount -t intermezzo -o "fileset=test,cache_type=$1" "$disk" "$m"
	is "$name: updates go on" sh -c "echo x >$m/mended && sync $m/mended"
	umount "$m"
	is "$name: what the file system below has noted is repaired" bash -c "e2fsck -fy $disk; [ \$? -le 1 ]"
	mount -t "$1" -o ro "$disk" "$lower" || bad "$name: mount what is below"
	is "$name: the log is valid" bash -c "'$work/kml_dump' '$lower/.intermezzo/test/kml' >'$work/dump'"
	is "$name: names are as the log says" python3 "$here/kml_tree.py" "$work/dump" "$lower" 2
	umount "$lower"
}

gcc -O2 -o "$work/storm" "$here/storm.c" && gcc -O2 -o "$work/kml_dump" "$here/kml_dump.c" || exit 1
modprobe -q ext4; modprobe -q libcrc32c; modprobe dm-mod; modprobe dm-flakey
"$here/../../../scripts/load-module" "$MODULE" || exit 1
mkdir "$m" "$lower"
dmsetup create --noudevsync failing <<<"$whole" || exit 1
disk=/dev/dm-$(dmsetup info -c --noheadings -o minor failing) # named by the kernel: no udev runs here

for fs in ext4 ext3; do
	round "$fs" everything 1.3
	round "$fs" writes 2.1
	round "$fs" half 1.7
done
exit "$fail"

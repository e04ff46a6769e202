#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DESCRIPTION: whatever allocation fails, an operation fails cleanly or has its record.
# STRATEGY: fail every allocation of every operation in turn (faults.c), then compare log and tree. Needs
#	a kernel that can do so: the lab's debug kernel, which looks for what is lost or used too late, too.
# In: MODULE (intermezzo.ko), /dev/vda, /dev/vdb (empty disks).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) m=/tmp/m.$$ m2=/tmp/m2.$$ lower=/tmp/lower.$$ lower2=/tmp/lower2.$$
debug=/sys/kernel/debug
fail=0

mountpoint -q "$debug" || mount -t debugfs debugfs "$debug"
[ -d "$debug/failslab" ] || { echo "skip - faults: this kernel injects none"; exit 0; }

ok() { echo "ok - faults: $1"; }
bad() { echo "not ok - faults: $1: ${2:-}"; fail=1; }
is() { # name command...
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else bad "$name" "$(tail -n 5 <<<"$out")"; fi
}
finish() {
	local status=$? # what could not be set up has failed, too
	cd /
	umount "$m" "$m2" "$lower" "$lower2" 2>/dev/null
	rm -rf "$work"
	exit $((status ? status : fail))
}
trap finish EXIT

for tool in kml_dump faults; do
	gcc -Wall -O2 -o "$work/$tool" "$here/$tool.c" || { bad "compile $tool"; exit 1; }
done
"$here/../../../scripts/load-module" "$MODULE" || { bad "load the module" "$MODULE"; exit 1; }
mkdir -p "$m" "$m2" "$lower" "$lower2"
mkfs.ext4 -q -F /dev/vda && mount -t ext4 -o nodelalloc /dev/vda "$lower" || exit 1
mkfs.ext4 -q -F /dev/vdb && mount -t ext4 -o nodelalloc /dev/vdb "$lower2" || exit 1
is "mount" mount -t intermezzo -o fileset=test "$lower" "$m"

# allocations that may wait fail, too, and the log of the kernel isn't filled with them
for kind in failslab fail_page_alloc; do
	echo 0 > "$debug/$kind/verbose"
	echo N > "$debug/$kind/ignore-gfp-wait"
done
echo 0 > "$debug/fail_page_alloc/min-order"

broken=0 where=()
while "$work/faults" "$m" "$lower2" "$m2" "${where[@]}" > "$work/out"; [ $? = 3 ]; do
	grep '^ok' "$work/out"
	read -r _ operation nth < <(grep '^broken' "$work/out")
	[ "${where[*]}" != "$operation $nth" ] || { bad "updates go on after a remount" "$operation $nth"; exit 1; }
	where=("$operation" "$nth")
	broken=$((broken + 1))
	umount "$m" && mount -t intermezzo -o fileset=test "$lower" "$m" || { bad "remount" "$(dmesg | tail -n 3)"; exit 1; }
done
cat "$work/out"
grep -q '^done' "$work/out" && ok "all operations; $broken times a log that couldn't be written" || bad "all operations" "$(tail -n 1 "$work/out")"

umount -q "$m2"
is "unmount" umount "$m"
is "mount again" mount -t intermezzo -o fileset=test "$lower" "$m"
is "and unmount" umount "$m"
umount "$lower" "$lower2"
# Orphans that ext4 itself had no memory to release are its own errors, which it has noted.
is "what the file system below has noted is repaired" bash -c 'e2fsck -fy /dev/vda; [ $? -le 1 ]'
is "the file system below is whole" e2fsck -fn /dev/vda
mount -t ext4 /dev/vda "$lower" || bad "mount what is below"
is "the log is valid" bash -c "'$work/kml_dump' '$lower/.intermezzo/test/kml' > '$work/dump'"
is "names are as the log says" python3 "$here/kml_tree.py" "$work/dump" "$lower" "$(stat -c %i "$lower")"
is "and content" python3 "$here/kml_content.py" "$work/dump" "$lower" "$(dmesg | grep -c 'EXT4-fs error')"
umount "$lower"
is "the module unloads" rmmod intermezzo
exit "$fail"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DESCRIPTION: whatever is said to the device, and however the daemon behaves, programs go on and the log stays exact.
# STRATEGY: random calls of several processes to the devices of two mounts, of which one comes and goes, beside
#	programs on them; daemons stopped, killed and replaced in the middle of applying. Then compare log and tree.
# In: MODULE (intermezzo.ko), /dev/vda, /dev/vdb (empty disks), SEED (1), ROUNDS (3000).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) m=/tmp/m.$$ m2=/tmp/m2.$$ lower=/tmp/lower.$$
fail=0
mkdir -p "$m" "$m2" "$lower"

finish() {
	local status=$? # what could not be set up has failed, too
	umount "$m" "$m2" "$lower" 2>/dev/null
	rm -rf "$work"
	exit $((status ? status : fail))
}
trap finish EXIT

ok() { echo "ok - device fuzz: $1"; }
bad() { echo "not ok - device fuzz: $1: ${2:-}"; fail=1; }
is() { # name command...
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else bad "$name" "$(tail -n 5 <<<"$out")"; fi
}

for tool in kml_dump journal_device device_fuzz; do
	gcc -Wall -O2 -o "$work/$tool" "$here/$tool.c" || { bad "compile $tool"; exit 1; }
done
modprobe -q ext4; modprobe -q libcrc32c
"$here/../../../scripts/load-module" "$MODULE" || { bad "load the module" "$MODULE"; exit 1; }
mkfs.ext4 -q -F /dev/vda && mkfs.ext3 -q -F /dev/vdb || exit 1
is "mount" mount -t intermezzo -o fileset=test,cache_type=ext4,prestodev=/dev/intermezzo0 /dev/vda "$m"

echo "# seed ${SEED:-1}"
"$work/device_fuzz" "${SEED:-1}" "${ROUNDS:-3000}" "$m" "$work/archive" /dev/vdb "$m2" || fail=1

is "the log takes updates as before" touch "$m/last"
first=$("$work/journal_device" /dev/intermezzo0 info | sed 's/first=\([0-9]*\).*/\1/')
is "the mount ends" umount "$m"
mount -t ext4 -o ro /dev/vda "$lower" && cp "$lower/.intermezzo/test/kml" "$work/kml" || bad "the log below"
is "the log is valid" "$work/kml_dump" -q "$work/kml"
# what was trimmed comes back from its copy, record numbers without a gap
dd if="$work/archive" of="$work/kml" bs=4096 skip=1 seek=1 count=$((first / 4096 - 1)) conv=notrunc status=none
is "so it is with what was trimmed, up to $first" bash -c "'$work/kml_dump' '$work/kml' > '$work/dump'"
is "names are as the log says" python3 "$here/kml_tree.py" "$work/dump" "$lower" "$(stat -c %i "$lower")"
umount "$lower"
mount -t ext3 -o ro /dev/vdb "$lower"
is "the log of the mount that came and went is valid" "$work/kml_dump" -q "$lower/.intermezzo/test/kml"
umount "$lower"
is "the module unloads" rmmod intermezzo
exit "$fail"

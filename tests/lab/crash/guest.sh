#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What happens in the guests of a crash test. /dev/vda1 holds the file system, TOOLS the programs, OUT takes what is found.
#	guest.sh load SEED [ARCHIVE]	mount and work until the power goes
#	guest.sh mount			mount after a cut, and unmount
#	guest.sh check			the same, and write down what is there: OUT/tree, OUT/kml, OUT/info
# In: MODULE, FS (ext3, ext4), TOOLS, OUT.
set -eu
m=/tmp/m lower=/tmp/lower
mkdir -p "$m" "$lower"
if ! grep -q '^intermezzo ' /proc/modules; then
	modprobe -q ext4
	modprobe -q libcrc32c
	"$(dirname "$0")/../../../scripts/load-module" "$MODULE"
fi

up() { mount -t intermezzo -o "fileset=crash,cache_type=$FS,journal=exact" /dev/vda1 "$m"; }

case $1 in
load)
	up
	exec "$TOOLS/load" "$2" "$m" /dev/vda2 ${3:+/dev/intermezzo0 "$3"}
	;;
mount)
	up
	umount "$m"
	;;
check)
	up
	"$TOOLS/journal_device" /dev/intermezzo0 info > "$OUT/info"
	umount "$m"
	mount -t "$FS" -o ro /dev/vda1 "$lower"
	trap 'umount "$lower"' EXIT
	"$TOOLS/collect" "$lower" > "$OUT/tree"
	cp "$lower/.intermezzo/crash/kml" "$OUT/kml"
	;;
*)
	echo "guest.sh: what is '$1'?" >&2
	exit 2
	;;
esac

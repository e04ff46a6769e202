#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What happens in the guests of a crash test. /dev/vda1 holds the file system, TOOLS the programs, OUT takes what is found.
#	guest.sh load SEED [ARCHIVE]	mount and work until the power goes
#	guest.sh pairs FIRST		make a small file system, do each operation after operation FIRST, and write down what is there
#	guest.sh recover		for each line of input: as check, but for OUT/info; a line of output tells how it went
#	guest.sh mount			mount after a cut, and unmount
#	guest.sh check			mount after a cut, and write down what is there: OUT/tree, OUT/kml, OUT/info
# In: MODULE, FS (ext3, ext4; ext2 and delalloc, an ext4 that somebody else mounted with its defaults, where lento has to look
# for what a cut left without a record), TOOLS, OUT.
set -eu
m=/tmp/m lower=/tmp/lower
mkdir -p "$m" "$lower"
type=$FS
[ "$FS" != delalloc ] || type=ext4
if ! grep -q '^intermezzo ' /proc/modules; then
	modprobe -q ext4
	modprobe -q libcrc32c
	"$(dirname "$0")/../../../scripts/load-module" "$MODULE"
fi

# What an administrator does before he mounts an ext2: not all can be repaired in one go.
repair() {
	local try
	for try in 1 2 3 4 5 6; do
		e2fsck -fy /dev/vda1 >"$OUT/fsck" 2>&1 && break || [ $? -ge 4 ] || break
		[ "$try" -lt 6 ] || return 1
	done
	# what lies in lost+found isn't replicated, but counts as a link
	mount -t ext2 /dev/vda1 "$lower"
	rm -rf "$lower/lost+found"/*
	umount "$lower"
}

up() {
	if [ "$FS" = delalloc ]; then
		mount -t ext4 /dev/vda1 "$lower"
		mount -t intermezzo -o fileset=crash "$lower" "$m"
	elif [ "$FS" = ext2 ]; then
		repair
		mount -t intermezzo -o fileset=crash,cache_type=ext2 /dev/vda1 "$m"
	else
		mount -t intermezzo -o "fileset=crash,cache_type=$FS,journal=exact" /dev/vda1 "$m"
	fi
}

# A server without clients compares tree and journal, as any lento does after such a stop.
settle() {
	local top home=/tmp/lento pid
	top=$(dirname "$0")/../../..
	rm -rf "$home" "$m/.intermezzo/crash/index.db"*
	mkdir -p "$home"
	printf '[node]\nname = "check"\nstate = "%s/state"\nlisten = "127.0.0.1:2411"\nsocket = "%s/socket"\n' "$home" "$home" >"$home/lento.toml"
	"$top/build/intermezzo-ctl/intermezzo-ctl" init --name check --config "$home/lento.toml" >/dev/null
	printf '[[fileset]]\nname = "crash"\nrole = "server"\nkind = "presto"\nmount = "%s"\ndevice = "/dev/intermezzo0"\nclients = []\n' "$m" >>"$home/lento.toml"
	pid=$("$top/scripts/start-lento" "$OUT/lento" --config "$home/lento.toml")
	"$top/build/intermezzo-ctl/intermezzo-ctl" sync --wait --timeout 100 --config "$home/lento.toml" >/dev/null
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do :; done
}

down() {
	umount "$m"
	[ "$FS" != delalloc ] || umount "$lower"
}

# What is there below: read once more from the disk.
write_down() {
	mount -t "$type" -o ro /dev/vda1 "$lower"
	trap 'umount "$lower"' EXIT
	"$TOOLS/collect" "$lower" > "$OUT/tree"
	cp "$lower/.intermezzo/crash/kml" "$OUT/kml"
}

case $1 in
load)
	up
	exec "$TOOLS/load" "$2" "$m" /dev/vda2 ${3:+/dev/intermezzo0 "$3"}
	;;
pairs)
	mkfs -t "$type" -q -F -E nodiscard /dev/vda1 16M
	up
	"$TOOLS/pairs" "$2" "$m" /dev/vda2
	down
	write_down
	;;
recover)
	exec "$TOOLS/recover" /dev/vda1 "$type" "$m" "$lower" "$OUT" "$TOOLS/collect"
	;;
mount)
	up
	down
	;;
check)
	up
	case $FS in ext2 | delalloc) settle ;; esac
	"$TOOLS/journal_device" /dev/intermezzo0 info > "$OUT/info"
	down
	write_down
	;;
*)
	echo "guest.sh: what is '$1'?" >&2
	exit 2
	;;
esac

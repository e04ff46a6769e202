#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lento with a device that isn't there, on which nothing is mounted, or on which
# something else is: each time one message, and exit code 1.
set -u
top=$(dirname "$0")/../../.. bad=0
lento=$top/build/lento/lento ctl=$top/build/intermezzo-ctl/intermezzo-ctl
[ -x "$lento" ] && [ -x "$ctl" ] || { echo "skip - missing device: lento isn't built"; exit 0; }
work=$(mktemp -d)
trap 'cd /; umount -q "$work/home" "$work/other"; rm -rf "$work"' EXIT
mkdir "$work/home" "$work/other"
cat >"$work/lento.toml" <<END
[node]
name = "t21"
state = "$work/state"
listen = "none"
socket = "$work/lento.sock"
[[fileset]]
name = "home"
role = "server"
mount = "$work/home"
device = "/dev/intermezzo0"
END
"$ctl" init --config "$work/lento.toml" >/dev/null || exit 1

ok() { echo "ok - missing device: $1"; }
not_ok() { echo "not ok - missing device: $1: $2"; bad=1; }
# NAME TEXT: lento ends with 1 and one line that holds the text
refuses() {
	local name=$1 text=$2 said status
	said=$(timeout 60 "$lento" --config "$work/lento.toml" 2>&1)
	status=$?
	said=$(grep -vE '^[0-9-]+ [0-9:.]+ ' <<<"$said")
	if [ "$status" = 1 ] && [ "$(wc -l <<<"$said")" = 1 ] && grep -qF "$text" <<<"$said"; then
		ok "$name"
	else
		not_ok "$name" "exit code $status: $said"
	fi
}
on() { mount -t intermezzo -o "fileset=$1,cache_type=ext4,prestodev=$2" /dev/vda "$3"; }

mkfs.ext4 -q -F /dev/vda || exit 1
refuses "no module" 'fileset.device = "/dev/intermezzo0": there is no such device; load the module'
"$top/scripts/load-module" "$MODULE" || exit 1
refuses "nothing is mounted" "it has to be mounted: \`mount -t intermezzo -o fileset=home,cache_type=TYPE,prestodev=/dev/intermezzo0"
on work /dev/intermezzo0 "$work/home" || exit 1
refuses "another fileset" '/dev/intermezzo0: fileset "work" is mounted on it, not "home"'
umount "$work/home"
on home /dev/intermezzo0 "$work/other" || exit 1
refuses "another place" "$work/home: no intermezzo file system is mounted there"
umount "$work/other"
on home /dev/intermezzo1 "$work/home" || exit 1
refuses "another device" "it has to be mounted"
umount "$work/home"
rmmod intermezzo || not_ok "the module goes" "it is held"
exit "$bad"

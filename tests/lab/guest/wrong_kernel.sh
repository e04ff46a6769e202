#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A module for another kernel is refused, and it is said what to do; the file
# system isn't known then. The right module loads after that.
set -u
load=$(dirname "$0")/../../../scripts/load-module bad=0
case $KERNEL in 6.1) other=6.12 ;; *) other=6.1 ;; esac
wrong=${MODULE/kernel-$KERNEL/kernel-$other}
trap 'rm -rf "$work"' EXIT
work=$(mktemp -d)

ok() { echo "ok - wrong kernel: $1"; }
not_ok() { echo "not ok - wrong kernel: $1: $2"; bad=1; }
# NAME PATTERN COMMAND...: the command fails and says so
refuses() {
	local name=$1 pattern=$2 said
	shift 2
	if said=$("$@" 2>&1); then
		not_ok "$name" "it succeeded"
	elif grep -q "$pattern" <<<"$said"; then
		ok "$name"
	else
		not_ok "$name" "$said"
	fi
}

[ -f "$wrong" ] || { echo "skip - wrong kernel: no module for $other is built"; exit 0; }
release=$(modinfo -F vermagic "$wrong")
refuses "a module for $other on $KERNEL" "is built for kernel ${release%% *}, but $(uname -r) runs here" "$load" "$wrong"
refuses "a module that isn't there" "there is no such file" "$load" "$work/none.ko"
mkfs.ext4 -q -F /dev/vda || exit 1
refuses "mounting without the module" "unknown filesystem type 'intermezzo'" mount -t intermezzo -o fileset=home,cache_type=ext4 /dev/vda "$work"
if said=$("$load" "$MODULE" 2>&1); then ok "the right one loads after that"; else not_ok "the right one loads after that" "$said"; fi
if said=$(mount -t intermezzo -o fileset=home,cache_type=ext4 /dev/vda "$work" 2>&1); then
	ok "and mounts"
	umount "$work"
else
	not_ok "and mounts" "$said"
fi
rmmod intermezzo
exit "$bad"

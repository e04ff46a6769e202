#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 100 files changed with the cable pulled, in a tree of SIZE files: how long
# from link up to in sync, and how many bytes travel?
#   tests/bench/resync.sh KERNEL SIZE
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
kernel=$1 size=$2
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/resync.XXXXXX")
export LAB_DIR
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
trap '"$lab" clean >/dev/null 2>&1; rm -rf "$LAB_DIR"' EXIT

HOME_SIZE=3G boot_both
# 1,000 small files a directory
script qube <<-SH
	cd $mount
	for ((d = 0; d < $size / 1000; d++)); do
		mkdir d\$d
		(cd d\$d && seq 1000 | split -l 1 -a 4 -)
	done
SH
pair
daemon qube
start=$(date +%s%N)
daemon t21
sync_wait t21 1800
printf 'tree of %d files: joined in %d ms\n' "$size" "$(elapsed_ms "$start")"
for round in 1 2 3; do
	before=$(figure t21 bytesSent)
	"$lab" unplug t21
	script t21 <<-SH
		cd $mount
		for ((i = 0; i < 100; i++)); do echo "change $round" >>d\$((i % ($size / 1000)))/xa\$(printf "\\\\x\$(printf %x \$((97 + i % 26)))")aa; done
	SH
	start=$(date +%s%N)
	"$lab" plug t21
	sync_wait t21 600
	printf 'tree of %d files, 100 changes offline, round %d: in sync %d ms after link up, %d bytes sent\n' \
		"$size" "$round" "$(elapsed_ms "$start")" "$(($(figure t21 bytesSent) - before))"
done
for who in qube t21; do
	printf '%s: lento uses %s kB of memory\n' "$who" "$(on "$who" sh -c 'sed -n "s/VmRSS:[^0-9]*\([0-9]*\).*/\1/p" /proc/$(pidof lento)/status')"
done

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does the cost of coming back depend on the size of the tree? And the memory
# of a daemon? In trees of SIZES files: the client is stopped, 100 files change
# at the server, the client starts; beside rsync of the same. Then both
# daemons, in sync and idle, are watched for IDLE seconds.
#   SIZES="10000 1000000" ROUNDS=3 IDLE=60 BENCH_DIR=/var/tmp tests/bench/native/resync.sh
# The server's changes come from a journal file that is written as the kernel
# module would.
set -euo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tests/bench/native/pair.sh
. "$top/tests/bench/native/pair.sh"
rounds=${ROUNDS:-3} changes=100 status=0
journaled=$work/journaled source=$work/source log=$work/kml copy=$work/lento rsync_copy=$work/rsync
gcc -O2 -o "$journaled" "$top/tests/bench/native/journaled.c"

comes_back() { # the client starts and is in sync
	start t21
	ctl t21 sync --wait --timeout 7200 >/dev/null
}

resync() { # resync SIZE: a row for each round
	local size=$1 begin lento rsync sent
	stop t21
	"$journaled" change "$source" "$log" "$size" $changes
	durable
	begin=$EPOCHREALTIME
	comes_back
	lento=$(seconds "$begin")
	sent=$(figure t21 bytesReceived)
	begin=$EPOCHREALTIME
	rsync_from_daemon --stats >"$work/rsync.stats"
	rsync=$(seconds "$begin")
	echo "$lento $(in_sync_seconds) $rsync $sent $(awk -F '[: ]+' '/^Total bytes (sent|received)/ { gsub(",", "", $4); n += $4 } END { print n }' "$work/rsync.stats")" \
		>>"$work/resync.$size"
}

# As the client itself says: from the connection on.
in_sync_seconds() { sed -n 's/.*: in sync with its server \([0-9]*\) ms.*/\1/p' "$work/t21/log" | tail -n 1 | awk '{ print $1 / 1000 }'; }

peak() { awk '/^VmHWM/ { printf "%.1f", $2 / 1000 }' "/proc/$(pid "$1")/status"; }

column() { awk -v n="$2" '{ print $n }' "$work/resync.$1" | median; }

for size in ${SIZES:-10000 1000000}; do
	rm -rf "$source" "$log" "$work/qube" "$rsync_copy"
	"$journaled" make "$source" "$log" home "$size"
	serve "$source" "$log"
	start qube
	join "$copy"
	begin=$EPOCHREALTIME
	comes_back
	lento=$(seconds "$begin")
	peaks="$(peak qube) $(peak t21)"
	mkdir "$rsync_copy"
	rsync_daemon "$source"
	begin=$EPOCHREALTIME
	rsync_from_daemon
	durable
	echo "$lento $(seconds "$begin") $peaks" >"$work/first.$size"
	for ((round = 1; round <= rounds; round++)); do resync "$size"; done
	"$top/tests/bench/native/watch-idle" "${IDLE:-60}" "$(pid qube)" "$(pid t21)" >"$work/idle.$size"
	# What the figures are about must have happened; of the large tree that would take longer than all the rest.
	[ "$size" -gt 10000 ] || equal "$source" "$copy" || status=1
	load >"$work/load.$size"
	stop_all
done

printf '\nResync after %d changed files, on %s, medians of %d rounds\n' $changes "$(stat -f -c %T "$work")" "$rounds"
printf '%10s %12s %12s %10s %12s %12s %12s %8s\n' files "lento s" "of it linked" "rsync s" lento/rsync "lento bytes" "rsync bytes" load
for size in ${SIZES:-10000 1000000}; do
	awk -v size="$size" -v l="$(column "$size" 1)" -v c="$(column "$size" 2)" -v r="$(column "$size" 3)" -v lb="$(column "$size" 4)" -v rb="$(column "$size" 5)" \
		-v load="$(cat "$work/load.$size")" \
		'BEGIN { printf "%10d %12.2f %12.2f %10.2f %12.2f %12d %12d %8s\n", size, l, c, r, l / r, lb, rb, load }'
done
printf '(lento s: from the start of the client; of it linked: from its connection on)\n'

printf '\nFirst replication of these trees, once\n%10s %12s %10s %12s %22s %22s\n' files "lento s" "rsync s" lento/rsync "server's peak RSS MB" "client's peak RSS MB"
for size in ${SIZES:-10000 1000000}; do
	awk -v size="$size" '{ printf "%10d %12.2f %10.2f %12.2f %22.1f %22.1f\n", size, $1, $2, $1 / $2, $3, $4 }' "$work/first.$size"
done

printf '\nIdle, in sync, %d seconds\n' "${IDLE:-60}"
printf '%10s %8s %9s %9s %12s %12s\n' files daemon "RSS MB" "anon MB" "CPU ms/min" "wake-ups/s"
for size in ${SIZES:-10000 1000000}; do
	paste <(printf 'server\nclient\n') "$work/idle.$size" | while read -r who rss anon cpu wakeups; do
		printf '%10d %8s %9s %9s %12s %12s\n' "$size" "$who" "$rss" "$anon" "$cpu" "$wakeups"
	done
done
exit $status

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long does it take to replicate a tree the first time? A plain directory
# to a new plain replica, beside rsync from its daemon and tar through a
# socket: source in the cache, destination empty, until all is durable; in
# turn, ROUNDS times.
#   ROUNDS=3 TREE=/usr/src/linux-headers-*-common BENCH_DIR=/var/tmp tests/bench/native/initial.sh
set -euo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tests/bench/native/pair.sh
. "$top/tests/bench/native/pair.sh"
rounds=${ROUNDS:-3} tree=${TREE:-$(ls -d /usr/src/linux-headers-*-common | head -n 1)}

cp -a "$tree" "$work/source"
rsync_copy=$work/rsync tar_copy=$work/tar lento_copy=$work/lento
serve "$work/source"
start qube
rsync_daemon "$work/source"
tar_port=$(free_port)
socat "TCP-LISTEN:$tar_port,bind=127.0.0.1,reuseaddr,fork" "SYSTEM:tar --format=posix -C '$work/source' -cf - ." &
daemons+=($!)

by_lento() {
	start t21
	logged t21 ' joined, '
}

by_rsync() {
	mkdir "$rsync_copy"
	rsync_from_daemon
}

by_tar() {
	mkdir "$tar_copy"
	socat -u "TCP:127.0.0.1:$tar_port" STDOUT | tar -C "$tar_copy" -xpf -
}

timed() { # timed NAME: its seconds go to $work/NAME.times
	local begin
	durable
	begin=$EPOCHREALTIME
	"by_$1"
	durable
	seconds "$begin" >>"$work/$1.times"
}

tar -C "$work/source" -cf - . | cat >/dev/null
for ((round = 1; round <= rounds; round++)); do
	join "$lento_copy"
	timed lento
	stop t21
	equal "$work/source" "$lento_copy"
	rm -rf "$rsync_copy" "$tar_copy"
	timed rsync
	timed tar
done
equal "$work/source" "$rsync_copy"
equal "$work/source" "$tar_copy"

printf 'Initial replication of %d entries, %d MB, on %s, medians of %d rounds until durable (load %s)\n' \
	"$(find "$work/source" | wc -l)" "$(du -s --apparent-size -BMB "$work/source" | tr -dc '0-9 \t' | cut -f 1)" \
	"$(stat -f -c %T "$work")" "$rounds" "$(load)"
printf '%-8s %10s %10s %10s   %s\n' "" "seconds" "/ rsync" "/ tar" "rounds"
rsync_median=$(median <"$work/rsync.times") tar_median=$(median <"$work/tar.times")
for name in lento rsync tar; do
	awk -v name=$name -v s="$(median <"$work/$name.times")" -v r="$rsync_median" -v t="$tar_median" -v all="$(paste -sd ' ' "$work/$name.times")" \
		'BEGIN { printf "%-8s %10.2f %10.2f %10.2f   %s\n", name, s, s / r, s / t, all }'
done

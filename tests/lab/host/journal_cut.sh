#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DESCRIPTION: after a power cut every name in the tree has its record, and no operation stays in doubt (J1, J2).
# STRATEGY: run a load of creates, writes, renames, links and removals in a guest, cut its power after
#	a while, boot it, let the mount recover, and replay the log: it must give the tree that is there.
#	CUTS cuts (3) on each of CUT_FS (ext3 ext4), one log over all cuts of a file system.
# In: LAB_KERNEL (6.1), CUTS, CUT_FS.
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1}
lab=$top/scripts/lab
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/journal-cut.XXXXXX")
export LAB_DIR
trap '"$lab" clean >/dev/null 2>&1; rm -rf "$LAB_DIR"' EXIT
fail=0

guest() { # timeout, file system, what
	"$lab" run -n --timeout "$1" --env CUT_FS="$2" --env MODULE="/intermezzo/build/kernel-$kernel/intermezzo.ko" \
		cut -- bash /intermezzo/tests/lab/guest/cut_load.sh "$3"
}
start() { "$lab" start cut --kernel "$kernel" --mem 768 --disk "$1.img:512M" >/dev/null; }

# Waits until the load has run for some records, so that the cut is in the middle of it.
wait_for_load() { # records
	local n=0 tries=0
	while [ "${n:-0}" -lt "$1" ] && [ $((tries++)) -lt 300 ]; do
		n=$("$lab" run -n cut -- sh -c 'find /tmp/m -type f 2>/dev/null | wc -l')
	done
	[ "${n:-0}" -ge "$1" ]
}

for fs in ${CUT_FS:-ext3 ext4}; do
	start "$fs" && guest 120 "$fs" prepare || { echo "not ok - cut: prepare $fs"; exit 1; }
	for cut in $(seq "${CUTS:-3}"); do
		guest 0 "$fs" run >"$LAB_DIR/load.out" 2>&1 &
		load=$!
		if ! wait_for_load $((300 * cut)); then
			echo "not ok - cut $cut on $fs: the load doesn't run: $(tail -n 2 "$LAB_DIR/load.out")"
			exit 1
		fi
		"$lab" cut cut
		wait "$load"
		start "$fs" || { echo "not ok - cut $cut on $fs: boot"; exit 1; }
		if out=$(guest 300 "$fs" check 2>&1); then
			echo "ok - cut $cut on $fs: $(tail -n 1 <<<"$out")"
		else
			echo "not ok - cut $cut on $fs: $(grep '^not ok' <<<"$out" | tail -n 1)"
			sed 's/^/# /' <<<"$out" | tail -n 30
			fail=1
		fi
	done
	"$lab" stop cut
done
exit "$fail"

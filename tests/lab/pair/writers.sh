#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file that a program has open for writing when a newer version comes keeps its
# own; the newer one waits, and enters, or loses, once the file is closed.
#   LAB_KERNEL=6.12 tests/lab/pair/writers.sh
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-writers.XXXXXX")
export LAB_DIR
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"
work=/intermezzo/tests/lab/work

# hold WHO FILE [mapped]: a program there has it open for writing
hold() {
	on "$1" sh -c "rm -f /run/hold /run/hold.held && mkfifo /run/hold /run/hold.held &&
		{ setsid $work/hold.py '$2' /run/hold '${3:-open}' >/run/hold.log 2>&1 & } && read -r held </run/hold.held || cat /run/hold.log"
}
# release WHO [TEXT]: it closes it, having written TEXT
release() { on "$1" sh -c "echo '${2:-}' >/run/hold && read -r closed </run/hold.held"; }
# listed WHO PATH: conflicts about it, or versions of it that wait
listed() {
	ctl "$1" conflicts list --json | python3 -c '
import json, sys
print(sum(sys.argv[1] in c["path"] for c in json.load(sys.stdin)["conflicts"]))' "$2"
}
# came FILE TEXT NAME: both have it so, the trees are equal, and nobody lists a conflict
came() {
	sync_wait qube && in_sync "$3" || return
	if [ "$(on qube cat "$1")$(on t21 cat "$1")" = "$2$2" ] && [ "$(listed qube "${1##*/}")$(listed t21 "${1##*/}")" = 00 ]; then
		ok "$3: the newer version, and no conflict"
	else
		not_ok "$3: the newer version, and no conflict" "$(on qube cat "$1"; on t21 cat "$1"; ctl qube conflicts list; ctl t21 conflicts list)"
	fi
}

must "two machines boot, load the module and mount" boot_both
must "keys, peers, fileset" pair
must "the server's daemon starts" daemon qube
must "the laptop's daemon starts" daemon t21
in_sync "the laptop joins" || exit 1

for holder in t21 qube; do
	[ $holder = t21 ] && writer=qube || writer=t21
	for file in idle written mapped restarted replaced gone; do on qube sh -c "echo old >$mount/held-$holder-$file"; done
	in_sync "files that $holder will have open" qube

	hold $holder $mount/held-$holder-idle
	on $writer sh -c "echo new >$mount/held-$holder-idle"
	sync_wait t21
	name="a file that is open for writing at $holder keeps its version, and the newer one is listed"
	if [ "$(on $holder cat $mount/held-$holder-idle)$(listed $holder held-$holder-idle)" = old1 ]; then ok "$name"; else not_ok "$name" "$(on $holder cat $mount/held-$holder-idle; ctl $holder conflicts list)"; fi
	on $writer sh -c "echo newer >$mount/held-$holder-idle"
	sync_wait t21
	"$lab" unplug t21
	release $holder
	name="it is closed at $holder without a network: the newest version comes by itself"
	if on $holder timeout 60 sh -c "until [ \"\$(cat $mount/held-$holder-idle)\" = newer ]; do sleep 0.2; done"; then ok "$name"; else not_ok "$name" "$(on $holder cat $mount/held-$holder-idle)"; fi
	"$lab" plug t21
	came $mount/held-$holder-idle newer "closed at $holder without having been written"

	hold $holder $mount/held-$holder-mapped mapped
	on $writer sh -c "echo new >$mount/held-$holder-mapped"
	sync_wait t21
	release $holder
	came $mount/held-$holder-mapped new "only mapped at $holder, and unmapped"

	hold $holder $mount/held-$holder-restarted
	on $writer sh -c "echo new >$mount/held-$holder-restarted"
	sync_wait t21
	kill_daemon $holder
	release $holder
	must "the daemon of $holder starts again" daemon $holder
	came $mount/held-$holder-restarted new "closed at $holder while no daemon was there"

	hold $holder $mount/held-$holder-gone
	on $writer sh -c "echo new >$mount/held-$holder-gone"
	sync_wait t21
	on $writer rm $mount/held-$holder-gone
	sync_wait t21
	release $holder
	sync_wait qube
	in_sync "removed at $writer while $holder had it open"

	hold $holder $mount/held-$holder-replaced
	on $writer sh -c "echo saved >$mount/saving && mv $mount/saving $mount/held-$holder-replaced"
	in_sync "another file takes its name at $writer while $holder has it open: the trees are equal at once"
	release $holder late
	sync_wait qube
	in_sync "... and stay so when that is written and closed"
	name="... and what was written is kept"
	if [ "$(on $holder cat $mount/held-$holder-replaced)$(kept $holder held-$holder-replaced)" = saved1 ]; then ok "$name"; else not_ok "$name" "$(ctl $holder conflicts list)"; fi

	hold $holder $mount/held-$holder-written
	on $writer sh -c "echo of-$writer >$mount/held-$holder-written"
	sync_wait t21
	release $holder of-$holder
	sync_wait qube
	in_sync "written at $holder before it is closed: the trees are equal"
	name="... with the server's version, and the laptop's is kept"
	if [ "$(on t21 cat $mount/held-$holder-written)" = of-qube ] && [ "$(kept qube held-$holder-written)" = 1 ] &&
		{ [ $holder = qube ] || [ "$(kept t21 held-$holder-written)" = 1 ]; }; then
		ok "$name"
	else
		not_ok "$name" "$(on t21 cat $mount/held-$holder-written; ctl qube conflicts list; ctl t21 conflicts list)"
	fi
	on $writer sh -c "echo after >$mount/held-$holder-written"
	in_sync "and it goes on from there" qube
	[ "$(on $holder cat $mount/held-$holder-written)" = after ] || not_ok "and it goes on from there" "$(on $holder cat $mount/held-$holder-written)"
done

if quiet_kernels; then ok "no complaint of a kernel"; else not_ok "no complaint of a kernel"; fi

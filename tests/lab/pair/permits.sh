#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two machines with module and daemon, and write permits: while they see each
# other, one at a time writes, and has all that the other one wrote before.
#   LAB_KERNEL=6.12 tests/lab/pair/permits.sh
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1}
lines=${LINES_EACH:-25}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-permits.XXXXXX")
export LAB_DIR
CREATE=--permits JOIN="--offline readonly"
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"

# holder TEST NAME...: these say that they have it; of the server: that this machine has it
holder() {
	local test=$1 who=$2 here=$3 shown
	shown=$(ctl "$who" permit show home)
	if [[ $shown == *"$here"* ]]; then ok "$test"; else not_ok "$test" "$who: $shown"; fi
}
refused() { # refused TEST COMMAND: the laptop gets EROFS
	local said
	said=$(on t21 sh -c "$2" 2>&1) && { not_ok "$1" "done"; return; }
	if [[ $said == *"Read-only file system"* ]]; then ok "$1"; else not_ok "$1" "$said"; fi
}

must "two machines boot, load the module and mount" boot_both
need "a tree" script qube <<<"mkdir $mount/d; echo one >$mount/d/f"
need "keys, peers, fileset" pair
need "the server's daemon" daemon qube
need "the laptop's daemon" daemon t21
in_sync "the laptop joins" t21 qube || exit 1
holder "the server has it first" qube "this machine has the write permit"
holder "the laptop hasn't" t21 "this machine doesn't have"

# --- it goes where somebody writes ---
must "the laptop writes" on t21 sh -c "echo two >>$mount/d/f && mkdir $mount/d/laptop && mv $mount/d/f $mount/d/g"
holder "and has it" t21 "this machine has the write permit"
holder "the server knows" qube "t21 has the write permit"
must "the server writes" on qube sh -c "echo three >>$mount/d/g && rmdir $mount/d/laptop"
holder "and has it back" qube "this machine has the write permit"
holder "the laptop hasn't any more" t21 "this machine doesn't have"
must "the laptop, too, had all of it" on t21 sh -c "echo four >>$mount/d/g"
in_sync "they are equal" t21 qube
[ "$(on qube cat $mount/d/g)" = $'one\ntwo\nthree\nfour' ] && ok "nothing was written beside it" || not_ok "nothing was written beside it" "$(on qube cat $mount/d/g)"

# --- somebody keeps a file open, and hasn't the CPU while the permit goes away and comes back ---
must "the laptop opens a file, writes, and stops" script t21 <<-SH
	setsid sh -c 'exec 3>>$mount/d/held; echo one >&3; kill -STOP \$\$; echo three >&3' >/dev/null 2>&1 &
	echo \$! >/lab/held.pid
	until grep -q '^State:.T' /proc/\$!/status; do :; done
SH
must "the server writes to it" on qube sh -c "echo two >>$mount/d/held"
must "the laptop goes on" on t21 sh -c 'p=$(cat /lab/held.pid); kill -CONT $p; while [ -e /proc/$p/exe ]; do :; done'
in_sync "and they come together" t21 qube
[ "$(on t21 cat $mount/d/held)" = $'one\ntwo\nthree' ] && ok "he wrote to the file as it was by then" || not_ok "he wrote to the file as it was by then" "$(on t21 cat $mount/d/held)"

# --- both at once ---
work="for i in \$(seq $lines); do echo \"\$0 \$i\" >>$mount/d/both; echo \$i >$mount/d/\$0-\$i; [ -e $mount/d/last ] && mv $mount/d/last $mount/d/last-\$0; echo \$i >$mount/d/last; done"
on qube sh -c "$work" qube >"$LAB_DIR/qube.out" 2>&1 & first=$!
must "the laptop writes, and the server does at the same time" on t21 sh -c "$work" t21
if wait "$first"; then ok "and so does the server"; else not_ok "and so does the server" "$(cat "$LAB_DIR/qube.out")"; fi
in_sync "they come together" t21 qube
[ "$(on qube sh -c "wc -l <$mount/d/both")" = $((2 * lines)) ] && ok "each line is there" || not_ok "each line is there" "$(on qube cat $mount/d/both)"
for who in qube t21; do
	[ "$(ctl $who conflicts list --json | grep -o '"id"' | wc -l)" = 0 ] && ok "$who has no conflict" || not_ok "$who has no conflict" "$(ctl $who conflicts list)"
done

# --- without the network ---
must "the laptop has it" on t21 sh -c "echo five >>$mount/d/g"
in_sync "and what it wrote is there" t21 qube
"$lab" unplug t21
must "the server waits until it may, and writes" on qube sh -c "echo six >>$mount/d/g"
must "the laptop notices that" on t21 sh -c "for i in \$(seq 2000); do touch $mount/d/probe 2>/dev/null || exit 0; done; exit 1"
refused "the laptop is read-only" "echo x >>$mount/d/g"
refused "also for what it makes" "mkdir $mount/d/x"
must "it reads" on t21 sh -c "cat $mount/d/g >/dev/null && ls $mount/d >/dev/null"
"$lab" plug t21
in_sync "the network is back" t21 qube
must "the laptop writes again" on t21 sh -c "echo seven >>$mount/d/g"
in_sync "they are equal again" t21 qube

# --- by hand ---
must "the permit is given back" ctl t21 permit release home
must "the server writes at once" on qube sh -c "echo eight >>$mount/d/g"
must "the laptop takes it" on t21 sh -c "echo nine >>$mount/d/g"
must "the server's daemon breaks it" ctl qube permit break home
holder "and has it" qube "this machine has the write permit"
if ctl qube permit release home 2>/dev/null; then not_ok "a server has none to give back"; else ok "a server has none to give back"; fi
kill_daemon t21
must "without a daemon the laptop is read-only, too" on t21 sh -c "! touch $mount/d/again 2>/dev/null"
must "no kernel has a complaint" quiet_kernels

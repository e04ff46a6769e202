#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two machines with module and daemon: what happens on one is on the other.
#   LAB_KERNEL=6.1 WORK=1500 tests/lab/pair/sync.sh
# WORK: how many operations of random work at a time.
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1} many=${WORK:-1500}
few=$((many / 2))
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-sync.XXXXXX")
export LAB_DIR
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"
work=/intermezzo/tests/lab/work

# kept NAME PATH: how many conflicts about it have something in the conflict store there
kept() {
	ctl "$1" conflicts list --json | python3 -c '
import json, sys
print(sum(sys.argv[1] in c["path"] and bool(c["kept"]) for c in json.load(sys.stdin)["conflicts"]))' "$2"
}

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
script qube <<-SH
	mkdir -p $mount/was-there/before
	for i in \$(seq 300); do echo \$i >$mount/was-there/before/\$i; done
	ln $mount/was-there/before/1 $mount/was-there/linked
SH
must "random work before the join" on t21 $work/random_work.py $mount/own 21 "$few"
script t21 <<-SH
	mkdir -p -m 700 $mount/was-there/before
	echo 5 >$mount/was-there/before/5
	echo six >$mount/was-there/before/6
	echo mine >$mount/was-there/before/mine
	ln $mount/was-there/before/mine $mount/own-link
	setfattr -n user.colour -v blue $mount/was-there/before/mine
SH
must "keys, peers, fileset" pair
must "the server's daemon starts" daemon qube
must "the laptop's daemon starts" daemon t21
must "random work while it joins" on t21 $work/random_work.py $mount/own-too 11 "$many"
in_sync "a machine with a tree of its own joins one that is there" || exit 1
both="what was there on both sides is there on both: of what differs the server's, and the laptop's is kept"
if [ "$(on t21 sh -c "cat $mount/was-there/before/[56] && stat -c %a:%h $mount/was-there/before $mount/own-link | sort")" = $'5\n6\n644:2\n755:2' ] &&
	[ "$(kept t21 was-there/before/6)" = 1 ]; then ok "$both"; else not_ok "$both" "$(ctl t21 conflicts list 2>&1)"; fi

script qube <<-SH
	echo hello >$mount/from-server
SH
in_sync "a file of the server arrives at the laptop" qube
script t21 <<-SH
	echo hello >$mount/from-laptop
	echo content >$mount/written-here
	echo content >$mount/written-there
	mkdir $mount/dir
	mv $mount/from-server $mount/dir/renamed
	rm $mount/was-there/before/7
SH
in_sync "create, mkdir, rename and unlink of the laptop arrive at the server"

must "everything exotic is made on the laptop" on t21 $work/exotic.py $mount/exotic
in_sync "names of every byte, 200 levels, holes, nodes, links, attributes arrive exactly (laptop to server)"
must "everything exotic is made on the server" on qube $work/exotic.py $mount/exotic-too
in_sync "names of every byte, 200 levels, holes, nodes, links, attributes arrive exactly (server to laptop)" qube

must "a real tree is unpacked on the laptop" on t21 sh -c "cd /usr/src/linux-headers-*-common && tar -cf - include/linux include/net | tar -C $mount -xf -"
in_sync "a real tree unpacked through the mount is the same where its journal is replayed"

must "random work on the laptop" on t21 $work/random_work.py $mount/work-t21 1 "$many"
must "random work on the server" on qube $work/random_work.py $mount/work-qube 2 "$many"
in_sync "random work on both sides, one after the other"
on qube sh -c "nohup $work/random_work.py $mount/work-qube2 3 $many >/lab/work.log 2>&1 & echo \$! >/lab/work.pid" || true
on t21 $work/random_work.py $mount/work-t21-2 4 "$many"
on qube sh -c 'while kill -0 $(cat /lab/work.pid) 2>/dev/null; do :; done; cat /lab/work.log'
in_sync "random work on both sides at the same time"

"$lab" unplug t21
on t21 $work/random_work.py $mount/offline-t21 5 "$few"
on qube $work/random_work.py $mount/offline-qube 6 "$few"
script t21 <<-SH
	mv $mount/was-there $mount/moved-away
	echo laptop >$mount/from-laptop
	echo more >>$mount/written-here
	chmod 600 $mount/written-there
	setfattr -n user.by -v laptop $mount/written-there
SH
script qube <<-SH
	echo server >$mount/from-laptop
	echo more >>$mount/written-there
	chmod 600 $mount/written-here
	setfattr -n user.by -v server $mount/written-here
SH
"$lab" plug t21
in_sync "work on both sides of a pulled cable comes together"
one="of a file changed on both sides the server's version stays, the other is kept and listed on both"
if [ "$(on t21 cat $mount/from-laptop)" = server ] && [ "$(kept qube from-laptop)" != 0 ] && [ "$(kept t21 from-laptop)" != 0 ]; then ok "$one"; else not_ok "$one" "$(ctl qube conflicts list 2>&1)"; fi

on t21 stat -c %a:%s $mount/written-here $mount/written-there >"$LAB_DIR/attributes"
on t21 sh -c "cd $mount && getfattr --only-values -n user.by written-here written-there" >"$LAB_DIR/xattrs"
same="what one side writes, and the mode and the xattr that the other sets, come together"
if [ "$(sort -u "$LAB_DIR/attributes")" = 600:13 ] && [ "$(<"$LAB_DIR/xattrs")" = serverlaptop ]; then ok "$same"; else not_ok "$same" "$(cat "$LAB_DIR/attributes")"; fi

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

for who in qube t21; do
	kill_daemon $who
done
must "both daemons start again" daemon qube
must "both daemons start again, the laptop's too" daemon t21
on t21 sh -c "echo after restart >$mount/after-restart"
in_sync "killed daemons go on where they were"

"$lab" cut t21
must "the laptop boots after a power cut" boot t21
must "its daemon starts" daemon t21
in_sync "a power cut of the laptop"

if quiet_kernels; then ok "no complaint of a kernel"; else not_ok "no complaint of a kernel"; fi

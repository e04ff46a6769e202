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
# each comparison reads all that is there
must "most of it is removed on the server" on qube rm -r $mount/include/linux

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
found="$(on t21 cat $mount/from-laptop), kept $(kept qube from-laptop) on the server, $(kept t21 from-laptop) on the laptop"
case $found in
"server, kept "[1-9]*" on the server, "[1-9]*) ok "$one" ;;
*) not_ok "$one" "$found"; for who in qube t21; do ctl $who journal show 2>&1 | grep -a -B3 -A3 from-laptop; done ;;
esac

on t21 stat -c %a:%s $mount/written-here $mount/written-there >"$LAB_DIR/attributes"
on t21 sh -c "cd $mount && getfattr --only-values -n user.by written-here written-there" >"$LAB_DIR/xattrs"
same="what one side writes, and the mode and the xattr that the other sets, come together"
if [ "$(sort -u "$LAB_DIR/attributes")" = 600:13 ] && [ "$(<"$LAB_DIR/xattrs")" = serverlaptop ]; then ok "$same"; else not_ok "$same" "$(cat "$LAB_DIR/attributes")"; fi

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

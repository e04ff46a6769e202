#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two machines with module and daemon work on the same things with the cable
# pulled; then their conflicts are resolved, in every way, on either side.
#   LAB_KERNEL=6.12 tests/lab/pair/conflicts.sh
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-conflicts.XXXXXX")
export LAB_DIR
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"

# id NAME PATH: the conflict about it there that keeps a version, or any if none does
id() {
	ctl "$1" conflicts list --json | python3 -c '
import json, sys
found = [c for c in json.load(sys.stdin)["conflicts"] if c["path"] == sys.argv[1]]
print(sorted(found, key=lambda c: not c["kept"])[0]["id"])' "$2"
}

# resolve NAME PATH KEEP
resolve() {
	local found
	found=$(id "$1" "$2") && ctl "$1" conflicts resolve "$found" --keep "$3"
}

# holds NAME PATH TEXT: the file is so at both machines
holds() {
	local who
	for who in qube t21; do [ "$(on "$who" cat "$mount/$2")" = "$3" ] || { not_ok "$1" "$who: $(on "$who" cat "$mount/$2" 2>&1)"; return; }; done
	ok "$1"
}

must "two machines boot, load the module and mount" boot_both
script qube <<-SH
	for name in ours theirs both merged linked; do echo base >$mount/\$name.txt; done
	ln $mount/linked.txt $mount/other-name
	mkdir -p $mount/removed/deep
	echo base >$mount/removed/deep/file
	echo base >$mount/mode
SH
must "keys, peers, fileset" pair
must "the server's daemon starts" daemon qube
must "the laptop's daemon starts" daemon t21
in_sync "the laptop joins" t21 qube || exit 1

"$lab" unplug t21
script t21 <<-SH
	for name in ours theirs both merged linked; do echo laptop >$mount/\$name.txt; done
	chown 7:8 $mount/theirs.txt
	chmod 4750 $mount/theirs.txt
	setfattr -n user.by -v laptop $mount/theirs.txt
	echo laptop >$mount/removed/deep/file
	echo laptop >$mount/made
	chmod 600 $mount/mode
SH
script qube <<-SH
	for name in ours theirs both merged linked; do echo server >$mount/\$name.txt; done
	rm -r $mount/removed
	echo server >$mount/made
	chmod 640 $mount/mode
SH
"$lab" plug t21
in_sync "work on both sides of a pulled cable comes together" t21 qube
ctl qube conflicts list
ctl t21 conflicts list

for who in qube t21; do
	for path in ours.txt theirs.txt both.txt merged.txt linked.txt; do id $who $path >/dev/null || not_ok "$who keeps a version of $path"; done
done
shown=$(ctl t21 conflicts show "$(id t21 theirs.txt)")
if [[ $shown == *"the version of t21"* && $shown == *"lost to qube"* && $shown == *"uid 7, gid 8"* && $shown == *user.by* ]]; then ok "a conflict is shown"; else not_ok "a conflict is shown" "$shown"; fi
difference=$(ctl qube conflicts diff "$(id qube theirs.txt)")
status=$?
if [ "$status" = 5 ] && [[ $difference == *$'\n-server\n+laptop' ]]; then ok "two versions are compared"; else not_ok "two versions are compared" "$status: $difference"; fi

must "ours, at the server" resolve qube ours.txt ours
in_sync "ours: the trees stay equal" t21 qube && holds "ours stays" ours.txt server
must "theirs, at the server" resolve qube theirs.txt theirs
in_sync "theirs: the trees are equal" t21 qube && holds "theirs is there" theirs.txt laptop
for who in qube t21; do
	found=$(on $who sh -c "stat -c %u:%g:%a $mount/theirs.txt; getfattr --only-values -n user.by $mount/theirs.txt")
	if [ "$found" = $'7:8:4750\nlaptop' ]; then ok "theirs: what the laptop set besides stays at $who"; else not_ok "theirs: what the laptop set besides stays at $who" "$found"; fi
done
beside=both.conflict-t21-$(id t21 both.txt).txt
must "both, at the laptop" resolve t21 both.txt both
in_sync "both: the trees are equal" t21 qube && holds "both: the server's stays" both.txt server && holds "both: the laptop's is beside it" "$beside" laptop
on t21 sh -c "echo merged by hand >/tmp/merged"
must "a file, at the laptop" resolve t21 merged.txt /tmp/merged
in_sync "a file: the trees are equal" t21 qube && holds "a file: its content is there" merged.txt "merged by hand"
must "theirs for a file of two names, at the laptop" resolve t21 linked.txt theirs
in_sync "theirs for a file of two names: the trees are equal" t21 qube && holds "theirs for a file of two names: both have it" other-name laptop

must "a name that both made: the laptop's takes it, at the laptop" resolve t21 made theirs
in_sync "a name that both made: the trees are equal" t21 qube && holds "a name that both made: the laptop's has it" made laptop
removed=$(ctl t21 conflicts list --json | python3 -c '
import json, sys
print(next(c["path"] for c in json.load(sys.stdin)["conflicts"] if c["path"].startswith("removed") and c["kept"]))')
if [ "$removed" != removed ]; then script t21 <<<"mkdir -p $mount/$(dirname "$removed")"; fi
must "what the server removed comes back, at the laptop ($removed)" resolve t21 "$removed" theirs
in_sync "what the server removed: the trees are equal" t21 qube && holds "what the server removed is there again" removed/deep/file laptop
must "a mode, at the server" resolve qube mode theirs
in_sync "a mode: the trees are equal" t21 qube
if [ "$(on t21 stat -c %a $mount/mode)" = 600 ]; then ok "a mode: the laptop's is there"; else not_ok "a mode: the laptop's is there" "$(on t21 stat -c %a $mount/mode)"; fi

for path in ours.txt theirs.txt both.txt merged.txt linked.txt made; do
	for who in qube t21; do
		if id $who $path >/dev/null 2>&1; then not_ok "$path, resolved on one machine, is no longer listed at $who" "$(ctl $who conflicts list)"; else ok "$path, resolved on one machine, is no longer listed at $who"; fi
	done
done

# What is still listed is where one machine keeps more than the other.
for who in qube t21; do
	for left in $(ctl $who conflicts list --json | python3 -c 'import json, sys; print(*(c["id"] for c in json.load(sys.stdin)["conflicts"]))'); do
		ctl $who conflicts resolve "$left" --keep ours >/dev/null || not_ok "$left at $who goes"
	done
	if [ "$(figure $who conflicts)" = 0 ]; then ok "no conflict is left at $who"; else not_ok "no conflict is left at $who" "$(ctl $who conflicts list)"; fi
done
in_sync "in the end the trees are equal" t21 qube

for who in qube t21; do kill_daemon $who; done
must "both daemons start again" daemon qube
must "both daemons start again, the laptop's too" daemon t21
in_sync "after a restart the trees are equal" t21 qube
if [ "$(figure qube conflicts):$(figure t21 conflicts)" = 0:0 ]; then ok "what is resolved stays so"; else not_ok "what is resolved stays so"; fi
# Of names, removals and attributes nothing is kept, and still both must have the same.
script qube <<-SH
	mkdir -p $mount/n/emptied $mount/n/moved $mount/n/tree/deep
	for name in renamed over target written removed linked exchanged; do echo base >$mount/n/\$name; done
	echo base >$mount/n/tree/deep/file
SH
in_sync "something to quarrel about" t21 qube
"$lab" unplug t21
script t21 <<-SH
	cd $mount/n
	mv renamed name-of-the-laptop
	mv over target
	mv written taken
	rm removed
	rmdir emptied
	rm -r tree
	ln linked second
	mv moved tree-of-the-laptop
	mkdir both
	echo laptop >both/laptop
	chmod 700 both
	python3 -c 'import ctypes; assert not ctypes.CDLL(None).renameat2(-100, b"exchanged", -100, b"target", 2)'
SH
script qube <<-SH
	cd $mount/n
	mv renamed name-of-the-server
	echo server >target
	echo server >written
	echo server >taken
	echo server >>removed
	echo server >emptied/inside
	echo server >tree/deep/new
	echo server >second
	mv moved tree-of-the-server
	mkdir both
	echo server >both/server
	mv linked removed-by-nobody
SH
"$lab" plug t21
in_sync "renames, removals, links and directories of both sides come to the same" t21 qube
for path in name-of-the-server taken removed emptied/inside tree/deep/new tree/deep second both/server tree-of-the-server; do
	if on t21 test -e $mount/n/$path; then ok "the server's $path is there"; else not_ok "the server's $path is there" "$(on t21 find $mount/n)"; fi
done

if quiet_kernels; then ok "no complaint of a kernel"; else not_ok "no complaint of a kernel"; fi

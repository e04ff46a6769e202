#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where the journal isn't exact (ext2 below), what a power cut left without a record is found when lento starts, and told;
# so is, when it is asked for, what somebody changed below while the fileset wasn't mounted. The other side has the same then.
#   LAB_KERNEL=6.1 SEED=1 tests/lab/pair/scan.sh
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1} seed=${SEED:-1}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-scan.XXXXXX")
export LAB_DIR
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"
work=/intermezzo/tests/lab/work

manifest() { on "$1" /intermezzo/scripts/tree-manifest "$2"; }
# What the last scan on qube told of: names and directories.
told() { on qube sh -c "sed -n 's/.*objects looked at, \([0-9]*\) names told, \([0-9]*\) directories listed.*/\1 \2/p' $state | tail -n 1"; }
# Write-back at once, in small portions: a cut finds much of it half done.
hurry() { script "$1" <<<'echo 30 >/proc/sys/vm/dirty_writeback_centisecs; echo 30 >/proc/sys/vm/dirty_expire_centisecs'; }
busy() { # busy WHO DIR SEED OPERATIONS: works in the background; returns when it has begun
	on "$1" sh -c "nohup $work/random_work.py $mount/$2 $3 $4 >/lab/work.log 2>&1 & while [ ! -e $mount/$2 ]; do :; done"
}
again() { # the power of qube is cut; it comes up as an administrator would bring it up
	"$lab" cut qube
	need "qube boots again" boot qube ext2
}

boot qube ext2 & first=$!
need "the laptop boots" boot t21 ext3
need "the server boots, ext2 below" wait "$first"
need "keys, peers, fileset" pair
need "the server's daemon starts" daemon qube
need "the laptop's daemon starts" daemon t21
need "work on the server" on qube $work/random_work.py $mount/base "$seed" 400
script qube <<-SH
	cd $mount
	mkdir -p keep/{old,gone/deep,from,to} && for i in \$(seq 60); do echo \$i >keep/old/\$i; echo \$i >keep/from/\$i; echo \$i >keep/gone/deep/\$i; done
	ln keep/old/1 keep/old/linked
SH
in_sync "in sync before the cuts" || exit 1

# --- without a peer, so that nothing is synced for long ---
kill_daemon t21
hurry qube
busy qube offline $((seed + 1)) 100000
script qube <<-SH
	cd $mount/keep
	for i in \$(seq 1 20); do mv from/\$i to/\$i; chmod 600 old/\$i; ln old/\$i to/l\$i; done
	for i in \$(seq 21 40); do rm from/\$i; echo changed >old/\$i; setfattr -n user.colour -v \$i old/\$((i + 20)); done
	rm -r gone
	mkdir to/new && echo new >to/new/file
	sleep 3	# write-back is a matter of time
SH
again
need "its daemon starts" daemon qube
need "the laptop's daemon starts again" daemon t21
in_sync "what a cut on ext2 left without a record is at the other side"
read -r names lists < <(told)
if [ "${names:-0}" -gt 0 ] && [ "${lists:-0}" -gt 0 ]; then ok "a scan told it ($names names, $lists directories)"; else not_ok "a scan told it" "$(told)"; fi

# --- while it receives: what it lost of the laptop's work comes again ---
hurry qube
busy t21 received $((seed + 2)) 1500
script qube <<<"while [ ! -e $mount/received ]; do :; done; sleep 4"
again
on t21 sh -c 'while pidof -x random_work.py >/dev/null; do :; done; cat /lab/work.log'
manifest t21 $mount/received >"$LAB_DIR/before"
need "its daemon starts" daemon qube
in_sync "what a cut on ext2 took from a peer's work comes again"
manifest t21 $mount/received >"$LAB_DIR/after"
same="nothing of it is lost where it was made"
if cmp -s "$LAB_DIR/before" "$LAB_DIR/after"; then ok "$same"; else not_ok "$same" "what differs"$'\n'"$(diff "$LAB_DIR/before" "$LAB_DIR/after" | head -n 20)"; fi

# --- below, while it isn't mounted ---
ctl qube sync --wait >/dev/null
kill_daemon qube
script qube <<-SH
	umount $mount
	mount -t ext2 /dev/vda $mount
	cd $mount/keep
	echo below >below
	echo rewritten >old/50
	chmod 640 old/51
	setfattr -n user.by -v below old/52
	rm old/53
	mv old/54 to/54
	mkdir -p made/dir && ln old/55 made/dir/link
	rm -r from
	cd /
	umount $mount
	mount -t intermezzo -o fileset=home,cache_type=ext2,prestodev=/dev/intermezzo0 /dev/vda $mount
SH
need "its daemon starts" daemon qube
noticed="that somebody else has mounted it is noticed, and said what to do"
if ctl qube status | grep -q 'intermezzo-ctl verify home'; then ok "$noticed"; else not_ok "$noticed" "$(ctl qube status)"; fi
found=$(ctl qube verify home --json) && ok "verify: $found" || not_ok "verify" "$found"
in_sync "what was changed below is at the other side"
if ctl qube status | grep -q verify; then not_ok "then all is well again" "$(ctl qube status)"; else ok "then all is well again"; fi
[ "$(on t21 cat $mount/keep/below $mount/keep/old/50)" = $'below\nrewritten' ] && ok "as it was written" || not_ok "as it was written"

if quiet_kernels; then ok "no complaint of a kernel"; else not_ok "no complaint of a kernel"; fi

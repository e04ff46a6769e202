#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Three machines in a row: t21 is a client of qube, and the server of x40.
#   LAB_KERNEL=6.12 WORK=400 tests/lab/pair/chain.sh
# WORK: how many operations of random work at a time.
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.12} many=${WORK:-400}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-chain.XXXXXX")
export LAB_DIR
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"
work=/intermezzo/tests/lab/work

# random NAME SEED: work on all three at the same time, each in a directory of its own and in one of all
random() {
	local who number=0 status=0 pids=()
	for who in qube t21 x40; do
		number=$((number + 1))
		on "$who" sh -c "$work/random_work.py $mount/$1-$who $2$number $many" & pids+=($!)
	done
	for who in "${pids[@]}"; do wait "$who" || status=1; done
	return "$status"
}
# together NAME: what is done anywhere goes all the way, twice: what the middle gets while it waits for one end goes to the other
together() { sync_wait x40 && sync_wait t21 && sync_wait qube && in_sync "$1" x40 t21; }

must "two machines boot, load the module and mount" boot_both
must "a third one does" boot x40
machines="qube t21 x40"
must "keys, peers, fileset" pair
ctl x40 init --name x40 >/dev/null || exit 1
need "x40 is a peer of t21" ctl t21 peer add x40 --pin "$(ctl x40 init --show-pin)"
need "t21 is a peer of x40" ctl x40 peer add t21 --pin "$(ctl t21 init --show-pin)" --address t21:2411
script t21 <<<"mkdir $mount/of-t21 && echo 1 >$mount/of-t21/1"
script x40 <<<"mkdir $mount/of-x40 && echo 1 >$mount/of-x40/1"
must "the server's daemon starts" daemon qube
must "the daemon in the middle starts" daemon t21
need "t21 joins" sync_wait t21

must "t21 serves x40" ctl t21 fileset allow home --client x40
must "x40 joins there" ctl x40 fileset join home --server t21 --mount $mount --device /dev/intermezzo0
must "its daemon starts" daemon x40
name="what a client's client makes is refused where nobody allowed that"
if on t21 timeout 60 sh -c "until grep -q 'a client sends its own updates only' $state; do sleep 0.2; done"; then ok "$name"; else not_ok "$name" "$(ctl t21 status)"; fi
must "qube lets t21 pass on what others do" ctl qube fileset allow home --relay t21
together "a tree of its own at each, and all have everything" || exit 1

script x40 <<<"echo far >$mount/from-x40; mkdir -p $mount/d/e; ln $mount/from-x40 $mount/d/e/link; ln -s e $mount/d/s"
script qube <<<"echo near >$mount/from-qube"
together "from one end to the other"
must "everything exotic is made at one end" on x40 $work/exotic.py $mount/exotic
together "... and arrives exactly at the other"
must "random work on all three" random work 7
together "random work on all three at the same time"

"$lab" unplug t21
must "random work while the middle is away" random away 8
for who in qube t21 x40; do script $who <<<"echo $who >$mount/from-x40; echo $who >$mount/by-$who"; done
"$lab" plug t21
together "work on all three, each alone"
one="of a file changed on all three the server's version stays everywhere, the others are kept"
if [ "$(for who in qube t21 x40; do on $who cat $mount/from-x40; done)" = $'qube\nqube\nqube' ] && [ "$(kept t21 from-x40)" -ge 2 ] && [ "$(kept qube from-x40)" -ge 1 ]; then
	ok "$one"
else
	not_ok "$one" "$(for who in qube t21 x40; do on $who cat $mount/from-x40; ctl $who conflicts list; done)"
fi

kill_daemon t21
must "random work while no daemon is in the middle" random killed 9
must "it starts again" daemon t21
together "a killed daemon in the middle"
"$lab" cut t21
must "random work while the middle has no power" on x40 $work/random_work.py $mount/cut-x40 91 "$many"
must "it boots" boot t21
must "its daemon starts again" daemon t21
together "a power cut in the middle"

if quiet_kernels; then ok "no complaint of a kernel"; else not_ok "no complaint of a kernel"; fi

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lento killed again and again, at random moments, on either side, while both
# sides work: the trees are equal at the end, and no update was applied twice.
#   LAB_KERNEL=6.1 KILLS=20 SEED=1 tests/lab/pair/kills.sh
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1} kills=${KILLS:-20}
RANDOM=${SEED:-1}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-kills.XXXXXX")
export LAB_DIR
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"
work=/intermezzo/tests/lab/work

# Returns when the laptop's log says, beyond so many lines, that a session runs: updates are on their way then.
connected() {
	script t21 <<-SH
		rm -f /run/lines
		mkfifo /run/lines
		timeout 120 tail -n +$(($1 + 1)) -F $state >/run/lines 2>/dev/null &
		grep -q -m 1 'connected to' /run/lines
		kill \$! 2>/dev/null || :
	SH
}

need "two machines boot" boot_both
need "two machines with a fileset" pair
need "both daemons start" daemon qube
need "both daemons start" daemon t21
need "the replica joins" sync_wait t21

lines=0
for ((round = 1; round <= kills; round++)); do
	for who in qube t21; do
		on "$who" $work/random_work.py "$mount/$who-$round" "$round" 120 >"$LAB_DIR/work-$who.log" 2>&1 &
	done
	victim=$([ $((RANDOM % 2)) = 0 ] && echo qube || echo t21)
	need "the two are connected" connected $lines
	# the moment is random: that is the test
	sleep "$((RANDOM % 3)).$((RANDOM % 1000))"
	need "$victim is killed" kill_daemon "$victim"
	lines=$(on t21 sh -c "wc -l <$state")
	need "$victim starts again" daemon "$victim"
	wait
done
if sync_wait t21 600; then ok "in sync after $kills kills on either side"; else not_ok "in sync after $kills kills on either side" "not after 600 s"; fi
if differences=$(equal_trees); then ok "the trees are equal after $kills kills"; else not_ok "the trees are equal after $kills kills"; echo "$differences"; fi

# Each replica's log names each update of the other once as applied (its last operation isn't partial).
for who in qube t21; do
	twice=$(ctl "$who" journal show home --json | python3 -c '
import collections, json, sys
applied = collections.Counter()
for line in sys.stdin:
    record = json.loads(line)
    flags = record.get("flags", [])
    if "applied" in flags and "partial" not in flags and record["op"] not in ("dirty", "mark"):
        applied[(record["replica"], record["source"])] += 1
if not applied:
    sys.exit("no update of the other side is in the log")
print(" ".join(f"{replica}@{source}:{n}" for (replica, source), n in applied.items() if n > 1))') || twice="the log can't be read"
	if [ -z "$twice" ]; then ok "$who applied no update twice"; else not_ok "$who applied no update twice" "$twice"; fi
done
if quiet_kernels; then ok "no complaint of a kernel"; else not_ok "no complaint of a kernel"; fi

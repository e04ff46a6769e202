#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two machines with module and daemon, and write permits, both work on a build, a
# git repository and a sqlite database: by turns, and both at once with the lock
# files by which programs on one machine know each other. Neither may find what
# one machine would not have left.
#   ROUNDS=3 LAB_KERNEL=6.12 tests/lab/pair/turns.sh
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1}
rounds=${ROUNDS:-3}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-turns.XXXXXX")
export LAB_DIR
CREATE=--permits JOIN="--offline readonly"
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"
work=/intermezzo/tests/lab/work/turns.py
dir=$mount/work

# both HOW [ROUNDS]: each does its rounds; how they end is known when both have ended
both() {
	local first status=0 units=${2:-$rounds}
	on qube $work "$1" $dir qube t21 "$units" >"$LAB_DIR/qube.out" 2>&1 & first=$!
	on t21 $work "$1" $dir t21 qube "$units" || status=1
	wait "$first" || { cat "$LAB_DIR/qube.out"; status=1; }
	return $status
}

# all TEST HOW...: each has all that was done so, and nothing else
all() {
	local test=$1 who
	shift
	for who in qube t21; do must "$test: $who has it all" on $who $work check $dir qube t21 "$rounds" "$@"; done
}

must "two machines boot, load the module and mount" boot_both
need "keys, peers, fileset" pair
need "the server's daemon" daemon qube
need "the laptop's daemon" daemon t21
in_sync "the laptop joins" || exit 1
must "a project, a repository, a database" on qube sh -c "mkdir $dir && $work make $dir qube"
in_sync "both have them" qube t21

must "each builds, counts and commits when it is its turn" both turns
in_sync "by turns: they are equal" t21 qube
all "by turns" turns
must "each does so whenever it gets the lock" both locks
in_sync "both at once: they are equal" t21 qube
all "both at once" turns locks
must "each does so in a database and a log that both keep open" both held $((10 * rounds))
in_sync "both keep them open: they are equal" t21 qube
for who in qube t21; do
	must "both keep them open: $who has it all" on $who $work check-held $dir qube t21 $((10 * rounds))
done

for who in qube t21; do
	if conflicts=$(ctl $who conflicts list --json) && [[ $conflicts != *'"id"'* ]]; then ok "$who has no conflict"; else not_ok "$who has no conflict" "$conflicts"; fi
done
must "no kernel has a complaint" quiet_kernels

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# What a test on two machines says, and how it ends. Sourced behind scripts/pair.sh; $kernel is set.
failures=0
# What failed, whole: the last that is said, because a long log is shown from its end.
details=

ok() { echo "ok - $1 ($kernel)"; }
not_ok() { # not_ok NAME [WHY, in any number of lines]
	local why=${2:-}
	echo "not ok - $1 ($kernel): ${why%%$'\n'*}"
	details+="$1: $why"$'\n'
	failures=$((failures + 1))
}
finish() {
	local status=$?
	if [ "$failures" != 0 ] || [ "$status" != 0 ]; then
		pair_logs
		printf -- '--- what failed\n%s' "$details"
	fi
	"$lab" clean >/dev/null 2>&1
	rm -rf "$LAB_DIR"
	[ "$failures" = 0 ] || exit 1
}
trap finish EXIT

need() { # need NAME COMMAND...: without this, nothing that follows means anything
	local name=$1
	shift
	"$@" || { not_ok "$name" "exit code $?"; exit 1; }
}
must() { need "$@" && ok "$1"; } # the same, and a test of its own

in_sync() { # in_sync NAME [WHO...]: both come together, and the trees are equal
	local name=$1 who differences
	shift
	for who in "${@:-t21}"; do
		if ! sync_wait "$who" 600; then
			not_ok "$name" "not in sync after 600 s: $(ctl qube status; ctl t21 status)"
			return 1
		fi
	done
	if differences=$(equal_trees); then ok "$name"; else not_ok "$name" "the trees differ"$'\n'"$differences"; return 1; fi
}

# kept NAME PATH: how many conflicts about it have something in the conflict store there
kept() {
	ctl "$1" conflicts list --json | python3 -c '
import json, sys
print(sum(sys.argv[1] in c["path"] and bool(c["kept"]) for c in json.load(sys.stdin)["conflicts"]))' "$2"
}

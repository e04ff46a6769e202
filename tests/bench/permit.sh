#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long does a program wait until its machine has the write permit, and how
# long does a machine take to come back after K changes made offline? On two
# machines, in a tree of SIZE files. What a change costs is the slope between the
# two K: what happens once, whatever K is, isn't in it.
#   ROUNDS=5 CHANGES="100 1000" tests/bench/permit.sh KERNEL SIZE
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
kernel=$1 size=$2 rounds=${ROUNDS:-5}
read -r few many <<<"${CHANGES:-100 1000}"
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/permit.XXXXXX")
export LAB_DIR
CREATE=--permits
# twice the tree, which a join receives beside, and the log; of the image only what is used is there
HOME_SIZE=$((1500 + size / 50))M
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
trap '"$lab" clean >/dev/null 2>&1; rm -rf "$LAB_DIR"' EXIT
declare -A to from

# Both have the tree when they meet: made here, not where every system call is emulated.
make_disks() {
	local disks=$LAB_DIR/disks
	mkdir "$disks"
	/usr/bin/python3 -I - "$LAB_DIR/tree" "$size" <<-'END'
		import os, sys
		for d in range(int(sys.argv[2]) // 1000):
		    os.makedirs(f"{sys.argv[1]}/d{d}")
		    for f in range(1000):
		        with open(f"{sys.argv[1]}/d{d}/f{f}", "x") as file:
		            print(f, file=file)
	END
	/sbin/mke2fs -q -t ext3 -N $((size * 9 / 4 + 20000)) -d "$LAB_DIR/tree" "$disks/qube-home.img" "$HOME_SIZE" >/dev/null
	cp --sparse=always "$disks/qube-home.img" "$disks/t21-home.img"
	rm -r "$LAB_DIR/tree"
}

# A program in the guest does what it is told, line by line: what is measured begins at once, and ends there.
start_program() {
	local in out
	mkfifo "$LAB_DIR/to.$1" "$LAB_DIR/from.$1"
	"$lab" run --timeout 0 "$1" -- /intermezzo/tests/bench/permit.py $mount "$size" <"$LAB_DIR/to.$1" >"$LAB_DIR/from.$1" &
	exec {in}>"$LAB_DIR/to.$1" {out}<"$LAB_DIR/from.$1"
	to[$1]=$in from[$1]=$out
}
tell() { echo "${*:2}" >&"${to[$1]}"; }
hear() { read -r answer <&"${from[$1]}"; }
ask() { tell "$@" && hear "$1"; }

# settled WHO...: in sync. A command in a guest is ended after ten minutes, a large tree may take longer.
settled() {
	local who attempt
	for who; do
		for attempt in {1..12}; do sync_wait "$who" 500 && continue 2; done
		echo "permit: $who isn't in sync after $attempt attempts" >&2
		return 1
	done
}

# has WHO: for longer than it may keep it from others
has() {
	ask "$1" open
	until ctl qube permit show home --json | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["heldMs"] < 400)'; do :; done
}

# handover FROM TO K: of K changes FROM's daemon has had no time to send one
handover() {
	settled t21 qube
	has "$1"
	if [ "$3" = 0 ]; then
		ask "$2" open
	else
		ask "$1" pause
		ask "$1" change "$3"
		tell "$1" go
		tell "$2" open
		hear "$1"
		hear "$2"
	fi
}

# back K: from the cable to in sync
back() {
	local start
	settled t21 qube
	"$lab" unplug t21
	while ctl t21 status --json | grep -q '"connected": *true'; do :; done
	ask t21 change "$1"
	start=$(date +%s%N)
	"$lab" plug t21
	settled t21
	answer=$(elapsed_ms "$start")
}

median() { sort -n "$LAB_DIR/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# rows TITLE NAME K...: each K's median, in which ratio it is to the first, and all rounds; what one more change costs
rows() {
	local title=$1 name=$2 k first
	shift 2
	first=$(median "$name.$1")
	for k; do
		awk -v title="$title $k" -v ms="$(median "$name.$k")" -v first="$first" -v all="$(paste -sd ' ' "$LAB_DIR/$name.$k")" \
			'BEGIN { printf "%-46s %9.1f %7.2f   %s\n", title, ms, ms / first, all }'
	done
	awk -v few="$(median "$name.$few")" -v many="$(median "$name.$many")" -v n=$((many - few)) \
		'BEGIN { printf "%-46s %9.2f\n", "  each change more", (many - few) / n }'
}

make_disks
boot_both ext3
pair
daemon qube >/dev/null
start=$(date +%s%N)
daemon t21 >/dev/null
settled t21 qube
joined=$(elapsed_ms "$start")
start_program qube
start_program t21
for ((round = 0; round < rounds; round++)); do
	for k in 0 "$few" "$many"; do
		handover qube t21 "$k"
		echo "$answer" >>"$LAB_DIR/laptop.$k"
		handover t21 qube "$k"
		echo "$answer" >>"$LAB_DIR/server.$k"
	done
	for k in "$few" "$many"; do
		back "$k"
		echo "$answer" >>"$LAB_DIR/back.$k"
	done
done
settled t21 qube
for who in qube t21; do
	in=${to[$who]}
	exec {in}>&-
done
wait

printf 'A tree of %d files (joined in %d s), medians of %d rounds (load %s)\n' "$size" $((joined / 1000)) "$rounds" "$(cut -d ' ' -f 1 /proc/loadavg)"
printf '%-46s %9s %7s   %s\n' "" ms ratio rounds
rows "open at the laptop, unsent at the server:" laptop 0 "$few" "$many"
rows "open at the server, unsent at the laptop:" server 0 "$few" "$many"
rows "back after changes offline:" back "$few" "$many"

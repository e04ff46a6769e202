# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the native measurements: qube, a server, and t21, a client, two
# daemons on this machine that share the fileset "home" over the loopback.
# Wants $top (the checkout). All that it makes is below $work, on the file
# system of BENCH_DIR, and goes at the end.

ctl_program=${INTERMEZZO_CTL:-$top/build/intermezzo-ctl/intermezzo-ctl}
bench_dir=${BENCH_DIR:-/var/tmp}
work=$(mktemp -d "$bench_dir/intermezzo-bench.XXXXXX")
daemons=()
trap 'stop_all; rm -rf "$work"' EXIT

for program in socat rsync python3; do
	command -v $program >/dev/null || { echo "bench: $program is missing: apt-get install $program" >&2; exit 1; }
done

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
ctl() { local who=$1; shift; "$ctl_program" "$@" --config "$work/$who/lento.toml"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
seconds() { awk "BEGIN { printf \"%.3f\n\", $EPOCHREALTIME - $1 }"; }
load() { cut -d ' ' -f 1 /proc/loadavg; }

# What was said to be done is on the disk.
durable() { sync -f "$work"; }

# node NAME: a machine of its own
node() {
	mkdir -p "$work/$1"
	printf '[node]\nname = "%s"\nstate = "%s"\nlisten = "127.0.0.1:%d"\nsocket = "%s"\n' \
		"$1" "$work/$1/state" "$(free_port)" "$work/$1/lento.sock" >"$work/$1/lento.toml"
	ctl "$1" init >/dev/null
}

# serve SOURCE [LOG]: qube offers the tree to t21
serve() {
	node qube
	node t21
	ctl qube peer add t21 --pin "$(ctl t21 init --show-pin)" >/dev/null
	ctl qube fileset create home --mount "$1" ${2:+--log "$2"} --readonly-client t21 >/dev/null
}

# join MOUNT: t21 takes part, as if it had never done so
join() {
	rm -rf "$work/t21" "$1"
	node t21
	mkdir "$1"
	ctl t21 peer add qube --pin "$(ctl qube init --show-pin)" --address "$(sed -n 's/^listen = "\(.*\)"/\1/p' "$work/qube/lento.toml")" >/dev/null
	ctl t21 fileset join home --server qube --mount "$1" >/dev/null
	ctl qube peer add t21 --pin "$(ctl t21 init --show-pin)" >/dev/null
}

# start NAME: returns when it is ready
start() {
	daemons+=("$("$top/scripts/start-lento" "$work/$1/log" --config "$work/$1/lento.toml")")
	echo "${daemons[-1]}" >"$work/$1/pid"
}

pid() { cat "$work/$1/pid"; }

# stop NAME: returns when it has ended
stop() { end "$(pid "$1")"; }

# A process that has ended may stay a zombie for a while: its parent isn't here.
end() {
	python3 -c '
import os, select, signal, sys
try:
    process = os.pidfd_open(int(sys.argv[1]))
    signal.pidfd_send_signal(process, signal.SIGTERM)
    select.select([process], [], [])
except ProcessLookupError:
    pass' "$1"
}

stop_all() {
	local pid
	for pid in "${daemons[@]}"; do end "$pid"; done
	daemons=()
}

# logged NAME TEXT: returns when the daemon has said it
logged() { grep -q -m 1 -- "$2" < <(tail -n +1 --pid="$(pid "$1")" -f "$work/$1/log") || { cat "$work/$1/log" >&2; return 1; }; }

# figure NAME KEY: one number of the status of the fileset
figure() { ctl "$1" status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["filesets"][0].get(sys.argv[1], 0))' "$2"; }

# rsync_daemon SOURCE: offers the tree as rsync://127.0.0.1:$rsync_port/home
rsync_daemon() {
	rsync_port=$(free_port)
	printf 'port = %d\naddress = 127.0.0.1\nlog file = %s\n[home]\npath = %s\nread only = yes\nuse chroot = yes\nuid = root\ngid = root\n' \
		"$rsync_port" "$work/rsync.log" "$1" >"$work/rsyncd.conf"
	rsync --daemon --no-detach --config "$work/rsyncd.conf" &
	daemons+=($!)
	until rsync "rsync://127.0.0.1:$rsync_port/" >/dev/null 2>&1; do kill -0 "${daemons[-1]}" || return; done
}

rsync_from_daemon() { rsync -a "$@" "rsync://127.0.0.1:$rsync_port/home/" "$rsync_copy/"; }

equal() { # equal TREE COPY: what was measured did the work
	"$top/scripts/tree-manifest" "$1" >"$work/expected"
	"$top/scripts/tree-manifest" "$2" >"$work/found"
	cmp -s "$work/expected" "$work/found" || { echo "bench: $2 is not what $1 is:" >&2; diff "$work/expected" "$work/found" | head -n 20 >&2; return 1; }
}

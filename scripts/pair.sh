# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the demo and the lab's tests: qube, the file server, and t21, the
# laptop, two machines of the lab that share the fileset "home" on $mount.
# Wants $top (the checkout), $kernel and LAB_DIR; every function returns
# non-zero on failure.

lab=$top/scripts/lab
mount=/home
machines="qube t21"
state=/lab/lento.log

on() { local who=$1; shift; "$lab" run -n "$who" -- "$@"; }
script() { "$lab" run "$1" -- bash -euo pipefail -s; }
ctl() { local who=$1; shift; on "$who" /intermezzo/build/intermezzo-ctl/intermezzo-ctl "$@"; }
elapsed_ms() { echo $((($(date +%s%N) - $1) / 1000000)); }

# boot NAME [LOWER]: the machine, the module, the file system (made at the first boot) mounted through presto
boot() {
	local who=$1 lower=${2:-ext3} timeout=120
	# emulated, it takes several times as long
	[ "$kernel" != debug ] || timeout=900
	"$lab" start "$who" --kernel "$kernel" --timeout "$timeout" --mem "${GUEST_MEM:-1024}" --state --disk "$who-home.img:${HOME_SIZE:-1500M}" || return
	script "$who" <<-SH
		/intermezzo/scripts/load-module /intermezzo/build/kernel-$kernel/intermezzo.ko
		blkid /dev/vda >/dev/null || mkfs.$lower -q /dev/vda
		mkdir -p $mount
		# without a journal below, a power cut leaves what somebody has to repair first
		[ $lower != ext2 ] || e2fsck -p /dev/vda >/lab/fsck.log || e2fsck -fy /dev/vda >>/lab/fsck.log || e2fsck -fy /dev/vda >>/lab/fsck.log || [ \$? -lt 4 ]
		mount -t intermezzo -o fileset=home,cache_type=$lower,prestodev=/dev/intermezzo0 /dev/vda $mount
	SH
}

boot_both() {
	local first status=0
	boot qube "$@" & first=$!
	boot t21 "$@" || status=1
	wait "$first" && return "$status"
}

# Keys, peers and the fileset (with the options in CREATE and JOIN); the daemons aren't running yet.
pair() {
	local who pin_qube pin_t21
	for who in qube t21; do ctl "$who" init --name "$who" >/dev/null || return; done
	pin_qube=$(ctl qube init --show-pin) && pin_t21=$(ctl t21 init --show-pin) || return
	ctl qube peer add t21 --pin "$pin_t21" >/dev/null &&
	ctl t21 peer add qube --pin "$pin_qube" --address qube:2411 >/dev/null &&
	ctl qube fileset create home --mount $mount --device /dev/intermezzo0 --client t21 ${CREATE:-} >/dev/null &&
	ctl t21 fileset join home --server qube --mount $mount --device /dev/intermezzo0 ${JOIN:-} >/dev/null
}

daemon() { on "$1" /intermezzo/scripts/start-lento $state; }
kill_daemon() { on "$1" sh -c 'kill -9 $(pidof lento) && while pidof lento >/dev/null; do :; done'; }

# sync_wait NAME [SECONDS]: returns when that machine and all it can reach are in sync
sync_wait() { ctl "$1" sync --wait --timeout "${2:-900}" >/dev/null; }

# figure NAME KEY: one number of the status of the fileset
figure() {
	ctl "$1" status --json | python3 -c '
import json, sys
print(json.load(sys.stdin)["filesets"][0].get(sys.argv[1], 0))' "$2"
}

# Compares the trees of all machines, byte for byte and attribute for attribute; prints the number of entries, or the differences and fails.
equal_trees() {
	local who readers=() reader
	for who in $machines; do
		on "$who" /intermezzo/scripts/tree-manifest $mount >"$LAB_DIR/manifest.$who" & readers+=($!)
	done
	for reader in "${readers[@]}"; do wait "$reader" || return; done
	for who in $machines; do
		if ! cmp -s "$LAB_DIR/manifest.qube" "$LAB_DIR/manifest.$who"; then
			diff "$LAB_DIR/manifest.qube" "$LAB_DIR/manifest.$who" | head -n "${DIFF_LINES:-40}"
			return 1
		fi
	done
	wc -l <"$LAB_DIR/manifest.qube"
}

# What the machines have to say when something went wrong.
pair_logs() {
	local who
	for who in $machines; do
		echo "--- $who: kernel and daemon"
		on "$who" sh -c "dmesg | tail -n 30; tail -n 60 $state" 2>/dev/null || "$lab" logs "$who" 2>/dev/null | tail -n 80
	done
}

# The kernels' own complaints, if there are any: prints them and fails.
quiet_kernels() {
	local who found status=0
	for who in $machines; do
		found=$(on "$who" dmesg | grep -E 'BUG|WARNING:|Oops|general protection|INFO: (task|possible)|Call Trace|UBSAN|KASAN')
		[ -z "$found" ] || { echo "$who: $found"; status=1; }
	done
	return "$status"
}

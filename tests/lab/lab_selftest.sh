#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab does what tests rely on: two guests on two kernels, one link, disks that keep what was synced, commands passed through.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
lab=$top/scripts/lab
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-selftest.XXXXXX")
export LAB_DIR
trap '"$lab" clean >/dev/null 2>&1; rm -rf "$LAB_DIR"' EXIT
failed=0

check() { # check NAME COMMAND...
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "ok - $name"
	else
		echo "not ok - $name: exit code $?: $(head -c 2000 <<<"$output")"
		failed=1
	fi
}

in_guest() { "$lab" run -n --timeout 60 "$@"; }

boot() {
	mkdir "$LAB_DIR/built" && echo 1 >"$LAB_DIR/built/program" || return 1
	"$lab" start qube --kernel 6.12 --disk data.img:64M & local qube=$!
	"$lab" start t21 --kernel 6.1 --disk laptop.img:64M --state --share "$LAB_DIR/built:/built" &&
		[ "$(in_guest t21 cat /built/program)" = 1 ] && wait "$qube"
}

runs_kernel() { [[ $(in_guest "$1" uname -r) == "$2".* ]]; }

exit_codes_pass() {
	local code
	for code in 0 1 42 127; do
		in_guest t21 sh -c "exit $code"
		[ $? = $code ] || return 1
	done
	in_guest t21 sh -c 'kill -9 $$'
	[ $? = 137 ] || return 1
	in_guest t21 /no/such/program
	[ $? = 127 ]
}

streams_stay_apart() {
	local out err
	out=$(in_guest t21 sh -c 'echo out; echo err >&2' 2>"$LAB_DIR/err") && err=$(<"$LAB_DIR/err")
	[ "$out" = out ] && [ "$err" = err ]
}

binary_passes() {
	head -c 4000001 /dev/urandom >"$LAB_DIR/random" && "$lab" run t21 -- cat <"$LAB_DIR/random" | cmp - "$LAB_DIR/random"
}

arguments_pass() { [ "$(in_guest --env 'A=b  c' t21 -- sh -c 'printf "%s|" "$A" "$@"' x 'a b' '' '$x*' $'\n')" = $'b  c|a b||$x*|\n|' ]; }

many_at_a_time() {
	local pids=() n
	for n in {1..8}; do
		[ "$(in_guest t21 sh -c "read -r _ </proc/uptime; echo $n")" = "$n" ] &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n" || return 1; done
}

a_killed_caller_kills_the_command() {
	local fifo=$LAB_DIR/started pid
	mkfifo "$fifo"
	"$lab" run -n t21 sh -c 'echo $$; exec sleep 1000' >"$fifo" & pid=$!
	local in_t21
	read -r in_t21 <"$fifo" && kill -9 $pid
	in_guest t21 timeout 30 tail --pid="$in_t21" -f /dev/null
}

time_is_bounded() {
	local code output
	output=$("$lab" run -n --timeout 1 t21 sleep 1000 2>&1)
	code=$?
	[ $code = 125 ] && [[ $output == *"not done after 1 s"* ]]
}

a_shell_is_a_terminal() {
	[[ $(printf 'stty size; tty; exit 3\r' | timeout 60 script -qec "stty rows 33 cols 77; '$lab' shell t21" /dev/null; echo "code ${PIPESTATUS[1]}") == *'33 77'*/dev/pts/*'code 3'* ]]
}

guests_hear_each_other() { in_guest t21 ping -c 2 -W 5 qube && in_guest qube ping -c 2 -W 5 t21; }

big_frames_cross_the_link() { in_guest t21 ping -c 2 -W 5 -s 20000 qube; }

# The guest waits for netlink's word of it, as lento does. `ip monitor` runs first, so that no event is missed.
carrier_event() { # carrier_event unplug|plug PATTERN
	local monitor=$LAB_DIR/monitor line
	rm -f "$monitor" && mkfifo "$monitor" || return 1
	"$lab" run -n --timeout 60 t21 -- timeout 30 sh -c 'stdbuf -oL ip -o monitor link & echo listening; wait' >"$monitor" & local pid=$!
	exec 9<"$monitor"
	while read -r -t 40 line <&9; do
		[ "$line" = listening ] && { in_guest t21 sh -c 'until pgrep -x ip >/dev/null; do :; done'; "$lab" "$1" t21; }
		[[ $line == *eth0*$2* ]] && { exec 9<&-; kill "$pid"; wait "$pid" 2>/dev/null; return 0; }
	done
	exec 9<&-
	return 1
}

unplugged_is_cut_off() { [ "$(in_guest t21 cat /sys/class/net/eth0/carrier)" = 0 ] && ! in_guest t21 ping -c 1 -W 2 qube; }

checkout_is_here() { in_guest t21 cmp /intermezzo/scripts/lab "$lab" && ! in_guest t21 touch /intermezzo/x; }

a_rebuilt_file_is_seen() {
	local dir=$LAB_DIR/built
	echo 2 >"$dir/program.new" && mv "$dir/program.new" "$dir/program" && [ "$(in_guest t21 cat /built/program)" = 2 ]
}

private_is_private() {
	echo host >"$LAB_DIR/mine"
	in_guest t21 sh -c "[ ! -e '$LAB_DIR/mine' ] && touch /tmp/a /run/b /etc/c /usr/d" && [ ! -e /etc/c ] && [ ! -e /usr/d ]
}

lab_directory_is_shared() {
	in_guest t21 sh -c 'echo result >/lab/result' && [ "$(<"$("$lab" share t21)/result")" = result ] &&
		echo asked >"$("$lab" share t21)/question" && [ "$(in_guest t21 cat /lab/question)" = asked ]
}

modules_load() { in_guest "$1" sh -c 'modprobe dm_mod && modprobe loop && modprobe ext2'; }

synced_data_survives_a_cut() {
	in_guest t21 sh -c 'mkfs.ext4 -q /dev/lab/laptop && mount /dev/vda /mnt && echo kept >/mnt/synced && sync -f /mnt &&
		echo key >/var/lib/intermezzo/state && sync -f /var/lib/intermezzo' && "$lab" cut t21 &&
		! in_guest t21 true && "$lab" start t21 --disk laptop.img:64M --state && in_guest t21 mount /dev/vda /mnt &&
		[ "$(in_guest t21 cat /mnt/synced /var/lib/intermezzo/state)" = $'kept\nkey' ]
}

clean_stop_unmounts() {
	in_guest t21 sh -c 'echo lazy >/mnt/lazy' && "$lab" stop t21 && "$lab" start t21 --disk laptop.img:64M --state &&
		in_guest t21 mount /dev/vda /mnt && [ "$(in_guest t21 cat /mnt/lazy)" = lazy ] &&
		! in_guest t21 dmesg | grep -E 'vda.*recovery'
}

a_panic_is_reported() {
	local output
	output=$(in_guest t21 sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger' 2>&1) && return 1
	[[ $output == *"went down"*"Kernel panic"* ]] || return 1
	output=$(in_guest t21 true 2>&1) && return 1
	[[ $output == *"not running"* && $("$lab" logs t21) == *"Kernel panic"* ]]
}

mistakes_are_named() {
	local output
	output=$("$lab" start t21 --disk nonsense 2>&1) && return 1
	[[ $output == *IMAGE:SIZE* ]] || return 1
	output=$("$lab" start qube 2>&1) && return 1
	[[ $output == *"running already"* ]]
}

nothing_is_left() {
	local pid pids
	pids=$("$lab" status --json | grep -oE '"pid": [0-9]+' | grep -oE '[0-9]+')
	[ -n "$pids" ] && "$lab" clean || return 1
	for pid in $pids; do
		! grep -qa qemu "/proc/$pid/cmdline" 2>/dev/null || return 1	# empty when it has ended and waits to be reaped
	done
	[ ! -e "$LAB_DIR" ]
}

check "two guests boot at once, on two kernels" boot
check "the first runs 6.1" runs_kernel t21 6.1
check "the second runs 6.12" runs_kernel qube 6.12
check "exit codes pass" exit_codes_pass
check "output and error output stay apart" streams_stay_apart
check "4 MB of binary data pass in and out" binary_passes
check "arguments and variables pass unchanged" arguments_pass
check "eight commands at a time" many_at_a_time
check "a killed caller kills its command" a_killed_caller_kills_the_command
check "a command's time is bounded" time_is_bounded
check "a shell has a terminal of the caller's size" a_shell_is_a_terminal
check "the guests hear each other by name" guests_hear_each_other
check "fragmented datagrams cross the link" big_frames_cross_the_link
check "unplug is a carrier event in the guest" carrier_event unplug NO-CARRIER
check "an unplugged guest is cut off, and still takes commands" unplugged_is_cut_off
check "plug is a carrier event in the guest" carrier_event plug 'state UP'
check "the guests hear each other again" guests_hear_each_other
check "the checkout is there, read-only" checkout_is_here
check "a file rebuilt on the host is seen" a_rebuilt_file_is_seen
check "the guest's writes stay in the guest" private_is_private
check "/lab is shared both ways" lab_directory_is_shared
check "modules load on 6.1" modules_load t21
check "modules load on 6.12" modules_load qube
check "synced data survives a power cut, and the guest boots again" synced_data_survives_a_cut
check "a clean stop unmounts file systems" clean_stop_unmounts
check "a panic ends the guest and is in its log" a_panic_is_reported
check "mistakes are named" mistakes_are_named
check "clean leaves no process and no file" nothing_is_left
exit $failed

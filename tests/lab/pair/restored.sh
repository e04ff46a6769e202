#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk goes back in time, on either of two machines with module and daemon:
# its log and its counts go back with it, others know what it has forgotten,
# and programs work on before anybody notices. Nothing may get lost. Then two
# disks, one a copy of the other, meet the same server.
#   LAB_KERNEL=6.12 tests/lab/pair/restored.sh
set -uo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=${LAB_KERNEL:-6.1}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lab-restored.XXXXXX")
export LAB_DIR HOME_SIZE=${HOME_SIZE:-64M}
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
# shellcheck source=tests/lab/pair/report.sh
. "$top/tests/lab/pair/report.sh"

stop() { script "$1" <<<"kill \$(pidof lento); while pidof lento >/dev/null; do :; done; umount $mount"; }
start() { script "$1" <<<"mount -t intermezzo -o fileset=home,cache_type=ext3,prestodev=/dev/intermezzo0 /dev/vda $mount"; }
save() { stop "$1" && on "$1" dd if=/dev/vda of="/lab/$2.img" bs=1M conv=sparse status=none && start "$1" && daemon "$1"; }

# put NAME IMAGE: the machine has that disk now, and no daemon yet
put() { stop "$1" && on "$1" dd if="/lab/$2.img" of=/dev/vda bs=1M status=none && start "$1"; }

# has TEST PATH TEXT: both have the file, with that content
has() {
	local who
	for who in qube t21; do [ "$(on "$who" cat "$mount/$2")" = "$3" ] || { not_ok "$1" "$who: $(on "$who" cat "$mount/$2" 2>&1)"; return; }; done
	ok "$1"
}
keeps() { # keeps TEST NAME PATH: a version of it is in the conflict store there
	if [ "$(kept "$2" "$3")" != 0 ]; then ok "$1"; else not_ok "$1" "$(ctl "$2" conflicts list)"; fi
}

must "two machines boot, load the module and mount" boot_both
script qube <<-SH
	mkdir $mount/d
	for name in one two three removed; do echo base >$mount/d/\$name; done
SH
need "keys, peers, fileset" pair
need "the server's daemon" daemon qube
need "the laptop's daemon" daemon t21
in_sync "the laptop joins" t21 qube || exit 1

# --- the laptop's disk, restored twice: the log is shorter than what the server has of it, or longer and another ---
must "the laptop's disk is saved" save t21 old
script t21 <<-SH
	echo laptop >$mount/d/made-and-lost
	echo laptop >$mount/d/one
	rm $mount/d/removed
SH
need "more work" script qube <<<"echo server >$mount/d/two"
in_sync "work goes on" t21 qube
for updates in 1 400; do
	must "the laptop's disk is restored, $updates updates follow" put t21 old
	script t21 <<-SH
		echo restored >$mount/d/three
		for i in \$(seq $updates); do echo \$i >$mount/d/new-$updates-\$i; done
	SH
	need "the laptop's daemon" daemon t21
	in_sync "they come together" t21 qube
	has "what the laptop made before, and lost, is there again" d/made-and-lost laptop
	has "what it changed before is there" d/one laptop
	has "what the server changed is there" d/two server
	has "what was made on the restored disk is there" d/new-"$updates-$updates" "$updates"
	must "what was removed before doesn't come back" on qube test ! -e "$mount/d/removed"
	need "work on both sides" script t21 <<<"echo again-$updates >$mount/d/after-$updates"
	in_sync "work goes on on both sides" t21 qube
	has "the laptop's updates are taken after that" d/after-"$updates" "again-$updates"
done
if [ "$(on t21 grep -c 'a disk was restored' "$state")" -ge 2 ]; then ok "it is told"; else not_ok "it is told" "$(on t21 tail "$state")"; fi

# --- the server's disk ---
must "the server's disk is saved" save qube old
in_sync "the server is found again" t21
script t21 <<-SH
	echo laptop >$mount/d/only-the-laptop
	echo laptop-later >$mount/d/one
SH
need "more work" script qube <<<"echo server >$mount/d/the-laptop-got-it"
in_sync "work goes on" t21 qube
must "the server's disk is restored, many updates follow" put qube old
script qube <<-SH
	for i in \$(seq 300); do echo \$i >$mount/d/server-\$i; done
SH
need "the server's daemon" daemon qube
in_sync "they come together" t21 qube
has "what the laptop had sent is there again" d/only-the-laptop laptop
has "what it had got is there again" d/the-laptop-got-it server
has "what was made on the restored disk is there" d/server-300 300
keeps "a newer version of what both have is kept" t21 d/one
need "work on both sides" script t21 <<<"echo more >$mount/d/more"
in_sync "work goes on on both sides" t21 qube
has "the laptop's updates are taken after that" d/more more

# --- a copy of the laptop's disk ---
must "the laptop's disk is copied" save t21 copy
in_sync "the laptop goes on" t21
need "the original works on" script t21 <<<"echo original >$mount/d/original"
in_sync "with the original" t21 qube
need "the original's disk" save t21 original
must "the copy takes its place" put t21 copy
need "the copy works" script t21 <<<"echo copy >$mount/d/copy"
need "the copy's daemon" daemon t21
in_sync "it is taken for a restored disk" t21 qube
has "what the original made is there" d/original original
need "the copy's disk" save t21 copy
need "the original is back" put t21 original
need "the original's daemon" daemon t21
for _ in {1..60}; do ctl t21 status | grep -q "a copy of this machine's disk" && break; done
if ctl t21 status | grep -q "a copy of this machine's disk"; then ok "the original is told that there is a copy"; else not_ok "the original is told that there is a copy" "$(ctl t21 status)"; fi
must "with the copy it goes on" put t21 copy
need "the copy's daemon" daemon t21
in_sync "and is in sync" t21 qube
must "no kernel has a complaint" quiet_kernels

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DESCRIPTION: quotas of the lower file system hold above it; what they refuse leaves no update in the log, nor stops the log.
# STRATEGY: set limits through the mount, run into each of them, and compare the log with the tree.
# In: MODULE (intermezzo.ko), /dev/vda (an empty disk).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) m=/tmp/m.$$ lower=/tmp/lower.$$ fail=0
mkdir -p "$m" "$lower"
finish() {
	local status=$? # what could not be set up has failed, too
	cd /
	umount -q "$m" "$lower"
	rm -rf "$work"
	exit $((status ? status : fail))
}
trap finish EXIT

ok() { echo "ok - quota: $1"; }
bad() { echo "not ok - quota: $1: ${2:-}"; fail=1; }
is() { # name command...
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else bad "$name" "$(tail -n 3 <<<"$out")"; fi
}
refused() { # name reason command...: the command fails, and says why
	local name=$1 reason=$2 out
	shift 2
	if out=$("$@" 2>&1); then bad "$name" "it succeeded"; elif grep -q "$reason" <<<"$out"; then ok "$name"; else bad "$name" "$out"; fi
}
quota() { "$work/quota" "$@"; }
user() { setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all --bounding-set=-all "$@"; }
records() { "$work/kml_dump" "$lower/.intermezzo/test/kml" >"$work/dump"; }
# name NAME STATE-REGEX: what the records of a name say
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
done_for() { grep -cE "(INTENT|DONE) .* name2?=x:$(hex "$1")( |\$)" "$work/dump"; }
consistent() { # name
	is "$1: the log is valid" records
	is "$1: names are as the log says" python3 "$here/kml_tree.py" "$work/dump" "$lower" "$(stat -c %i "$lower")"
}
projects() { lsattr -pd "$@" | awk '{ print $1 }' | sort -u | tr '\n' ' '; }
notices() { dmesg | grep -c "intermezzo: test: project IDs"; }

gcc -Wall -O2 -o "$work/quota" "$here/quota.c" && gcc -Wall -O2 -o "$work/kml_dump" "$here/kml_dump.c" || exit 1
modprobe -q ext4; modprobe -q libcrc32c; modprobe -q quota_v2
"$here/../../../scripts/load-module" "$MODULE" || exit 1

# --- a file system without quotas has none above ---
mkfs.ext4 -q -F /dev/vda && mount -t ext4 -o nodelalloc /dev/vda "$lower" || exit 1
below=$(quota user "$lower" 1000 2>&1)
is "mount without quotas" mount -t intermezzo -o fileset=test "$lower" "$m"
[ "$(quota user "$m" 1000 2>&1)" = "${below//$lower/$m}" ] && ok "none: the same answer as below" || bad "none: the same answer as below" "$below"
umount "$m" "$lower"

mkfs.ext4 -q -F -O quota,project -E quotatype=usrquota:prjquota /dev/vda || exit 1
mount -t ext4 -o nodelalloc,usrquota,prjquota /dev/vda "$lower" || exit 1
is "mount" mount -t intermezzo -o fileset=test "$lower" "$m"
mkdir -m 777 "$m/home"

# --- a user's ---
is "user: limits are set through the mount" quota user "$m" 1000 65536 20
[ "$(quota user "$m" 1000)" = "$(quota user "$lower" 1000)" ] && ok "user: asked above as below" || bad "user: asked above as below"
refused "user: others may not set them" "not permitted" user "$work/quota" user "$m" 1000 0 0
is "user: within the limits" user bash -c "cd $m/home && touch {1..18} && head -c 40000 /dev/zero >1 && mkdir 19"
[ "$(quota user "$m" 1000)" = "45056 19" ] && ok "user: is charged" || bad "user: is charged" "$(quota user "$m" 1000)"
refused "user: too much content" "quota exceeded" user dd if=/dev/zero of="$m/home/1" bs=4k count=20 conv=notrunc
refused "user: too much is allocated" "quota exceeded" user fallocate -l 1M "$m/home/2"
is "user: the last object" user touch "$m/home/20"
for make in "touch more" "mkdir more" "ln -s x more" "mkfifo more"; do
	refused "user: $make" "quota exceeded" user bash -c "cd $m/home && $make"
done
# shellcheck disable=SC2016
refused "user: an unnamed file" "quota exceeded" user python3 -c 'import os, sys; os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR)' "$m/home"
touch "$m/home/given"
refused "user: being given a file" "quota exceeded" setpriv --bounding-set=-sys_resource chown 1000 "$m/home/given"
is "user: root isn't held" touch "$m/home/root"
records
[ "$(done_for more)" = 0 ] && ok "user: what was refused has no update" || bad "user: what was refused has no update" "$(grep "$(hex more)" "$work/dump")"
[ "$(done_for root)" != 0 ] && ok "user: others go on" || bad "user: others go on"
consistent user
is "user: links cost nothing" user ln "$m/home/3" "$m/home/linked"
is "user: removing makes room" user bash -c "cd $m/home && rm 4 && touch more"
python3 - "$m/home/1" <<'P' && ok "user: a mapping beyond the limit: SIGBUS, as below" || bad "user: a mapping beyond the limit: SIGBUS, as below"
import mmap, os, signal, sys
if not (pid := os.fork()):
    os.setgroups([]); os.setgid(1000); os.setuid(1000)
    file = os.open(sys.argv[1], os.O_RDWR)
    os.ftruncate(file, 1 << 20)
    area = mmap.mmap(file, 1 << 20)
    for at in range(0, 1 << 20, 4096):
        area[at] = 1
    os._exit(0)
sys.exit(os.WTERMSIG(os.waitpid(pid, 0)[1]) != signal.SIGBUS)
P
consistent "user, then"

# --- a project's ---
mkdir -m 777 "$m/project" "$m/other"
[ "$(notices)" = 0 ] && ok "nothing is reported yet" || bad "nothing is reported yet"
is "project: is set" chattr -p 7 +P "$m/project"
is "project: another" chattr -p 8 +P "$m/other"
[ "$(notices)" = 1 ] && ok "project: that replicas don't get it is reported once" || bad "project: that replicas don't get it is reported once" "$(notices)"
is "project: limits are set through the mount" quota project "$m" 7 32768 5
is "project: within the limits" bash -c "cd $m/project && mkdir -m 777 d && echo x >d/f && ln -s f d/s"
[ "$(projects "$m/project" "$m/project/d" "$m/project/d/f")" = "7 " ] && ok "project: is inherited" || bad "project: is inherited" "$(projects "$m/project/d/f")"
touch "$m/outside"
refused "project: no link from outside" "cross-device" ln "$m/outside" "$m/project/l"
refused "project: no rename from outside" "cross-device" python3 -c "import os, sys; os.rename(*sys.argv[1:])" "$m/outside" "$m/project/r"
refused "project: no exchange" "cross-device" python3 - "$m/other" "$m/project/d" <<'P'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2):
    sys.exit(os.strerror(ctypes.get_errno()).lower())
P
is "project: mv copies" mv "$m/outside" "$m/project/r"
refused "project: too many objects" "quota exceeded" user mkdir "$m/project/more7"
refused "project: too much content" "quota exceeded" user dd if=/dev/zero of="$m/project/d/g" bs=4k count=10
chmod 666 "$m/project/d/f"
refused "project: too much content in what is there" "quota exceeded" user dd if=/dev/zero of="$m/project/d/f" bs=4k count=10
records
[ "$(($(done_for more7) + $(done_for l)))" = 0 ] && ok "project: what was refused has no update" || bad "project: what was refused has no update"
consistent project

# --- the log is charged to its project, and not held ---
umount "$m"
is "log: has a project" chattr -R -p 9 "$lower/.intermezzo"
is "log: which has no room" quota project "$lower" 9 4096 1
is "log: mount" mount -t intermezzo -o fileset=test "$lower" "$m"
is "log: grows" bash -c "for i in {1..1500}; do echo $m/home/root.\$i; done | tee $work/names | xargs touch && xargs chmod 600 <$work/names && xargs rm <$work/names"
consistent log
[ "$(quota project "$m" 9)" != "0 0" ] && ok "log: is charged" || bad "log: is charged" "$(quota project "$m" 9)"
umount "$m"
records; tail -n 2 "$work/dump" | grep -q UMOUNT && ok "log: ends with UMOUNT" || bad "log: ends with UMOUNT"
is "the file system below is clean" bash -c "umount $lower && e2fsck -fn /dev/vda"
is "the module unloads" rmmod intermezzo
exit "$fail"

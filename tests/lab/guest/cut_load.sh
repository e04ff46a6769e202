#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Load for a power cut: cut_load.sh prepare|run|check
#	prepare	makes the lower file system of /dev/vda (CUT_FS: ext3, ext4)
#	run	creates, writes, renames, links and removes in several processes until the power goes
#	check	mounts, and verifies log against tree
# In: MODULE, CUT_FS.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
lower=/tmp/lower m=/tmp/m
fs=${CUT_FS:-ext3}
mkdir -p "$lower" "$m"

up() {
	modprobe -q ext4; modprobe -q libcrc32c
	grep -q '^intermezzo ' /proc/modules || "$(dirname "$0")/../../../scripts/load-module" "$MODULE" || exit 1
	options=commit=1
	[ "$fs" = ext4 ] && options+=,nodelalloc
	mount -t "$fs" -o "$options" /dev/vda "$lower" && mount -t intermezzo -o fileset=test "$lower" "$m"
}

worker() {
	python3 - "$m" "$1" <<'P'
import os, random, sys
top, me = sys.argv[1], sys.argv[2]
rnd = random.Random(int(me))
shared = os.path.join(top, 'shared')
mine = os.path.join(top, 'worker' + me)
for directory in (shared, mine):
    os.makedirs(directory, exist_ok=True)
names, n = [], 0
while True:
    n += 1
    where = rnd.choice((shared, mine))
    path = os.path.join(where, f'{me}.{n}')
    what = rnd.random()
    if what < .5 or not names:
        with open(path, 'wb') as f:
            f.write(b'x' * rnd.choice((0, 100, 5000)))
            if rnd.random() < .02:
                os.fsync(f.fileno())
        names.append(path)
    elif what < .7:
        i = rnd.randrange(len(names))
        os.rename(names[i], path)
        names[i] = path
    elif what < .8:
        os.link(rnd.choice(names), path)
        names.append(path)
    elif what < .9:
        os.unlink(names.pop(rnd.randrange(len(names))))
    elif what < .95:
        os.chmod(rnd.choice(names), rnd.choice((0o600, 0o644)))
    else:
        with open(rnd.choice(names), 'r+b') as f:
            f.write(b'y' * 10)
P
}

check() {
	local work dirty
	work=$(mktemp -d)
	trap 'umount "$m" "$lower"; rmmod intermezzo' EXIT
	gcc -Wall -O2 -o "$work/kml_dump" "$here/kml_dump.c" || exit 1
	up || { echo "not ok - mount after the cut: $(dmesg | tail -n 3)"; exit 1; }
	dmesg | grep -E 'intermezzo:.*(doubt|torn)' | sed 's/^/# /' | tail -n 20
	"$work/kml_dump" "$lower/.intermezzo/test/kml" > "$work/dump" || { echo "not ok - the log after the cut"; exit 1; }
	tail -n 1 "$work/dump"
	python3 "$here/kml_tree.py" "$work/dump" "$lower" "$(stat -c %i "$lower")" || { echo "not ok - every name has its record"; exit 1; }
	tail -n 2 "$work/dump" | grep -q 'MOUNT .* aux=1 ' || { echo "not ok - the unclean stop is noticed"; exit 1; }
	dirty=$(sed -n 's/.* open=\([0-9]*\)$/\1/p' "$work/dump")
	python3 - "$work/dump" "$lower" <<'P' || { echo "not ok - no content is newer than its last CLOSE"; exit 1; }
import os, re, sys
# every file's size and mtime are those of its last CLOSE, or of its creation
closed = {}
for line in open(sys.argv[1]):
    made = re.search(r' CREATE DONE .* made=(\d+),', line)
    if made:    # an inode number may have been another file's before
        closed.pop(int(made[1]), None)
    match = re.search(r' CLOSE \S+ .* object=(\d+),.* attr=\S*size:(\d+),mtime:(-?\d+)\.(\d+)', line)
    if match:
        closed[int(match[1])] = int(match[2]), int(match[3]) * 10**9 + int(match[4])
wrong = 0
for where, directories, files in os.walk(sys.argv[2]):
    if '.intermezzo' in directories:
        directories.remove('.intermezzo')
    for name in files:
        stat = os.stat(os.path.join(where, name))
        size, mtime = closed.get(stat.st_ino, (0, stat.st_mtime_ns))
        if (size, mtime) != (stat.st_size, stat.st_mtime_ns):
            wrong += 1
            print(f'# {name}: {stat.st_size} bytes, closed with {size}; {stat.st_mtime_ns} {mtime}')
sys.exit(wrong > 0)
P
	echo "# decided, valid, equal; $dirty marks open"
}

case ${1:-} in
prepare)
	"mkfs.$fs" -q -F /dev/vda && up && umount "$m" "$lower"
	;;
run)
	up || exit 1
	for i in 1 2 3 4; do worker "$i$RANDOM" & done
	wait
	;;
check)
	check
	;;
*)
	echo "usage: cut_load.sh prepare|run|check" >&2
	exit 2
	;;
esac

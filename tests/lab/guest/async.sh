#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Direct I/O that is asynchronous stays so, and its CLOSE comes after it: over a
# disk that is an image on another file system, which can be frozen.
# In: MODULE (intermezzo.ko), /dev/vda (an empty disk).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd) work=$(mktemp -d) fail=0
trap 'status=$?; umount -q "$work"/{upper,lower,disk}; rm -rf "$work"; exit $((status ? status : fail))' EXIT

modprobe -q ext4; modprobe -q loop
for tool in async kml_dump; do
	gcc -Wall -O2 -o "$work/$tool" "$here/$tool.c" || { fail=1; exit; }
done
"$here/../../../scripts/load-module" "$MODULE" || { fail=1; exit; }
mkdir "$work"/{upper,lower,disk}
mkfs.ext4 -q -F /dev/vda && mount /dev/vda "$work/disk" || { fail=1; exit; }
dd if=/dev/zero of="$work/disk/image" bs=1M count=200 status=none
# no commit of its own accord, which would hold up what follows it while the disk is stopped
mkfs.ext4 -q -F "$work/disk/image" && mount -o loop,nodelalloc,noatime,commit=600 "$work/disk/image" "$work/lower" || { fail=1; exit; }
mount -t intermezzo -o fileset=test "$work/lower" "$work/upper" || { fail=1; exit; }

# the CLOSE of the file that stands under the name now, read where it is in memory
cat > "$work/closed" <<END
#!/bin/sh
inode=\$(stat -c %i "$work/upper/file")
"$work/kml_dump" "$work/lower/.intermezzo/test/kml" | awk -v object=" object=\$inode," -v made=" made=\$inode," -v open="\$1" '
	index(\$0, made) || (index(\$0, object) && / DIRTY /) { closed = 0 }
	index(\$0, object) && / CLOSE / && (open || !/ flags=0x[0-9a-f]*[89a-f] /) { closed = 1 }
	END { exit !closed }'
END
chmod +x "$work/closed"
"$work/async" "$work/upper/file" "$work/disk" "$work/lower" "$work/closed" || fail=1
if umount "$work/upper" && umount "$work/lower" && rmmod intermezzo; then
	echo "ok - async: nothing is left"
else
	echo "not ok - async: nothing is left"
	fail=1
fi
exit "$fail"

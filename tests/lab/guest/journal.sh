#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DESCRIPTION: the journal of a mount says exactly what happened, and lento can rely on its device.
# STRATEGY: stack presto on directories of small ext3 and ext4 file systems, do things, and read the
#	log behind the mount's back with kml_dump, which checks every invariant of the format.
# In: MODULE (intermezzo.ko), /dev/vda, /dev/vdb (empty disks).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) m=/tmp/m.$$ m2=/tmp/m2.$$ mapped=/tmp/mapped.$$ lower=/tmp/lower.$$ lower2=/tmp/lower2.$$
fail=0
mkdir -p "$m" "$m2" "$mapped" "$lower" "$lower2"

finish() {
	local status=$? # what could not be set up has failed, too
	umount "$mapped" "$m" "$m2" "$lower" "$lower2" 2>/dev/null
	rm -rf "$work"
	exit $((status ? status : fail))
}
trap finish EXIT

ok() { echo "ok - $1"; }
bad() { echo "not ok - $1: ${2:-}"; fail=1; }
is() { # name command...
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else bad "$name" "$(tail -n 3 <<<"$out")"; fi
}
isnt() { # name command...
	local name=$1
	shift
	if "$@" >/dev/null 2>&1; then bad "$name" "it succeeded"; else ok "$name"; fi
}

hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
log() { echo "$1/.intermezzo/test/kml"; }
dump() { "$work/kml_dump" "$(log "${1:-$lower}")" > "$work/dump" 2>"$work/dump.err" || cat "$work/dump.err" >&2; }
valid() { dump "${2:-$lower}"; [ ! -s "$work/dump.err" ] && ok "$1" || bad "$1" "$(cat "$work/dump.err")"; }
# the last record that matches all of some extended regular expressions; fields stand in any order
record() {
	local out regex
	out=$(cat "$work/dump")
	for regex in "$@"; do out=$(grep -E -- "$regex" <<<"$out"); done
	tail -n 1 <<<"$out"
}
has() { # name regex...
	local name=$1
	shift
	dump
	[ -n "$(record "$@")" ] && ok "$name" || bad "$name" "no record like $*; last: $(tail -n 2 "$work/dump" | cut -c1-600)"
}
hasnt() {
	local name=$1
	shift
	dump
	[ -z "$(record "$@")" ] && ok "$name" || bad "$name" "$(record "$@" | cut -c1-300)"
}
named() { echo " name=x:$(hex "$1")( |\$)"; }
ino() { stat -c %i "$1"; }
tree_is() { # name lower
	dump "$2"
	is "$1" python3 "$here/kml_tree.py" "$work/dump" "$2" "$(ino "$2")"
}
below() { mount -t ext4 -o nodelalloc "$1" "$2"; }
stack() { mount -t intermezzo -o "fileset=test${3:+,$3}" "$1" "$2"; }
refused() { dmesg | tail -n 20 | grep -q "$1"; }

for tool in kml_dump journal_device gate; do
	gcc -Wall -O2 -o "$work/$tool" "$here/$tool.c" || { bad "compile $tool"; exit 1; }
done
gcc -Wall -O2 -o "$work/idmapped" "$here/idmapped.c" "$here/idmap.c" || { bad "compile idmapped"; exit 1; }
modprobe -q ext4; modprobe -q libcrc32c; modprobe -q loop
"$(dirname "$0")/../../../scripts/load-module" "$MODULE" || { bad "load the module" "$MODULE"; exit 1; }

# --- every operation has its record ---
mkfs.ext4 -q -F /dev/vda
below /dev/vda "$lower"
is "stack on a directory" stack "$lower" "$m"
has "the log begins with MOUNT" '^4096 1 MOUNT .* aux=0 '
root=$(ino "$m")

touch "$m/f"
has "create" "CREATE DONE .*dot=0:1 .* made=$(ino "$m/f"),[0-9]+,0100644,0,0 " " parent=$root," "$(named f)"
python3 -c "import os,sys; os.mkdir(sys.argv[1], 0o711)" "$m/d"
has "mkdir" "MKDIR DONE .* made=$(ino "$m/d"),[0-9]+,040711," "$(named d)"
ln -s 'to where' "$m/l"
has "symlink" "SYMLINK DONE " "$(named l)" " target=x:$(hex 'to where')"
mknod "$m/n" c 5 300
has "mknod" "MKNOD DONE " "$(named n)" " attr=[^ ]*rdev:5:300"
mkfifo "$m/p"
has "fifo" "MKNOD DONE .* made=$(ino "$m/p"),[0-9]+,010644," "$(named p)"
ln "$m/f" "$m/d/h"
has "link" "LINK (INTENT|DONE) " " object=$(ino "$m/f")," " parent=$(ino "$m/d")," "$(named h)" " before=[^ ]*nlink:1( |\$)"
mv "$m/d/h" "$m/h2"
has "rename" "RENAME (INTENT|DONE) " " object=$(ino "$m/f")," "$(named h)" " parent=$(ino "$m/d")," " parent2=$root," " name2=x:$(hex h2)( |\$)"
touch "$m/victim"; victim=$(ino "$m/victim")
touch "$m/killer"; mv "$m/killer" "$m/victim"
has "rename over something" "RENAME " " name2=x:$(hex victim)( |\$)" " replaced=$victim,"
mkdir "$m/e"; mv "$m/e" "$m/d/e"
has "rename of a directory is flagged" "RENAME " " flags=0x40 " "$(named e)"
chmod 640 "$m/f"
has "chmod" "SETATTR (INTENT|DONE) " " object=$(ino "$m/f")," " attr=valid:[0-9a-f]*[13579bdf],mode:0100640," " before=[^ ]*mode:0100644,"
chown 12:34 "$m/f"
has "chown" "SETATTR " " attr=valid:[0-9a-f]*[67ef],[^ ]*uid:12,gid:34,"
touch -d '1999-12-31 23:59:59.123456789 UTC' "$m/f"
has "utimens" "SETATTR " " attr=[^ ]*mtime:946684799.123456789,"
python3 -c "import os,sys; os.truncate(sys.argv[1], 0)" "$m/f"
has "truncating to the same size changes the mtime" "SETATTR " " object=$(ino "$m/f")," " attr=valid:28,[^ ]*,mtime:$(stat -c %.9Y "$m/f"),"
python3 -c "import os,sys; os.setxattr(sys.argv[1], 'user.k', b'v\0w')" "$m/f"
has "setxattr" "SETXATTR " " object=$(ino "$m/f")," " xattr=x:$(hex user.k)( |\$)" " value=x:760077( |\$)"
python3 -c "import os,sys; os.removexattr(sys.argv[1], 'user.k')" "$m/f"
has "removexattr" "REMOVEXATTR " " xattr=x:$(hex user.k)( |\$)"
touch "$m/flags"; chattr +d "$m/flags"
hasnt "a flag that stays on this machine has no record" " object=$(ino "$m/flags")," " xattr=x:$(hex system.intermezzo.flags)( |\$)"
chattr +ia "$m/flags"
has "chattr" "SETXATTR " " object=$(ino "$m/flags")," " xattr=x:$(hex system.intermezzo.flags)( |\$)" " value=x:30000000( |\$)"
touch "$lower/bare"; chattr +ia "$lower/bare"
isnt "an immutable file's other flags stay, as below" chattr -d "$m/flags"
isnt "... and there" chattr +d "$lower/bare"
chattr -ia "$lower/bare"; rm "$lower/bare"
chattr -ia "$m/flags"
has "chattr back" "REMOVEXATTR " " object=$(ino "$m/flags")," " xattr=x:$(hex system.intermezzo.flags)( |\$)"
hasnt "and the record has no other flag" "SETXATTR " " value=x:(00000000|70000000)( |\$)"
printf program > "$m/suid"; chmod 4755 "$m/suid"; python3 -c "
import os, sys
os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex('0100000200040000000000000000000000000000'))
os.write(os.open(sys.argv[1], os.O_WRONLY), b'other')" "$m/suid"
has "a write takes capabilities with a record" "REMOVEXATTR " " object=$(ino "$m/suid")," " xattr=x:$(hex security.capability)( |\$)"
chmod 6777 "$m/suid"; setpriv --reuid=1234 --clear-groups --inh-caps=-all bash -c "printf x >> '$m/suid'"
has "a write takes set-id bits with a record" "SETATTR " " object=$(ino "$m/suid")," " attr=[^ ]*mode:0100777,"
gone=$(ino "$m/h2"); rm "$m/h2"
has "unlink" "UNLINK " " object=$gone," "$(named h2)" " before=[^ ]*nlink:2( |\$)"
gone=$(ino "$m/d/e"); rmdir "$m/d/e"
has "rmdir" "RMDIR " " object=$gone," "$(named e)"
python3 - "$m/d" <<'P'
import os, struct, sys
# a default ACL: user::rwx user:1000:rwx group::r-x mask::rwx other::---
entries = ((1, 7, 0xffffffff), (2, 7, 1000), (4, 5, 0xffffffff), (16, 7, 0xffffffff), (32, 0, 0xffffffff))
os.setxattr(sys.argv[1], 'system.posix_acl_default',
            struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *e) for e in entries))
P
touch "$m/d/inherits"
has "an inherited ACL is flagged" "CREATE DONE .* rflags=[23] " "$(named inherits)"
python3 - "$m" <<'P'
import os, sys
f = os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR)
os.setxattr(f, 'user.early', b'before its name')
os.link(f'/proc/self/fd/{f}', os.path.join(sys.argv[1], 'named'), src_dir_fd=f, follow_symlinks=True)
P
has "xattrs that a nameless file was given are flagged" "CREATE DONE .* rflags=[23] " "$(named named)"

# --- an idmapped mount: the log has the IDs of the file system, as the tree ---
mkdir -m 700 "$m/home"; chown 1000:1000 "$m/home"
is "IDs are mapped" "$work/idmapped" "$m" "$mapped" 20000
setpriv --reuid=21000 --regid=21000 --clear-groups bash -c "
	cd $mapped/home && mkdir d && ln -s x s && : > f && ln f g && rm f && rmdir d && chgrp 21000 g && chmod 600 g"
has "mapped: create" "CREATE DONE .* made=[0-9]+,[0-9]+,[0-7]+,1000,1000( |,)" "$(named f)" " attr=[^ ]*uid:1000,gid:1000( |,)" " uid=21000 "
has "mapped: mkdir and symlink" "SYMLINK DONE .* made=[0-9]+,[0-9]+,[0-7]+,1000,1000( |,)" "$(named s)"
has "mapped: link, unlink and rmdir" "RMDIR (INTENT|DONE)" " parent=$(ino "$m/home")," "$(named d)"
has "mapped: chgrp" "SETATTR (INTENT|DONE)" " object=$(ino "$m/home/g")," " attr=[^ ]*gid:1000( |,)"
chown 21001:21002 "$mapped/home/g"
has "mapped: chown" "SETATTR (INTENT|DONE)" " object=$(ino "$m/home/g")," " attr=[^ ]*uid:1001,gid:1002( |,)"
[ "$(stat -c %u:%g "$lower/home/g")" = 1001:1002 ] && ok "mapped: and the tree" || bad "mapped: and the tree" "$(stat "$lower/home/g")"
python3 - "$mapped/home/g" <<'P'
import os, struct, sys
entries = ((1, 6, 0xffffffff), (2, 6, 21003), (4, 0, 0xffffffff), (16, 6, 0xffffffff), (32, 0, 0xffffffff))
os.setxattr(sys.argv[1], 'system.posix_acl_access',
            struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *e) for e in entries))
P
has "mapped: an ACL" "SETXATTR " " object=$(ino "$m/home/g")," " value=x:02000000[0-9a-f]{16}02000600eb030000"
umount "$mapped"
isnt "an idmapped directory below is refused" bash -c "'$work/idmapped' '$lower' '$mapped' 20000 && mount -t intermezzo -o fileset=other '$mapped/d' /mnt"
umount "$mapped"

# --- content ---
printf 'hello' > "$m/content"
hasnt "what is written right after its creation needs no mark" "DIRTY .*object=$(ino "$m/content"),"
has "... the next record tells: the CLOSE" "CLOSE .*flags=0x100 .*object=$(ino "$m/content"),"
has "last close: CLOSE with its range" "CLOSE .*object=$(ino "$m/content"),.*$(named content).*size:5,.*ranges=0\+5( |\$)"
python3 - "$m/made" <<'P'
import os, sys
f = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600)
os.write(f, b"all at once")
os.fchown(f, 12, 34)
os.fchmod(f, 0o641)
os.utime(f, ns=(1, 946684799 * 10**9 + 5))
os.close(f)
os.chmod(sys.argv[1], 0o640)
P
has "the CLOSE of a new file tells of owner, mode and time" "CLOSE .*flags=0x180 .*object=$(ino "$m/made"),.* attr=[^ ]*mode:0100641,uid:12,gid:34,[^ ]*mtime:946684799.000000005,"
hasnt "... and no other record does" "SETATTR .*object=$(ino "$m/made"),.* attr=[^ ]*mode:0100641"
has "later ones have records again" "SETATTR .*object=$(ino "$m/made"),.*mode:0100640"
lines=$(grep -c DIRTY "$work/dump")
cat "$m/content" >/dev/null; : >> "$m/content"
dump; [ "$(grep -c DIRTY "$work/dump")" = "$lines" ] && ok "reading and opening leave no mark" || bad "reading and opening leave no mark"
python3 - "$m/content" <<'P'
import os, sys
f = os.open(sys.argv[1], os.O_RDWR)
for i in range(40):
    os.pwrite(f, b'x' * 10, i * 1000)
os.close(f)
P
has "the first write after a CLOSE: DIRTY" "DIRTY .*object=$(ino "$m/content"),"
has "40 writes merge into 16 ranges" "CLOSE .*object=$(ino "$m/content"),.*ranges=([0-9]+\+[0-9]+,){15}[0-9]+\+[0-9]+\$"
python3 -c "import os,sys; os.pwrite(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), b'far', (1 << 40) + 7)" "$m/sparse"
has "beyond 2^40: the CLOSE has its range" "CLOSE .*object=$(ino "$m/sparse"),.*size:1099511627786,.*ranges=1099511627783\+3( |\$)"
touch -d '1901-12-13 20:45:52 UTC' "$m/early"; touch "$m/late"; touch -d '2446-05-10 22:38:55 UTC' "$m/late"
has "the first time that is kept" " object=$(ino "$m/early")," "mtime:-2147483648.0+,"
has "the last" "SETATTR " " object=$(ino "$m/late")," "mtime:15032385535.0+,"
python3 - "$m/content" <<'P'
import mmap, os, sys
f = os.open(sys.argv[1], os.O_RDWR)
m = mmap.mmap(f, 4096)
os.close(f)
m[0] = 65
m.flush()
m.close()
P
has "a shared mapping: CLOSE of what was mapped" "CLOSE .*object=$(ino "$m/content"),.*ranges=0\+4096( |\$)"
exec 5>"$m/unlinked"; rm "$m/unlinked"; echo data >&5; exec 5>&-
valid "marks of removed files end"

whiteout() { # whiteout FROM TO: rename(2) leaves one behind
	python3 - "$1" "$2" <<'P'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.renameat2(-100, os.fsencode(sys.argv[1]), -100, os.fsencode(sys.argv[2]), 4):
    sys.exit(os.strerror(ctypes.get_errno()))
P
}
mkdir "$m/over"; echo 1 > "$m/over/lower"; mkdir "$m/over/away" "$m/over/dir"; long=$(printf 'w%.0s' {1..255}); touch "$m/over/$long"
is "a rename leaves a whiteout" whiteout "$m/over/lower" "$m/over/away/moved"
has "it has a record" "MKNOD DONE .* made=$(ino "$m/over/lower"),[0-9]+,020000,.*$(named lower)" "parent=$(ino "$m/over"),"
is "so does that of a directory" whiteout "$m/over/dir" "$m/over/away/dir"
has "and of the longest name" "MKNOD DONE .* made=$(ino "$m/over/dir"),"
is "the longest name" whiteout "$m/over/$long" "$m/over/short"
has "has a record, too" "MKNOD DONE .* made=$(ino "$m/over/$long"),.*$(named "$long")"
isnt "what fails leaves none" whiteout "$m/over/none" "$m/over/some"
hasnt "and no record" "MKNOD .*$(named none)"

# --- what fails leaves nothing, or a VOID ---
mkdir "$m/full"; touch "$m/full/x"
isnt "rmdir of a full directory fails" rmdir "$m/full"
hasnt "and says so in the log" "RMDIR (INTENT|DONE) .*$(named full)"
isnt "xattr of an unknown namespace fails" python3 -c "import os,sys; os.setxattr(sys.argv[1], 'nonsense.k', b'v')" "$m/f"
hasnt "and says so in the log too" "SETXATTR (INTENT|DONE) .*$(hex nonsense.k)"
bash -c "ulimit -f 1; for i in 1 2 3; do mkdir $m/limited.\$i || exit 1; done" && ok "RLIMIT_FSIZE isn't for the log" || bad "RLIMIT_FSIZE isn't for the log"
valid "the log is valid"
tree_is "names in the log are the names in the tree" "$lower"

# --- the device ---
is "the device" "$work/journal_device" /dev/intermezzo0 info
"$work/journal_device" /dev/intermezzo0 "$m" || fail=1
valid "the log is valid after the device's tests"
tree_is "and equal to the tree" "$lower"
"$work/gate" /dev/intermezzo0 "$m" || fail=1
valid "the log is valid after the gate's tests"
tree_is "and the tree is that of the log" "$lower"
exec 6</dev/intermezzo0
[ -d "$m/.intermezzo/test/staging" ] && ok "lento sees .intermezzo" || bad "lento sees .intermezzo"
exec 6<&-
[ ! -e "$m/.intermezzo" ] && ok "others don't" || bad "others don't"

# --- two mounts ---
mkfs.ext3 -q -F /dev/vdb
below /dev/vdb "$lower2"
isnt "a device that is in use is refused" stack "$lower2" "$m2" prestodev=/dev/intermezzo0
isnt "a device that doesn't exist is refused" stack "$lower2" "$m2" prestodev=/dev/intermezzo4711
is "a second mount on ext3" stack "$lower2" "$m2" prestodev=/dev/intermezzo7
touch "$m2/second" "$m/first"
dump "$lower2"; [ -n "$(record "CREATE DONE .*$(named second)")" ] && ok "its own log" || bad "its own log"
hasnt "not the other's" "CREATE DONE .*$(named second)"
valid "both are valid" "$lower2"
"$work/journal_device" /dev/intermezzo7 hold "umount $m2" || fail=1

# --- clean and unclean stops ---
umount "$m"
dump; tail -n 2 "$work/dump" | grep -q UMOUNT && ok "a clean stop ends with UMOUNT" || bad "a clean stop ends with UMOUNT"
head=$(sed -n 's/^# first=.* head=\([0-9]*\) .*/\1/p' "$work/dump")
printf '\x40\x01\x00\x00\x02\x00\x01\x00torn record' | dd of="$(log "$lower")" bs=1 seek="$head" conv=notrunc status=none
is "a torn record at the end is cut" stack "$lower" "$m"
valid "the log is valid again"
touch "$m/after"; has "and goes on" "CREATE DONE .*$(named after)"
umount "$m"
dump
victim=$(awk '$3 == "MOUNT" { at = $1 } END { print at }' "$work/dump")
cp "$(log "$lower")" "$work/saved"
printf '\xff' | dd of="$(log "$lower")" bs=1 seek=$((victim + 130)) conv=notrunc status=none
isnt "a damaged record in the middle refuses the mount" stack "$lower" "$m"
refused "no valid record at $victim" && ok "with its position" || bad "with its position" "$(dmesg | tail -n 3)"
rm "$(log "$lower")"
is "without the damaged log a new one begins" stack "$lower" "$m"
umount "$m"; valid "which is valid"
cp "$work/saved" "$(log "$lower")"
printf 'X' | dd of="$(log "$lower")" bs=1 seek=3 conv=notrunc status=none
isnt "a wrong magic refuses the mount" stack "$lower" "$m"
refused "wrong magic" && ok "and says so" || bad "and says so"
cp "$work/saved" "$(log "$lower")"
printf 'X' | dd of="$(log "$lower")" bs=1 seek=20 conv=notrunc status=none
isnt "a damaged super block refuses the mount" stack "$lower" "$m"
refused "wrong checksum" && ok "and says so" || bad "and says so"
cp "$work/saved" "$(log "$lower")"
is "the repaired log mounts" stack "$lower" "$m"
umount "$m"

# --- operations in doubt ---
(cd "$lower" && mkdir -p doubt && touch doubt/{made,kept,linked,new,perm,other,attr,plain,dirt,dust,bare} && ln doubt/linked doubt/hard
 chmod 600 doubt/perm doubt/other; chmod 755 doubt/plain
 python3 -c "import os; os.setxattr('doubt/attr', 'user.a', b'1')")
D=$lower/doubt
gen() { python3 -c "import sys; sys.path.insert(0, '$here'); import kml_doubt; print('%d,%d,%o' % kml_doubt.identity(sys.argv[1]))" "$1"; }
# one record a lock: each in a directory of its own
for i in 1 2 3 4 5 6 7 8 9; do mkdir -p "$D/$i"; done
touch "$D/white"; mv "$D/white" "$D/9/to"; mknod "$D/9/white" c 0 0
touch "$D/1/here"; touch "$D/4/still"; ln "$D/linked" "$D/5/l"; mv "$D/new" "$D/7/to"; touch "$D/8/from"
touch "$D/gone"; gone=$(gen "$D/gone"); rm "$D/gone"	# last, so that no inode above has its number
python3 "$here/kml_doubt.py" "$(log "$lower")" \
	"make:$D/1:here:100644" "make:$D/2:nothing:100644" \
	"unlink:$D/3:went:$gone" "unlink:$D/4:still:$D/4/still" \
	"link:$D/5:l:$D/linked" "link:$D/6:l:$D/made" \
	"rename:$D:new:$D/7:to:$D/7/to" "rename:$D/8:from:$D/8:to:$D/8/from" \
	"chmod:$D/perm:644:600" "chmod:$D/other:600:777" "chmod:$D/plain:700:711" \
	"setxattr:$D/attr:user.a:1" "setxattr:$D/kept:user.b:2" "removexattr:$D/bare:user.c" \
	"whiteout:$D/9:white:$D/9:to:$D/9/to" \
	"dirty:$D/dirt" "dirty:$D/dust" "dirty:$D/linked" > "$work/at" 2>"$work/err" || cat "$work/err"
readarray -t at < "$work/at"
[ "${#at[@]}" = 18 ] && ok "15 operations are in doubt, 3 files are dirty" || bad "15 operations are in doubt, 3 files are dirty" "${#at[@]}"
is "recovery decides about them" stack "$lower" "$m"
dump
decided() { # name index state
	local line
	line=$(grep "^${at[$2]:-none} " "$work/dump")
	[[ $line == *" $3 "* ]] && ok "in doubt: $1 is $3" || bad "in doubt: $1 is $3" "${line:0:200}"
}
decided "create whose name is there" 0 DONE
decided "create whose name isn't" 1 VOID
decided "unlink whose name is gone" 2 DONE
decided "unlink whose name is there" 3 VOID
decided "link that is there" 4 DONE
decided "link that isn't" 5 VOID
decided "rename that arrived" 6 DONE
decided "rename that didn't" 7 VOID
decided "chmod that holds" 8 DONE
decided "chmod that doesn't" 9 VOID
decided "chmod to neither" 10 VOID
has "... which is followed by what the tree has" "SETATTR .*flags=0x4 .*object=$(ino "$D/plain"),.*mode:0100755"
dump
decided "setxattr that holds" 11 DONE
decided "setxattr that doesn't" 12 VOID
decided "removexattr that holds" 13 DONE
decided "rename that left a whiteout" 14 DONE
has "and the whiteout is told of" "MKNOD DONE flags=0x4 .* made=$(ino "$D/9/white"),.*$(named white)"
for name in dirt dust linked; do
	has "a dirty file is closed by recovery: $name" "CLOSE .*flags=0x94 .*object=$(ino "$D/$name"),"
done
has "the result of a decided create names its inode" "CREATE DONE .* made=$(ino "$D/1/here"),.*$(named here)"
has "MOUNT says that the stop was unclean" 'MOUNT .* aux=1 '
valid "the log is valid"

# --- trimming ---
for i in {1..2000}; do echo "$m/t$i"; done > "$work/names"
xargs touch < "$work/names"; xargs chmod 600 < "$work/names"; xargs rm < "$work/names"
before=$(du -k "$(log "$lower")" | cut -f1)
mark=$("$work/journal_device" /dev/intermezzo0 info | sed 's/.*watermark=\([0-9]*\).*/\1/')
first=$("$work/journal_device" /dev/intermezzo0 trim "$mark" | sed 's/first=\([0-9]*\).*/\1/')
[ "$first" -ge 524288 ] && [ $((first % 262144)) = 0 ] && ok "trim moves the first record" || bad "trim moves the first record" "$first of $mark"
after=$(du -k "$(log "$lower")" | cut -f1)
[ "$after" -lt "$before" ] && ok "and frees space: ${before}K, ${after}K" || bad "and frees space" "${before}K, ${after}K"
[ "$("$work/journal_device" /dev/intermezzo0 read 4096)" = ENODATA ] && ok "a trimmed position: ENODATA" || bad "a trimmed position: ENODATA"
[ "$("$work/journal_device" /dev/intermezzo0 read "$first")" = bytes ] && ok "the first record can be read" || bad "the first record can be read"
valid "what is left is valid"
umount "$m"
is "a trimmed log mounts" stack "$lower" "$m"
[ "$("$work/journal_device" /dev/intermezzo0 info | sed 's/first=\([0-9]*\).*/\1/')" = "$first" ] && ok "with the same first record" || bad "with the same first record"
umount "$m" "$lower" "$lower2"

# --- a full disk ---
mkfs.ext4 -q -F -m 0 -J size=4 /dev/vda 16M
below /dev/vda "$lower"
stack "$lower" "$m"
exec 7>"$m/open"; echo begun >&7
for i in $(seq 1 400); do mkdir "$m/keep.$i" || break; done 2>/dev/null
dd if=/dev/zero of="$m/fill" bs=64k 2>"$work/err"
for size in 4k 1k; do dd if=/dev/zero bs=$size >> "$m/fill" 2>>"$work/err"; done
i=0; err=
while err=$(mkdir "$m/more.$i" 2>&1); do i=$((i + 1)); [ $i -gt 20000 ] && break; done
grep -q 'No space' <<<"$err" && ok "disk full: an operation fails with ENOSPC (after $i)" || bad "disk full: an operation fails with ENOSPC" "$err"
valid "disk full: the log is valid"
tree_is "disk full: nothing changed without its record" "$lower"
exec 7>&-
has "disk full: a CLOSE still has room" "CLOSE .*object=$(ino "$m/open"),"
is "disk full: removing works" rm "$m/fill"
is "and then there is room again" mkdir "$m/room"
valid "the log is valid"
tree_is "and equal to the tree" "$lower"
umount "$m"
dump; tail -n 2 "$work/dump" | grep -q UMOUNT && ok "and ends with UMOUNT" || bad "and ends with UMOUNT"
umount "$lower"
is "the module unloads" rmmod intermezzo
exit "$fail"

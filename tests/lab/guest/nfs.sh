#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DESCRIPTION: a fileset can be exported by the kernel's NFS server, whose handles outlive caches and mounts.
# STRATEGY: export the mount over the loopback; work on it as a client of versions 3 and 4.2; restart the server on a
#	fresh mount while files are open; compare both sides and the log. Of the user space only the answers of rpcbind,
#	rpc.mountd and exportfs are needed, which nfs_rpc.py and the kernel's own files give.
# In: MODULE (intermezzo.ko), /dev/vda (an empty disk).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) m=/srv/exported n=/mnt/nfs lower=/mnt/lower fail=0
nfsd=/proc/fs/nfsd rpc=/proc/net/rpc
mkdir -p "$m" "$n" "$lower"

finish() {
	local status=$? # what could not be set up has failed, too
	cd /
	umount -q -f "$n"
	stop_server
	kill "$helper" 2>/dev/null
	umount -q "$m" "$lower"
	rm -rf "$work"
	exit $((status ? status : fail))
}

ok() { echo "ok - nfs: $1"; }
bad() { echo "not ok - nfs: $1: ${2:-}"; fail=1; }
is() { # name command...
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else bad "$name" "$(tail -n 3 <<<"$out")"; fi
}
refused() { # name reason command...: the command fails, and says why
	local name=$1 reason=$2 out
	shift 2
	if out=$("$@" 2>&1); then bad "$name" "it succeeded"; elif grep -qi "$reason" <<<"$out"; then ok "$name"; else bad "$name" "$out"; fi
}

# What exportfs and rpc.mountd would tell: the client 127.0.0.1 is "lab", and may use $m, the file system 0, as root.
export_mount() {
	local until=$(($(date +%s) + 86400)) flags=$((0x2000 | 0x400 | 0x2)) # fsid, no_subtree_check, insecure
	echo "nfsd 127.0.0.1 $until lab" >$rpc/auth.unix.ip/channel
	echo "lab $m $until $flags 65534 65534 0" >$rpc/nfsd.export/channel
	echo "lab 1 \\x00000000 $until $m" >$rpc/nfsd.fh/channel
}
start_server() {
	export_mount
	echo "+3 +4 +4.2" >$nfsd/versions && echo "tcp 2049" >$nfsd/portlist && echo 2 >$nfsd/threads
}
stop_server() {
	local cache
	echo 0 >$nfsd/threads
	for cache in nfsd.fh nfsd.export auth.unix.ip; do date -d '+1 second' +%s >$rpc/$cache/flush; done
}
mount_client() { # VERSION
	case $1 in
	3) mount -i -t nfs -o "vers=3,addr=127.0.0.1,proto=tcp,port=2049,mountaddr=127.0.0.1,mountproto=tcp,mountport=20048,nolock,soft" "127.0.0.1:$m" "$n" ;;
	*) mount -i -t nfs4 -o "vers=$1,addr=127.0.0.1,clientaddr=127.0.0.1,soft" 127.0.0.1:/ "$n" ;;
	esac
}
mount_fileset() { mount -t intermezzo -o fileset=test "$lower" "$m"; }

works() { # VERSION: what a client does
	local v=$1 check
	mkdir "$n/v$v" || return
	for check in create "mkdir and rmdir" links rename readdir "read and write" append sync; do
		"$work/vfs" "$n/v$v" - "$check" | sed "s/ - vfs: / - nfs: $v: /"
		[ "${PIPESTATUS[0]}" = 0 ] || fail=1
	done
	is "$v: a tree is unpacked" bash -c "tar -C /usr/include -cf - linux | tar -C $n/v$v -xf -"
	is "$v: and removed in part" rm -r "$n/v$v/linux/netfilter"
	is "$v: large content" dd if=/dev/urandom of="$n/v$v/large" bs=1M count=8 conv=fsync
	is "$v: copied" cp "$n/v$v/large" "$n/v$v/copy"
	is "$v: truncated" truncate -s 4000000 "$n/v$v/large"
	is "$v: attributes" bash -c "chmod 640 $n/v$v/copy && chown 12:34 $n/v$v/copy && touch -d @1000000000.5 $n/v$v/copy"
	is "$v: both sides are alike" diff -r --no-dereference "$n/v$v" "$m/v$v"
}

# Handles that the server has never seen, of files and directories that it has not in memory.
restart() { # VERSION
	local v=$1
	mkdir -p "$n/v$v/deep/er" && echo 1 >"$n/v$v/deep/er/held" && echo 1 >"$n/v$v/deep/gone"
	exec 5>>"$n/v$v/deep/er/held" 6<"$n/v$v/deep/gone"
	cd "$n/v$v/deep/er" || return
	stop_server
	rm "$m/v$v/deep/gone"
	is "$v: server stopped, fileset unmounted" umount "$m"
	is "$v: and mounted anew" mount_fileset
	start_server
	is "$v: an open file goes on" bash -c "echo 2 >&5"
	refused "$v: a removed one is stale" 'stale\|bad file' dd iflag=direct status=none <&6
	is "$v: so does a working directory" bash -c "echo new >new && mv new ../moved && mkdir d && ls >/dev/null"
	cd /
	exec 5>&- 6<&-
	[ "$(cat "$m/v$v/deep/er/held")" = "1
2" ] && ok "$v: what was written is there" || bad "$v: what was written is there" "$(cat "$m/v$v/deep/er/held")"
	is "$v: both sides are alike again" diff -r --no-dereference "$n/v$v" "$m/v$v"
}

consistent() {
	is "$1: the log is valid" bash -c "'$work/kml_dump' '$lower/.intermezzo/test/kml' >'$work/dump'"
	is "$1: names are as the log says" python3 "$here/kml_tree.py" "$work/dump" "$lower" "$(stat -c %i "$lower")"
}

gcc -O1 -Wall -o "$work/vfs" "$here"/vfs_*.c "$here/idmap.c" && gcc -O2 -o "$work/kml_dump" "$here/kml_dump.c" || exit 1
modprobe -q ext4; modprobe -q libcrc32c
modprobe nfsd && modprobe nfs && modprobe nfsv3 && modprobe nfsv4 || exit 1
"$here/../../../scripts/load-module" "$MODULE" || exit 1
mkfs.ext4 -q -F /dev/vda && mount -t ext4 -o nodelalloc /dev/vda "$lower" || exit 1
mount -t nfsd nfsd $nfsd
python3 "$here/nfs_rpc.py" "$m" >"$work/helper" &
helper=$!
trap finish EXIT
until grep -q ready "$work/helper"; do kill -0 $helper || exit 1; done
# how long clients have after a restart, and all others wait: the shortest
echo 10 >$nfsd/nfsv4gracetime; echo 10 >$nfsd/nfsv4leasetime

is "mount" mount_fileset
is "the server starts" start_server
for version in 4.2 3; do
	is "$version: mount" mount_client $version
	works $version
	[ ! -e "$n/.intermezzo" ] && ok "$version: .intermezzo isn't exported" || bad "$version: .intermezzo isn't exported"
	restart $version
	is "$version: unmount" umount "$n"
	consistent $version
done
stop_server
is "the fileset unmounts" umount "$m"
is "the module unloads" rmmod intermezzo
exit "$fail"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How much of a log needn't be sent? A project of UNITS files of C is built, and
# cleaned, with the cable pulled: what stands in the log, and what of it travels
# when the cable is back. Beside it a build that stays, and files saved as
# editors do.
#   UNITS=100 tests/bench/build.sh KERNEL
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
kernel=$1 units=${UNITS:-100}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/build.XXXXXX")
export LAB_DIR
# shellcheck source=scripts/pair.sh
. "$top/scripts/pair.sh"
trap '"$lab" clean >/dev/null 2>&1; rm -rf "$LAB_DIR"' EXIT

# offline WHAT: does what stdin says at t21, in the project, and prints what travels then
offline() {
	local sent cancelled bytes
	sent=$(figure t21 recordsSent) cancelled=$(figure t21 recordsCancelled) bytes=$(figure t21 bytesSent)
	"$lab" unplug t21
	{ echo "cd $mount/project"; cat; } | script t21 >/dev/null
	"$lab" plug t21
	sync_wait t21
	sent=$(($(figure t21 recordsSent) - sent)) cancelled=$(($(figure t21 recordsCancelled) - cancelled)) bytes=$(($(figure t21 bytesSent) - bytes))
	printf '%-36s %8d %8d %12d\n' "$1" $((sent + cancelled)) "$sent" "$bytes"
}

boot_both
pair
daemon qube >/dev/null
daemon t21 >/dev/null
sync_wait t21
script t21 <<-SH
	mkdir $mount/project
	cd $mount/project
	for ((i = 0; i < $units; i++)); do
		printf '#include "all.h"\nint part_%d(char *to) { return sprintf(to, "%%d", %d); }\n' \$i \$i >part\$i.c
		echo "int part_\$i(char *to);"
	done | cat <(echo '#include <stdio.h>') - >all.h
	printf '#include "all.h"\nint main(void) { char to[16]; return part_0(to) != 1; }\n' >main.c
	cat >Makefile <<-'MAKE'
	.RECIPEPREFIX = >
	objects = \$(patsubst %.c,out/%.o,\$(wildcard *.c))
	program: \$(objects)
	> ar rc out/all.a \$^
	> gcc -o \$@ out/main.o out/all.a
	out/%.o: %.c all.h | out
	> gcc -c -MMD -o \$@ \$<
	out:
	> mkdir \$@
	clean:
	> rm -rf out program
	MAKE
SH
sync_wait t21

printf 'A project of %d files, offline\n%-36s %8s %8s %12s\n' $((units + 1)) "" records sent "bytes sent"
offline "make, make clean" <<<'make -s; make -s clean'
offline "make" <<<'make -s'
offline "make clean" <<<'make -s clean'
offline "20 files saved, as editors do, thrice" <<<'for ((round = 0; round < 3; round++)); do for ((i = 0; i < 20; i++)); do sed -i "s/part/part/" part$i.c; done; done'
entries=$(equal_trees) || { echo "$entries" >&2; exit 1; }
printf 'both trees are equal, %d entries\n' "$entries"

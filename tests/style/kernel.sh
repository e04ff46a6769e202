#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/style/kernel.sh VERSION...: the module's sources as the kernel's own tools want them.
#
# Each version: the compiler with W=1 and sparse with endian checks say nothing. Then checkpatch --strict, once.
# Builds aside: build/kernel-* may be in use by a guest.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

cache=${LAB_CACHE:-/var/cache/intermezzo-lab}
work=$(mktemp -d "${TMPDIR:-/tmp}/kernel-style.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

report() { # report NAME STATUS LOG: no complaint is one that ends well and says nothing
	if [ "$2" = 0 ] && [ ! -s "$3" ]; then
		echo "ok - $1"
	else
		cat "$3"
		echo "not ok - $1: exit code $2, $(wc -l <"$3") lines above"
		failed=1
	fi
}

compile() { # compile VERSION: with all that the tools say in VERSION.log; 0 if it builds
	local tree=$work/$1 headers
	headers=$(scripts/lab kernel "$1" --headers) || return
	git ls-files -z kernel | xargs -0 cp --parents -t "$work/" && mv "$work/kernel" "$tree" &&
		make -C "$tree" -j"$(nproc)" KDIR="$headers" W=1 C=2 CF=-D__CHECK_ENDIAN__ >"$tree.out" 2>"$tree.err"
}

for version; do
	compile "$version"
	status=$?
	# kbuild says on its own which compiler it took and that there is no vmlinux for BTF.
	grep -hE 'warning|error|\*\*\*' "$work/$version".{out,err} >"$work/log"
	[ "$status" = 0 ] || cat "$work/$version.err" >>"$work/log"
	report "kernel $version: W=1 and sparse" "$status" "$work/log"
	# Were sparse not asked, there would be nothing to say either.
	grep -c '^  CHECK ' "$work/$version.out" >"$work/count"
	[ "$(<"$work/count")" -ge 10 ]
	report "kernel $version: sparse read the sources" "$?" /dev/null
done

# Not asked: intermezzo.h is for programs, too, which have no __packed; mmap.c fills a copy of another file system's vm_operations.
git ls-files -z 'kernel/*.[ch]' | xargs -0 perl "$cache/checkpatch/checkpatch.pl" --no-tree --strict --terse --summary-file \
	--show-types --ignore PREFER_DEFINED_ATTRIBUTE_MACRO,CONST_STRUCT -f \
	>"$work/log" 2>&1
status=$?
grep -vE ' total: 0 errors, 0 warnings, 0 checks, ' "$work/log" >"$work/complaints"
report "checkpatch --strict" "$status" "$work/complaints"
exit "$failed"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Tries to compile each probe: probe.sh PROBES OUTPUT COMPILER FLAGS...
# A probe that compiles defines HAVE_<ITS NAME> in the output.
set -eu
probes=$1 output=$2
shift 2

for probe in "$probes"/*.c; do
	(
		name=$(basename "$probe" .c | tr '[:lower:]' '[:upper:]')
		if "$@" -Werror -Wno-missing-prototypes -Wno-missing-declarations -fsyntax-only "$probe" 2>/dev/null; then
			echo "#define HAVE_$name 1" > "$output.$name"
		else
			: > "$output.$name"
		fi
	) &
done
wait
{
	echo "/* SPDX-License-Identifier: GPL-2.0-or-later */"
	cat "$output".[A-Z]*
} > "$output.new"
rm -f "$output".[A-Z]*
mv "$output.new" "$output"

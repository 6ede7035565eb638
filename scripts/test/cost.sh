#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cost.sh [-p PAGES] [-s] [SCENARIO...]: what ksmd costs on the unmodified kernel
# and on ours, in instructions per page, as a table with the ratio. Both kernels
# are booted with a clock that counts instructions, so the figures repeat.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../lib.sh"

pages=16384 smart=''
while getopts 'p:sh' opt; do
	case $opt in
	p) pages=$OPTARG ;;
	s) smart=--smart-scan ;;
	*) die "usage: ${0##*/} [-p PAGES] [-s: with smart_scan 1] [SCENARIO...]" ;;
	esac
done
shift $((OPTIND - 1))
[[ $pages =~ ^[1-9][0-9]*$ ]] || die "'$pages' is not a number of pages"

program=build/selftests/ksm/ksm_cost
logs=$BUILD/test
cd "$TOP"
mkdir -p "$logs"
[[ -x $program ]] || scripts/selftests.sh
for name in "$@"; do
	"$program" --list | grep -q "^$name " || die "no scenario $name; there are: $("$program" --list | cut -d' ' -f1 | tr '\n' ' ')"
done

# Memory for the pages, as much again for their like, and the kernel's own
mem=$((512 + pages / 128))
for kernel in base prod; do
	[[ -e build/$kernel/bzImage ]] || scripts/build.sh "$kernel"
	with_progress "measuring $kernel" scripts/boot.sh -k "$kernel" -9 -i -m "$mem" -t 3600 -- \
		"$program --json --pages $pages $smart ${*/#/--scenario }" >"$logs/cost-$kernel.json.new" ||
		die "measuring $kernel failed, see above"
	grep '^{' "$logs/cost-$kernel.json.new" >"$logs/cost-$kernel.json" || die "measuring $kernel gave no figures"
	rm "$logs/cost-$kernel.json.new"
done

awk -v pages="$pages" '
	function field(name,    value) {
		if (!match($0, "\"" name "\": [^,}]*"))
			return ""
		value = substr($0, RSTART, RLENGTH)
		sub(/^[^:]*: /, "", value)
		gsub(/"/, "", value)
		return value
	}
	{ name = field("scenario") }
	FNR == NR { base[name] = field("ns_per_page"); state[name] = counters(); next }
	function counters() {
		return field("pages_shared") "/" field("pages_sharing") "/" field("pages_unshared") "/" \
			field("pages_volatile") "/" field("ksm_zero_pages")
	}
	FNR == 1 {
		printf "instructions per page, %d pages; at the end shared/sharing/unshared/volatile/zero\n", pages
		printf "%-19s %10s %10s %9s  %-4s %-28s %s\n", "scenario", "base", "ours", "base/ours", "of", "base, at the end", "ours, at the end"
	}
	{
		ours = field("ns_per_page")
		printf "%-19s %10.1f %10.1f %9.2f  %-4s %-28s %s\n", name, base[name], ours, (ours > 0 ? base[name] / ours : 0), field("clock"), state[name], counters()
	}' "$logs/cost-base.json" "$logs/cost-prod.json"

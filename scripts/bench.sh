#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh [-q] [-r] [-p PAGES] [SCENARIO...]: what KSM costs, on the unmodified
# kernel and on ours, in one go. Both are booted with a clock that counts
# instructions, so the figures repeat.
#
#   -q        ours only, compared with the figures on record
#   -r        like -q, and put the figures on record
#   -p PAGES  pages of memory to work on (16384)
#
# Without -q: report.json, a table and plots in build/bench. Unless scenarios are
# named, settled memory is measured at growing sizes as well.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

pages=16384 quick='' record=''
while getopts 'qrp:h' opt; do
	case $opt in
	q) quick=1 ;;
	r) quick=1 record=1 ;;
	p) pages=$OPTARG ;;
	*) sed -n '4,13s/^# \{0,1\}//p' "$0" && exit "$([[ $opt == h ]] && echo 0 || echo 2)" ;;
	esac
done
shift $((OPTIND - 1))
[[ $pages =~ ^[1-9][0-9]*$ ]] || die "'$pages' is not a number of pages"

program=build/selftests/ksm/ksm_bench
out=$BUILD/bench
on_record=tools/testing/selftests/ksm/bench/recorded.json
growth=(65536 262144)
cd "$TOP"
mkdir -p "$out"
lock bench
scripts/selftests.sh
for name in "$@"; do
	"$program" --list | grep -q "^$name " ||
		die "no scenario $name; there are: $("$program" --list | cut -d' ' -f1 | tr '\n' ' ')"
done

# measure KERNEL PAGES ARGUMENT...: adds a line for each scenario to KERNEL's file
measure() {
	local kernel=$1 pages=$2 mem log
	shift 2
	# The pages, their like, the page tables of sparse memory, the kernel's own
	mem=$((1024 + pages / 64))
	log=$out/$kernel.log
	with_progress "$kernel, $pages pages" scripts/boot.sh -k "$kernel" -9 -i -m "$mem" -t 7200 -- \
		"$program --json --pages $pages $*" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "measuring on $kernel failed (see above; log: build/bench/$kernel.log)"
	}
	sed -n '/^{/p' "$log" >>"$out/$kernel.lines"
}

kernels=(prod)
[[ $quick ]] || kernels=(base prod)
for kernel in "${kernels[@]}"; do
	scripts/build.sh "$kernel"
	: >"$out/$kernel.lines"
	# shellcheck disable=SC2068,SC2086 # words on purpose
	measure "$kernel" "$pages" ${@/#/--scenario }
	if [[ ! $quick ]] && (($# == 0)); then
		for more in "${growth[@]}"; do
			measure "$kernel" "$more" --scenario settled-unique --scenario settled-merged
		done
	fi
done

if [[ $record ]]; then
	python3 scripts/bench/report.py record "$out/prod.lines" "$on_record"
elif [[ $quick ]]; then
	python3 scripts/bench/report.py compare "$out/prod.lines" "$on_record"
else
	python3 scripts/bench/report.py report "$out"
	for plot in cost growth merged; do
		gnuplot -c scripts/bench/plot.gp "$plot" "$out"
	done
	say "native nanoseconds: SKIP, ksm_bench needs a User Mode Linux that runs programs"
	say "table, plots and figures: build/bench/report.md, *.svg, report.json"
fi

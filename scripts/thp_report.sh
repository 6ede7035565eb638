#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# thp_report.sh [-n RUNS] [-b BASE] [-k OURS] [THRESHOLD...]: what thp_split_threshold
# gives and takes: the guests of make run in huge pages of 2 MiB, on the unmodified kernel
# and on ours with each threshold (0, 1, 64, 256 and 512), with use_zero_pages on. Says
# what memory is saved and what is left in huge pages. The table is in build/thp/report.txt.
#
#   -n RUNS  of each, of which the median counts (1)
#   -b BASE  this image in place of the unmodified kernel's
#   -k OURS  this image in place of prod's
#
# A run takes some two minutes.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

out=$BUILD/thp
runs=1 base='' prod=''
while getopts 'n:b:k:h' opt; do
	case $opt in
	n) runs=$OPTARG ;;
	b) base=$OPTARG ;;
	k) prod=$OPTARG ;;
	*) sed -n '4,13s/^# \{0,1\}//p' "$0" && exit "$([[ $opt == h ]] && echo 0 || echo 2)" ;;
	esac
done
shift $((OPTIND - 1))
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "'$runs' is not a number of runs"
thresholds=("$@")
(($#)) || thresholds=(0 1 64 256 512)
for each in "${thresholds[@]}"; do
	[[ $each =~ ^[0-9]+$ && $each -le 512 ]] || die "'$each' is no threshold: those are 0 to 512"
done
mkdir -p "$out"
lock thp
rm -f "$out"/*.log
for kernel in base prod; do
	if [[ ! ${!kernel} ]]; then
		"$TOP/scripts/build.sh" "$kernel"
		declare "$kernel=$BUILD/$kernel/bzImage"
	elif [[ ! -f ${!kernel} ]]; then
		die "there is no kernel ${!kernel}"
	fi
done

# measure NAME KERNEL THRESHOLD RUN: NAME.RUN.log. A guest that QEMU emulates now and then
# ends by itself, on any kernel: one run more, then.
measure() {
	local log=$out/$1.$4.log try
	for try in first second; do
		with_progress "$1, run $4 of $runs" env WORKLOAD=guests_merged GUEST_PAGES=huge ZERO_PAGES=1 \
			"KERNEL=$2" "THP_SPLIT=$3" "$TOP/scripts/demo.sh" >"$log" 2>&1 && break
		tail -n 15 "$log" >&2
		[[ $try == first ]] || die "$1: failed (see above; log: ${log#"$TOP/"})"
		say "$1: failed (see above), once more"
	done
	say "$1, run $4 of $runs:$(sed -n 's/^  saved: \([^;]*\);.*/ \1 saved/p' "$log")"
}

for ((run = 1; run <= runs; run++)); do
	measure base "$base" '' "$run"
	for each in "${thresholds[@]}"; do
		measure "$each" "$prod" "$each" "$run"
	done
done
python3 "$TOP/scripts/thp_report.py" "$out" base "${thresholds[@]}" | tee "$out/report.txt"

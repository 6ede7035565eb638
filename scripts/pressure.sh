#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# pressure.sh: how much memory is written before somebody is killed for want of it, on the
# unmodified kernel and on ours, side by side: pages that can be merged and pages that
# cannot, one writer and four, processes and guests of KVM, with swap in compressed memory
# and without, on one NUMA node and on two. The table and all figures are in build/pressure.
# Takes some twelve minutes.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

(($# == 0)) || { sed -n '4,9s/^# \{0,1\}//p' "$0" && exit "$([[ $1 == -h ]] && echo 0 || echo 2)"; }

program=build/selftests/ksm/ksm_pressure
out=$BUILD/pressure
mem=512
swap='echo 256M >/sys/block/zram0/disksize; mkswap /dev/zram0 >/dev/null; swapon /dev/zram0;'
cd "$TOP"
mkdir -p "$out"
lock pressure
scripts/selftests.sh

# What each case is called, what it does first, and how the guest is booted for it
cases=(
	'one writer||'
	'four writers|--writers 4|'
	'one writer, zram swap|swap|'
	'one writer, two NUMA nodes||numa=fake=2'
	'a guest of KVM|--content guests|'
	'four guests of KVM|--content guests --writers 4|'
	'pages that meet late|--content late|'
	'merged and written again|--content circle --most 8|'
	'nothing to merge|--content unique|'
	'nothing to merge|--content unique|'
	'nothing to merge|--content unique|'
)

# measure KERNEL NAME OPTIONS BOOT: a line of KERNEL.lines
measure() {
	local kernel=$1 name=$2 before='' options=$3 boot=$4 log
	log=$out/$kernel.log
	[[ $options != swap ]] || { before=$swap options=''; }
	with_progress "$kernel: $name" scripts/boot.sh -k "$kernel" -9 -c 2 -m "$mem" -t 600 \
		${boot:+-a "$boot"} -- "$before $program $options" >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2 && die "$kernel: $name: failed (see above; log: build/pressure/$kernel.log)"; }
	sed -n "/^{/s/^{/{\"case\":\"$name\",/p" "$log" >>"$out/$kernel.lines"
}

for kernel in base prod; do
	: >"$out/$kernel.lines"
	for each in "${cases[@]}"; do
		IFS='|' read -r name options boot <<<"$each"
		measure "$kernel" "$name" "$options" "$boot"
	done
done
python3 scripts/pressure.py "$out/base.lines" "$out/prod.lines" | tee "$out/report.txt"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh [-q] [-r] [-d] [-p PAGES] [SCENARIO...]: what KSM costs, on the unmodified
# kernel and on ours, in one go. Both are booted with a clock that counts
# instructions, so the figures repeat; the scenarios of $two_cpus below and three
# KVM guests, whose memory is in small or in huge pages (guests-small, guests-huge),
# take two CPUs and the wall clock. Then both are run in User Mode Linux, for
# nanoseconds at native speed.
#
#   -q        ours only, compared with the figures on record
#   -r        like -q, and put the figures on record
#   -n        the native part only, into the report of the last run
#   -d        put the report and the plots of the last run into the documentation
#   -p PAGES  pages of memory to work on (16384)
#
# Without these: report.json, tables and plots in build/bench. Unless scenarios are
# named, that includes settled memory at growing sizes, ksmd as it is set at boot,
# those of two CPUs, three KVM guests, and native times: about an hour, all told.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

pages=16384 quick='' record='' document='' only_native=''
while getopts 'qrndp:h' opt; do
	case $opt in
	q) quick=1 ;;
	r) quick=1 record=1 ;;
	n) only_native=1 ;;
	d) document=1 ;;
	p) pages=$OPTARG ;;
	*) sed -n '4,20s/^# \{0,1\}//p' "$0" && exit "$([[ $opt == h ]] && echo 0 || echo 2)" ;;
	esac
done
shift $((OPTIND - 1))
[[ $pages =~ ^[1-9][0-9]*$ ]] || die "'$pages' is not a number of pages"

program=build/selftests/ksm/ksm_bench
out=$BUILD/bench
on_record=tools/testing/selftests/ksm/bench/recorded.json
growth=(131072 524288)
small_vmas=100000 # of 2000 processes
budget=262144 own_pace=1048576
tiles=1000000
native_pages=32768 native_rounds=3
two_cpus=(contention hot-writers launch-beside-ksmd guest-faults)
guests=(guests-small guests-huge)
# Those that leave page tables alone, as User Mode Linux has to ask the host for each
# change
native_scenarios=(settled-unique settled-merged settled-tail settled-processes-2
	settled-processes-64 settled-small-vmas index-unique index-tail)
cd "$TOP"
mkdir -p "$out"
lock bench
if [[ $document ]]; then
	[[ -f $out/report.json ]] || die "no build/bench/report.json; make bench makes it"
	python3 scripts/bench/report.py document "$out" >Documentation/mm/ksm/measured.txt
	for plot in cost growth merged; do
		cp "$out/$plot.svg" "Documentation/mm/ksm/ksm_$plot.svg"
	done
	exit
fi
scripts/selftests.sh
for name in "$@"; do
	if [[ " ${guests[*]} " == *" $name "* ]]; then
		[[ ! $quick ]] || die "$name is measured on both kernels only: without -q and -r"
		continue
	fi
	"$program" --list | grep -q "^$name " ||
		die "no scenario $name; there are: $("$program" --list | cut -d' ' -f1 | tr '\n' ' ')${guests[*]}"
done

# logged LOG COMMAND...: its output goes there, that of with_progress does not
logged() {
	local log=$1
	shift
	"$@" >"$log" 2>&1
}

takes_two_cpus() { [[ " ${two_cpus[*]} " == *" $1 "* ]]; }

# measure KERNEL PAGES ARGUMENT...: adds a line for each scenario to KERNEL's file
measure() {
	local kernel=$1 pages=$2 mem log word clock=(-i)
	shift 2
	for word; do
		! takes_two_cpus "$word" || clock=(-c 2)
	done
	# The pages, their like, the page tables of sparse memory, the kernel's own
	mem=$((1024 + pages / 64))
	log=$out/$kernel.log
	with_progress "$kernel, $pages pages${*:+: $*}" logged "$log" scripts/boot.sh -k "$kernel" -9 \
		"${clock[@]}" -m "$mem" -t 7200 -- "KSM_TEST_TIMEOUT=600 $program --json --pages $pages $*" || {
		tail -n 20 "$log" >&2
		die "measuring on $kernel failed (see above; log: build/bench/$kernel.log)"
	}
	sed -n 's/^ksm_bench: /bench.sh: /p' "$log"
	sed -n '/^{/p' "$log" >>"$out/$kernel.lines"
}

# measure_guests KERNEL guests-small|guests-huge
measure_guests() {
	local kernel=$1 name=$2 log=$2.$1.log
	with_progress "$kernel, three KVM guests: $name" logged "$out/$log" \
		env WORKLOAD=guests GUEST_PAGES="${name#guests-}" KERNEL="$BUILD/$kernel/bzImage" \
		scripts/demo.sh ||
		die "the guests on $kernel failed, see build/bench/$log"
}

# Those of the given scenarios that fit on one CPU, then those that do not
measure_named() {
	local kernel=$1 name one_cpu=() others=()
	shift
	for name in "$@"; do
		if takes_two_cpus "$name" || [[ $name == guests-* ]]; then
			others+=("$name")
		else
			one_cpu+=(--scenario "$name")
		fi
	done
	((${#one_cpu[@]} == 0)) || measure "$kernel" "$pages" "${one_cpu[@]}"
	for name in "${others[@]}"; do
		if takes_two_cpus "$name"; then
			measure "$kernel" "$pages" --scenario "$name"
		else
			measure_guests "$kernel" "$name"
		fi
	done
}

measure_all() {
	local kernel=$1 more name
	measure "$kernel" "$pages"
	[[ ! $quick ]] || return 0
	for more in "${growth[@]}"; do
		measure "$kernel" "$more" --scenario settled-unique --scenario settled-merged \
			--scenario settled-processes-64
	done
	measure "$kernel" "$small_vmas" --scenario settled-small-vmas
	# So short, whatever the pages, that it varies
	measure "$kernel" "$pages" --scenario wait-exit
	measure "$kernel" "$tiles" --scenario wait-ksmd
	measure "$kernel" "$budget" --scenario budget
	measure "$kernel" "$own_pace" --scenario defaults
	measure "$kernel" "$own_pace" --scenario new-guest-late
	measure "$kernel" "$pages" --scenario idle
	for name in "${two_cpus[@]}"; do
		measure "$kernel" "$pages" --scenario "$name"
	done
	for name in "${guests[@]}"; do
		measure_guests "$kernel" "$name"
	done
}

# 5 GiB that are written to, and the guest's own
if [[ ! $quick && ! $only_native ]] && (($# == 0)) &&
	(($(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo) < 8000)); then
	own_pace=262144
	say "less than 8000 MiB of memory are free: the scenario defaults gets 1 GiB of settled memory, not 4"
fi
kernels=(prod)
[[ $quick ]] || kernels=(base prod)
if [[ $only_native ]]; then
	[[ -f $out/report.json ]] || die "no build/bench/report.json to add to; make bench makes it"
	kernels=()
fi
for kernel in "${kernels[@]}"; do
	scripts/build.sh "$kernel"
	: >"$out/$kernel.lines"
	rm -f "$out"/guests-*."$kernel.log" "$out/um-$kernel.lines" "$out/native.log"
	if (($#)); then
		measure_named "$kernel" "$@"
	else
		measure_all "$kernel"
	fi
done

# Native nanoseconds, caches included, in User Mode Linux: the scenarios, each kernel
# in turn so that both see the same machine
native_passes() {
	local kernel round log
	for kernel in um-base um-prod; do
		scripts/build.sh "$kernel"
		rm -f "$out/$kernel.lines"
	done
	# Not every host lets a program be traced the way that this takes
	if ! scripts/boot-um.sh -k um-base -t 60 -- true >"$out/um-base.log" 2>&1; then
		say "native times: SKIP, User Mode Linux runs no program here (see build/bench/um-base.log)"
		return
	fi
	for ((round = 1; round <= native_rounds; round++)); do
		for kernel in um-base um-prod; do
			log=$out/$kernel.log
			with_progress "$kernel, $native_pages pages, run $round of $native_rounds" logged "$log" \
				scripts/boot-um.sh -k "$kernel" -m $((1024 + native_pages / 64)) -t 3600 -- \
				"$program --json --wall --pages $native_pages ${native_scenarios[*]/#/--scenario }" || {
				tail -n 20 "$log" >&2
				die "measuring on $kernel failed (see above; log: build/bench/$kernel.log)"
			}
			sed -n 's/^ksm_bench: /bench.sh: /p' "$log"
			sed -n '/^{/p' "$log" >>"$out/$kernel.lines"
		done
	done
}

# What a fingerprint costs beside reading the page, by the KUnit suite
native_fingerprints() {
	scripts/build.sh um
	timeout -k 10 300 "$BUILD/um/linux" mem=512M con0=null,fd:1 con=null console=tty0 panic=-1 \
		kunit.enable=1 kunit_shutdown=halt kunit.filter_glob=ksm_speed </dev/null >"$out/native.log" 2>&1 ||
		true # its status says nothing
	grep -q 'least time per page' "$out/native.log" ||
		die "no time in build/bench/native.log"
}

if [[ ! $quick ]] && (($# == 0)); then
	native_passes
	native_fingerprints
fi

if [[ $record ]]; then
	python3 scripts/bench/report.py record "$out/prod.lines" "$on_record"
elif [[ $quick ]]; then
	python3 scripts/bench/report.py compare "$out/prod.lines" "$on_record"
else
	python3 scripts/bench/report.py report "$out" "$(make -s -C "$BUILD/base-src" kernelversion)"
	for plot in cost growth merged; do
		[[ ! -s $out/$plot.dat ]] || gnuplot -c scripts/bench/plot.gp "$plot" "$out"
	done
	say "table, plots and figures: build/bench/report.md, *.svg, report.json"
fi

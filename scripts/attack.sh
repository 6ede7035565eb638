#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# attack.sh [-q] [-p PASSES] [-m MODE]... [-c CHANNEL]...: what can be learned of others' memory
# through KSM, on the unmodified kernel and on ours in every mode that it has. Both are
# booted with a clock that counts instructions, so that one instruction of difference
# shows, and then with two CPUs and the wall clock.
#
#   -q          fewer samples, and no wall clock: a few minutes
#   -p PASSES   of ksmd, between the offer of memory and the measurement
#   -m MODE     this mode only; may be given repeatedly
#   -c CHANNEL  this channel only; may be given repeatedly
#
# The table of channels and modes, the plots and all figures are in build/attack. The
# status is 1 if a channel is open that the mode should close, or if the unmodified kernel
# resists an attack that must succeed there: then the harness is wrong. ksm_attack --list
# names modes and channels.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

quick='' modes=() options=() failed=0
while getopts 'qp:m:c:h' opt; do
	case $opt in
	q) quick=1 options+=(--quick) ;;
	p) options+=(--passes "$OPTARG") ;;
	m) modes+=("$OPTARG") ;;
	c) options+=(--channel "$OPTARG") ;;
	*) sed -n '4,18s/^# \{0,1\}//p' "$0" && exit "$([[ $opt == h ]] && echo 0 || echo 2)" ;;
	esac
done
shift $((OPTIND - 1))
(($# == 0)) || die "'$*' is no option; -h tells what there is"

program=build/selftests/ksm/ksm_attack
out=$BUILD/attack
clocks=(instructions)
[[ $quick ]] || clocks+=(wall)
cd "$TOP"
mkdir -p "$out"
lock attack
scripts/selftests.sh
"$program" --list >/dev/null "${options[@]}" "${modes[@]/#/--mode=}" ||
	die "ksm_attack does not take these options (see above)"

# attack KERNEL CLOCK MODE...: KERNEL.CLOCK.lines; what there is of them, if it fails
attack() {
	local kernel=$1 clock=$2 log=$out/$1.$2.log machine=(-i) done=1
	shift 2
	[[ $clock == instructions ]] || machine=(-c 2)
	say "$kernel, by $clock"
	# Two nodes, as there is nowhere else to move a page to
	scripts/boot.sh -k "$kernel" -9 "${machine[@]}" -m 1024 -t 3600 -a numa=fake=2 -- \
		"$program --json ${options[*]} ${*/#/--mode=}" 2>&1 | tee "$log" |
		sed -un "s/^# /attack.sh: $kernel, by $clock, /p; s/^ksm_attack: /attack.sh: error: $kernel, by $clock, /p" || done=''
	sed -n '/^{/p' "$log" >"$out/$kernel.$clock.lines"
	[[ ! $done ]] || return 0
	grep -v '^[#{]' "$log" | tail -n 20 >&2 || true
	say "error: attacks on $kernel failed (see above; log: build/attack/$kernel.$clock.log)"
	failed=1
}

rm -f "$out"/*.lines "$out"/*.log "$out"/*.dat "$out"/*.svg
for kernel in base prod; do
	scripts/build.sh "$kernel"
	for clock in "${clocks[@]}"; do
		# Base has no modes, but for the two that take nothing of the kernel
		if [[ $kernel == base ]]; then
			attack base "$clock" global unoffered
		else
			attack prod "$clock" "${modes[@]}"
		fi
	done
done

python3 scripts/attack/report.py "$out" "${clocks[@]}" || failed=1
for data in "$out"/*.dat; do
	[[ ! -s $data ]] || gnuplot -c scripts/attack/plot.gp "$data" "${data%.dat}.svg"
done
say "table, plots and figures: build/attack/report.md, *.svg, report.json"
exit "$failed"

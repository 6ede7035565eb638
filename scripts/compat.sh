#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compat.sh: upstream's mm selftests of what KSM touches, on base with KSM off and
# on prod with ksmd flat out and all memory mergeable. See usage().
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<-'END'
	usage: compat.sh [-n] [PATTERN]
	Prints a table of the programs (those whose name matches) with their results, and
	lists what differs. What differs is run again on both kernels, and on base with ksmd
	flat out, to tell what flickers on base, and what is KSM's doing and not ours. Fails
	if a program differs that does not with KSM on base. Logs are in build/compat.
	  -n  build no kernels: boot the copies that the last run left in build/compat
	AGAIN (2) is how often what differs is run again.
	END
	exit "${1:-2}"
}

build=1
while getopts 'nh' opt; do
	case $opt in
	n) build=0 ;;
	h) usage 0 ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
(($# <= 1)) || usage
pattern=${1:-.}

out=$BUILD/compat
table=$TOP/scripts/compat/programs
# migration wants a third processor
cpus=3 mem=2048
again_times=${AGAIN:-2}

boot() {
	local part=$1 kernel=$2
	shift 2
	"$TOP/scripts/boot.sh" -k "$out/$kernel.bzImage" -9 -c "$cpus" -m "$mem" -t 5400 -a numa=fake=2 \
		-l "$out/$part.console" -- "$TOP/scripts/compat/guest.sh" "$@" >"$out/$part.log" 2>"$out/$part.boot"
}

# run_on PART KERNEL off|on TIMES PROGRAM...: results in build/compat/PART
run_on() {
	local part=$1 rc=0
	rm -f "$out/$part"
	with_progress "$part: $(($# - 4)) programs on $2, KSM $3" boot "$@" || rc=$?
	awk -f "$TOP/scripts/compat/results.awk" "$out/$part.log" >"$out/$part"
	if ((rc)); then
		sed 's/^/    /' "$out/$part.boot"
		say "$part: boot.sh ended with status $rc"
		bad=1
	fi
}

compare() { awk -v "pattern=$pattern" -v "table=${1:-0}" -f "$TOP/scripts/compat/compare.awk" "$table" "${parts[@]/#/$out/}"; }

main() {
	local kernel programs again parts=(base ours) bad=0
	mkdir -p "$out"
	lock compat
	mapfile -t programs < <(awk -v "pattern=$pattern" '!/^#/ && NF && $1 ~ pattern { print $1 }' "$table")
	((${#programs[@]})) || die "no program's name matches $pattern"
	for kernel in base prod; do
		if ((build)); then
			"$TOP/scripts/build.sh" "$kernel"
			# A copy: builds may go on while this runs
			cp "$BUILD/$kernel/bzImage" "$out/$kernel.bzImage"
		fi
		[[ -f $out/$kernel.bzImage ]] || die "there is no build/compat/$kernel.bzImage; leave out -n"
	done
	awk '!/^#/ && NF { print $3 }' "$table" | sort -u | xargs "$TOP/scripts/selftests.sh"
	with_progress "building ksmctl" \
		make -s -j "$JOBS" -C "$TOP/tools/mm/ksm" OUTPUT="$BUILD/tools/ksm/" ||
		die "tools/mm/ksm does not build (see above)"

	run_on base base off 1 "${programs[@]}"
	run_on ours prod on 1 "${programs[@]}"
	mapfile -t again < <(compare)
	if ((${#again[@]})); then
		run_on base-again base off "$again_times" "${again[@]}"
		run_on ours-again prod on "$again_times" "${again[@]}"
		run_on base-ksm base on "$again_times" "${again[@]}"
		parts+=(base-again ours-again base-ksm)
	fi
	compare 1 | tee "$out/table" || bad=1
	return "$bad"
}

main

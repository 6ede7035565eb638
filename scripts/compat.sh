#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compat.sh: upstream's mm selftests of what KSM touches, on base with KSM off and
# on prod with ksmd flat out and all memory mergeable. See usage().
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/programs.sh
. "$(dirname "$0")/programs.sh"

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
# migration wants a third processor; run_vmtests.sh reserves as many huge pages
cpus=3 mem=2048 huge_pages=128
again_times=${AGAIN:-2}

# run_on PART KERNEL off|on TIMES PROGRAM...: what the guest prints is in PART.log
run_on() {
	local part=$1 kernel=$2 ksm=$3 times=$4 line i rc=0
	shift 4
	while read -r line; do
		[[ " $* " == *" ${line%% *} "* ]] || continue
		for ((i = 0; i < times; i++)); do
			echo "$line"
		done
	done <"$out/programs" >"$out/$part.programs"
	say "$part: $# programs on $kernel, KSM $ksm"
	"$TOP/scripts/boot.sh" -k "$out/$kernel.bzImage" -9 -c "$cpus" -m "$mem" -t 5400 -a numa=fake=2 \
		-l "$out/$part.console" -- "$TOP/scripts/guest/run.sh" -H "$huge_pages" -k "$ksm" "$out/$part.programs" \
		2>"$out/$part.boot" | tee "$out/$part.log" | results progress "$part" || rc=$?
	if ((rc)); then
		sed 's/^/    /' "$out/$part.boot"
		say "$part: boot.sh ended with status $rc"
		bad=1
	fi
}

compare() { results "$1" "$out/programs" "${parts[@]/#/$out/}"; }

main() {
	local kernel programs commands again parts=(base.log ours.log) bad=0
	mkdir -p "$out"
	lock compat
	upstream_selftests "$TOP/scripts/compat/programs" all | choose "$pattern" '' 1 >"$out/programs"
	mapfile -t programs < <(cut -d ' ' -f 1 "$out/programs")
	((${#programs[@]})) || die "no program's name matches $pattern"
	for kernel in base prod; do
		if ((build)); then
			"$TOP/scripts/build.sh" "$kernel"
			# A copy: builds may go on while this runs
			cp "$BUILD/$kernel/bzImage" "$out/$kernel.bzImage"
		fi
		[[ -f $out/$kernel.bzImage ]] || die "there is no build/compat/$kernel.bzImage; leave out -n"
	done
	mapfile -t commands < <(cut -d ' ' -f 4 "$out/programs" | sort -u)
	"$TOP/scripts/selftests.sh" "${commands[@]#upstream/}"
	with_progress "building ksmctl" \
		make -s -j "$JOBS" -C "$TOP/tools/mm/ksm" STATIC=1 OUTPUT="$BUILD/tools/ksm/" "$BUILD/tools/ksm/ksmctl" ||
		die "tools/mm/ksm does not build (see above)"

	run_on base base off 1 "${programs[@]}"
	run_on ours prod on 1 "${programs[@]}"
	mapfile -t again < <(compare differ)
	if ((${#again[@]})); then
		run_on base-again base off "$again_times" "${again[@]}"
		run_on ours-again prod on "$again_times" "${again[@]}"
		run_on base-ksm base on "$again_times" "${again[@]}"
		parts+=({base-again,ours-again,base-ksm}.log)
	fi
	compare table | tee "$out/table" || bad=1
	return "$bad"
}

main

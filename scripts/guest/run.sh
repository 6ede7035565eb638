#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh: run programs in the guest, each on its own. See usage(). Lines that begin
# with "#@ " are for the host, which works out from them what was run and how it
# went (scripts/results); all else is the programs' own output.
set -u

usage() {
	cat <<-'END'
	usage: run.sh [-H PAGES] [-k off|on] [-v] [-l] LIST
	Runs the programs of LIST: name, time-out in seconds, how often to try until it
	passes, command below build/selftests.
	  -H PAGES  so many huge pages for hugetlb (4)
	  -k off    KSM is off; after each program the knobs of huge pages are put back,
	            and what ksmd did meanwhile is said
	  -k on     the same with ksmd flat out, and all memory mergeable
	  -v        the kernel must have a debugfs file ksm/verify; without -v it may
	  -l        look for leaked memory at the end, where the kernel has kmemleak
	END
	exit "${1:-2}"
}

# Two huge pages of each node, for the tests of COW over hugetlb
huge_pages=4 ksm='' verify=0 leaks=0
while getopts 'H:k:vlh' opt; do
	case $opt in
	H) huge_pages=$OPTARG ;;
	k)
		[[ $OPTARG == o@(ff|n) ]] || usage
		ksm=$OPTARG
		;;
	v) verify=1 ;;
	l) leaks=1 ;;
	h) usage 0 ;;
	*) usage ;;
	esac
done
(($# == OPTIND)) || usage
list=$(realpath "${!OPTIND}")
[[ -r $list ]] || {
	echo "run.sh: error: cannot read the list of programs $list" >&2
	exit 1
}
here=$(cd "$(dirname "$0")" && pwd -P)
build=${here%/scripts/guest}/build
knobs=/sys/kernel/mm/ksm
huge_knobs=/sys/kernel/mm/transparent_hugepage
# For the tests of what it tells
export KSMCTL=$build/tools/ksm/ksmctl

if [[ $ksm == on && -z ${KSM_MERGEABLE:-} ]]; then
	echo 10000 >$knobs/pages_to_scan
	echo 0 >$knobs/sleep_millisecs
	echo 0 >$knobs/smart_scan
	echo 1 >$knobs/run
	# This shell has PR_SET_MEMORY_MERGE from here on, and what it starts inherits it
	KSM_MERGEABLE=1 exec "$KSMCTL" run -- "$0" "$@"
fi

set_up_memory() {
	# Swapping out needs somewhere to go; compressed memory will do
	if echo 512M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null; then
		swapon /dev/zram0 || echo "no swap: swapon failed"
	else
		echo "no swap: there is no zram0"
	fi
	echo "$huge_pages" >/proc/sys/vm/nr_hugepages || echo "no hugetlb pages"
}

# The knobs of KSM and of huge pages: programs change them, and one that stops in the
# middle leaves them so. Of a choice, what stands in brackets is what counts.
declare -A knob
save_knobs() {
	local file value
	while read -r file; do
		value=$(<"$file")
		[[ $value != *\[* ]] || value=${value#*[} value=${value%%]*}
		knob[$file]=$value
	done < <(find "$@" -type f -perm -200)
}

restore_knobs() {
	local file
	for file in "${!knob[@]}"; do
		[[ $file != "$1"/* ]] || echo "${knob[$file]}" >"$file"
	done
}

# One that was stopped has not cleaned up: some knobs can be set only while nothing is
# merged, and some only while no advisor is on
clean_up() {
	if [[ -d $knobs ]]; then
		echo 2 >$knobs/run
		[[ ! -e $knobs/advisor_mode ]] || echo none >$knobs/advisor_mode
		restore_knobs $knobs
		echo "${knob[$knobs/run]}" >$knobs/run
	fi
	restore_knobs $huge_knobs
	[[ $(</proc/swaps) == */zram0* ]] || swapon /dev/zram0
}

# passes of ksmd, and KSM pages that a write took apart, since the boot
work_done() {
	local cow=0 key value
	while read -r key value; do
		[[ $key != cow_ksm ]] || cow=$value
	done </proc/vmstat
	echo "$(<$knobs/full_scans) $cow"
}

run() {
	local name=$1 seconds=$2 command=$3 start=$SECONDS status
	echo "#@ begin $name"
	# In a session of its own, so that a time-out ends the children as well
	eval "setsid -w timeout -k 10 $seconds \"\$build\"/selftests/$command" </dev/null 2>&1
	status=$?
	((status != 124 && status != 137)) || clean_up
	echo
	echo "#@ end $name $status $((SECONDS - start))"
	return $status
}

check_invariants() {
	local file=/sys/kernel/debug/ksm/verify text
	if [[ ! -e $file ]]; then
		((!verify)) || echo "#@ verify $1 absent"
		return
	fi
	text=$(cat "$file" 2>&1)
	if [[ $text == ok ]]; then
		echo "#@ verify $1 ok"
	else
		echo "$text"
		echo "#@ verify $1 broken"
	fi
}

check_leaks() {
	local file=/sys/kernel/debug/kmemleak
	echo "#@ begin kmemleak"
	# An object counts once it is some seconds old, and was found twice. A write fails
	# where kmemleak has switched itself off.
	{ echo scan && sleep 6 && echo scan; } >"$file" &&
		sed 's/^/# /' "$file" | head -n 200 && [[ -z $(head -c 1 "$file") ]]
	echo "#@ end kmemleak $? 0"
}

run_all() {
	local name seconds tries command passes cow
	# Nobody has set a knob of KSM before the first one
	export KSM_TEST_FRESH_BOOT=1
	while read -r name seconds tries command; do
		[[ -z $ksm ]] || read -r passes cow <<<"$(work_done)"
		until run "$name" "$seconds" "$command" || ((--tries <= 0)); do :; done
		unset KSM_TEST_FRESH_BOOT
		check_invariants "$name"
		if [[ $ksm ]]; then
			restore_knobs $huge_knobs
			set -- "$(work_done)"
			echo "#@ ksmd $name $((${1% *} - passes)) $((${1#* } - cow))"
		fi
	done <"$list"
}

set_up_memory
# Some write files where they stand, and build/ is not to be written to
mkdir -p /tmp/selftests && cd /tmp/selftests || exit 1
for dir in $knobs $huge_knobs; do
	[[ ! -d $dir ]] || save_knobs "$dir"
done
if [[ $ksm ]]; then
	echo "#@ ksm run $(<$knobs/run), $(grep -h . /proc/$$/ksm_stat | tr '\n' ' ')"
	wanted='0 no'
	[[ $ksm == off ]] || wanted='1 yes'
	# The unmodified kernel does not show ksm_merge_any
	any=$(sed -n 's/^ksm_merge_any: *//p' /proc/$$/ksm_stat)
	is="$(<$knobs/run) ${any:-${wanted#* }}"
	if [[ $is != "$wanted" ]]; then
		echo "run.sh: error: run and ksm_merge_any are $is, not $wanted: KSM is not $ksm"
		exit 1
	fi
fi
run_all
((!leaks)) || check_leaks
echo "#@ done"

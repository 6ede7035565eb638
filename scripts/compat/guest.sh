#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh off|on TIMES [NAME...]: run in the guest by compat.sh. Runs the programs
# of the table, or those named, each so many times: with KSM off, or with ksmd flat
# out and all memory mergeable. Lines that begin with "#@ " are for the host.
set -u
ksm=$1 times=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd -P)
build=$here/../../build
knobs=/sys/kernel/mm/ksm
# shellcheck source=scripts/guest-memory.sh
. "$here/../guest-memory.sh"

if [[ $ksm == on && -z ${COMPAT_MERGEABLE:-} ]]; then
	echo 10000 >$knobs/pages_to_scan
	echo 0 >$knobs/sleep_millisecs
	echo 0 >$knobs/smart_scan
	echo 1 >$knobs/run
	# This shell has PR_SET_MEMORY_MERGE from here on, and what it starts inherits it
	COMPAT_MERGEABLE=1 exec "$build/tools/ksm/ksmctl" run -- "$0" on "$times" "$@"
fi

# The knobs of huge pages: programs change them, and one that stops in the middle
# leaves them so. Of a choice, what stands in brackets is what counts.
declare -A knob
save_knobs() {
	local file value
	while read -r file; do
		value=$(<"$file")
		[[ $value != *\[* ]] || value=${value#*[} value=${value%%]*}
		knob[$file]=$value
	done < <(find /sys/kernel/mm/transparent_hugepage -type f -perm -200)
}

restore_knobs() {
	local file
	for file in "${!knob[@]}"; do
		echo "${knob[$file]}" >"$file"
	done
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
	local name=$1 seconds=$2 command=$3 start=$SECONDS status passes cow
	read -r passes cow <<<"$(work_done)"
	echo "#@ begin $name"
	# In a session of its own, so that a time-out ends the children as well
	eval "setsid -w timeout -k 10 $seconds $build/selftests/upstream/$command" </dev/null 2>&1
	status=$?
	echo
	echo "#@ end $name $status $((SECONDS - start))"
	restore_knobs
	set -- "$(work_done)"
	echo "#@ ksmd $name $((${1% *} - passes)) $((${1#* } - cow))"
}

# As many huge pages as upstream's run_vmtests.sh reserves
set_up_memory 128
# Some write files where they stand, and build/ is not to be written to
mkdir -p /tmp/compat && cd /tmp/compat || exit 1
save_knobs
echo "#@ ksm run $(<$knobs/run), $(grep -h . /proc/$$/ksm_stat | tr '\n' ' ')"
while read -r name seconds command; do
	[[ $name == \#* || -z $name ]] && continue
	(($# == 0)) || [[ " $* " == *" $name "* ]] || continue
	for ((i = 0; i < times; i++)); do
		run "$name" "$seconds" "$command"
	done
done <"$here/programs"
echo "#@ done"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh KERNEL [PATTERN]: run in the guest by test.sh. Sets up what the tests
# want, then runs each program of the table on its own. Lines that begin with
# "#@ " are for the host, which works out from them what was run and how it went;
# all else is the programs' own output.
set -u
kernel=$1
pattern=${2:-.}
here=$(dirname "$0")
programs=$here/../../build/selftests
verify=/sys/kernel/debug/ksm/verify
# shellcheck source=scripts/guest-memory.sh
. "$here/../guest-memory.sh"
factor=1
# Seconds that a wait may take: long, for a machine that is busy with other things
export MIB=32 KSM_TEST_TIMEOUT=140
if [[ $kernel == debug ]]; then
	factor=3 MIB=8 KSM_TEST_TIMEOUT=400
fi

check_invariants() {
	local text
	if [[ ! -e $verify ]]; then
		[[ $kernel != debug ]] || echo "#@ verify $1 absent"
		return
	fi
	text=$(cat "$verify" 2>&1)
	if [[ $text == ok ]]; then
		echo "#@ verify $1 ok"
	else
		echo "$text"
		echo "#@ verify $1 broken"
	fi
}

run() {
	local name=$1 seconds=$(($2 * factor)) command=$3 start=$SECONDS status
	echo "#@ begin $name"
	# In a session of its own, so that a time-out ends the children as well
	(cd "$programs" && eval "exec timeout -k 10 $seconds $command") </dev/null 2>&1
	status=$?
	echo
	echo "#@ end $name $status $((SECONDS - start))"
	return $status
}

check_leaks() {
	local leaks=/sys/kernel/debug/kmemleak
	[[ $kernel == debug && -e $leaks ]] || return
	echo "#@ begin kmemleak"
	# An object counts once it is some seconds old, and was found twice
	echo scan >"$leaks"
	sleep 6
	echo scan >"$leaks"
	sed 's/^/# /' "$leaks" | head -n 200
	[[ -z $(head -c 1 "$leaks") ]]
	echo "#@ end kmemleak $? 0"
}

# Two huge pages of each node, for the tests of COW over hugetlb
set_up_memory 4
export KSM_TEST_FRESH_BOOT=1
while read -r name seconds kernels command; do
	[[ $name == \#* || -z $name ]] && continue
	[[ $kernels == all || ,$kernels, == *,$kernel,* ]] || continue
	[[ $name =~ $pattern ]] || continue
	tries=1
	[[ $command =~ '# tries: '(all|$kernel)' '([0-9]+) ]] && tries=${BASH_REMATCH[2]}
	until run "$name" "$seconds" "$command" || ((--tries <= 0)); do :; done
	check_invariants "$name"
	unset KSM_TEST_FRESH_BOOT
done <"$here/programs"
[[ $pattern != . ]] || check_leaks
echo "#@ done"

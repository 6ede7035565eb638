# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by test.sh and compat.sh: what the guest is to run, as scripts/guest/run.sh
# reads it: name, time-out in seconds, how often to try, command.

# our_selftests: those that their Makefile lists, with the time-out of their settings
our_selftests() {
	local dir=$BUILD/tree/tools/testing/selftests/ksm timeout names name first=sysfs_test
	timeout=$(sed -n 's/^timeout=//p' "$dir/settings")
	# One of them goes on for as long as it is told
	[[ ! $timeout ]] || timeout=$((timeout + ${KSM_COEXIST_SECONDS:-0}))
	names=$(env -u MAKEFLAGS -u MAKELEVEL make -s --no-print-directory -C "$dir" COLLECTION=ksm emit_tests)
	[[ $timeout && $names == *ksm:$first* ]] ||
		die "build/tree/tools/testing/selftests/ksm lists no $first among its tests, or its settings no timeout"
	# It looks at what the knobs are after boot, so it comes before all that set any
	echo "$first $timeout 1 ksm/$first"
	for name in ${names//ksm:/}; do
		[[ $name == "$first" ]] || echo "$name $timeout 1 ksm/$name"
	done
}

# upstream_selftests TABLE KERNEL: see the tables, scripts/*/programs
upstream_selftests() {
	local name seconds command tries
	while read -r name seconds command; do
		[[ $name && $name != \#* ]] || continue
		tries=1
		[[ $command =~ '# tries: '(all|$2)' '([0-9]+) ]] && tries=${BASH_REMATCH[2]}
		echo "$name $seconds $tries upstream/${command%%  #*}"
	done <"$1"
}

# choose PATTERN SKIP FACTOR: the lines whose name matches the one and not the other,
# with so many times the time-out
choose() {
	local name seconds rest
	while read -r name seconds rest; do
		[[ $name =~ $1 && ! ($2 && $name =~ $2) ]] || continue
		echo "$name $((seconds * $3)) $rest"
	done
}

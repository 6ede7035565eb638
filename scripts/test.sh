#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test.sh: the whole test run. See usage() for the options. Logs are in build/test;
# the last line is "N passed, N failed", and ", N skipped" if any were.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/programs.sh
. "$(dirname "$0")/programs.sh"

usage() {
	cat <<-'END'
	usage: test.sh [--quick] [--on STAGE]... [--only PATTERN]
	Stages, all of them by default but base:
	  userspace  the KUnit suites of the rooms that need no kernel, with ASan and UBSan
	  kunit  the KUnit suites, in User Mode Linux
	  tools  the tests of ksmctl and ksmtuned, on files that look like sysfs and /proc,
	         and those of the attacker's statistics
	  prod   the selftests, ours and upstream's, on the kernel as it is used, with
	         ksmtuned and programs of others that read and write KSM's files
	  off    that nothing is merged, on the same kernel booted with ksm=off
	  no-memcg  domains on the same kernel without memory cgroups
	  memcg-v1  and on debug's with those of version 1
	  shadow those of our selftests that make KVM guests, on the same kernel, where
	         KVM maps them by shadow pages, which do not tell what they write
	  debug  the same as prod on a kernel that checks itself; a report by it is a failure
	  base   (only if named) the same on the unmodified kernel, which has known
	         defects that some of our tests show
	  --quick         userspace, kunit, tools and prod
	  --on STAGE      this stage only; may be given more than once
	  --only PATTERN  of the programs, those whose name matches
	KSM_TEST_SCALE (percent) changes how long the long tests are, KSM_COEXIST_SECONDS for
	how long coexistence_test goes on at least.
	END
	exit "${1:-2}"
}

stages=() pattern=.
while (($#)); do
	case $1 in
	--quick) stages=(userspace kunit tools prod) ;;
	--on)
		[[ ${2:-} =~ ^(userspace|kunit|tools|prod|off|no-memcg|memcg-v1|shadow|debug|base)$ ]] || usage
		stages+=("$2")
		shift
		;;
	--only)
		pattern=${2:?--only needs a pattern}
		shift
		;;
	-h | --help) usage 0 ;;
	*) usage ;;
	esac
	shift
done
((${#stages[@]})) || stages=(userspace kunit tools prod off no-memcg memcg-v1 shadow debug)

logs=$BUILD/test
all=$logs/results
mkdir -p "$logs"
lock test
: >"$all"
took=''

# step TEXT COMMAND...: run it with its output in a log of its own, and say how
# long it took; a step that fails is a failure of the run.
step() {
	local text=$1 log=$logs/$2.log start=$SECONDS rc=0
	shift 2
	say "$text"
	"$@" >"$log" 2>&1 &
	local pid=$! shown=$SECONDS
	# A command in the background does not hear the terminal's interrupt
	trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.5
		if ((SECONDS - shown >= 30)); then
			shown=$SECONDS
			say "$text: $((SECONDS - start)) s; $(tail -n 1 "$log" | cut -c1-100)"
		fi
	done
	wait "$pid" || rc=$?
	trap - INT TERM
	if ((rc)); then
		tail -n 15 "$log" | sed 's/^/    /'
		printf 'fail\t%s\tfailed with status %s, see %s\n' "$text" "$rc" "${log#"$TOP/"}" >>"$all"
	fi
	say "$text: status $rc after $((SECONDS - start)) s"
	took+=", $text $((SECONDS - start)) s"
	return "$rc"
}

# The exit status of tools/testing/ksm
suites_failed=3

run_userspace() {
	local dir=$BUILD/tree/tools/testing/ksm log=$logs/userspace.log out=$logs/userspace.results
	local start=$SECONDS rc=0
	local built=$BUILD/userspace${LLVM:+-llvm}
	step "composing the tree" tree "$TOP/scripts/tree.sh" || return 0
	step "building the suites for userspace" build-userspace env -u MAKEFLAGS -u MAKELEVEL \
		make -C "$dir" "-j$JOBS" "OUTPUT=$built" || return 0
	timeout --foreground -k 10 600 "$built/ksm_test" </dev/null >"$log" 2>&1 || rc=$?
	results kunit userspace "$log" >"$out"
	# It says so by its status where a suite has failed, and that is counted
	if ((rc && rc != suites_failed)); then
		printf 'fail\tuserspace: the program ends well\tstatus %s: %s\n' "$rc" \
			"$(grep -m 1 -E 'ERROR:|runtime error:|leaks ' "$log" || tail -n 1 "$log")" >>"$out"
	fi
	cat "$out" >>"$all"
	say "userspace: $(results tally "$out"), after $((SECONDS - start)) s"
}

run_kunit() {
	local log=$logs/kunit.log out=$logs/kunit.results start=$SECONDS rc=0
	step "building the um kernel" build-um "$TOP/scripts/build.sh" um || return 0
	say "kunit: running the suites mm_ksm_* in User Mode Linux"
	timeout --foreground -k 10 300 "$BUILD/um/linux" mem=256M con0=null,fd:1 con=null console=tty0 panic=-1 \
		kunit.enable=1 kunit_shutdown=halt 'kunit.filter_glob=mm_ksm_*' </dev/null >"$log" 2>&1 || rc=$?
	results kunit kunit "$log" >"$out"
	if ((rc)); then
		printf 'fail\tkunit: the kernel ends well\tstatus %s%s\n' "$rc" \
			"$( ((rc != 124)) || echo ', time-out')" >>"$out"
	fi
	if kernel_complaints "$log" -q; then
		kernel_complaints "$log" -m 1 -A 30 | sed 's/^/    /'
		printf 'fail\tkunit: the kernel is silent\t%s\n' "$(kernel_complaints "$log" -m 1)" >>"$out"
	fi
	cat "$out" >>"$all"
	say "kunit: $(results tally "$out"), after $((SECONDS - start)) s"
}

# run_tool LABEL COMMAND...: a program of GoogleTest's, of the stage tools
run_tool() {
	local log=$logs/$1.log rc=0
	timeout --foreground -k 10 600 "${@:2}" </dev/null >"$log" 2>&1 || rc=$?
	results gtest "$1" "$log" "$rc" >>"$logs/tools.results"
}

run_tools() {
	local out=$logs/tools.results start=$SECONDS built=$BUILD/tools/ksm source=$TOP/tools/mm/ksm
	step "building ksmctl, ksmtuned and their tests" build-tools env -u MAKEFLAGS -u MAKELEVEL \
		make -C "$source" "-j$JOBS" "OUTPUT=$built/" tests || return 0
	step "building the tests of the attacker's statistics" build-attack env -u MAKEFLAGS -u MAKELEVEL \
		make -C "$TOP/tools/testing/selftests/ksm/attack/tests" "-j$JOBS" "OUTPUT=$BUILD/tools/attack/" ||
		return 0
	step "fetching the script that was ksmtuned before, and promtool" fetch-script \
		"$TOP/scripts/fetch.sh" ksmtuned promtool || return 0
	: >"$out"
	run_tool ksmctl env "KSMCTL=$built/ksmctl" "KSMCTL_SOURCE=$source" "$built/ksmctl_test"
	run_tool ksmtuned env "KSMTUNED=$built/ksmtuned/ksmtuned" "KSMTUNED_SOURCE=$source/ksmtuned" \
		"KSM_TEST_PROGRAMS=$BUILD/fetched" "PATH=$PATH:$BUILD/fetched/promtool/root/usr/bin" \
		"$built/ksmtuned/ksmtuned_test"
	run_tool attack "$BUILD/tools/attack/statistics_test"
	cat "$out" >>"$all"
	say "tools: $(results tally "$out"), after $((SECONDS - start)) s"
}

run_on() {
	local stage=$1 kernel=$1 start=$SECONDS rc=0
	local list=$logs/$stage.programs log=$logs/$stage.log out=$logs/$stage.results
	# Seconds that a wait may take: long, for a machine that is busy with other things
	local limit=1200 mem=1024 scale=${KSM_TEST_SCALE:-100} timeout=140 mib=32 factor=1 options=() fetched=()
	# It takes minutes to be worth it: make coexist
	local campaign=coexistence_test
	[[ ! ${KSM_COEXIST_SECONDS:-} ]] || campaign=none
	local skip="^($campaign|(off|no_memcg|memcg_v1)_test)\$"
	local only=. words=numa=fake=2
	# Left offline by the kernel: for hotplug_test to plug in and take away
	local dimm="-m slots=1,maxmem=4G -object memory-backend-ram,id=dimm,size=256M -device pc-dimm,memdev=dimm"
	case $stage in
	prod | base) fetched=(ksmtuned node_exporter atop libvirt) ;;
	off)
		kernel=prod only=^off_test$ skip='' words+=" ksm=off"
		;;
	no-memcg)
		kernel=prod only=^no_memcg_test$ skip='' words+=" cgroup_disable=memory"
		;;
	memcg-v1)
		kernel=debug only=^memcg_v1_test$ skip=''
		;;
	shadow)
		kernel=prod only=^guest_ words+=" kvm.tdp_mmu=0" scale=$((scale / 4 ? scale / 4 : 1))
		;;
	debug)
		limit=3000 mem=2048 scale=$((scale / 10 ? scale / 10 : 1)) timeout=400 mib=8 factor=3
		# These take a kernel that checks itself too long
		skip="^(full_machine_test|cow|$campaign|(off|no_memcg|memcg_v1|programs|ksmtuned)_test)\$" options=(-v)
		[[ $pattern != . ]] || options+=(-l)
		;;
	esac
	step "building the $kernel kernel" "build-$kernel" "$TOP/scripts/build.sh" "$kernel" || return 0
	step "building the selftests" build-selftests "$TOP/scripts/selftests.sh" || return 0
	step "building ksmctl" build-ksmctl env -u MAKEFLAGS -u MAKELEVEL \
		make -C "$TOP/tools/mm/ksm" "-j$JOBS" STATIC=1 "OUTPUT=$BUILD/tools/ksm/" "$BUILD/tools/ksm/ksmctl" || return 0
	if ((${#fetched[@]})); then
		step "building ksmtuned" build-ksmtuned env -u MAKEFLAGS -u MAKELEVEL \
			make -C "$TOP/tools/mm/ksm" "-j$JOBS" "OUTPUT=$BUILD/tools/ksm/" \
			"$BUILD/tools/ksm/ksmtuned/ksmtuned" || return 0
		step "fetching programs that use KSM's files" fetch "$TOP/scripts/fetch.sh" "${fetched[@]}" || return 0
	fi
	{
		our_selftests
		upstream_selftests "$TOP/scripts/test/programs" "$kernel"
	} | choose "$only" '' 1 | choose "$pattern" "$skip" "$factor" >"$list" || : >"$list"
	if [[ ! -s $list ]]; then
		say "$stage: no program matches $pattern"
		[[ $only != . ]] || printf 'fail\t%s\tno program matches %s\n' "$stage" "$pattern" >>"$all"
		return
	fi
	say "$stage: booting, and running the selftests"
	"$TOP/scripts/boot.sh" -k "$kernel" -9 -c 2 -m "$mem" -t "$((limit + ${KSM_COEXIST_SECONDS:-0}))" -a "$words" -q "$dimm" \
		-l "$logs/$stage.console" -- \
		env "KSM_TEST_SCALE=$scale" "KSM_TEST_TIMEOUT=$timeout" "MIB=$mib" \
		"KSM_COEXIST_SECONDS=${KSM_COEXIST_SECONDS:-0}" \
		"KSM_TEST_PROGRAMS=$BUILD/fetched" "KSMTUNED=$BUILD/tools/ksm/ksmtuned/ksmtuned" \
		"$TOP/scripts/guest/run.sh" "${options[@]}" "$list" \
		2>"$logs/$stage.boot" | tee "$log" |
		{ results progress "$stage" || { rc=$? && cat >/dev/null && exit "$rc"; }; } || rc=$?
	results guest "$stage" "$list" "$log" >"$out"
	if ((rc)); then
		cat "$logs/$stage.boot"
		printf 'fail\t%s: the guest ends well, and its kernel is silent\t%s\n' "$stage" \
			"$(grep -m 1 . "$logs/$stage.boot" || echo "boot.sh ended with status $rc")" >>"$out"
	fi
	cat "$out" >>"$all"
	say "$stage: $(results tally "$out"), after $((SECONDS - start)) s"
}

for stage in "${stages[@]}"; do
	case $stage in
	userspace) run_userspace ;;
	kunit) run_kunit ;;
	tools) run_tools ;;
	*) run_on "$stage" ;;
	esac
done

echo
results details "$all"
for stage in "${stages[@]}"; do
	[[ ! -s $logs/$stage.boot ]] || grep -m 1 -A 12 'Call Trace:' "$logs/$stage.boot" || true
done
say "$SECONDS s in all$took; logs in build/test"
results tally "$all"

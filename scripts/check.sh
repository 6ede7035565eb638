#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [NAME...]: the rules a kernel series must pass, on what is ours:
# checkpatch, W=1, sparse, how the rooms use each other, kernel-doc, shellcheck, clang-format,
# menuconfig, a minute of fuzzing (FUZZ_SECONDS), length. One line each: PASS, FAIL with the findings, or
# SKIP with the reason. Fails if there is any finding.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$TOP"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0

# ours DIRECTORY... -- PATTERN...: our files with these names, one a line
ours() {
	local dirs=() names=()
	while [[ $1 != -- ]]; do
		[[ -e $1 ]] && dirs+=("$1")
		shift
	done
	shift
	for n; do names+=(-o -name "$n"); done
	((${#dirs[@]})) || return 0
	find "${dirs[@]}" -type f \( "${names[@]:1}" \) | sort
}

kernel_c() { ours mm include tools/testing/ksm -- '*.c' '*.h'; }

patches() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' -e 's|^|patches/|' patches/series 2>/dev/null || true; }

pass() { echo "PASS $1: $2" && passed=$((passed + 1)); }
skip() { echo "SKIP $1: $2" && skipped=$((skipped + 1)); }
fail() {
	echo "FAIL $1"
	sed 's/^/    /' "$2"
	failed=$((failed + 1))
}

# verdict NAME STATUS FINDINGS WHAT
verdict() {
	if [[ $2 == 0 && ! -s $3 ]]; then
		pass "$1" "$4"
	else
		[[ -s $3 ]] || echo "$1 ended with status $2 and said nothing" >"$3"
		fail "$1" "$3"
	fi
}

# Where none of our sources are on the list, nothing is checked, and that is said
count_or_skip() {
	n=$(grep -c . "$2" || true)
	((n > 0)) || { skip "$1" "no files of this kind yet" && return 1; }
}

check_checkpatch() {
	local rc=0 f
	kernel_c >"$tmp/c"
	patches >"$tmp/p"
	count_or_skip checkpatch <(cat "$tmp/c" "$tmp/p") || return 0
	: >"$tmp/out"
	# Run in the tree, where checkpatch finds the words and types it knows.
	# INCLUDE_LINUX: on UML, linux/cpufeature.h has no boot_cpu_has().
	while read -r f; do
		(cd "$BUILD/tree" && perl scripts/checkpatch.pl --strict --terse --no-summary --show-types --ignore INCLUDE_LINUX -f "$f") >>"$tmp/out" 2>&1 || rc=1
	done <"$tmp/c"
	# The sign-off is for the one who sends the series
	while read -r f; do
		(cd "$BUILD/tree" && perl scripts/checkpatch.pl --strict --terse --no-summary --show-types --no-signoff "$TOP/$f") >>"$tmp/out" 2>&1 || rc=1
	done <"$tmp/p"
	verdict checkpatch "$rc" "$tmp/out" "$n files, --strict"
}

# kernel_build NAME FLAVOUR WHAT MAKE-ARGUMENT...: findings are what the
# compiler or sparse says about files of ours. Not what sparse says about locks
# that are taken on a condition: it does not understand pte_offset_map_lock(),
# here and all over mm.
kernel_build() {
	local name=$1 flavour=$2 what=$3 rc=0 targets=(mm/ksm.o)
	shift 3
	kernel_c | grep '\.c$' >"$tmp/list" || true
	count_or_skip "$name" "$tmp/list" || return 0
	[[ ! -f mm/ksm/Makefile ]] || targets+=(mm/ksm/)
	# Warnings come only when a file is compiled
	rm -f "$BUILD/$flavour/mm/ksm.o"
	[[ ! -d $BUILD/$flavour/mm/ksm ]] || find "$BUILD/$flavour/mm/ksm" -name '*.o' -delete
	"$TOP/scripts/build.sh" "$flavour" "$@" "${targets[@]}" >"$tmp/log" 2>&1 || rc=$?
	if ((rc)); then
		tail -n 40 "$tmp/log" >"$tmp/out"
	else
		grep -E '(mm/ksm|include/(linux|trace/events)/ksm)[^ ]*:[0-9]+.*(warning|error|note)' "$tmp/log" | grep -v 'warning: context imbalance' | sort -u >"$tmp/out" || true
	fi
	verdict "$name" "$rc" "$tmp/out" "$what"
}

check_W1() {
	kernel_build W=1 prod "prod" W=1
	kernel_build W=1-kunit um "um, with KUnit and KSM_DEBUG" W=1
}

check_sparse() {
	have sparse || { skip sparse "sparse is not installed" && return; }
	kernel_build sparse prod "prod" C=2
	kernel_build sparse-kunit um "um, with KUnit and KSM_DEBUG" C=2
}

check_rooms() {
	local rc=0 objects=() f
	"$TOP/scripts/build.sh" prod mm/ksm.o mm/ksm/ >"$tmp/log" 2>&1 || rc=$?
	if ((rc)); then
		tail -n 40 "$tmp/log" >"$tmp/out"
	else
		# Those of prod; objects of rooms that are gone may lie there, too
		for f in mm/ksm.c mm/ksm/*.c; do
			[[ $f == mm/ksm/debug.c ]] || objects+=("$BUILD/prod/${f%c}o")
		done
		python3 scripts/rooms.py mm/ksm/Makefile "${objects[@]}" >"$tmp/out" 2>&1 || rc=$?
	fi
	verdict rooms "$rc" "$tmp/out" "${#objects[@]} rooms: none uses a floor above its own, and no circle"
}

check_kernel_doc() {
	local rc=0
	kernel_c >"$tmp/list"
	count_or_skip kernel-doc "$tmp/list" || return 0
	(cd "$BUILD/tree" && xargs -d '\n' perl scripts/kernel-doc -none -Werror <"$tmp/list") >"$tmp/out" 2>&1 || rc=$?
	verdict kernel-doc "$rc" "$tmp/out" "$n files"
}

check_shellcheck() {
	local rc=0
	have shellcheck || { skip shellcheck "shellcheck is not installed" && return; }
	{ ours scripts tools -- '*.sh' && ours .ci -- run; } >"$tmp/list"
	count_or_skip shellcheck "$tmp/list" || return 0
	xargs -d '\n' shellcheck -x <"$tmp/list" >"$tmp/out" 2>&1 || rc=$?
	verdict shellcheck "$rc" "$tmp/out" "$n scripts"
}

check_clang_format() {
	local rc=0
	have clang-format || { skip clang-format "clang-format is not installed" && return; }
	ours tools -- '*.cpp' '*.hpp' >"$tmp/list"
	count_or_skip clang-format "$tmp/list" || return 0
	xargs -d '\n' clang-format --style=file --dry-run -Werror <"$tmp/list" >"$tmp/out" 2>&1 || rc=$?
	verdict clang-format "$rc" "$tmp/out" "$n C++ files"
}

# What reads files and words in ksmctl and ksmtuned, fed with anything
check_fuzz() {
	local rc=0 seconds=${FUZZ_SECONDS:-60}
	have clang++ || { skip fuzz "clang is not installed" && return; }
	echo 'extern "C" int LLVMFuzzerTestOneInput(const char *, unsigned long) { return 0; }' >"$tmp/fuzz.cpp"
	clang++ -fsanitize=fuzzer,address "$tmp/fuzz.cpp" -o "$tmp/fuzz" 2>/dev/null ||
		{ skip fuzz "clang has no fuzzer here, which is in Debian's package libclang-rt-dev" && return; }
	make -s -C tools/mm/ksm "-j$JOBS" "OUTPUT=$BUILD/tools/ksm/" "FUZZ_SECONDS=$seconds" fuzz >"$tmp/log" 2>&1 || rc=$?
	: >"$tmp/out"
	((rc == 0)) || grep -vE '^(#[0-9]+.(NEW|REDUCE|pulse|RELOAD|INITED)|.NEW_)' "$tmp/log" | tail -n 40 >"$tmp/out"
	verdict fuzz "$rc" "$tmp/out" "$(awk '/^Done / { runs += $2 } END { print runs + 0 }' "$tmp/log") runs of what reads files and words"
}

# The choices of 'make menuconfig': what is so without them, and what each changes
check_menuconfig() {
	local rc=0
	have tmux || { skip menuconfig "tmux is not installed" && return; }
	"$TOP/scripts/menuconfig_check.sh" "$tmp/menuconfig" >"$tmp/out" 2>&1 || rc=$?
	verdict menuconfig "$rc" "$tmp/out" "its defaults, and what each choice changes"
}

# A file that grows past this wants to be two
check_length() {
	# Plots are data, however many lines they have
	ours mm include tools scripts Documentation Makefile .ci -- '*' | grep -v '\.svg$' >"$tmp/list"
	count_or_skip length "$tmp/list" || return 0
	xargs -d '\n' wc -l <"$tmp/list" | awk '$2 != "total" && $1 >= 600 { print $2 ": " $1 " lines, the limit is 599" }' >"$tmp/out"
	verdict length 0 "$tmp/out" "$n files"
}

main() {
	local all=(checkpatch W1 sparse rooms kernel_doc shellcheck clang_format menuconfig fuzz length) c
	[[ -x $TOP/scripts/tree.sh ]] && "$TOP/scripts/tree.sh"
	(($#)) || set -- "${all[@]}"
	for c; do
		c=${c//-/_}
		[[ $(type -t "check_$c") == function ]] || die "no check named '$c' (there are: ${all[*]})"
		"check_$c"
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	((failed == 0))
}

main "$@"

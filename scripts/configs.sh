#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# configs.sh [NAME...]: compile mm/, and what else includes linux/ksm.h, in
# configurations in which something that KSM has to do with is missing, with gcc
# and with clang (COMPILERS=gcc: with it alone). One line each: PASS, FAIL with
# the findings, or SKIP with the reason. Fails if there is any finding: a
# warning, an error, or a function that only other configurations have.
#
# QUICK=1: only our own files (where there is no KSM, the users of linux/ksm.h),
# which takes a fourth of the time, and does not find missing functions.
#
# Nothing is linked and nothing runs. Objects and logs: build/configs/NAME-COMPILER.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kbuild.sh
. "$(dirname "$0")/kbuild.sh"

NAMES=(plain no-ksm no-numa no-swap no-sysfs no-proc no-thp no-hotremove no-migration
	no-memory-failure no-userfaultfd no-vma-lock no-memcg x86-32 arm64)

tree=$BUILD/tree
passed=0 failed=0 skipped=0

on() { printf 'CONFIG_%s=y\n' "$@"; }
off() { printf '# CONFIG_%s is not set\n' "$@"; }

# fragment NAME: what differs from prod. All of it must come true, and what is off
# must be on in plain, so that a misspelt symbol does not pass for one that is off.
fragment() {
	# Every file of ours
	[[ $1 == no-ksm ]] || on KSM KSM_DEBUG KUNIT KSM_KUNIT_TEST
	case $1 in
	plain) ;;
	no-ksm) off KSM ;;
	no-numa) off NUMA ;;
	no-swap) off SWAP ;;
	no-sysfs) off SYSFS ;;
	no-proc) off PROC_FS ;;
	no-thp) off TRANSPARENT_HUGEPAGE ;;
	no-hotremove) off MEMORY_HOTREMOVE ;;
	# All that select it, or cannot be without it
	no-migration) off MIGRATION COMPACTION TRANSPARENT_HUGEPAGE CMA MEMORY_HOTREMOVE ;;
	no-memory-failure) off MEMORY_FAILURE ;;
	no-userfaultfd) off USERFAULTFD ;;
	# Nobody is asked about PER_VMA_LOCK: every machine has it that has an MMU
	# and can have several processors, if its architecture supports it, as x86
	# and arm64 do. So this is a kernel for one processor.
	no-vma-lock) off PER_VMA_LOCK SMP ;;
	no-memcg) off MEMCG ;;
	x86-32) off 64BIT && on X86_32 HIGHMEM HIGHMEM4G ;;
	# MTE, for its own comparison of pages
	arm64) on ARM64 ARM64_TAGGED_ADDR_ABI ARM64_PAN ARM64_MTE ;;
	*) die "no configuration named '$1' (there are: ${NAMES[*]})" ;;
	esac
}

set_arch() {
	arch=x86_64 cross=
	case $name in
	x86-32) arch=i386 ;;
	arm64)
		arch=arm64
		[[ $cc == clang || $(uname -m) == aarch64 ]] || cross=aarch64-linux-gnu-
		;;
	esac
}

# fail WHY: with what is in the file findings
fail() {
	echo "FAIL $name $cc: $1 (logs: build/configs/$name-$cc/*.log)"
	head -n 30 "$out/findings" | sed 's/^/    /'
	failed=$((failed + 1))
	return 1
}

configure() {
	local dir=$TOP/scripts/config key sym
	fragment "$name" >"$out/fragment"
	join_fragments "$dir"/{common,prod,ours-prod}.config "$out/fragment" >"$out/fragments.config"
	key=$({
		cat "$out/fragments.config" "$BUILD/tree.base" "$BUILD/tree.kconfig"
		echo "$tree $cc_version $arch"
	} | sha256sum)
	[[ -f $out/.config && $(cat "$out/.config.key" 2>/dev/null) == "$key" ]] && return
	rm -f "$out"/{.config.key,.passed,.done-0,.done-1,symbols}
	make_config || {
		tail -n 20 "$out/config.log" >"$out/findings"
		fail "it cannot be configured"
		return
	}
	config_lost "$out/fragment" >"$out/findings"
	if [[ $name != plain && -f $plain/.config ]]; then
		sed -n 's/^# CONFIG_\(.*\) is not set$/\1/p' "$out/fragment" | while read -r sym; do
			grep -q "^CONFIG_$sym=y" "$plain/.config" || echo "$sym: off in the configuration plain too"
		done >>"$out/findings"
	fi
	[[ ! -s $out/findings ]] || {
		fail "the configuration did not become what it should be"
		return
	}
	printf '%s\n' "$key" >"$out/.config.key"
}

has() { grep -q "^CONFIG_$1=y" "$out/.config"; }

# ours_s: our sources of this configuration, as assembler files for make. They
# are for W=1: were it given for the objects, each run would make them twice.
ours_s() {
	local f sym
	has KSM || return 0
	cd "$tree"
	for f in mm/ksm.c mm/ksm/*.c mm/ksm/tests/*.c; do
		sym=$(sed -nE "s/^obj-[$]\(CONFIG_([A-Z0-9_]+)\).*[[:space:]]$(basename "$f" .c)\.o([[:space:]].*|$)/\1/p" "$(dirname "$f")/Makefile")
		[[ -z $sym ]] || has "$sym" || continue
		echo "${f%c}s"
	done
}

# users DIRECTORY...: who there includes linux/ksm.h, as objects
users() {
	local d
	cd "$tree"
	for d; do grep -lF '<linux/ksm.h>' "$d"/*.c; done | sed -e '\|^mm/ksm|d' -e 's/c$/o/'
}

# compile OURS...: W=1 first, since it tells the most; without building objtool,
# which has nothing to say of assembler files
compile() {
	local targets
	if (($#)); then
		"${make[@]}" -k "-j$JOBS" W=1 CONFIG_OBJTOOL= "$@" >"$out/w1.log" 2>&1 || return
		((whole)) || return 0
	fi
	if ((whole)); then
		mapfile -t targets < <(users kernel fs)
		targets+=(mm/)
		! has PROC_FS || targets+=(fs/proc/)
	else
		mapfile -t targets < <(users mm kernel fs fs/proc)
	fi
	"${make[@]}" -k "-j$JOBS" "${targets[@]}" >"$out/build.log" 2>&1
}

# symbols: what the objects define and need, one a line: NAME TYPE
symbols() {
	local nm=${cross}nm files
	mapfile -t files < <(users kernel fs)
	files+=(mm/built-in.a)
	[[ $cc == gcc ]] || nm=llvm-nm
	! has PROC_FS || files+=(fs/proc/built-in.a)
	(cd "$out" && "$nm" -P "${files[@]}") | awk 'NF > 1 { print $1, $2 }' | sort -u
}

# undefined_here: symbols that are needed and that mm/ has in plain, but not here.
# Such a kernel could not be linked.
undefined_here() {
	[[ -f $plain/symbols ]] || return 0
	awk 'FNR == 1 { n++ }
		n == 1 { if ($2 ~ /^[A-TV-Z]$/) elsewhere[$1] = 1; next }
		$2 == "U" { need[$1] = 1 }
		$2 ~ /^[A-TV-Z]$/ { here[$1] = 1 }
		END { for (s in need) if (s in elsewhere && !(s in here)) print "undefined symbol: " s }' \
		"$plain/symbols" "$out/symbols" | sort
}

# in_arch FUNCTION: another architecture than that of plain has its own, outside of mm/
in_arch() {
	[[ $arch == arm64 ]] && grep -rqE "^[a-z].*\b$1\(" --include='*.c' "$tree/arch/$arch"
}

# inputs: all that the objects are made of
inputs() {
	{
		cat "$out/.config.key" "$BUILD/tree.base" "$0" "$TOP/scripts/kbuild.sh"
		(cd "$tree" && grep -vE '^(Documentation|tools)/' "$BUILD/tree.manifest" | xargs -r -d '\n' sha256sum 2>&1)
	} | sha256sum
}

# try: configuration $name with compiler $cc
try() {
	local start=$SECONDS key ours stamp rc=0 tool what whole=1
	out=$BUILD/configs/$name-$cc plain=$BUILD/configs/plain-$cc
	set_arch
	LLVM='' tool=${cross}gcc
	[[ $cc == gcc ]] || LLVM=1 tool=clang
	if ! have "$tool"; then
		echo "SKIP $name $cc: no $tool; install it (scripts/packages.sh configs)"
		skipped=$((skipped + 1))
		return 0
	fi
	setup_make
	# The tools for the build are the same in all of them
	! have ccache || make+=("HOSTCC=ccache gcc")
	configure || return 0
	mapfile -t ours < <(ours_s)
	[[ -z ${QUICK:-} ]] || whole=0
	stamp=$out/.done-$whole
	key=$(inputs)
	if [[ $(cat "$stamp" 2>/dev/null) == "$key" && -z ${KSRC:-} ]]; then
		echo "PASS $name $cc: nothing changed"
		passed=$((passed + 1))
		return 0
	fi
	# Warnings come only when a file is compiled: after a run that did not pass,
	# or was interrupted, all of them are. Neither do old objects stay that a new
	# configuration does not have. ccache makes it quick.
	[[ -e $out/.passed ]] || rm -rf "$out"/{mm,fs,kernel}
	rm -f "$stamp" "$out/.passed"
	: >"$out/build.log"
	: >"$out/w1.log"
	with_progress "$name $cc: compiling" compile "${ours[@]}" || rc=$?
	{
		grep -hE 'warning:|error:' "$out/build.log" || true
		# Nobody promises W=1 for files that are not ours
		grep -hE '(mm/ksm|include/(linux|trace/events)/ksm)[^ ]*:[0-9]+.*(warning|error):' "$out/w1.log" || true
	} | sort -u >"$out/findings"
	if ((rc)) && [[ ! -s $out/findings ]]; then
		tail -qn 20 "$out/build.log" "$out/w1.log" >"$out/findings"
	fi
	[[ ! -s $out/findings ]] || {
		fail "it does not compile, or not without a warning"
		return 0
	}
	if ((whole)); then
		symbols >"$out/symbols"
		undefined_here | while read -r line; do
			in_arch "${line##* }" || echo "$line"
		done >"$out/findings"
	fi
	[[ ! -s $out/findings ]] || {
		fail "what it needs is missing in this configuration"
		return 0
	}
	what="${#ours[@]} files of ours"
	if ((whole)); then
		what+=', mm/, and the other users of linux/ksm.h'
	elif ((${#ours[@]} == 0)); then
		what='the users of linux/ksm.h'
	fi
	echo "PASS $name $cc: $what, $((SECONDS - start)) s"
	passed=$((passed + 1))
	: >"$out/.passed"
	# Unless the tree changed meanwhile
	[[ $(inputs) != "$key" ]] || printf '%s\n' "$key" >"$stamp"
}

main() {
	local compilers
	read -ra compilers <<<"${COMPILERS:-gcc clang}"
	for cc in "${compilers[@]}"; do
		[[ $cc == gcc || $cc == clang ]] || die "COMPILERS=$COMPILERS: there are gcc and clang"
	done
	[[ $JOBS =~ ^[1-9][0-9]*$ ]] || die "JOBS=$JOBS is not a positive number"
	(($#)) || set -- "${NAMES[@]}"
	for name; do fragment "$name" >/dev/null; done
	# The others are compared with it
	[[ " $* " == *' plain '* ]] || set -- plain "$@"
	lock configs
	[[ -d $BUILD/configs ]] || need_space 2000 "compiling all configurations"
	"$TOP/scripts/tree.sh"
	for name; do
		for cc in "${compilers[@]}"; do try; done
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	((failed == 0))
}

main "$@"

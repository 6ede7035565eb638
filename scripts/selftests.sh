#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# selftests.sh [PROGRAM...]: build the selftests.
#
#   build/selftests/ksm       ours, from build/tree
#   build/selftests/upstream  ksm_functional_tests, ksm_tests and cow, unchanged,
#                             from the base, and those of its mm selftests named
#   build/headers             the kernel's user space headers, for both
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

out=$BUILD/selftests
headers=$BUILD/headers
upstream=(ksm_functional_tests ksm_tests cow)
for name; do
	[[ " ${upstream[*]} " == *" $name "* ]] || upstream+=("$name")
done

# quietly LOG COMMAND...: its output goes to the log, and is shown if it fails
quietly() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 && return
	tail -n 40 "$log" | sed 's/^/    /' >&2
	return 1
}

install_headers() {
	local key
	key=$({
		cat "$BUILD/base.id"
		(cd "$BUILD/tree" && grep uapi "$BUILD/tree.manifest" | xargs -r -d '\n' sha256sum 2>/dev/null) || true
	} | sha256sum)
	[[ $(cat "$headers/.key" 2>/dev/null) == "$key" ]] && return
	rm -rf "$headers" "$out/headers-build"
	mkdir -p "$out/headers-build"
	with_progress "installing the kernel's headers to build/headers" \
		quietly "$out/headers.log" make -C "$BUILD/tree" "O=$out/headers-build" "-j$JOBS" \
		headers_install "INSTALL_HDR_PATH=$headers" ||
		die "make headers_install failed (see above, and build/selftests/headers.log)"
	printf '%s\n' "$key" >"$headers/.key"
}

# Upstream's Makefile writes a probe's result beside its sources, and the base
# is not to be written to: build from a copy of the parts it needs.
copy_upstream() {
	mkdir -p "$out/base"
	(cd "$BUILD/base-src" && rsync -a --relative --delete --exclude=local_config.* \
		tools/testing/selftests/mm tools/testing/selftests/*.h tools/testing/selftests/*.mk \
		tools/include include/vdso include/uapi mm/gup_test.h scripts/subarch.include "$out/base/")
}

# KSFT_SKIP: khugepaged.c of 6.12.117 uses it, and does not include kselftest.h
build_upstream() {
	copy_upstream || die "cannot copy upstream's selftests from build/base-src"
	mkdir -p "$out/upstream"
	with_progress "building upstream's selftests: ${upstream[*]}" \
		quietly "$out/upstream.log" make -C "$out/base/tools/testing/selftests/mm" "-j$JOBS" \
		"OUTPUT=$out/upstream" "KHDR_INCLUDES=-isystem $headers/include" EXTRA_CFLAGS=-DKSFT_SKIP=4 \
		"${upstream[@]/#/$out/upstream/}" ||
		die "upstream's selftests do not build (see above, and build/selftests/upstream.log)"
}

build_ours() {
	local dir=$BUILD/tree/tools/testing/selftests/ksm
	[[ -f $dir/Makefile ]] || die "there is no tools/testing/selftests/ksm/Makefile, so our selftests cannot be built"
	mkdir -p "$out/ksm"
	with_progress "building our selftests" \
		quietly "$out/ksm.log" make -C "$dir" "-j$JOBS" "OUTPUT=$out/ksm" "KHDR_INCLUDES=-isystem $headers/include" ||
		die "our selftests do not build (see above, and build/selftests/ksm.log)"
}

main() {
	mkdir -p "$out"
	lock selftests
	"$TOP/scripts/tree.sh"
	unset MAKEFLAGS MAKELEVEL MFLAGS
	install_headers
	build_upstream
	build_ours
	say "in build/selftests: upstream ($(find "$out/upstream" -maxdepth 1 -type f -executable | wc -l) programs), ksm ($(find "$out/ksm" -maxdepth 1 -type f -executable | wc -l) programs)"
}

main

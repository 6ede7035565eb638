# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the other scripts: paths, words for errors, progress.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BUILD=$TOP/build
CACHE=${XDG_CACHE_HOME:-${HOME:?}/.cache}/ksm
JOBS=${JOBS:-$(nproc)}
# Sorting must not depend on the caller's language, nor may messages we look for
export TOP BUILD CACHE JOBS LC_ALL=C

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

die() {
	printf '%s: error: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# chosen NAME DEFAULT: what 'make menuconfig' keeps of it in .config; the default where
# there is no .config
chosen() {
	if [[ ! -f $TOP/.config ]]; then
		echo "$2"
	else
		sed -n "s/^CONFIG_$1=//p" "$TOP/.config" | tr -d '"'
	fi
}

have() { command -v "$1" >/dev/null 2>&1; }

# need_space MIB WHAT: stop before a disk fills up half-way through WHAT
need_space() {
	local avail
	mkdir -p "$BUILD"
	avail=$(df -Pm "$BUILD" | awk 'NR == 2 { print $4 }')
	((avail >= $1)) || die "$2 needs about $1 MiB, but only $avail MiB are free under $BUILD; free some space, or clone to a larger disk"
}

# with_progress TEXT COMMAND...: run it, saying every few seconds that it is still at it
with_progress() {
	local text=$1 start=$SECONDS pid rc=0 n=0 every=25
	shift
	say "$text"
	"$@" &
	pid=$!
	[[ -t 1 ]] || every=75
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		n=$((n + 1))
		if ((n % every == 0)); then
			say "$text: $((SECONDS - start)) s"
		fi
	done
	wait "$pid" || rc=$?
	return $rc
}

# kernel_complaints FILE [OPTION...]: what a kernel prints only when something is
# wrong with it; the options are grep's
kernel_complaints() {
	local file=$1
	shift
	grep -E "$@" -e 'WARNING: |BUG: |KASAN: |Oops: |cut here|UBSAN|general protection fault|Kernel panic' \
		-e 'INFO: (task|rcu)|possible (circular|recursive)|suspicious RCU' \
		-e 'kmemleak: ([1-9]|.*(disabled|stopping))' "$file"
}

# lock NAME: one at a time, so that parallel makes do not step on each other.
# The descriptor stays open (and the lock held) until the script ends.
lock() {
	local fd
	mkdir -p "$BUILD"
	exec {fd}>"$BUILD/.lock-$1"
	if ! flock -n "$fd"; then
		say "waiting for another run to finish with $1"
		flock "$fd"
	fi
	LOCK_FD=$fd
}

# results COMMAND...: the reader of test results
results() { timeout --foreground -k 5 5400 python3 "$TOP/scripts/results" "$@"; }

unlock() { exec {LOCK_FD}>&-; }

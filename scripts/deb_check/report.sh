# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what runs in the installed system: lines for deb_check.sh to count.

# check TEXT COMMAND...: what it printed is shown if it failed
check() {
	local text=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "PASS $text"
	else
		echo "FAIL $text: $* ended with $?${out:+; it printed:}"
		[[ -z $out ]] || tail -n 12 <<<"$out" | sed 's/^/     | /'
	fi
}

skip() { echo "SKIP $1: $2"; }

# show COMMAND...: what it prints is for the reader
show() {
	echo "     \$ $*"
	"$@" 2>&1 | head -n 20 | sed 's/^/     | /'
}

not() { ! "$@"; }

# The last line of all, without which something ended too early
finished() { echo "END"; }

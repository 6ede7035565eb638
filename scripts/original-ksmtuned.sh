#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# original-ksmtuned.sh: print where the ksmtuned is that is a shell script, for ours to be
# compared with: one that is installed, or that of Debian's package, which is fetched into
# build/ and not installed. If there is none, print why, and fail.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

dir=$BUILD/original-ksmtuned

is_script() { [[ -f $1 && $(head -c 2 "$1") == '#!' ]]; }

missing() {
	echo "$1"
	exit 1
}

fetch() {
	(cd "$dir" && timeout 60 apt-get -q -o APT::Sandbox::User=root download ksmtuned) >>"$dir/log" 2>&1
}

main() {
	local f
	for f in /usr/sbin/ksmtuned "$dir/root/usr/sbin/ksmtuned"; do
		if is_script "$f"; then
			echo "$f"
			return
		fi
	done
	have dpkg-deb || missing "this is not Debian"
	rm -rf "$dir"
	mkdir -p "$dir"
	# The lists of packages may be old, or not be there at all
	if ! fetch; then
		timeout 120 apt-get -q update >>"$dir/log" 2>&1 || true
		fetch || missing "Debian's package ksmtuned cannot be fetched: $(tail -n 1 "$dir/log")"
	fi
	dpkg-deb -x "$dir"/ksmtuned_*.deb "$dir/root" >>"$dir/log" 2>&1 || true
	is_script "$f" || missing "Debian's package ksmtuned has no script, see ${dir#"$TOP/"}"
	echo "$f"
}

main

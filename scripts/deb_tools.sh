#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# deb_tools.sh: build the Debian package ksm-tools, of ksmctl and ksmtuned. It comes to
# build/deb-tools; its last line names it. Nothing is installed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

out=$BUILD/deb-tools
# A copy, as dpkg-buildpackage leaves files in and beside the source
source=$out/source

copy_source() {
	rm -rf "$source"
	mkdir -p "$out"
	cp -a "$TOP/tools/mm/ksm" "$source"
}

# Objects stay where they are, so that a second build is short
build() {
	cd "$source"
	env -u MAKEFLAGS -u MAKELEVEL OUTPUT="$out/objects/" DEB_BUILD_OPTIONS="parallel=$JOBS nocheck noautodbgsym" \
		dpkg-buildpackage --build=binary --no-sign --no-pre-clean >"$out/log" 2>&1
}

main() {
	local deb
	have dpkg-buildpackage || die "no dpkg-buildpackage; install the Debian packages dpkg-dev and debhelper"
	lock deb-tools
	copy_source
	rm -f -- "$out"/*.deb
	with_progress "building the package ksm-tools" build || {
		tail -n 15 "$out/log" | sed 's/^/    /' >&2
		die "the package does not build (see above, and build/deb-tools/log)"
	}
	deb=$(echo "$out"/ksm-tools_*.deb)
	say "build/deb-tools/${deb##*/} is built; to install it, as root: apt install ./build/deb-tools/${deb##*/}"
}

main

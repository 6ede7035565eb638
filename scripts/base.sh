#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# base.sh: the unmodified kernel at build/base-src.
#
# Either the Debian package linux-source-6.12, cached under
# ${XDG_CACHE_HOME:-~/.cache}/ksm, or the 6.12.y tree named by KSRC (then a
# symbolic link to it). build/base.id says which one it is.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"

PKG=linux-source-6.12

version_of() {
	awk '$2 == "=" && ($1 == "VERSION" || $1 == "PATCHLEVEL" || $1 == "SUBLEVEL") { v[$1] = $3 }
		END { print v["VERSION"] "." v["PATCHLEVEL"] "." v["SUBLEVEL"] }' "$1/Makefile"
}

check_tree() {
	local v
	[[ -f $1/Makefile && -f $1/mm/ksm.c && -f $1/Kbuild ]] ||
		die "KSRC=$1 is not a kernel source tree (no Makefile, Kbuild and mm/ksm.c in it); name the top of a v6.12.y tree"
	v=$(version_of "$1")
	[[ $v == 6.12.* ]] || {
		"$TOP/scripts/applies.sh" "$1" || true
		die "KSRC=$1 is Linux $v, but this series is for 6.12.y (above: what does not apply; Documentation/mm/ksm/forward-port.rst says what a port takes); check out a v6.12.y tag there, or leave KSRC out to use Debian's $PKG"
	}
	[[ ! -e $1/.config && ! -d $1/include/config ]] ||
		die "KSRC=$1 holds the output of an earlier build, which a build elsewhere must not see; run 'make mrproper' there (it deletes its .config)"
}

unpack() {
	rm -rf "$BUILD/base-src.new"
	mkdir -p "$BUILD/base-src.new"
	dpkg-deb --fsys-tarfile "$1" |
		tar -xO "./usr/src/$PKG.tar.xz" |
		xz -dc -T0 |
		tar -x -C "$BUILD/base-src.new" --strip-components=1
}

set_id() {
	[[ $(cat "$BUILD/base.id" 2>/dev/null) == "$1" ]] && return
	# Objects built from another base would look newer than this one's files
	rm -rf "$BUILD/base" "$BUILD/um-base"
	printf '%s\n' "$1" >"$BUILD/base.id"
}

main() {
	local deb id src
	mkdir -p "$BUILD"
	if [[ -n ${KSRC:-} ]]; then
		src=$(cd "$KSRC" 2>/dev/null && pwd -P) || die "KSRC=$KSRC: no such directory"
		check_tree "$src"
		[[ -L $BUILD/base-src ]] || rm -rf "$BUILD/base-src"
		ln -sfn "$src" "$BUILD/base-src"
		set_id "KSRC $src"
		return
	fi
	have apt-get || [[ -n $(cached_package "$PKG") ]] ||
		die "no apt-get here to fetch $PKG with; get a v6.12.y tree and say KSRC=directory"
	debian_package "$PKG" "150 MB" ||
		die "cannot fetch the package $PKG (see above); run 'apt-get update' as root, or name a v6.12.y tree with KSRC=directory"
	id="DEB ${deb##*/}"
	[[ $(cat "$BUILD/base.id" 2>/dev/null) == "$id" && -f $BUILD/base-src/Makefile ]] && return
	need_space 6000 "unpacking and building the kernel"
	with_progress "unpacking ${deb##*/}" unpack "$deb" ||
		die "cannot unpack $deb; it may be damaged: delete it, and it is fetched again"
	check_tree "$BUILD/base-src.new"
	rm -rf "$BUILD/base-src"
	mv "$BUILD/base-src.new" "$BUILD/base-src"
	set_id "$id"
}

main

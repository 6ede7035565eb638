#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# deb.sh [CONFIG]: Debian packages of the kernel: image and headers. See usage().
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"
# shellcheck source=scripts/kbuild.sh
. "$(dirname "$0")/kbuild.sh"
# shellcheck source=scripts/deb/config.sh
. "$(dirname "$0")/deb/config.sh"

usage() {
	cat <<-'END'
	usage: deb.sh [local|cloud|debian|FILE]
	  local   the configuration of the kernel that runs here, or, if it is an older one of
	          Debian's, what Debian has made of that for 6.12; with the modules that are
	          loaded and those of scripts/deb/keep.modules. If it is not one for Debian,
	          cloud. The default.
	  cloud   that of Debian's linux-image-cloud-amd64: for virtual machines
	  debian  that of Debian's linux-image-amd64: for any machine
	  FILE    a configuration of your own
	All without debug information. The packages come to build/deb/CONFIG; the last lines
	name them. Nothing is installed. A build that was interrupted goes on when it is
	started again.
	END
	exit "${1:-2}"
}

# What a full build takes on two processors: steps, minutes, MiB of disk. That of cloud is
# measured, the others are computed from it by the number of modules.
declare -A cost=([local]='5500 40 1500' [cloud]='8800 65 2000' [debian]='30000 220 6000' [file]='30000 220 6000')

say_cost() {
	local minutes mib
	read -r steps minutes mib <<<"${cost[$name]}"
	[[ ! -e $out/vmlinux ]] || return 0
	need_space "$mib" "building the packages ($name)"
	[[ ! -s $out/build.log ]] || say "$name: what was built before the build was interrupted is kept"
	say "$name: a full build takes about $((minutes * 2 / (JOBS > 1 ? JOBS : 1))) minutes with $JOBS jobs, and $mib MiB of disk"
}

# The version of the packages, and of the build in 'uname -v': it grows with each commit
setup_version() {
	revision=$(git -C "$TOP" rev-list --count HEAD 2>/dev/null || echo 1)
	export KBUILD_BUILD_VERSION=$revision
	# What the kernel says of its age is not that of a test kernel
	KBUILD_BUILD_TIMESTAMP=$(git -C "$TOP" log -1 --format=%cd --date='format-local:%a %b %e %T UTC %Y' 2>/dev/null || date -u '+%a %b %e %T UTC %Y')
	# Host programs as the kernel's own, or those in the headers would be built twice
	! have ccache || make+=("HOSTCC=ccache gcc")
}

# package: bindeb-pkg, but no linux-libc-dev, which would take the place of Debian's
package() {
	local version
	version=$("${make[@]}" -s kernelversion)
	rm -f "$out"/../linux-*.deb
	KDEB_PKGVERSION=$version-$revision KDEB_CHANGELOG_DIST=$(release) DEB_BUILD_OPTIONS="parallel=$JOBS terse" \
		DPKG_FLAGS='--rules-target=binary-image,binary-headers' "${make[@]}" "-j$JOBS" bindeb-pkg
} >"$out/package.log" 2>&1

inputs() { cat "$out/.config.key" "$BUILD/tree.id"; }

main() {
	local name steps revision key debs start=$SECONDS config=$BUILD/deb/config
	case ${1:-local} in
	-h | --help) usage 0 ;;
	esac
	(($# < 2)) || usage
	have dpkg-buildpackage || die "no dpkg-buildpackage; install the Debian packages dpkg-dev and debhelper"
	[[ $(dpkg --print-architecture) == amd64 ]] || die "this builds for amd64, and on it, only"
	mkdir -p "$BUILD/deb"
	lock deb
	choose_config "${1:-local}" "$config"
	"$TOP/scripts/tree.sh"
	say "the source is $(cat "$BUILD/tree.base"), with our series on top"
	tree=$BUILD/tree arch=x86_64 out=$BUILD/deb/$name/objects
	setup_make
	setup_version
	configure "$config"
	key=$(inputs | sha256sum)
	if [[ $(cat "$out/.built" 2>/dev/null) != "$key" ]]; then
		rm -f "$out/.built"
		say_cost
		compile "$name" bzImage modules
		with_progress "$name: packing" package || {
			tail -n 15 "$out/package.log" | sed 's/^/    /' >&2
			die "the packages cannot be made (see above, and ${out#"$TOP/"}/package.log)"
		}
		printf '%s\n' "$key" >"$out/.built"
		say "$name: done in $(((SECONDS - start) / 60)) min $(((SECONDS - start) % 60)) s; $(du -sm "$out" | cut -f 1) MiB of disk"
	fi
	ln -sfn "$name" "$BUILD/deb/last"
	debs=("$BUILD/deb/$name"/linux-*.deb)
	say "these are built; to install them, as root: apt install$(printf ' ./%s' "${debs[@]#"$TOP/"}")"
}

main "$@"

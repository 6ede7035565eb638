#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# packages.sh TOPIC...: make sure that the Debian packages are there which the
# topics need (kernel, boot, selftests, tools, demo, configs, bench, check,
# menuconfig, deb, deb-tools, deb-check, series). Installs what is missing, as root or
# through sudo; where it may not, it prints the line to run and fails.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

wanted() {
	local t
	for t; do
		case $t in
		# ccache only saves time, so it is asked for but not insisted on
		kernel)
			echo make gcc libc6-dev binutils flex bison bc libelf-dev xz-utils patch rsync perl
			[[ -z ${LLVM:-} ]] || echo clang lld llvm
			;;
		boot) echo qemu-system-x86 busybox-static cpio ;;
		selftests)
			echo make gcc g++ libc6-dev libgtest-dev libcap-dev libnuma-dev liburing-dev rsync
			echo libcli11-dev nlohmann-json3-dev python3
			[[ -z ${LLVM:-} ]] || echo libclang-rt-dev
			;;
		tools)
			echo make g++ libc6-dev libcli11-dev libfmt-dev nlohmann-json3-dev libgtest-dev libxxhash-dev
			echo libncurses-dev pkg-config python3 python3-jsonschema procps tmux libsystemd-dev
			echo prometheus-cpp-dev libproc2-dev scdoc logrotate
			;;
		demo)
			echo make g++ libc6-dev libcli11-dev libfmt-dev nlohmann-json3-dev libncurses-dev libxxhash-dev
			echo libproc2-dev pkg-config python3 qemu-system-x86 busybox-static
			;;
		configs)
			[[ ${COMPILERS:-clang} != *clang* ]] || echo clang lld llvm
			[[ ${COMPILERS:-gcc} != *gcc* || $(uname -m) == aarch64 ]] || echo gcc-aarch64-linux-gnu
			;;
		deb-tools)
			wanted tools
			echo dpkg-dev debhelper
			;;
		menuconfig) echo libncurses-dev pkg-config ;;
		deb) echo dpkg-dev debhelper kmod cpio openssl libssl-dev zstd ;;
		deb-check) echo mmdebstrap e2fsprogs lintian qemu-system-x86 ;;
		bench) echo python3 gnuplot-nox ;;
		series) echo git patch perl python3 ;;
		check)
			wanted tools
			echo git perl sparse shellcheck clang-format
			;;
		*) die "no such topic: $t (there are: kernel boot selftests tools demo configs bench check menuconfig deb deb-tools deb-check series)" ;;
		esac
	done
}

installed() { [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }

available() { [[ $(apt-cache policy "$1" 2>/dev/null) == *Candidate:\ [0-9]* ]]; }

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>"$BUILD/packages.log" 2>&1; }

missing_of() {
	local p
	for p; do
		installed "$p" || echo "$p"
	done
}

main() {
	local missing=() absent=() p line list
	(($#)) || die "which topic? (there are: kernel boot selftests tools demo configs bench check menuconfig deb deb-tools deb-check series)"
	if ! have dpkg-query; then
		say "this is not Debian, so packages are not checked; needed are the counterparts of: $(wanted "$@" | xargs)"
		return
	fi
	list=$(wanted "$@")
	mapfile -t missing < <(tr ' ' '\n' <<<"$list" | sort -u | while read -r p; do missing_of "$p"; done)
	((${#missing[@]})) || return 0

	line="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
	as_root=()
	if ((EUID != 0)); then
		if ! have sudo || ! sudo -n true 2>/dev/null; then
			die "packages are missing, and this user may not install them; run as root: $line"
		fi
		as_root=(sudo -n)
	fi
	# Asked for once there is something to install anyway
	if [[ " ${missing[*]} " == *' gcc '* || " ${missing[*]} " == *' flex '* ]] && ! have ccache; then
		missing+=(ccache)
	fi
	mkdir -p "$BUILD"
	: >"$BUILD/packages.log"
	with_progress "refreshing the package lists" apt update || say "apt-get update failed; trying with the lists there are"
	for p in "${missing[@]}"; do
		available "$p" || absent+=("$p")
	done
	if ((${#absent[@]})); then
		tail -n 5 "$BUILD/packages.log" | sed 's/^/    /' >&2
		die "no package source offers: ${absent[*]}; check /etc/apt/sources.list and the network (log: build/packages.log)"
	fi
	with_progress "installing ${missing[*]}" apt install --no-install-recommends "${missing[@]}" || {
		tail -n 10 "$BUILD/packages.log" | sed 's/^/    /' >&2
		die "installing failed (see above, and build/packages.log); by hand, as root: $line"
	}
	mapfile -t absent < <(missing_of "${missing[@]}")
	((${#absent[@]} == 0)) || die "apt-get was content, yet these packages are not installed: ${absent[*]}"
}

main "$@"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fetch.sh PROGRAM...: fetch programs of others that read or write KSM's files, for tests
# to run them: ksmtuned (the shell script), node_exporter, atop, libvirt; and promtool, which
# checks files for Prometheus. Debian's packages of them, and what these need that is not
# installed, are unpacked in build/fetched/PROGRAM/root; nothing is installed. Where that
# cannot be done, build/fetched/PROGRAM/why says why.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

declare -A packages=(
	[ksmtuned]=ksmtuned
	[node_exporter]=prometheus-node-exporter
	[atop]=atop
	[libvirt]='libvirt-daemon libvirt-clients'
	[promtool]=prometheus
)
# Of these, one file that needs no other: a whole Prometheus would be four times as much
declare -A alone=(
	[promtool]=./usr/bin/promtool
)
updated=0

# download PROGRAM: its packages, to the directory that this is called in
download() {
	local wanted needed
	read -ra wanted <<<"${packages[$1]}"
	if [[ ${alone[$1]:-} ]]; then
		timeout 300 apt-get -q -o APT::Sandbox::User=root download "${wanted[@]}"
		return
	fi
	needed=$(apt-get -q -s --no-install-recommends install "${wanted[@]}" 2>&1) || {
		grep -m 1 '^E:' <<<"$needed"
		return 1
	}
	mapfile -t needed < <({
		printf '%s\n' "${wanted[@]}"
		sed -n 's/^Inst \([^ ]*\) .*/\1/p' <<<"$needed"
	} | sort -u)
	timeout 300 apt-get -q -o APT::Sandbox::User=root download "${needed[@]}"
}

# The lists of packages may be old, or not be there at all: once more with new ones
download_if_need_be_twice() {
	download "$1" && return
	((!updated)) || return 1
	updated=1
	timeout 120 apt-get -q update || true
	download "$1"
}

# unpack PROGRAM: here, too, all that was fetched, or nothing
unpack() {
	local deb
	mkdir -p new
	for deb in *.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C new -f - ${alone[$1]:+"${alone[$1]}"} || return
	done
	rm -f -- *.deb
	mv new root
}

fetch() {
	local dir=$BUILD/fetched/$1
	[[ ! -d $dir/root ]] || return 0
	rm -rf "$dir"
	mkdir -p "$dir"
	cd "$dir"
	if ! have dpkg-deb; then
		echo "this is not Debian, whose packages are fetched" >why
	elif ! { download_if_need_be_twice "$1" && unpack "$1"; } >log 2>&1; then
		echo "Debian's ${packages[$1]} cannot be fetched: $(tail -n 1 log)" >why
	fi
}

main() {
	local p
	(($#)) || die "which program? (there are: ${!packages[*]})"
	lock fetch
	for p; do
		[[ ${packages[$p]:-} ]] || die "no program named '$p' (there are: ${!packages[*]})"
	done
	for p; do
		fetch "$p"
	done
}

main "$@"

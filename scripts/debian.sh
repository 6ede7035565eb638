# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced after lib.sh: which Debian this is, and packages of it that are unpacked here and
# not installed. They are kept in $CACHE, and fetched once.

# release: its code name, or nothing where this is no Debian
release() (
	# shellcheck source=/dev/null
	. /etc/os-release
	echo "${VERSION_CODENAME:-}"
)

# debian_package NAME SIZE: sets deb, the file of the package; 1 if it cannot be had,
# after apt's words for that
debian_package() {
	mkdir -p "$CACHE"
	deb=$(cached_package "$1")
	[[ -z $deb ]] || return 0
	have apt-get || return 1
	with_progress "fetching $1 ($2)" fetch_package "$1" || return 1
	deb=$(cached_package "$1")
}

cached_package() { find "$CACHE" -maxdepth 1 -name "$1_*.deb" 2>/dev/null | sort -V | tail -n 1; }

fetch_package() {
	local tmp
	tmp=$(mktemp -d "$CACHE/fetch.XXXXXX")
	# The subshell's directory decides where apt-get puts the file; _apt may not write there
	if ! (cd "$tmp" && apt-get -q -o APT::Sandbox::User=root download "$1") >"$CACHE/fetch.log" 2>&1; then
		rm -rf "$tmp"
		sed 's/^/    /' "$CACHE/fetch.log" >&2
		return 1
	fi
	mv "$tmp"/*.deb "$CACHE/"
	rm -rf "$tmp"
}

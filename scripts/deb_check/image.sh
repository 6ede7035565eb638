# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by deb_check.sh: a Debian of this machine's release, from where its apt gets
# its packages. All that is downloaded is in $OUT.

# What the release needs to boot on a disk, and what is tried beside our package
image_packages=systemd-sysv,dbus,linux-image-amd64,prometheus-node-exporter

# As apt understands its own configuration, whichever form that has
apt_sources() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)|$(ORIGIN)' 'Created-By: Packages' |
		sed -n 's/|Debian$//p' | sort -u
}

apt_options() { apt-config dump | grep -E '^Acquire::(Check-|Retries|https?::|ForceIPv)' || true; }

# make_base: $OUT/base.tar, unless it is there from the same sources with the same packages
make_base() {
	local id
	apt_sources >"$OUT/sources.list"
	apt_options >"$OUT/apt.conf"
	[[ -s $OUT/sources.list ]] || die "apt knows no packages of Debian; run 'apt-get update', as root"
	id=$(cat "$OUT/sources.list" "$OUT/apt.conf" && echo "$image_packages")
	[[ ! -f $OUT/base.tar || $(cat "$OUT/base.id" 2>/dev/null) != "$id" ]] || return 0
	rm -f "$OUT/base.id"
	"${AS_ROOT[@]}" mmdebstrap --mode=root --variant=minbase --include="$image_packages" \
		--aptopt="$OUT/apt.conf" "$(release)" "$OUT/base.tar" "$OUT/sources.list" || return
	echo "$id" >"$OUT/base.id"
}

# unpack_base DIR: with the scripts and the package in /deb-check
unpack_base() {
	"${AS_ROOT[@]}" rm -rf --one-file-system "$1" &&
		mkdir -p "$1" &&
		"${AS_ROOT[@]}" tar -C "$1" -xf "$OUT/base.tar" &&
		"${AS_ROOT[@]}" mkdir "$1/deb-check" &&
		"${AS_ROOT[@]}" cp "$TOP"/scripts/deb_check/* "$OUT/ksm-tools.deb" "$1/deb-check/" &&
		# What apt needs there to reach what it reaches here
		"${AS_ROOT[@]}" cp -L /etc/resolv.conf /etc/hosts "$1/etc/" &&
		in_tree "$1" apt-get -q update
}

# in_tree DIR COMMAND...: with nothing of this machine but its network. No /sys: KSM of
# this machine is left alone.
in_tree() {
	# shellcheck disable=SC2016 # the inner shell's
	"${AS_ROOT[@]}" unshare --mount --pid --fork --kill-child sh -ec \
		'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$@"
}

# make_disk DIR FILE: a file system of the tree, for QEMU
make_disk() {
	rm -f "$2" &&
		"${AS_ROOT[@]}" mke2fs -q -t ext4 -d "$1" "$2" 4G &&
		"${AS_ROOT[@]}" chmod a+rw "$2"
}

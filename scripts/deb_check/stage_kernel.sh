# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by deb_check.sh: a disk with GRUB, where our kernel is installed beside
# Debian's, is tried once, becomes the default, and is purged. It is installed before
# the disk boots, as QEMU would take long to make an initrd.

# As Debian's grub-pc makes them, but for the serial line and for what is started where
# nothing was chosen
grub_settings() {
	cat <<-END
	GRUB_DISTRIBUTOR=Debian
	GRUB_DEFAULT=saved
	GRUB_TIMEOUT=1
	GRUB_TERMINAL=serial
	GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
	GRUB_CMDLINE_LINUX="$WORDS deb_check=/deb-check/next"
	END
}

# newer_systemd DIR: MemoryKSM= came with 254, but until 256 it kept each unit that has it
# from starting (github.com/systemd/systemd/pull/31683). Where the release has an older one,
# that of the next release.
newer_systemd() {
	local mirror next=trixie
	# shellcheck disable=SC2016 # dpkg-query's
	! in_tree "$1" sh -c 'dpkg --compare-versions "$(dpkg-query -Wf "\${Version}" systemd)" ge 256' || return 0
	mirror=$(sed -n "s|^deb \([^ ]*\) $(release) main.*|\1|p" "$OUT/sources.list" | head -n 1)
	echo "deb $mirror $next main" | "${AS_ROOT[@]}" tee "$1/etc/apt/sources.list.d/next.list" &&
		in_tree "$1" apt-get -q update &&
		in_tree "$1" "${install[@]}" -t "$next" install systemd systemd-sysv &&
		"${AS_ROOT[@]}" rm "$1/etc/apt/sources.list.d/next.list" &&
		in_tree "$1" apt-get -q update
}

# build_module: against the headers of the package, unpacked
build_module() {
	local dir=$OUT/module headers
	rm -rf "$dir" &&
		mkdir -p "$dir/src" &&
		dpkg-deb -x "$OUT/linux-headers.deb" "$dir" &&
		cp "$TOP/scripts/deb_check/deb_check.c" "$dir/src/" &&
		echo 'obj-m := deb_check.o' >"$dir/src/Kbuild" &&
		headers=$(echo "$dir"/usr/src/linux-headers-*) &&
		env -u MAKEFLAGS make -C "$headers" "M=$dir/src" modules
}

prepare_kernel_disk() {
	local root=$OUT/root
	local install=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends)
	unpack_base "$root" &&
		take_debians_kernel "$root" &&
		"${AS_ROOT[@]}" cp "$OUT/module/src/deb_check.ko" "$OUT/linux-image.deb" "$OUT/linux-headers.deb" "$root/deb-check/" &&
		newer_systemd "$root" &&
		in_tree "$root" "${install[@]}" install grub-pc-bin grub2-common \
			/deb-check/linux-image.deb /deb-check/linux-headers.deb /deb-check/ksm-tools.deb &&
		grub_settings | "${AS_ROOT[@]}" tee "$root/etc/default/grub" &&
		finish_disk "$root" "$OUT/kernel-disk"
}

stage_kernel() {
	local script
	take linux-image "$BUILD"/deb/last/linux-image-*.deb
	take linux-headers "$BUILD"/deb/last/linux-headers-*.deb
	step "kernel: building a module with the package of headers" module build_module
	step "kernel: making the disk image" kernel-disk prepare_kernel_disk
	boot install "$OUT/kernel-disk" "${DEBIANS[@]}" || return 0
	for script in once back default purged; do
		# By GRUB, as it stands on the disk
		boot "$script" "$OUT/kernel-disk" || break
	done
}

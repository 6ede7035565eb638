#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# deb_check.sh: install our packages, kernel and tools, into a Debian of this machine's
# release, use them, and purge them. See usage().
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"
# shellcheck source=scripts/accel.sh
. "$(dirname "$0")/accel.sh"
# shellcheck source=scripts/deb_check/image.sh
. "$(dirname "$0")/deb_check/image.sh"
# shellcheck source=scripts/deb_check/stage_kernel.sh
. "$(dirname "$0")/deb_check/stage_kernel.sh"

usage() {
	cat <<-'END'
	usage: deb_check.sh [STAGE]...
	Stages, all of them by default:
	  lintian  what Debian's own checker says of the tools' package
	  dpkg     in a directory tree: Debian's ksmtuned is replaced, comes back, is replaced
	           with its configuration changed, and all is purged
	  boot     on a disk image that boots under systemd in QEMU: ours replaces Debian's
	           ksmtuned as it runs, is used, keeps its settings over a reboot, is purged
	  kernel   on another: our kernel is installed beside Debian's, booted once by GRUB,
	           used with the tools, made the default, and purged as it runs
	The packages are those of build/deb-tools ('make deb-tools') and of the last 'make
	deb'. All that is downloaded and made is in build/deb-check. It takes root, or sudo
	without a password, as files of a system belong to root. The last line is "N passed,
	N failed".
	END
	exit "${1:-2}"
}

[[ ${1:-} != -h ]] || usage 0
(($#)) || set -- lintian dpkg boot kernel

OUT=$BUILD/deb-check
results=$OUT/results
# Debian's kernel, as make_base has it
DEBIANS=(-kernel "$OUT/vmlinuz" -initrd "$OUT/initrd")
AS_ROOT=()
if ((EUID)); then
	sudo -n true 2>/dev/null || die "this takes root: a system is installed below build/deb-check"
	AS_ROOT=(sudo -n)
fi

# For the kernel: where QEMU emulates on a busy machine, it may find that its timer does
# not work
WORDS="console=ttyS0 panic=-1 no_timer_check systemd.wants=deb-check.service"

# QEMU does not hear the terminal's interrupt
qemu_pid=''
trap '[[ -z $qemu_pid ]] || kill "$qemu_pid" 2>/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# collect STAGE: shows the lines of a stage, and keeps them
collect() {
	local line end=0
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		END) end=1 && continue ;;
		PASS* | FAIL* | SKIP*) line="${line:0:4} $1: ${line:5}" ;;
		esac
		echo "$line"
	done > >(tee -a "$results")
	((end)) || fail "$1: it runs to its end" "it stopped early"
}

fail() { echo "FAIL $1: $2" | tee -a "$results"; }

stage_lintian() {
	if ! have lintian; then
		echo "SKIP lintian: not installed" | tee -a "$results"
		return
	fi
	if lintian --allow-root --fail-on error,warning "$OUT/ksm-tools.deb" >"$OUT/lintian.log" 2>&1; then
		echo "PASS lintian" | tee -a "$results"
	else
		fail lintian "$(cat "$OUT/lintian.log")"
	fi
}

# step TEXT NAME COMMAND...: with what it prints in NAME.log; without it there is no check
step() {
	local text=$1 name=$2
	shift 2
	# with_progress has the terminal, the command has not
	with_progress "$text" logged "$OUT/$name.log" "$@" || {
		tail -n 10 "$OUT/$name.log" | sed 's/^/    /' >&2
		die "$text failed (see above, and build/deb-check/$name.log)"
	}
}

logged() { "${@:2}" >"$1" 2>&1; }

stage_dpkg() {
	local root=$OUT/tree
	step "dpkg: unpacking the system" tree unpack_base "$root"
	in_tree "$root" /deb-check/dpkg.sh /deb-check/ksm-tools.deb 2>&1 | collect dpkg
	"${AS_ROOT[@]}" rm -rf --one-file-system "$root"
}

# Ours is installed where there is no network: what it depends on is there before
prepare_disk() {
	local root=$OUT/root needed
	local install=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends)
	needed=$(dpkg-deb -f "$OUT/ksm-tools.deb" Depends) &&
		unpack_base "$root" &&
		take_debians_kernel "$root" &&
		in_tree "$root" "${install[@]}" install ksmtuned &&
		in_tree "$root" "${install[@]}" satisfy "$needed" &&
		finish_disk "$root" "$OUT/disk"
}

# take_debians_kernel DIR: for QEMU to load, while there is no other
take_debians_kernel() {
	cp "$1"/boot/vmlinuz-* "$OUT/vmlinuz" &&
		"${AS_ROOT[@]}" cp "$1"/boot/initrd.img-* "$OUT/initrd" &&
		"${AS_ROOT[@]}" chmod a+r "$OUT/initrd"
}

# finish_disk DIR FILE: with what looks at the system as it runs
finish_disk() {
	"${AS_ROOT[@]}" cp "$TOP/scripts/deb_check/deb-check.service" "$1/etc/systemd/system/" &&
		echo 'ARGS="--collector.ksmd"' | "${AS_ROOT[@]}" tee "$1/etc/default/prometheus-node-exporter" &&
		echo '/dev/vda / ext4 defaults 0 1' | "${AS_ROOT[@]}" tee "$1/etc/fstab" &&
		make_disk "$1" "$2" &&
		"${AS_ROOT[@]}" rm -rf --one-file-system "$1"
}

# boot SCRIPT DISK [OPTION...]: one start of the disk, until it powers off. With options for
# a kernel that QEMU loads, it is told what to run.
boot() {
	local start=$SECONDS accel disk=$2 image=("${@:3}")
	((${#image[@]} == 0)) || image+=(-append
		"root=/dev/vda rw $WORDS deb_check=/deb-check/$1.sh")
	mapfile -t accel < <(accelerator)
	: >"$OUT/$1.log"
	say "boot: starting the system for $1.sh"
	timeout --foreground -k 5 3600 qemu-system-x86_64 -machine q35 "${accel[@]}" -smp 2 -m 1024 \
		-nodefaults -no-user-config -display none -vga none -no-reboot "${image[@]}" \
		-drive "file=$disk,format=raw,if=virtio" -device virtio-rng-pci \
		-serial "file:$OUT/$1.console" -serial "file:$OUT/$1.log" </dev/null >"$OUT/$1.qemu" 2>&1 &
	qemu_pid=$!
	follow "$qemu_pid" "$OUT/$1.log" | collect "$1"
	qemu_pid=''
	say "boot: $1.sh took $((SECONDS - start)) s, with the boot"
	if ! grep -q '^END' "$OUT/$1.log"; then
		say "boot: the last lines of build/deb-check/$1.console:"
		tail -n 15 "$OUT/$1.console" | sed 's/^/     | /'
		return 1
	fi
}

# follow PID FILE: what is written to the file, until the process is gone
follow() { tail -n +1 -f --pid="$1" "$2"; }

stage_boot() {
	local script
	step "boot: making the disk image" disk prepare_disk
	for script in replace purge purged; do
		# What follows builds on what was done
		boot "$script" "$OUT/disk" "${DEBIANS[@]}" || break
	done
}

count() { grep -c "^$1" "$results" || true; }

# take NAME FILE: a package, under a name without its version
take() {
	[[ -f $2 ]] || die "there is no package ${2#"$TOP/"}; build it first: make deb deb-tools"
	cp "$2" "$OUT/$1.deb"
}

main() {
	local stage
	if [[ -z $(release) ]] || ! have mmdebstrap; then
		die "this needs a Debian machine with the package mmdebstrap: the system is made from its packages"
	fi
	have qemu-system-x86_64 || die "no qemu-system-x86_64; install the Debian package qemu-system-x86"
	need_space 8000 "a system to install into"
	mkdir -p "$OUT"
	lock deb-check
	: >"$results"
	take ksm-tools "$BUILD"/deb-tools/ksm-tools_*.deb
	step "making a Debian $(release) to install into" base make_base
	for stage; do
		[[ $(type -t "stage_$stage") == function ]] || usage
		"stage_$stage"
	done
	echo "$(count PASS) passed, $(count FAIL) failed$( (($(count SKIP) == 0)) || echo ", $(count SKIP) skipped")"
	(($(count FAIL) == 0))
}

main "$@"

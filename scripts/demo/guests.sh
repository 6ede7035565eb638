# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by guest.sh: three KVM guests inside this one, each with the kernel that
# runs here too.

GUESTS=3
GUEST_MIB=96

check_kvm() {
	[[ -c /dev/kvm ]] ||
		die "no /dev/kvm in here: this machine's CPU offers no virtualization. Under TCG QEMU needs -cpu max; under KVM the host must allow nesting (modprobe kvm_amd nested=1)"
	command -v qemu-system-x86_64 >/dev/null ||
		die "no qemu-system-x86_64 on the host's file system; apt-get install qemu-system-x86 there"
}

start_guest() {
	local i=$1
	open_input "$i"
	# shellcheck disable=SC2094 # both append to the log
	# Its serial port is the channel: what the kernel says goes to the log only
	qemu-system-x86_64 -machine pc,mem-merge=on -accel kvm -cpu host -m "$GUEST_MIB" \
		-nodefaults -no-user-config -display none -serial stdio -no-reboot \
		-kernel "$NESTED_KERNEL" -initrd "$BUILD/demo/nested.cpio" \
		-append "console=ttyS0 quiet panic=-1" \
		<"$WORK/in.$i" 2>>"$WORK/log.$i" \
		> >(tee -a "$WORK/log.$i" | sed -un "s/\r//; s/^demo: /$i /p" >"$WORK/answers") &
	add_member "$i" $!
}

# As a host stops a guest that will not be needed again; QEMU leaves with 0 then.
end_guest() { kill -TERM "${MEMBER[$1]}"; }

part_guests() {
	local i
	check_kvm
	begin guest guests \
		"$GUESTS KVM guests of $GUEST_MIB MiB, $(qemu-system-x86_64 --version | head -n 1)"
	for ((i = 1; i <= GUESTS; i++)); do
		start_guest "$i"
	done
	all_here up 600
	merge_phase 180
	rest_phase 20
	write_phase
	unmerge_phase
	check_phase
	end_phase
}

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that start QEMU: how it runs the guest's processors.

# usable_kvm: the device exists, may be opened, and QEMU starts with it. Where it does
# not, it may abort, of which the shell would tell: hence the subshell.
usable_kvm() {
	[[ -w /dev/kvm ]] && (
		exec >/dev/null 2>&1
		echo quit | timeout 10 qemu-system-x86_64 -accel kvm -cpu host -machine q35 -nodefaults -display none -S -monitor stdio
	)
}

# accelerator: arguments for QEMU, one on each line; ACCEL overrules the choice
accelerator() {
	if [[ ${ACCEL:-} == kvm ]] || { [[ -z ${ACCEL:-} ]] && usable_kvm; }; then
		printf '%s\n' -accel kvm -cpu host
	else
		printf '%s\n' -accel tcg -cpu max
	fi
}

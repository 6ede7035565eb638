#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# default.sh: runs as root in the system that GRUB has booted with our kernel as the
# default. Kernel, headers and tools are purged while they run.
set -u
# shellcheck source=scripts/deb_check/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=scripts/deb_check/facts.sh
. "$(dirname "$0")/facts.sh"

ours=$(uname -r)

nothing_is_left() {
	local left
	left=$(find /boot /lib/modules /usr/src -name "*$ours*" -print)
	echo "$left"
	[[ -z $left ]]
}

check "it is our kernel" is_ours
check "the system has booted to multi-user" has_booted
check "ksmtuned is active" systemctl is-active ksmtuned
check "kernel, headers and tools are purged" dpkg --purge "linux-image-$ours" "linux-headers-$ours" ksm-tools
check "nothing is left of the kernel" nothing_is_left
check "GRUB has no entry of it any more" not grub_knows "$ours"
next purged
finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# install.sh: runs as root in the booted system, on Debian's kernel. Ours is installed
# beside it, with the tools. GRUB gets to know them, and is to boot ours once.
set -u
# shellcheck source=scripts/deb_check/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=scripts/deb_check/facts.sh
. "$(dirname "$0")/facts.sh"
cd /deb-check || exit

release=$(dpkg-deb -f linux-image.deb Package)
release=${release#linux-image-}

show uname -r
show systemctl --version
check "the system has booted to multi-user" has_booted
# The disk has no partitions
check "GRUB is installed" grub-install --force /dev/vda
check "Debian's kernel is the default" make_default "$(uname -r)"

check "kernel, headers and tools are installed" dpkg --verify "linux-image-$release" "linux-headers-$release" ksm-tools
check "there is an initrd for it" test -s "/boot/initrd.img-$release"
check "GRUB has an entry of it" grub_knows "$release"
check "its headers are where modules are built" test -f "/lib/modules/$release/build/Makefile"
check "Debian's kernel is still there" test -s "/boot/vmlinuz-$(uname -r)"
printf '%s\n' KSM_MODE=kernel KSM_MONITOR_INTERVAL=5 "KSM_METRICS_FILE=$METRICS" >>/etc/ksmtuned.conf
check "ksmtuned is enabled" systemctl enable ksmtuned
check "ours is to be booted once" grub-reboot "$(entry "$release")"
next once
finished

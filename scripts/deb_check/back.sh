#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# back.sh: runs as root in the system that GRUB has booted after the one time: with
# Debian's kernel again. Then ours becomes the default.
set -u
# shellcheck source=scripts/deb_check/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=scripts/deb_check/facts.sh
. "$(dirname "$0")/facts.sh"

release=$(dpkg-deb -f /deb-check/linux-image.deb Package)

check "once was once: it is Debian's kernel" not is_ours
show uname -r
check "the system has booted to multi-user" has_booted
check "ours becomes the default" make_default "${release#linux-image-}"
next default
finished

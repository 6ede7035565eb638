#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# purged.sh: runs as root in the booted system, after purge.sh and a reboot.
set -u
# shellcheck source=scripts/deb_check/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=scripts/deb_check/facts.sh
. "$(dirname "$0")/facts.sh"

check "the system has booted to multi-user" has_booted
check "KSM is off after a reboot" knob_is run 0
check "no unit has failed" no_unit_failed
finished

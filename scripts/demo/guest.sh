#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh KERNEL GUEST_PAGES PART...: the demo, seen from the inside of the booted machine.
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
BUILD=$(cd "$HERE/../../build" && pwd -P)
# shellcheck source=scripts/demo/lib.sh
. "$HERE/lib.sh"
# shellcheck source=scripts/demo/processes.sh
. "$HERE/processes.sh"
# shellcheck source=scripts/demo/guests.sh
. "$HERE/guests.sh"

NESTED_KERNEL=$1
GUEST_PAGES=$2
shift 2

show_machine() {
	local version
	read -r _ _ version _ </proc/version
	heading "Linux $version, $(nproc) CPUs, $(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo) MiB"
	set_knob run 2
	set_knob pages_to_scan 2000
	set_knob sleep_millisecs 20
	[[ ! $ZERO_PAGES ]] || set_knob use_zero_pages "$ZERO_PAGES"
	[[ ! $THP_SPLIT ]] || set_knob thp_split_threshold "$THP_SPLIT"
	echo "every other knob has its default: max_page_sharing $(knob max_page_sharing)," \
		"smart_scan $(knob smart_scan), use_zero_pages $(knob use_zero_pages)"
}

main() {
	local part
	show_machine
	for part in "$@"; do
		"part_$part"
	done
	heading "summary"
	cat "$WORK/report"
}

main "$@"

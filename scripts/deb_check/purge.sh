#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# purge.sh: runs as root in the booted system, after replace.sh and a reboot. What was
# set for each boot is in force; then the package is purged.
set -u
# shellcheck source=scripts/deb_check/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=scripts/deb_check/facts.sh
. "$(dirname "$0")/facts.sh"

# Each line of tmpfiles.d that begins with w: its file, and what is in it. Of a choice of
# words, that in force stands in brackets.
tmpfiles_are_in_force() {
	local type path value now rc=0
	local -A wanted=()
	# The last line of a path counts
	while read -r type path _ _ _ _ value; do
		[[ $type != w* || ! -e $path ]] || wanted[$path]=$value
	done </etc/tmpfiles.d/ksmctl.conf
	for path in "${!wanted[@]}"; do
		value=${wanted[$path]} now=$(<"$path")
		echo "$path: $now, wanted $value"
		[[ $now == "$value" || $now == *"[$value]"* ]] || rc=1
	done
	return "$rc"
}

check "the system has booted to multi-user" has_booted
check "KSM is on after a reboot" knob_is run 1
check "all of the profile is in force after a reboot" tmpfiles_are_in_force
check "what was disabled is not active" not systemctl -q is-active ksm ksmtuned

check "KSM is disabled and everything unshared" ksmctl disable --unshare
check "that is done" knob_is run 2
check "no knob is set at boot after that" not test -e /etc/tmpfiles.d/ksmctl.conf
check "KSM is enabled again" ksmctl enable

check "ksmtuned is enabled and started" systemctl enable --now ksmtuned
check "both are purged while it runs" dpkg --purge ksm-tools ksmtuned
check "no process of it is left" not pidof ksmtuned
check "systemd has no such unit" not systemctl cat ksmtuned
check "nothing starts at boot any more" not compgen -G '/etc/systemd/system/multi-user.target.wants/ksm*'
check "a unit's drop-in stays" test -f /etc/systemd/system/prometheus-node-exporter.service.d/50-ksm.conf
check "no knob is set at boot any more" not test -e /etc/tmpfiles.d/ksmctl.conf
finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# replace.sh PACKAGE.deb: runs as root in the booted system, where Debian's ksmtuned is
# installed and active. Ours replaces it under systemd, and is used.
set -u
# shellcheck source=scripts/deb_check/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=scripts/deb_check/facts.sh
. "$(dirname "$0")/facts.sh"
deb=$1

type_is_notify() { [[ $(systemctl show -P Type ksmtuned) == notify ]]; }
runs_ours() { [[ $(readlink "/proc/$(systemctl show -P MainPID ksmtuned)/exe") == /usr/sbin/ksmtuned ]]; }

survives_usr1() {
	kill -USR1 "$(</run/ksmtune.pid)"
	sleep 2
	systemctl is-active ksmtuned
}

systemd_takes_it() { [[ $(systemctl show -P MemoryKSM "$1" | tee /dev/stderr) == yes ]]; }
says_that_it_is_ignored() { ksmctl enable --unit "$1" 2>&1 | grep 'does not know MemoryKSM'; }

many_are_merged() { (($(<"$KSM/pages_sharing") > 8000)); }

merging_works() {
	local pids=() rc=0
	for _ in 1 2; do
		# shellcheck disable=SC2016 # Perl's variable
		ksmctl run -- perl -e '$x = "x" x (32 << 20); sleep 600' &
		pids+=($!)
	done
	until_ 120 many_are_merged || rc=1
	ksmctl status
	kill "${pids[@]}"
	return "$rc"
}

show uname -r
check "the system has booted to multi-user" has_booted
check "Debian's ksmtuned is active" systemctl is-active ksmtuned
check "KSM is there" test -d "$KSM"

check "ours replaces it while it runs" dpkg -i "$deb"
check "ksmtuned is active" systemctl is-active ksmtuned
check "ksm is active" systemctl is-active ksm
check "it is our program that runs" runs_ours
check "it tells systemd when it is ready" type_is_notify
check "no unit has failed" no_unit_failed
check "a reload is survived" systemctl reload ksmtuned
check "a retune by SIGUSR1 is survived" survives_usr1
show systemctl --no-pager --full status ksmtuned
show ksmctl status

echo "KSM_METRICS_FILE=$METRICS" >>/etc/ksmtuned.conf
systemctl reload ksmtuned
check "ksmtuned writes metrics for node_exporter" until_ 60 test -s "$METRICS"
check "node_exporter is active" systemctl is-active prometheus-node-exporter
check "node_exporter has what ksmtuned writes" until_ 30 scraped '^ksm_exposure_bytes '
check "node_exporter has the kernel's counters" scraped '^node_ksmd_pages_sharing '

check "ksmctl stop" ksmctl stop
check "that stops ksmd" knob_is run 0
check "ksmctl start" ksmctl start
check "that starts ksmd" knob_is run 1
check "what the unit ksm.service starts, it stops" systemctl stop ksm
check "that stops ksmd, too" knob_is run 0

systemctl start ksm
if ksmctl run -- true 2>/dev/null; then
	systemctl stop ksmtuned
	check "the memory of programs merges" merging_works
	systemctl start ksmtuned
else
	skip "the memory of programs merges" "$(ksmctl run -- true 2>&1 | xargs)"
fi

systemd=$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')
show ksmctl enable --unit prometheus-node-exporter
if ((systemd == 254 || systemd == 255)); then
	check "no drop-in is written that keeps the unit from starting" \
		not ksmctl enable --unit prometheus-node-exporter
else
	check "a unit's memory is offered by a drop-in" ksmctl enable --unit prometheus-node-exporter
	check "the drop-in is there" grep -r MemoryKSM=yes /etc/systemd/system/prometheus-node-exporter.service.d
fi
if ((systemd >= 256)); then
	check "systemd takes the drop-in" systemd_takes_it prometheus-node-exporter
elif ((systemd < 254)); then
	check "it is said that this systemd ignores it" says_that_it_is_ignored prometheus-node-exporter
fi
check "the unit starts all the same" systemctl restart prometheus-node-exporter

# What starts at boot, for the next phase: no daemon that decides otherwise
check "ksmtuned is disabled" systemctl disable --now ksmtuned ksm
check "KSM is enabled for each boot" ksmctl enable --profile vmhost
show cat /etc/tmpfiles.d/ksmctl.conf
finished

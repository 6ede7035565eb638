#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# once.sh: runs as root in the system that GRUB has booted with our kernel and its
# initrd, for this one time. Kernel and tools do what they are for.
set -u
# shellcheck source=scripts/deb_check/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=scripts/deb_check/facts.sh
. "$(dirname "$0")/facts.sh"

pid_of() { systemctl show -P MainPID "$1"; }

# The unit's own pages, as the kernel counts them
merged_pages() { sed -n 's/^ksm_merging_pages //p' "/proc/$(pid_of "$1")/ksm_stat"; }
unit_is_merged() { (($(merged_pages "$1") + 0 > 8000)); }
merges() {
	until_ 120 unit_is_merged "$1" && return
	cat "/proc/$(pid_of "$1")/ksm_stat"
	return 1
}
unit_is_apart() { systemctl -q is-active "$1" && (($(merged_pages "$1" | tee /dev/stderr) == 0)); }

# hold UNIT MEMORYKSM: 32 MiB of equal pages. systemd-run takes $ for a variable of its own.
hold() { systemd-run "--unit=$1" -p MemoryKSM="$2" perl -e '@_ = ("x" x (32 << 20)); sleep 600'; }

ksmtuned_is_active() {
	until_ 60 systemctl -q is-active ksmtuned && return
	journalctl -q --no-pager -u ksmtuned
	return 1
}

# As under Secure Boot
lock_down() { echo integrity >/sys/kernel/security/lockdown; }

check "it is our kernel" is_ours
show cat /proc/version
check "the system has booted to multi-user" has_booted
check "no unit has failed" no_unit_failed
check "/ can be written" test -w /
check "its KSM is ours" test -e "$KSM/domain_mode"
for module in loop overlay bridge nf_tables vhost_net; do
	check "modprobe $module" modprobe "$module"
done
check "a module built with the package of headers loads" insmod /deb-check/deb_check.ko
check "and goes" rmmod deb_check

check "ksmtuned is active since the boot" ksmtuned_is_active
check "it has the kernel decide" until_ 30 knob_is advisor_mode 'none scan-time [cpu-budget]'
check "that starts ksmd" until_ 30 knob_is run 1
check "a unit with MemoryKSM=yes is started" hold merged yes
check "a unit with MemoryKSM=no is started" hold apart no
check "what the first holds is merged" merges merged
check "what the second holds is not" unit_is_apart apart
show ksmctl status
show ksmctl ps --by unit
check "node_exporter has what ksmtuned writes" until_ 60 scraped '^ksm_exposure_bytes '
check "node_exporter has the kernel's counters" scraped '^node_ksmd_pages_sharing [1-9]'
check "the kernel has nothing to complain of" not dmesg_complains
check "the kernel is locked down" lock_down
check "its own modules, which are signed, load all the same" modprobe dm_crypt
check "one that is not signed does not" not insmod /deb-check/deb_check.ko
next back
finished

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what runs in the booted system: what is so, and where it is not, what is.

KSM=/sys/kernel/mm/ksm
# shellcheck disable=SC2034 # the others'
METRICS=/var/lib/prometheus/node-exporter/ksm.prom

knob_is() { [[ $(tee /dev/stderr <"$KSM/$1") == "$2" ]]; }

no_unit_failed() { [[ -z $(systemctl --failed --plain --no-legend | tee /dev/stderr) ]]; }

has_booted() { systemctl is-active multi-user.target; }

is_ours() { [[ $(uname -r | tee /dev/stderr) == *-ksm ]]; }

dmesg_complains() { dmesg | grep -E 'WARNING: |BUG: |Oops: |cut here|general protection fault'; }

# until_ SECONDS COMMAND...: what takes a while after something was started
until_() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 1
	done
}

scrape() {
	local fd
	exec {fd}<>/dev/tcp/127.0.0.1/9100 || return
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&"$fd"
	cat <&"$fd"
	exec {fd}>&-
}
scraped() {
	local all
	all=$(scrape)
	grep -E "$1" <<<"$all" && return
	grep -m 20 ksm <<<"$all"
	return 1
}

# entry RELEASE: GRUB's name of a kernel
entry() { echo "Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux $1"; }
grub_knows() { grep -F "'Debian GNU/Linux, with Linux $1'" /boot/grub/grub.cfg; }
make_default() { update-grub && grub_knows "$1" && grub-set-default "$(entry "$1")"; }

# next SCRIPT: what GRUB's next boot is to run
next() { ln -sfn "$1.sh" /deb-check/next; }

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# dpkg.sh PACKAGE.deb: runs as root in a directory tree of Debian without systemd
# running. Debian's ksmtuned is replaced by our package, comes back, is replaced again with
# its configuration changed, and all is purged.
set -u
# shellcheck source=scripts/deb_check/report.sh
. "$(dirname "$0")/report.sh"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
deb=$1

apt() { apt-get -q -y --no-install-recommends "$@" </dev/null; }

status_of() { dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null | tr -d ' '; }
has_status() { [[ $(status_of "$1") == "$2" ]]; }
is_enabled() { [[ $(systemctl is-enabled "$1.service") == enabled ]]; }
is_disabled() { [[ $(systemctl is-enabled "$1.service") == disabled ]]; }
owns() { [[ $(dpkg-query -S "$2") == "$1: "* ]]; }

# What a package manager would leave behind: files of any of the names we use
leftovers() {
	find / -xdev \( -path /deb-check -o -path /proc -o -path /usr/lib/modules -o -path /usr/src -o -path /var/cache/apt \) -prune -o \
		\( -iname '*ksm*' -a ! -path '/boot/*' \) -print
}
nothing_is_left() {
	local left
	left=$(leftovers)
	echo "$left"
	[[ -z $left ]]
}

configuration_is_ours() { grep -q KSM_MODE /etc/ksmtuned.conf; }
# There is nobody to answer, so it fails
asks_about_configuration() {
	local out
	! out=$(apt install "$deb" 2>&1) && grep "Configuration file '/etc/ksmtuned.conf'" <<<"$out"
}
version_is_that_of_the_package() {
	[[ $("$1" --version) == "$1 $(dpkg-query -W -f='${Version}' ksm-tools)" ]]
}
files_are_unchanged() { [[ -z $(dpkg --verify ksm-tools | tee /dev/stderr) ]]; }
each_is_there() {
	local f
	for f; do
		[[ -e $f ]] || {
			echo "$f is not there"
			return 1
		}
	done
}

check "Debian's ksmtuned is installed" apt install ksmtuned
check "Debian's ksm.service is enabled" is_enabled ksm
check "Debian's ksmtuned.service is enabled" is_enabled ksmtuned

check "ours replaces it without a question" apt install "$deb"
check "ours is installed" has_status ksm-tools ii
check "Debian's is removed" has_status ksmtuned rc
check "another package's wish for ksmtuned is met" apt satisfy ksmtuned
for unit in ksm ksmtuned; do
	check "$unit.service is there" test -f "$(dpkg-query -L ksm-tools | grep "/$unit.service$")"
	check "$unit.service stays enabled" is_enabled "$unit"
	check "$unit.service makes sense to systemd" systemd-analyze --man=no verify "$unit.service"
	check "the version of $unit" version_is_that_of_the_package "${unit/%ksm/ksmctl}"
done
check "what was not changed in /etc/ksmtuned.conf is replaced" configuration_is_ours
check "the configuration is taken" ksmtuned --check
check "all files are there" each_is_there /usr/share/ksmctl/ksmctl.schema.json /usr/share/ksmtuned/ksm.rules.yml \
	/etc/logrotate.d/ksmtuned /usr/share/man/man{8/ksmctl.8,8/ksmtuned.8,5/ksmtuned.conf.5}.gz
check "all files are as they were packed" files_are_unchanged

check "what Debian's has left is purged" apt purge ksmtuned
check "/etc/ksmtuned.conf outlives that" test -e /etc/ksmtuned.conf
# Of what is enabled, only the name of the unit is known to Debian's
for unit in ksm ksmtuned; do
	check "$unit.service has to be enabled again after that" is_disabled "$unit"
	check "$unit.service is enabled again" systemctl -q enable "$unit.service"
done

check "Debian's ksmtuned comes back" apt -o Dpkg::Options::=--force-confnew install ksmtuned
check "its ksmctl is there again" owns ksmtuned /usr/sbin/ksmctl
check "its ksm.service is enabled" is_enabled ksm
check "ours is removed" has_status ksm-tools rc
check "what ours has left is purged" apt purge ksm-tools
check "Debian's configuration outlives that" test -e /etc/ksmtuned.conf
check "its ksmtuned.service outlives that enabled" is_enabled ksmtuned

echo 'KSM_THRES_COEF=31' >>/etc/ksmtuned.conf
systemctl -q disable ksm.service
check "ours asks before it replaces a changed configuration" asks_about_configuration
check "ours is installed once that is answered" dpkg --force-confold --configure ksm-tools
check "the changed configuration is kept" grep -q '^KSM_THRES_COEF=31$' /etc/ksmtuned.conf
show ksmtuned --check
check "the changed configuration counts" grep -q 31 <(ksmtuned --check)
check "ksm.service stays disabled" is_disabled ksm
check "ksmtuned.service stays enabled" is_enabled ksmtuned
check "ours is installed again over itself" apt install --reinstall "$deb"
check "ksm.service stays disabled after that" is_disabled ksm

check "both are purged" apt purge ksm-tools ksmtuned
check "nothing is left of either" nothing_is_left
check "ours is installed where Debian's never was" apt install "$deb"
check "that enables no ksm.service" is_disabled ksm
check "that enables no ksmtuned.service" is_disabled ksmtuned
check "it is purged" apt purge ksm-tools
check "nothing is left of it" nothing_is_left
finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# boot-um.sh [-k FLAVOUR] [-m MIB] [-t SECONDS] -- LINE: run a line of shell in User
# Mode Linux, that is at native speed, on one CPU. The host's / is its root, read-only,
# and the line starts in the current directory; what it prints is passed on.
#   -k FLAVOUR  um-prod (as without -k), um-base or um
#   -m MIB      memory (512)
#   -t SECONDS  time-out (600)
# Exit status: the line's own; 124 time-out, 125 the kernel ended before the line did.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

flavour=um-prod mem=512 limit=600 rc=0
while getopts 'k:m:t:h' opt; do
	case $opt in
	k) flavour=$OPTARG ;;
	m) mem=$OPTARG ;;
	t) limit=$OPTARG ;;
	*) sed -n '4,10s/^# \{0,1\}//p' "$0" && exit "$([[ $opt == h ]] && echo 0 || echo 2)" ;;
	esac
done
shift $((OPTIND - 1))
(($# == 1)) || die "one line of shell, please (-h tells more)"
for n in "$mem" "$limit"; do
	[[ $n =~ ^[1-9][0-9]*$ ]] || die "'$n' is not a positive number (options -m, -t take one)"
done
kernel=$BUILD/$flavour/linux
[[ -x $kernel ]] || die "no kernel at $kernel; build it first: make build/$flavour/linux"
have busybox || die "no busybox; install the Debian package busybox-static"

tmp=$(mktemp -d "$BUILD/.boot-um.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
# Not busybox's shell, which runs its commands by /proc/self/exe: on the host's /proc that is the kernel
cat >"$tmp/init" <<-END
	#!/bin/sh
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	! grep -q tracefs /proc/filesystems || mount -t tracefs tracefs /sys/kernel/tracing
	mount -t tmpfs tmpfs /tmp
	cd $(printf %q "$PWD")
	echo "boot-um begin"
	($1)
	echo "boot-um end \$?"
	exec busybox poweroff -f
END
chmod 755 "$tmp/init"

# The C library has the process that all address spaces are made from registered for
# restartable sequences. None of them has that memory, and the host's kernel ends,
# when it delivers a signal, whom it cannot tell of it there.
GLIBC_TUNABLES=glibc.pthread.rseq=0 timeout -k 10 "$limit" "$kernel" "mem=${mem}M" \
	rootfstype=hostfs rootflags=/ ro "init=$tmp/init" con=null con0=null,fd:1 console=tty0 \
	loglevel=3 panic=-1 </dev/null >"$tmp/console" 2>&1 || rc=$?
tr -d '\r' <"$tmp/console" >"$tmp/log"
if ((rc == 124 || rc == 137)); then
	tail -n 20 "$tmp/log" >&2
	printf 'boot-um.sh: not done after %s s, stopped (-t sets the limit); its last lines stand above\n' "$limit" >&2
	exit 124
fi
# What stands before and behind is about the host
awk '/^boot-um end /{ on = 0 } on; /^boot-um begin$/{ on = 1 }' "$tmp/log"
status=$(sed -n 's/^boot-um end //p' "$tmp/log")
if [[ -z $status ]]; then
	tail -n 20 "$tmp/log" >&2
	exit 125
fi
exit "$status"

#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# nested-init.sh: all that runs in a KVM guest of the demo. Does what the serial
# port says, and answers "demo: word" to each.

# The half that is never written, and its sum
kept() { /bin/busybox tail -c "+$((half + 1))" /corpus | /bin/busybox md5sum; }

answer() { echo "demo: $*"; }

/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev 2>/dev/null
stty -echo </dev/console

half=$(($(stat -c %s /corpus) / 2 / 4096 * 4096))
sum=$(kept)

answer "up after $(cut -d ' ' -f 1 /proc/uptime) s of its own time"
while read -r command; do
	case $command in
	write)
		# Over the other half, in place, and in each guest something else
		dd if=/dev/urandom of=/corpus bs=4096 count=$((half / 4096)) conv=notrunc 2>/dev/null
		answer "written to $((half / 4096)) pages"
		;;
	check)
		if [ "$(kept)" = "$sum" ]; then
			answer intact
		else
			answer "DAMAGED: its data changed"
		fi
		;;
	esac
done

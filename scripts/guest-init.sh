#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# First process of the guest (busybox). boot.sh puts it at /init, what to run
# into /run.cmd, and settings into /run.env. Output goes to one virtio-serial
# port, the exit status to another one, so that neither meets a kernel message.
export PATH=/bin:/sbin HOME=/tmp
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /host /sbin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm /dev/hugepages
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=755 run /run
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t hugetlbfs hugetlbfs /dev/hugepages
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin
ln -sfn fd/1 /dev/stdout
ln -sfn fd/2 /dev/stderr
hostname ksm
ifconfig lo 127.0.0.1 up
# shellcheck source=/dev/null
. /run.env

port() {
	i=0
	while [ $i -lt 200 ]; do
		for p in /sys/class/virtio-ports/*; do
			if [ "$(cat "$p/name" 2>/dev/null)" = "$1" ]; then
				echo "/dev/${p##*/}"
				return
			fi
		done
		usleep 50000
		i=$((i + 1))
	done
	echo "init: no virtio port $1" >/dev/kmsg
	echo /dev/null
}

finish() {
	echo "$1" >"$status"
	sync
	# The status is out, so the quickest way down will do
	echo 1 >/proc/sys/kernel/sysrq
	echo o >/proc/sysrq-trigger
	sleep 60
}

status=$(port status)
out=$(port out)
if [ "$KSM_HOST" = 1 ]; then
	if ! mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro,access=any hostroot /host; then
		echo "boot.sh: the kernel cannot mount the host's files (9p over virtio)" >"$out"
		finish 125
	fi
	# The host's own /tmp and /run are hidden below, yet the directory to
	# work in may be there: keep a way to it.
	mkdir /orig
	mount --bind /host /orig
	mount --rbind /dev /host/dev
	mount --bind /proc /host/proc
	mount --rbind /sys /host/sys
	mount --bind /tmp /host/tmp
	mount --bind /run /host/run
	case $KSM_DIR in
	/tmp/* | /run/* | /dev/shm/*)
		mkdir -p "/host$KSM_DIR"
		mount --bind "/orig$KSM_DIR" "/host$KSM_DIR"
		;;
	esac
fi
cmd="/bin/sh /run.cmd"
if [ "$KSM_HOST" = 1 ]; then
	cp /run.cmd /run/ksm.cmd
	cmd="chroot /host /bin/sh /run/ksm.cmd"
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fi
if [ "$KSM_SHELL" = 1 ]; then
	stty -F /dev/hvc0 rows "$KSM_ROWS" cols "$KSM_COLS" 2>/dev/null
	# shellcheck disable=SC2086
	setsid -c $cmd </dev/hvc0 >/dev/hvc0 2>&1
else
	# shellcheck disable=SC2086
	setsid $cmd </dev/null >"$out" 2>&1
fi
finish $?

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# boot.sh: boot a kernel in QEMU, run a command in it, pass on its output and
# its exit status. See usage() for the options and the exit statuses.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/accel.sh
. "$(dirname "$0")/accel.sh"

usage() {
	cat <<-'END'
	usage: boot.sh [options] -- COMMAND [ARGUMENT...]
	One word is a line for the shell; more than one are run as they are.
	  -k KERNEL   kernel image, or a flavour's name (prod)
	  -c CPUS     processors (2)
	  -m MIB      memory (1024)
	  -t SECONDS  time-out (600)
	  -9          the host's / is mounted read-only over 9p, and the command runs
	              chrooted there, in the current directory; /tmp and /run are its own
	  -f FILE[:PATH]  put FILE into the initramfs (at /FILE's last part, or PATH)
	  -x          interactive: a shell (or COMMAND) on this terminal
	  -i          deterministic: one CPU, guest time = instructions executed
	  -a ARGS     more words for the kernel's command line
	  -q ARGS     more arguments for QEMU
	  -l FILE     keep the console's log there
	  -v          show the kernel's console on stderr
	Exit status: the command's own, or 124 time-out, 125 the kernel panicked or
	did not boot, 126 the kernel reported a bug (WARNING, BUG, KASAN, lockdep ...).
	ACCEL=tcg or ACCEL=kvm in the environment overrules the choice of accelerator.
	END
	exit "${1:-2}"
}

kernel=prod cpus=2 mem=1024 limit=600 host=0 shell=0 icount=0 append='' qargs='' log='' verbose=0
files=()
while getopts 'k:c:m:t:9f:xia:q:l:vh' opt; do
	case $opt in
	k) kernel=$OPTARG ;;
	c) cpus=$OPTARG ;;
	m) mem=$OPTARG ;;
	t) limit=$OPTARG ;;
	9) host=1 ;;
	f) files+=("$OPTARG") ;;
	x) shell=1 ;;
	i) icount=1 ;;
	a) append=$OPTARG ;;
	q) qargs=$OPTARG ;;
	l) log=$OPTARG ;;
	v) verbose=1 ;;
	h) usage 0 ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
for n in "$cpus" "$mem" "$limit"; do
	[[ $n =~ ^[1-9][0-9]*$ ]] || die "'$n' is not a positive number (options -c, -m, -t take one)"
done
case $kernel in
prod | debug | base) kernel=$BUILD/$kernel/bzImage ;;
esac
[[ -f $kernel ]] || die "no kernel at $kernel; build it first: make build/prod/bzImage"
if (($# == 0)); then
	((shell)) || usage
	set -- "exec \$(command -v bash || echo sh)"
fi
have qemu-system-x86_64 || die "no qemu-system-x86_64; install the Debian package qemu-system-x86"

busybox() {
	local b
	for b in /bin/busybox /usr/bin/busybox; do
		# A dynamic busybox would need its libraries in the initramfs too
		if [[ -x $b ]] && ! ldd "$b" >/dev/null 2>&1; then
			echo "$b"
			return
		fi
	done
	die "no static busybox; install the Debian package busybox-static"
}

tmp=$(mktemp -d)
qemu_pid='' terminal=''
((!shell)) || terminal=$(stty -g 2>/dev/null || true)
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	if [[ -n $qemu_pid ]]; then
		kill "$qemu_pid" 2>/dev/null || true
		wait "$qemu_pid" 2>/dev/null || true
	fi
	[[ -z $terminal ]] || stty "$terminal" 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
[[ -n $log ]] || log=$tmp/console.log
mkdir -p "$(dirname "$log")"
: >"$log" || die "cannot write the log $log"

make_initramfs() {
	local root=$tmp/root f dest size rows=24 cols=80
	mkdir -p "$root/bin"
	cp "$(busybox)" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	install -m 755 "$TOP/scripts/guest-init.sh" "$root/init"
	for f in "${files[@]}"; do
		dest=${f##*/}
		if [[ $f == *:* ]]; then
			dest=${f#*:} f=${f%%:*}
		fi
		[[ -f $f ]] || die "-f $f: no such file"
		mkdir -p "$root/$(dirname "$dest")"
		cp "$f" "$root/$dest"
	done
	if ((shell)) && size=$(stty size 2>/dev/null); then
		# A terminal that does not know its size says 0 0
		[[ $size == '0 0' ]] || read -r rows cols <<<"$size"
	fi
	cat >"$root/run.env" <<-END
	KSM_HOST=$host
	KSM_SHELL=$shell
	KSM_ROWS=$rows
	KSM_COLS=$cols
	KSM_DIR=$(printf %q "$PWD")
	END
	{
		echo "export TERM=${TERM:-dumb} LANG=C.UTF-8"
		((host)) && printf 'cd %q || exit 1\n' "$PWD"
		if (($# == 1)); then
			printf '%s\n' "$1"
		else
			# sh has no $'...', which printf %q would use for odd characters
			printf 'exec'
			printf " '%s'" "${@//\'/\'\\\'\'}"
			echo
		fi
	} >"$root/run.cmd"
	# The same input gives the same image to the byte: -i depends on it
	find "$root" -exec touch -h -d @0 {} +
	(cd "$root" && find . | sort | cpio --quiet --reproducible -o -H newc) | gzip -n -1 >"$tmp/initramfs.gz"
}

report() {
	printf 'boot.sh: %s\n' "$1" >&2
	sed 's/\r$//; s/^/    /' >&2
}

make_initramfs "$@"
if ((icount)); then
	# No entropy from outside either, so that a run repeats to the instruction
	accel=(-accel tcg -cpu max -smp 1 -icount "shift=0,sleep=off" -seed 1 -rtc "base=2026-01-01,clock=vm")
	append="nokaslr $append"
else
	mapfile -t accel < <(accelerator)
	accel+=(-smp "$cpus")
fi
mkfifo "$tmp/out"
: >"$tmp/status"
qemu=(qemu-system-x86_64 -machine q35 "${accel[@]}" -m "$mem"
	-nodefaults -no-user-config -display none -vga none -no-reboot
	-kernel "$kernel" -initrd "$tmp/initramfs.gz"
	-append "console=ttyS0 panic=-1 random.trust_cpu=on rdinit=/init $append"
	-chardev "file,id=log,path=$log,append=on" -serial chardev:log
	-device virtio-serial-pci -device virtio-rng-pci
	-chardev "file,id=status,path=$tmp/status" -device "virtserialport,chardev=status,name=status")
if ((host)); then
	qemu+=(-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
		-device "virtio-9p-pci,fsdev=root,mount_tag=hostroot")
fi
if ((shell)); then
	qemu+=(-chardev "stdio,id=con,signal=off" -device "virtconsole,chardev=con")
fi
qemu+=(-chardev "file,id=out,path=$tmp/out" -device "virtserialport,chardev=out,name=out")
if [[ -n $qargs ]]; then
	read -ra more <<<"$qargs"
	qemu+=("${more[@]}")
fi

((verbose)) && { tail -f -n +1 --pid=$$ "$log" >&2 & }
cat "$tmp/out" &
cat_pid=$!
# Held open for writing until QEMU is gone: if QEMU does not even start, the
# reader above still meets an end of file, and never one too early.
exec {hold}<>"$tmp/out"
timed_out=0 qemu_rc=0
if ((shell)); then
	"${qemu[@]}" <&0 2>"$tmp/qemu.err" &
else
	timeout --foreground -k 5 "$limit" "${qemu[@]}" </dev/null >"$tmp/qemu.err" 2>&1 &
fi
qemu_pid=$!
wait "$qemu_pid" 2>/dev/null || qemu_rc=$?
qemu_pid=''
((shell || qemu_rc != 124 && qemu_rc != 137)) || timed_out=1
exec {hold}>&-
wait "$cat_pid" || true
status=$(tr -cd '0-9' <"$tmp/status")

if first=$(kernel_complaints "$log" -n -m 1 | cut -d: -f1) && [[ -n $first ]]; then
	# A few lines before it, too: what led there often stands in them
	first=$((first > 5 ? first - 5 : 1))
	# What and where, in one line, for whoever sees no more than that
	what=$(kernel_complaints "$log" -m 1 | tr -d '\r' | cut -c1-160)
	where=$(grep -m 1 'RIP: 0010:' "$log" | tr -d '\r' | sed 's/.*RIP: 0010:/, at /' || true)
	if grep -q 'Kernel panic' "$log"; then
		tail -n "+$first" "$log" | head -n 120 | report "the kernel panicked: $what$where"
		exit 125
	fi
	tail -n "+$first" "$log" | head -n 80 | report "the kernel reported a bug: $what$where"
	exit 126
fi
if ((timed_out)); then
	tail -n 30 "$log" | report "not done after $limit s, stopped (-t sets the limit); the console's last lines:"
	exit 124
fi
if [[ -z $status ]]; then
	{ cat "$tmp/qemu.err" && tail -n 30 "$log"; } |
		report "the guest ended without a word (QEMU's status $qemu_rc); QEMU's messages and the console's last lines:"
	exit 125
fi
exit "$status"

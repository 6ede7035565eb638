#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh: the main job. Boots a kernel and shows the memory of real programs
# merge, part, and be unshared.
#
#   WORKLOAD     processes, guests, or both (default); guests_merged is guests until
#                ksmd has merged them, and no further
#   GUEST_PAGES  what the memory of the guests is made of: huge pages of 2 MiB
#                (default), or small ones of 4 KiB
#   THP_SPLIT    thp_split_threshold (that of the kernel)
#   ZERO_PAGES   use_zero_pages (that of the kernel)
#   KERNEL       the kernel to boot (build/prod/bzImage)
#   CPUS MEM     of the machine it boots on (2, 1536 MiB)
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

WORKLOAD=${WORKLOAD:-both}
GUEST_PAGES=${GUEST_PAGES:-huge}
KERNEL=${KERNEL:-build/prod/bzImage}
CPUS=${CPUS:-2}
MEM=${MEM:-1536}
TIMEOUT=${TIMEOUT:-1800}
CORPUS_MIB=12

# The text that every program of the demo loads: this system's package database,
# licences and scripts, as they come, up to CORPUS_MIB.
make_corpus() {
	local out=$1
	(
		# head closes the pipe when it has enough
		set +o pipefail
		{
			[[ ! -r /var/lib/dpkg/status ]] || echo /var/lib/dpkg/status
			find /usr/share/common-licenses /usr/lib/python3* /usr/share/perl \
				/usr/share/perl5 /usr/lib/x86_64-linux-gnu/perl-base -type f \
				\( -name '*.py' -o -name '*.p[lm]' -o -path '*licenses*' \) \
				-readable 2>/dev/null | LC_ALL=C sort
		} | tr '\n' '\0' | xargs -0 cat 2>/dev/null |
			head -c "$((CORPUS_MIB << 20))"
	) >"$out.new"
	(($(stat -c %s "$out.new") >= 4 << 20)) ||
		die "found less than 4 MiB of text under /usr/share and /usr/lib; install python3"
	mv "$out.new" "$out"
}

# What a guest of the guest boots into: busybox, one script, the text.
make_initramfs() {
	local corpus=$1 out=$2 dir
	dir=$(mktemp -d "$BUILD/demo/initramfs.XXXXXX")
	mkdir -p "$dir"/{bin,dev,proc,tmp}
	cp "$(command -v busybox)" "$dir/bin/busybox"
	install -m 755 "$TOP/scripts/demo/nested-init.sh" "$dir/init"
	cp "$corpus" "$dir/corpus"
	(cd "$dir" && find . | LC_ALL=C sort | busybox cpio -o -H newc 2>/dev/null) >"$out.new"
	rm -rf "$dir"
	mv "$out.new" "$out"
}

check() {
	case $WORKLOAD in
	processes | guests | guests_merged) PARTS=("$WORKLOAD") ;;
	both) PARTS=(processes guests) ;;
	*) die "WORKLOAD=$WORKLOAD is not one of processes, guests, guests_merged, both" ;;
	esac
	[[ $GUEST_PAGES == huge || $GUEST_PAGES == small ]] ||
		die "GUEST_PAGES=$GUEST_PAGES is neither huge nor small"
	[[ -f $KERNEL ]] || die "no kernel at $KERNEL; build it with: make $KERNEL"
	if [[ " ${PARTS[*]} " == *" guests"* ]]; then
		have qemu-system-x86_64 ||
			die "no qemu-system-x86_64 for the guests to run in; apt-get install qemu-system-x86"
		have busybox ||
			die "no busybox for the guests; apt-get install busybox-static"
	fi
	# Which the processes run, and which counts the page frames of the guests
	have python3 || die "no python3; apt-get install python3"
}

main() {
	check
	mkdir -p "$BUILD/demo"
	lock demo
	with_progress "building ksmctl" \
		make -s -j "$JOBS" -C "$TOP/tools/mm/ksm" STATIC=1 OUTPUT="$BUILD/tools/ksm/" "$BUILD/tools/ksm/ksmctl" ||
		die "tools/mm/ksm does not build (see above)"
	make_corpus "$BUILD/demo/corpus.txt"
	make_initramfs "$BUILD/demo/corpus.txt" "$BUILD/demo/nested.cpio"
	say "booting $KERNEL with $CPUS CPUs and $MEM MiB for: ${PARTS[*]}"
	"$TOP/scripts/boot.sh" -9 -k "$KERNEL" -c "$CPUS" -m "$MEM" -t "$TIMEOUT" \
		-l "$BUILD/demo/console.log" -- \
		env "THP_SPLIT=${THP_SPLIT:-}" "ZERO_PAGES=${ZERO_PAGES:-}" \
		"$TOP/scripts/demo/guest.sh" "$(realpath "$KERNEL")" "$GUEST_PAGES" "${PARTS[@]}"
}

main

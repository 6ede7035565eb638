# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by guest.sh: three KVM guests inside this one, each with the kernel that
# runs here too. What is saved of their memory is sampled each second.

GUESTS=3
GUEST_MIB=96
THP=/sys/kernel/mm/transparent_hugepage/enabled

check_kvm() {
	[[ -c /dev/kvm ]] ||
		die "no /dev/kvm in here: this machine's CPU offers no virtualization. Under TCG QEMU needs -cpu max; under KVM the host must allow nesting (modprobe kvm_amd nested=1)"
	command -v qemu-system-x86_64 >/dev/null ||
		die "no qemu-system-x86_64 on the host's file system; apt-get install qemu-system-x86 there"
}

# QEMU asks for huge pages whatever it is told, so the kernel has to refuse them
choose_pages() {
	local -A thp=([huge]=madvise [small]=never)
	if [[ -e $THP ]]; then
		echo "${thp[$GUEST_PAGES]}" >"$THP" || die "cannot set $THP"
	elif [[ $GUEST_PAGES == huge ]]; then
		die "this kernel has no huge pages for the guests; GUEST_PAGES=small does without"
	fi
}

start_guest() {
	local i=$1
	open_input "$i"
	# shellcheck disable=SC2094 # both append to the log
	# Its serial port is the channel: what the kernel says goes to the log only
	qemu-system-x86_64 -machine pc,mem-merge=on -accel kvm -cpu host -m "$GUEST_MIB" \
		-nodefaults -no-user-config -display none -serial stdio -no-reboot \
		-kernel "$NESTED_KERNEL" -initrd "$BUILD/demo/nested.cpio" \
		-append "console=ttyS0 quiet panic=-1" \
		<"$WORK/in.$i" 2>>"$WORK/log.$i" \
		> >(tee -a "$WORK/log.$i" | sed -un "s/\r//; s/^demo: /$i /p" >"$WORK/answers") &
	add_member "$i" $!
}

# An emulator's virtualization is not perfect: see "Three KVM guests" in
# Documentation/mm/ksm/figures.rst
start_again_guest() { start_guest "$1"; }

# As a host stops a guest that will not be needed again; QEMU leaves with 0 then.
end_guest() { kill -TERM "${MEMBER[$1]}"; }

start_samples() {
	"$INTERPRETER" "$HERE/frames.py" "$START" "$GUEST_MIB" "${MEMBER[@]}" >"$WORK/samples" &
	SAMPLES=$!
	PIDS+=("$SAMPLES")
}

stop_samples() {
	kill "$SAMPLES" 2>/dev/null || die "frames.py failed, see above"
	wait "$SAMPLES" 2>/dev/null
}

saved_frames() {
	local line there frames
	line=$(tail -n 1 "$WORK/samples")
	read -r _ there frames _ <<<"${line:-0 0 0 0}"
	echo "$((there - frames))"
}

# By the samples: when 90 % of what is saved in the end was saved for good, and what
# that took
report_course() {
	local at there frames cpu huge empty zero=0 end=0 end_cpu=0 most='' most_cpu=0 peak=0 saved
	saved=$(saved_frames)
	# Where huge pages are not split there may be nothing else to merge
	((saved > 0)) || [[ $THP_SPLIT == 0 ]] || die "no page frames saved, though $MERGED pages are merged"
	while read -r at there frames cpu huge empty; do
		if (((there - frames) * 10 < saved * 9)); then
			most=
		elif [[ ! $most ]]; then
			most=$at most_cpu=$cpu
		fi
		end=$at end_cpu=$cpu
		((peak >= huge)) || peak=$huge
		zero=$empty
	done <"$WORK/samples"
	report "  saved: $saved page frames; 90 % of them after $(seconds "$most"), with $(seconds $((most_cpu - CPU_BEFORE))) of ksmd's CPU time"
	report "  $SETTLED: after $(seconds "$end"), with $(seconds $((end_cpu - CPU_BEFORE))) of ksmd's CPU time, in $(knob full_scans) passes"
	report "  empty: $zero pages are mapped to the zero page"
	report_huge "$peak"
}

# MiB of all guests that are in huge pages now
huge_mib() {
	local i
	for i in "${!MEMBER[@]}"; do
		cat "/proc/${MEMBER[$i]}/smaps_rollup"
	done | awk '/^AnonHugePages:/ { kib += $2 } END { print int(kib / 1024) }'
}

# Huge pages that were ever given out
huge_given() { awk '$1 == "thp_fault_alloc" { given = $2 } END { print given + 0 }' /proc/vmstat; }

# ksmd splits huge pages while the guests still get others, so there is no time when
# all are there: what was given out tells whether the guests got what they should.
report_huge() {
	local peak=$1 given=$(($(huge_given) - HUGE_BEFORE))
	report "  huge pages: $given were given out; AnonHugePages $peak MiB at most, $HUGE_UP MiB once all were up, $(huge_mib) MiB after merging"
	case $GUEST_PAGES in
	huge) ((given * 2 >= GUEST_MIB)) || die "only $given huge pages were given out to $GUESTS guests of $GUEST_MIB MiB" ;;
	small) ((given == 0)) || die "$given huge pages were given out, though $THP says $(<"$THP")" ;;
	esac
}

# Boots them, and has ksmd merge
merge_guests() {
	local i
	check_kvm
	choose_pages
	pick_interpreter
	HUGE_BEFORE=$(huge_given)
	CPU_BEFORE=$(($(ksmd_us) / 1000))
	begin guest guests \
		"$GUESTS KVM guests of $GUEST_MIB MiB in $GUEST_PAGES pages, $(qemu-system-x86_64 --version | head -n 1)"
	for ((i = 1; i <= GUESTS; i++)); do
		start_guest "$i"
	done
	all_here up 600
	HUGE_UP=$(huge_mib)
	# Not before: see "Three KVM guests" in Documentation/mm/ksm/figures.rst
	start_ksmd
	start_samples
	merge_phase 180 saved_frames
	stop_samples
	report_course
}

part_guests() {
	merge_guests
	rest_phase 20
	write_phase
	unmerge_phase
	check_phase
	end_phase
}

part_guests_merged() {
	merge_guests
	check_phase
	end_phase
}

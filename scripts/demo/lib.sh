# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by guest.sh: KSM's figures, the live table, talking to the programs.

KSM=/sys/kernel/mm/ksm
KSMCTL=$BUILD/tools/ksm/ksmctl
WORK=$(mktemp -d)
PIDS=()

heading() { printf '\n== %s\n' "$*"; }

report() { printf '%s\n' "$*" >>"$WORK/report"; }

# shellcheck disable=SC2317 # called by the trap
clean_up() {
	# With wait, or bash reports each of them as killed
	((${#PIDS[@]})) && {
		kill -KILL "${PIDS[@]}"
		wait "${PIDS[@]}"
	} 2>/dev/null
	rm -rf "$WORK"
}
trap clean_up EXIT

die() {
	printf 'demo: error: %s\n' "$*" >&2
	exit 1
}

# Milliseconds on the machine's clock
now_ms() { echo "$((${EPOCHREALTIME/./} / 1000))"; }

seconds() { printf '%d.%02d s' "$(($1 / 1000))" "$(($1 % 1000 / 10))"; }

# Of microseconds
milliseconds() { printf '%d.%d ms' "$(($1 / 1000))" "$(($1 % 1000 / 100))"; }

knob() {
	local value
	read -r value <"$KSM/$1"
	echo "$value"
}

set_knob() { "$KSMCTL" set "$1" "$2" || die "cannot go on without $1=$2"; }

# What is merged now: extra mappings, to shared pages or the zero page
merged() { echo "$(($(knob pages_sharing) + $(knob ksm_zero_pages)))"; }

# Page frames of all members: what they map, less what is mapped once more. Empty
# parts of a huge page count nowhere once it is split, for the split maps them to
# the zero page: so this is the figure that kernels can be compared by.
frames() {
	local i kib pages=0
	for i in "${!MEMBER[@]}"; do
		kib=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/${MEMBER[$i]}/status")
		pages=$((pages + kib / 4))
	done
	echo "$((pages - $(knob pages_sharing)))"
}

# Microseconds of CPU time that ksmd took so far
ksmd_us() {
	local dir comm ns
	for dir in /proc/[0-9]*; do
		read -r comm <"$dir/comm" || continue
		[[ $comm == ksmd ]] || continue
		read -r ns _ <"$dir/schedstat"
		echo "$((ns / 1000))"
		return
	done 2>/dev/null
	die "no ksmd among the processes"
}

# --- the live table

start_table() {
	mkfifo "$WORK/table"
	tee "$WORK/table.log" <"$WORK/table" &
	TEE=$!
	"$KSMCTL" watch --interval 1 >"$WORK/table" &
	TABLE=$!
	PIDS+=("$TABLE")
}

# Ends the table with its summary; the summary goes to the report too
stop_table() {
	kill -TERM "$TABLE"
	wait "$TABLE" || die "the live table failed: see above"
	wait "$TEE"
	sed -n '/^peak:/,$ s/^/  /p' "$WORK/table.log" >>"$WORK/report"
	rm "$WORK/table"
}

# settle MAX SAVED: until two scans are over and what SAVED tells has grown by less
# than 1 % in 5 seconds; fails after MAX seconds
settle() {
	local end=$((SECONDS + $1)) scans before=() now
	scans=$(($(knob full_scans) + 2))
	while ((SECONDS < end)); do
		sleep 1
		now=$("$2")
		before=("$now" "${before[@]:0:5}")
		if ((${#before[@]} == 6 && now - before[5] <= now / 100 &&
			$(knob full_scans) >= scans)); then
			return 0
		fi
	done
	echo "(not settled after $1 s: going on)"
	return 1
}

# --- the programs: each reads words from $WORK/in.N, and all answer
# "N word [text]" through one pipe

# begin WHO WHOS TITLE: a part whose programs are called WHO, many of them WHOS
begin() {
	WHO=$1
	WHOS=$2
	heading "$3"
	report "$3"
	declare -Ag INPUT=() MEMBER=()
	START=
	RESTARTS=3
	rm -f "$WORK/answers" "$WORK"/in.*
	mkfifo "$WORK/answers"
	exec {ANSWERS}<>"$WORK/answers"
	start_table
	BEGUN=$(now_ms)
}

start_ksmd() {
	set_knob run 1
	# shellcheck disable=SC2034 # for the samples of the guests
	START=$(now_ms)
}

# all_here WORD MAX: every program said that it is ready
all_here() {
	await "$1" "$2"
	report "  all $1 after $(seconds $(($(now_ms) - BEGUN)))"
}

# Before starting program N
open_input() {
	local fd
	[[ -p $WORK/in.$1 ]] || mkfifo "$WORK/in.$1"
	exec {fd}<>"$WORK/in.$1"
	INPUT[$1]=$fd
}

# add_member N PID: program N is running
add_member() {
	MEMBER[$1]=$2
	PIDS+=("$2")
}

tell() { echo "$2" >&"${INPUT[$1]}"; }

tell_all() {
	local i
	for i in "${!MEMBER[@]}"; do
		tell "$i" "$1"
	done
}

# One line of the answers into ANSWER, if it comes within a second. What came of
# a line by then is kept for the next call.
PARTIAL=
next_answer() {
	local part=
	if IFS= read -r -t 1 part <&"$ANSWERS"; then
		ANSWER=$PARTIAL$part
		PARTIAL=
		return 0
	fi
	PARTIAL+=$part
	return 1
}

check_alive() {
	local i
	for i in "${!MEMBER[@]}"; do
		kill -0 "${MEMBER[$i]}" 2>/dev/null || member_died "$i"
	done
}

# await WORD MAX: every member's answer, in MAX seconds; shows them
await() {
	local word=$1 end=$((SECONDS + $2)) n=0 i text
	while ((n < ${#MEMBER[@]})); do
		if next_answer; then
			read -r i text <<<"$ANSWER"
			[[ $text == "$word"* ]] || die "$WHO $i: $text"
			n=$((n + 1))
			echo "$WHO $i: $text"
			continue
		fi
		check_alive
		((SECONDS < end)) ||
			die "only $n of ${#MEMBER[@]} $WHOS said '$word' in $2 s; give the machine more CPUs, or more memory (CPUS=, MEM=)"
	done
}

# start_again_WHO, where there is one, starts what ended before ksmd had begun: then it is
# not KSM that ended it
member_died() {
	echo "the last lines of $WHO $1:" >&2
	tail -n 20 "$WORK/log.$1" >&2
	if [[ ! $START ]] && ((RESTARTS > 0)) && declare -F "start_again_$WHO" >/dev/null; then
		RESTARTS=$((RESTARTS - 1))
		report "  $WHO $1 ended before ksmd had begun, and is started again"
		"start_again_$WHO" "$1"
		return
	fi
	die "$WHO $1 ended before its time (see above, and the kernel log in build/demo/console.log); if it was killed for want of memory, give MEM= more"
}

# --- phases that every part has

# merge_phase MAX [SAVED]: leaves what was merged in MERGED, and in SETTLED how it
# ended; SAVED is as for settle
merge_phase() {
	heading "ksmd merges"
	# shellcheck disable=SC2034 # for the report of the guests
	settle "$1" "${2:-merged}" && SETTLED='settled' || SETTLED='not settled'
	MERGED=$(merged)
	report "  merged: $(frames) page frames hold the anonymous memory of ${#MEMBER[@]} $WHOS"
	((MERGED)) ||
		die "nothing merged: full_scans is $(knob full_scans), pages_volatile $(knob pages_volatile), pages_unshared $(knob pages_unshared); is ksmd alive, and is the memory registered (VmFlags mg in smaps)?"
}

# rest_phase SECONDS: nobody does anything, and ksmd is set as at boot
rest_phase() {
	local seconds=$1 pages before after scans
	heading "the $WHOS are at rest, and ksmd is as at boot"
	pages=$(knob pages_to_scan)
	set_knob pages_to_scan 100
	sleep "$seconds"
	scans=$(knob full_scans)
	before=$(ksmd_us)
	sleep "$seconds"
	after=$(ksmd_us)
	report "  at rest: ksmd took $(milliseconds $((after - before))) of CPU time in $seconds s, for $(($(knob full_scans) - scans)) passes"
	set_knob pages_to_scan "$pages"
}

write_phase() {
	local after
	heading "the $WHOS write to a part of their data"
	tell_all write
	await written 120
	after=$(merged)
	sleep 2
	((after < MERGED)) ||
		die "the writes broke no share: $MERGED pages merged before, $after after"
	report "  writes: $MERGED pages merged before, $after right after"
}

unmerge_phase() {
	local start took
	heading "run=2: every share is broken"
	start=$(now_ms)
	set_knob run 2
	took=$(($(now_ms) - start))
	(($(merged) == 0 && $(knob pages_shared) == 0)) ||
		die "run=2 left $(knob pages_shared) shared, $(knob pages_sharing) sharing"
	report "  run=2: everything unshared in $(seconds "$took")"
	sleep 2
}

check_phase() {
	heading "the $WHOS check that their data are as they left them"
	tell_all check
	await intact 120
	report "  data: intact in ${#MEMBER[@]} of ${#MEMBER[@]} $WHOS"
}

# ended N: waits until it has, which must go well
ended() {
	local i=$1 end=$((SECONDS + 60)) rc=0
	while kill -0 "${MEMBER[$i]}" 2>/dev/null; do
		((SECONDS < end)) || die "$WHO $i does not end"
		sleep 0.2
	done
	wait "${MEMBER[$i]}" || rc=$?
	((rc == 0)) || die "$WHO $i ended with status $rc: $(tail -n 3 "$WORK/log.$i")"
}

end_phase() {
	local i
	for i in "${!MEMBER[@]}"; do
		"end_$WHO" "$i"
	done
	for i in "${!MEMBER[@]}"; do
		ended "$i"
	done
	stop_table
}

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by guest.sh: eight interpreters that load the same text.

WORKERS=8
CORPUS=$BUILD/demo/corpus.txt

# The interpreter itself, not a version manager's wrapper around it
pick_interpreter() {
	local python
	for python in /usr/bin/python3 python3; do
		if INTERPRETER=$("$python" -c 'import sys; print(sys.executable)' 2>/dev/null); then
			return
		fi
	done
	die "python3 is not here; apt-get install python3"
}

start_worker() {
	local i=$1
	open_input "$i"
	"$KSMCTL" run -- "$INTERPRETER" "$HERE/worker.py" "$i" "$CORPUS" \
		<"$WORK/in.$i" >"$WORK/answers" 2>"$WORK/log.$i" &
	add_member "$i" $!
}

end_process() { tell "$1" quit; }

show_workers() {
	local i pid items merging profit
	for i in "${!MEMBER[@]}"; do
		pid=${MEMBER[$i]}
		items=$(awk '$1 == "ksm_rmap_items" { print $2 }' "/proc/$pid/ksm_stat")
		profit=$(awk '$1 == "ksm_process_profit" { print $2 }' "/proc/$pid/ksm_stat")
		merging=$(<"/proc/$pid/ksm_merging_pages")
		echo "process $i (pid $pid): $merging of its $items pages merged, profit $((profit >> 20)) MiB"
	done
}

part_processes() {
	local i
	pick_interpreter
	begin process processes \
		"$WORKERS processes of $INTERPRETER, each loads $(($(stat -c %s "$CORPUS") >> 20)) MiB of text"
	start_ksmd
	for ((i = 1; i <= WORKERS; i++)); do
		start_worker "$i"
	done
	all_here loaded 300
	merge_phase 180
	show_workers
	write_phase
	unmerge_phase
	check_phase
	end_phase
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# original.sh SCRIPT ROOT: the ksmtuned that is a shell script, on a recorded machine. ROOT has
#   etc/ksmtuned.conf        its configuration
#   steps/1, steps/2, ...    /proc before each of its decisions: meminfo, PID/cmdline, PID/status
#   sys/kernel/mm/ksm        the knobs that it writes
# Writes ROOT/results, a line for each decision: run, pages_to_scan and sleep_millisecs after it.
#
# The script waits by sleep(1), and looks at processes by pgrep(1) and ps(1): their stand-ins let
# the next step begin, or look below ROOT. Its other paths are changed to those below ROOT.
set -euo pipefail

script=$1
export ROOT=$2
mkdir -p "$ROOT/bin"

cat >"$ROOT/bin/sleep" <<'END'
#!/bin/bash
# What the last step has led to; then the next one
last=$(cat "$ROOT/step" 2>/dev/null || echo 0)
knobs=$ROOT/sys/kernel/mm/ksm
if ((last)); then
	echo "$(<"$knobs/run") $(<"$knobs/pages_to_scan") $(<"$knobs/sleep_millisecs")" \
		>>"$ROOT/results"
fi
next=$((last + 1))
if [[ ! -d $ROOT/steps/$next ]]; then
	kill "$PPID"
	exit
fi
echo "$next" >"$ROOT/step"
ln -sfn "steps/$next" "$ROOT/proc"
END

cat >"$ROOT/bin/pgrep" <<'END'
#!/bin/bash
# pgrep -f -d ' ' PATTERN
[[ $# == 4 && $1 == -f && $2 == -d && $3 == ' ' ]] || exit 2
found=()
for file in "$ROOT"/proc/[0-9]*/cmdline; do
	[[ -s $file ]] || continue
	pid=${file%/cmdline}
	tr '\0' ' ' <"$file" | sed 's/ $//' | grep -qE -- "$4" && found+=("${pid##*/}")
done
((${#found[@]})) && echo "${found[*]}"
END

cat >"$ROOT/bin/ps" <<'END'
#!/bin/bash
# ps -p "PID..." -o rsz=
[[ $# == 4 && $1 == -p && $3 == -o && $4 == rsz= ]] || exit 2
for pid in $2; do
	awk '/^VmRSS:/ { print $2 }' "$ROOT/proc/$pid/status"
done
END
chmod 755 "$ROOT"/bin/*

sed -E "s#(^|[^A-Za-z0-9_./])/(proc|sys|etc)/#\\1$ROOT/\\2/#g" "$script" >"$ROOT/script"
# Nothing of this machine may be left in it but programs, and the default of PIDFILE
if grep -E '(^|[^A-Za-z0-9_.])/(proc|sys|etc|dev|tmp|usr)/' "$ROOT/script" | grep -v "$ROOT/"; then
	echo "original.sh: the script has paths that are not known here" >&2
	exit 1
fi
grep -q '^PIDFILE=' "$ROOT/etc/ksmtuned.conf"

# It ends at once and leaves a loop behind, which has its output open until it ends
PATH=$ROOT/bin:$PATH LC_ALL=C bash "$ROOT/script" 2>&1 | cat

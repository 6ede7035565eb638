#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# menuconfig_check.sh DIR: what 'make menuconfig' offers does what it says, and its
# defaults are what is so without it. Works in DIR, away from a .config of yours. Prints
# what is not so, and fails then.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kbuild.sh
. "$(dirname "$0")/kbuild.sh"
# shellcheck source=scripts/fragments.sh
. "$(dirname "$0")/fragments.sh"

dir=${1:?usage: menuconfig_check.sh DIR}
menu=$TOP/scripts/menuconfig.sh makefile=$TOP/Makefile
found=0

wrong() {
	echo "$*"
	found=1
}

# choose LINE...: a .config with these, and the defaults of the rest
choose() {
	printf '%s\n' "$@" >"$dir/.config"
	"$menu" olddefconfig "$dir/.config" >"$dir/log" 2>&1 || wrong "olddefconfig of '$*' failed: $(tail -n 1 "$dir/log")"
}

# commands TARGET...: what make would run, in the directory that has the .config
commands() { (cd "$dir" && env -u MAKEFLAGS -u MAKELEVEL -u CPUS -u MEM -u ACCEL -u FLAVOUR -u CONFIG make -n -f "$makefile" "$@"); }

# The configuration of debug, as fragments
debug() {
	local files
	mapfile -t files < <(fragments debug | tr ' ' '\n')
	join_fragments "${files[@]}"
}

# has TEXT LINE COMMAND...
has() { grep -qxF -- "$2" <("${@:3}") || wrong "$1: there is no '$2'"; }
lacks() { ! grep -qxF -- "$2" <("${@:3}") || wrong "$1: there still is '$2'"; }

defaults() {
	local t
	for t in run shell deb; do
		rm -f "$dir/.config"
		commands "$t" | sed 's/ *$//' >"$dir/without"
		choose
		commands "$t" | sed 's/ *$//;s/deb.sh local$/deb.sh/' >"$dir/with"
		diff "$dir/without" "$dir/with" || wrong "make $t does something else where all is left at its default"
	done
	choose
	debug >"$dir/with"
	rm "$dir/.config"
	debug >"$dir/without"
	diff "$dir/without" "$dir/with" || wrong "debug is another where all is left at its default"
}

choices() {
	choose CONFIG_FLAVOUR_DEBUG=y CONFIG_CPUS=3 CONFIG_MEM=700
	has "flavour and size" "scripts/boot.sh -k debug -x -9 -c 3 -m 700" commands shell
	has "the command line goes first" "scripts/boot.sh -k base -x -9 -c 1 -m 700" commands shell CPUS=1 FLAVOUR=base
	choose CONFIG_DEB_CLOUD=y
	has "make deb" "scripts/deb.sh cloud" commands deb
	choose CONFIG_ACCEL_TCG=y
	# shellcheck disable=SC2016 # make's variable
	has accelerator "echo tcg" commands --eval='accel:; echo $(ACCEL)' accel
	choose CONFIG_KCSAN=y
	has KCSAN CONFIG_KCSAN=y debug
	lacks KCSAN CONFIG_KASAN=y debug
	choose CONFIG_NO_SANITIZER=y '# CONFIG_LOCKDEP is not set' '# CONFIG_KSM_DEBUG is not set'
	lacks "no sanitizer" CONFIG_KASAN=y debug
	lacks "no sanitizer" CONFIG_KCSAN=y debug
	lacks "no lockdep" CONFIG_PROVE_LOCKING=y debug
	lacks "no KSM_DEBUG" CONFIG_KSM_DEBUG=y debug
}

# until_shown TEXT: on the screen of the menu
until_shown() {
	for _ in {1..300}; do
		! grep -qF -- "$1" <(tmux -S "$dir/tmux" capture-pane -p 2>/dev/null) || return 0
		sleep 0.2
	done
	wrong "the menu does not show '$1'"
	return 1
}

# As a person does it: the second kernel of the first choice, and save
by_hand() {
	local keys=(tmux -S "$dir/tmux" send-keys)
	rm -f "$dir/.config"
	tmux -S "$dir/tmux" new-session -d -x 100 -y 30 "$menu menuconfig $dir/.config"
	until_shown "KSM: what is built and booted here" && "${keys[@]}" Enter &&
		until_shown "(X) prod" && "${keys[@]}" Down Space &&
		until_shown "(debug)" && "${keys[@]}" Escape Escape &&
		until_shown "save your new configuration" && "${keys[@]}" Enter
	for _ in {1..50}; do
		[[ ! -s $dir/.config ]] || break
		sleep 0.2
	done
	tmux -S "$dir/tmux" kill-server 2>/dev/null || true
	grep -q '^CONFIG_FLAVOUR="debug"$' "$dir/.config" || wrong "what was chosen in the menu was not kept"
}

mkdir -p "$dir"
# As fragments sees it: the repository, with another .config
ln -sfn "$TOP/scripts" "$dir/scripts"
ln -sfn "$TOP/mm" "$dir/mm"
TOP=$dir
defaults
choices
by_hand
exit "$found"

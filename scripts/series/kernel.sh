#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh TREE OUT TARGET...: make these targets of a tree in the middle of the
# series, configured as prod is. What the compiler says goes to OUT/build.log.
# ROOMS=FILE: the directory mm/ksm alone, which is not built in yet, with FILE in
# place of include/linux/ksm.h.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=scripts/kbuild.sh
. "$TOP/scripts/kbuild.sh"

# Read by kbuild.sh
# shellcheck disable=SC2034
tree=$1 out=$2 arch=x86_64 flags=
shift 2
setup_make
fragments=("$TOP"/scripts/config/{common,prod}.config)
[[ ! -f $tree/mm/ksm/Kconfig ]] || fragments+=("$TOP/scripts/config/ours-prod.config")
join_fragments "${fragments[@]}" >"$out/fragments.new"
if ! cmp -s "$out/fragments.new" "$out/fragments.config" || [[ ! -f $out/.config ]]; then
	mv "$out/fragments.new" "$out/fragments.config"
	make_config || {
		tail -n 20 "$out/config.log" >&2
		exit 1
	}
	config_lost "$out/fragments.config" >"$out/lost"
	[[ ! -s $out/lost ]] || {
		sed 's/^/not in the configuration: /' "$out/lost" >&2
		exit 1
	}
fi
[[ -z ${ROOMS:-} ]] || flags="KCFLAGS=-fmacro-prefix-map=src/= -include $ROOMS"
"${make[@]}" "-j$JOBS" ${flags:+"$flags"} "$@" >"$out/build.log" 2>&1 || {
	grep -nE 'error:|Error [0-9]|undefined reference|No space left|\*\*\*' "$out/build.log" | head -n 20 >&2
	exit 1
}
if grep -E 'warning:' "$out/build.log" | sort -u >"$out/warnings"; then
	cat "$out/warnings" >&2
	exit 1
fi

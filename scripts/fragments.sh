# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced after lib.sh: of which fragments of scripts/config a flavour's configuration is
# made.

# fragments FLAVOUR: their files, in order; what only our tree has comes last
fragments() {
	local flavour=$1 dir=$TOP/scripts/config ours=${1#um-}
	echo "$dir/common.config"
	case $flavour in
	um) echo "$dir/um.config" "$dir/kunit.config" ;;
	um-*) echo "$dir/um.config" "$dir/um-native.config" ;;
	debug)
		echo "$dir/prod.config" "$dir/debug.config"
		[[ $(chosen KASAN y) != y ]] || echo "$dir/kasan.config"
		[[ $(chosen KCSAN n) != y ]] || echo "$dir/kcsan.config"
		[[ $(chosen LOCKDEP y) != y ]] || echo "$dir/lockdep.config"
		[[ $(chosen KSM_DEBUG y) == y ]] || ours=prod
		;;
	*) echo "$dir/prod.config" ;;
	esac
	if [[ $flavour != *base && -f $TOP/mm/ksm.c ]]; then
		echo "$dir/ours-$ours.config"
	fi
}

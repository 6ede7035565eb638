#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh prod|debug|base|um|um-prod|um-base [MAKE-TARGET...]: configure and build
# one flavour.
#
# Result: build/FLAVOUR/bzImage (um: build/FLAVOUR/linux), .config and build.log beside
# it. Does nothing where nothing changed. With make targets (mm/ksm.o, say) only
# those are made, and their output is shown as it comes.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kbuild.sh
. "$(dirname "$0")/kbuild.sh"
# shellcheck source=scripts/fragments.sh
. "$(dirname "$0")/fragments.sh"

flavour=${1:-}
shift || true
case $flavour in
prod | debug) tree=$BUILD/tree arch=x86_64 ;;
base) tree=$BUILD/base-src arch=x86_64 ;;
um | um-prod) tree=$BUILD/tree arch=um ;;
um-base) tree=$BUILD/base-src arch=um ;;
*) die "usage: ${0##*/} prod|debug|base|um|um-prod|um-base [make target...]" ;;
esac
[[ $JOBS =~ ^[1-9][0-9]*$ ]] || die "JOBS=$JOBS is not a positive number"
out=$BUILD/$flavour
if [[ $arch == um ]]; then
	image=linux product=$out/linux
else
	image=bzImage product=$out/bzImage
fi

# Every line of the fragments must be in the final .config
verify_config() {
	local bad
	mapfile -t bad < <(config_lost "$out/fragments.config")
	((${#bad[@]} == 0)) && return
	printf '%s: error: %s\n' "${0##*/}" \
		"these lines of scripts/config/ did not make it into the $flavour configuration; a dependency is missing, or this kernel does not have the symbol:" >&2
	printf '    %s\n' "${bad[@]}" >&2
	exit 1
}

configure() {
	local files key
	read -ra files <<<"$(fragments "$flavour" | tr '\n' ' ')"
	join_fragments "${files[@]}" >"$out/fragments.config"
	key=$({
		cat "$out/fragments.config" "$BUILD/base.id"
		echo "$tree $cc_version ${LLVM:-}"
		[[ $flavour == *base ]] || cat "$BUILD/tree.kconfig" 2>/dev/null || true
	} | sha256sum)
	[[ -f $out/.config && $(cat "$out/.config.key" 2>/dev/null) == "$key" ]] && return
	say "$flavour: configuring"
	rm -f "$out/.config.key"
	if ! make_config; then
		tail -n 20 "$out/config.log" >&2
		die "cannot configure $flavour (see above, and build/$flavour/config.log)"
	fi
	verify_config
	printf '%s\n' "$key" >"$out/.config.key"
}

# What a finished build was made of
inputs() {
	cat "$out/.config.key" "$TOP/scripts/kbuild.sh"
	if [[ $flavour == *base ]]; then cat "$BUILD/base.id"; else cat "$BUILD/tree.id"; fi
}

main() {
	local key
	lock "$flavour"
	if [[ $flavour == *base ]]; then
		lock source
		"$TOP/scripts/base.sh"
		unlock
	else
		"$TOP/scripts/tree.sh"
	fi
	setup_make
	configure
	if (($#)); then
		"${make[@]}" "-j$JOBS" "$@"
		return
	fi
	key=$(inputs | sha256sum)
	if [[ -e $product && $(cat "$out/.built" 2>/dev/null) == "$key" && -z ${KSRC:-} ]]; then
		say "$flavour: up to date"
		return
	fi
	[[ -e $out/vmlinux ]] || need_space 2500 "building the $flavour kernel"
	rm -f "$out/.built"
	compile "$flavour" "$image"
	[[ $arch == um ]] || ln -sfn arch/x86/boot/bzImage "$product"
	[[ -e $product ]] || die "the build of $flavour ended well, but there is no $product"
	if [[ $(inputs | sha256sum) != "$key" ]]; then
		say "$flavour: the sources changed meanwhile; the next build takes in the rest"
		return
	fi
	printf '%s\n' "$key" >"$out/.built"
}

main "$@"

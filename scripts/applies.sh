#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# applies.sh DIRECTORY: what of this repository does not apply to a kernel tree, by name:
# patches, file by file, and files that ours would replace but that are not those of
# 6.12 any more. Changes nothing there. Fails if there is anything to name.
#
# base.sh calls it for a KSRC that is not 6.12. What the list means, and what a port
# takes, is in Documentation/mm/ksm/forward-port.rst.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

(($# == 1)) || die "usage: ${0##*/} DIRECTORY"
src=$(cd "$1" 2>/dev/null && pwd -P) || die "$1: no such directory"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
found=0 tried=0 name=''

finding() {
	printf '    %s\n' "$*"
	found=$((found + 1))
}

# try_file PATCH FILE: one part of a patch, on top of what the patches before it did
try_file() {
	local part=$tmp/part file=$2 out hunks failed
	tried=$((tried + 1))
	awk -v file="$file" '/^diff --git / { on = ($4 == "b/" file || $3 == "a/" file) } on' "$1" >"$part"
	if [[ ! -e $tmp/tree/$file ]]; then
		mkdir -p "$tmp/tree/$(dirname "$file")"
		if [[ -f $src/$file ]]; then
			cp "$src/$file" "$tmp/tree/$file"
		elif ! grep -q '^--- /dev/null' "$part"; then
			finding "$name: there is no $file"
			return
		fi
	fi
	out=$(patch -p1 -F0 -N -f -E --no-backup-if-mismatch -r - -d "$tmp/tree" <"$part" 2>&1) && return
	hunks=$(grep -c '^@@' "$part")
	failed=$(grep -oE '^Hunk #[0-9]+ (FAILED|ignored)' <<<"$out" | grep -oE '[0-9]+' | xargs || true)
	finding "$name: $file: hunk ${failed:-1} of $hunks"
}

try_patches() {
	local p f
	while read -r p; do
		name=$p
		while read -r f; do
			try_file "$TOP/patches/$p" "$f"
		done < <(sed -nE 's|^(---\|\+\+\+) [ab]/([^[:space:]]+).*|\2|p' "$TOP/patches/$p" | sort -u)
	done
}

# Ours in place of a file of the kernel: what has changed in that has to go into ours
try_replaced() {
	local f base=$BUILD/base-src
	[[ -f $base/mm/ksm.c && $(readlink -f "$base") != "$src" ]] || {
		say "files that ours replace are not compared: there is no 6.12 in build/base-src (make tree without KSRC brings it)"
		return
	}
	while read -r f; do
		[[ -f $base/$f && $f != MAINTAINERS ]] || continue
		tried=$((tried + 1))
		if [[ ! -f $src/$f ]]; then
			finding "$f: is gone there, and ours would bring it back"
		elif ! cmp -s "$base/$f" "$src/$f"; then
			finding "$f: $(diff "$base/$f" "$src/$f" | grep -c '^[<>]') lines differ from 6.12, and ours replaces it"
		fi
	done < <("$TOP/scripts/tree.sh" --ours)
}

mkdir -p "$tmp/tree"
say "what does not apply to $src:"
sed -e 's|#.*||' -e 's|[[:space:]]*$||' -e '/^$/d' "$TOP/patches/series" >"$tmp/series"
try_patches <"$tmp/series"
try_replaced
# By themselves: they are for the engine that ours replaces
rm -rf "$tmp/tree"
mkdir -p "$tmp/tree"
(cd "$TOP/patches" && ls fixes/*.patch) >"$tmp/fixes"
try_patches <"$tmp/fixes"
say "$found of $tried do not apply"
((found == 0))

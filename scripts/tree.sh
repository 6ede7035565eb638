#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tree.sh: the kernel that we build, at build/tree: the base, our files over it,
# and the patches of patches/series.
#
# What is composed goes to a staging directory first; only files whose content
# differs are then put into the tree, so that make rebuilds no more than it must.
# A file that no longer differs from the base is put back. build/tree.id changes
# with the content of the tree. --ours lists what is ours in it, and does nothing.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

tree=$BUILD/tree
base=$BUILD/base-src
stage=$BUILD/.stage
manifest=$BUILD/tree.manifest # our files and the patched ones, as now in the tree

# copy_base: never hard links, since an editor or patch could write through them
copy_base() {
	rm -rf "$tree.new"
	mkdir -p "$tree.new"
	tar -c --exclude=./.git -C "$base/" . | tar -x -C "$tree.new"
}

fresh_tree() {
	need_space 4500 "the kernel tree and its build"
	rm -rf "$tree" "$manifest" "$BUILD/tree.id" "$BUILD/tree.base"
	# Objects of another base are older than this base's files would tell
	rm -rf "$BUILD/prod" "$BUILD/debug" "$BUILD/um" "$BUILD/um-prod" "$BUILD/configs"
	with_progress "copying the base to build/tree" copy_base ||
		die "cannot copy $base to $tree; see the message above"
	mv "$tree.new" "$tree"
	cp "$BUILD/base.id" "$BUILD/tree.base"
	: >"$manifest"
}

# KSRC may be edited between two runs; the package may not.
follow_base() {
	local out
	[[ -n ${KSRC:-} ]] || return 0
	out=$(rsync -aO --update --delete --itemize-changes --exclude=/.git --exclude-from=<(sed 's|^|/|' "$manifest") "$base/" "$tree/")
	if [[ -n $out ]]; then
		say "KSRC has changed: $(wc -l <<<"$out") files taken over"
		printf '%s\n' "$out" "$(date +%s)" >"$BUILD/tree.ksrc"
	fi
}

# our_files: what stands in this repository at its in-tree path
our_files() {
	local d dirs=()
	for d in Documentation include mm lib tools; do
		[[ -d $TOP/$d ]] && dirs+=("$d")
	done
	((${#dirs[@]})) || return 0
	(cd "$TOP" && find "${dirs[@]}" -type f ! -name '*.o' ! -name '*.orig' ! -name '*.rej' \
		! -name '*~' ! -name '.*.sw?' ! -name '*.pyc' | sort)
}

# add_maintainers: our entry in the base's MAINTAINERS, before the first title that
# comes after it
add_maintainers() {
	awk 'FNR == 1 { files++ }
		files == 1 { if (/^MEMORY/) title = $0; if (title != "") entry = entry $0 "\n"; next }
		/^ME[^:]*$/ && $0 > title && !done { printf "%s\n", entry; done = 1 }
		{ print }
		END { exit !done }' "$TOP/MAINTAINERS" "$base/MAINTAINERS" >"$stage/MAINTAINERS" ||
		die "found no place for our entry in the base's MAINTAINERS; its titles have changed: see add_maintainers in scripts/tree.sh"
}

series() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$TOP/patches/series" 2>/dev/null || true; }

# touched PATCH: the files that a patch changes, creates or removes
touched() {
	sed -nE -e 's|^(---\|\+\+\+) [ab]/([^[:space:]]+).*|\2|p' "$1" | sort -u
}

apply_patches() {
	local p f out
	for p in $(series); do
		[[ -f $TOP/patches/$p ]] ||
			die "patches/series names $p, but there is no patches/$p; add the patch or take the line out"
		for f in $(touched "$TOP/patches/$p"); do
			[[ ! -f $TOP/$f ]] ||
				die "patches/$p changes $f, which is a file of ours; edit $f itself instead"
			if [[ -f $base/$f && ! -e $stage/$f && ! -e $stage.gone/$f ]]; then
				mkdir -p "$stage/$(dirname "$f")"
				cp -p "$base/$f" "$stage/$f"
			fi
		done
		if ! out=$(patch -p1 -F0 -N -f -E --no-backup-if-mismatch -r - -d "$stage" <"$TOP/patches/$p" 2>&1); then
			printf '%s\n' "$out" | sed 's/^/    /' >&2
			die "patches/$p does not apply to $(cat "$BUILD/base.id") (see above); the kernel's code there has changed: bring the patch up to date"
		fi
		for f in $(touched "$TOP/patches/$p"); do
			# Remember removals, so that a later patch does not bring the base's file back
			if [[ ! -e $stage/$f ]]; then
				mkdir -p "$stage.gone/$(dirname "$f")"
				: >"$stage.gone/$f"
			fi
		done
	done
}

# bring FROM LIST: these files into the tree where their content differs there,
# as new files with a new time; prints what it did
bring() { rsync -rlpc --no-times --files-from="$2" --out-format='%n' "$1/" "$tree/"; }

main() {
	local f n
	lock source
	"$TOP/scripts/base.sh"
	if [[ ! -d $tree ]] || ! cmp -s "$BUILD/base.id" "$BUILD/tree.base"; then
		fresh_tree
	fi
	follow_base

	rm -rf "$stage" "$stage.gone"
	mkdir -p "$stage" "$stage.gone"
	our_files >"$manifest.ours"
	# Before our files are there, so that a patch meets nothing but the base
	apply_patches
	rsync -a --files-from="$manifest.ours" "$TOP/" "$stage/"
	add_maintainers

	(cd "$stage" && find . -type f -printf '%P\n' | sort) >"$manifest.new"
	(cd "$stage.gone" && find . -type f -printf '%P\n' | sort) >"$manifest.gone"
	sort -u "$manifest.new" "$manifest.gone" >"$manifest.now"
	# Of the last time, but not of now: the base's again, where the base has it
	comm -23 "$manifest" "$manifest.now" >"$manifest.old"
	while read -r f; do
		[[ ! -e $base/$f ]] || echo "$f"
	done <"$manifest.old" >"$manifest.back"
	# To be removed: what is neither ours nor the base's any more, and what patches remove
	comm -23 <(comm -23 "$manifest.old" "$manifest.back" | sort -u - "$manifest.gone") "$manifest.new" >"$manifest.rm"
	# Until the work below is done, both the old list and the new one hold
	sort -u "$manifest" "$manifest.now" >"$manifest.tmp"
	mv "$manifest.tmp" "$manifest"
	{
		bring "$stage" "$manifest.new"
		bring "$base" "$manifest.back"
		(cd "$tree" && xargs -r -d '\n' rm -fv <"$manifest.rm")
	} >"$manifest.did"
	n=$(grep -vc '/$' "$manifest.did" || true)
	mv "$manifest.now" "$manifest"

	grep -E '(^|/)Kconfig' "$manifest.new" >"$manifest.kconfig" || true
	(cd "$stage" && xargs -r -d '\n' cat <"$manifest.kconfig") >"$BUILD/tree.kconfig"
	{
		cat "$BUILD/tree.base" "$BUILD/tree.ksrc" 2>/dev/null || true
		cat "$manifest.gone"
		(cd "$stage" && xargs -r -d '\n' sha256sum <"$manifest.new")
	} | sha256sum >"$BUILD/tree.id.new"
	cmp -s "$BUILD/tree.id.new" "$BUILD/tree.id" || mv "$BUILD/tree.id.new" "$BUILD/tree.id"
	rm -rf "$stage" "$stage.gone" "$manifest".* "$BUILD/tree.id.new"
	((n == 0)) || say "build/tree: $n files brought up to date"
}

case ${1:-} in
'') main ;;
--ours)
	our_files
	echo MAINTAINERS
	;;
*) die "usage: ${0##*/} [--ours]" ;;
esac

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by deb.sh: which configuration the kernel gets. Uses $tree, $out and $make of
# kbuild.sh.
# shellcheck disable=SC2154

DIR=$TOP/scripts/deb

# is_debian FILE: was this configuration made for a kernel on Debian? Those of other
# machines' makers leave out what Debian's user space counts on.
is_debian() { grep -q '^CONFIG_CC_VERSION_TEXT=.*(Debian ' "$1"; }

# running_config FILE: that of the kernel that runs here
running_config() {
	local from
	from=/boot/config-$(uname -r)
	if [[ -r $from ]]; then
		cp "$from" "$1"
	elif [[ -r /proc/config.gz ]]; then
		from=/proc/config.gz
		zcat "$from" >"$1"
	else
		say "the kernel that runs here has left no configuration in $from or /proc/config.gz"
		return 1
	fi
	is_debian "$1" || {
		say "$from is not of a kernel for Debian"
		return 1
	}
	say "the configuration is $from"
}

# is_of_6_12 FILE: was this configuration made for the version that is built?
is_of_6_12() { grep -qE '^# Linux/[a-z0-9_]+ 6\.12\.' "$1"; }

# own_flavour: if the kernel that runs here is Debian's own, which one of them it is
own_flavour() {
	case $(uname -r) in
	*-rt-amd64) ;;
	*-cloud-amd64) echo cloud-amd64 ;;
	*-amd64) echo amd64 ;;
	esac
}

# local_config FILE: that of the kernel that runs here. An older one of Debian's has no
# answers to what 6.12 asks anew, and the defaults lack what Debian's user space counts
# on, such as zram's lz4: Debian's own for 6.12 takes its place.
local_config() {
	local flavour
	running_config "$1" || return
	flavour=$(own_flavour)
	[[ -n $flavour ]] && ! is_of_6_12 "$1" || return 0
	say "that is not of a 6.12; this machine's modules are looked for in Debian's own of 6.12"
	debian_config "$flavour" "$1"
}

# debian_config FLAVOUR FILE: Debian's own
debian_config() {
	local deb member=./usr/src/linux-config-6.12/config.amd64_none_$1.xz
	debian_package linux-config-6.12 "2 MB" ||
		die "cannot fetch Debian's package linux-config-6.12 (see above), which is in Debian 13, and in Debian 12's bookworm-security and bookworm-backports; run 'apt-get update' as root, or name a file: make deb CONFIG=file"
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "$member" | xz -dc >"$2" || die "there is no $member in $deb; delete that, and it is fetched again"
	say "the configuration is Debian's for linux-image-$1, of ${deb##*/}"
}

# choose_config WANTED FILE: sets name, by which this choice goes
choose_config() {
	name=$1
	case $1 in
	local)
		local_config "$2" && return
		say "so Debian's configuration for clouds is taken instead, as with CONFIG=cloud; it knows the disks and networks of virtual machines only: for another machine, take CONFIG=debian"
		choose_config cloud "$2"
		;;
	cloud) debian_config cloud-amd64 "$2" ;;
	debian) debian_config amd64 "$2" ;;
	*)
		[[ -f $1 ]] || die "CONFIG=$1 is not a file; take local, cloud, debian, or the name of a file"
		grep -q '^CONFIG_' "$1" || die "CONFIG=$1 is not a configuration of a kernel: it has no line that begins with CONFIG_"
		name='file'
		cp "$1" "$2"
		say "the configuration is $1"
		;;
	esac
}

kept_modules() { sed 's/#.*//' "$DIR/keep.modules" | xargs -n 1; }

# loaded_modules: those of now, and of earlier runs: what was used once is wanted
# again, and a module that is loaded no more is no reason to build anew
loaded_modules() {
	{
		cat "$out/loaded" 2>/dev/null || true
		cut -d ' ' -f 1 /proc/modules 2>/dev/null || true
	} | sort -u >"$out/loaded.new"
	mv "$out/loaded.new" "$out/loaded"
}

# trim: .config without the modules that neither this machine nor keep.modules needs
trim() {
	kept_modules | cat "$out/loaded" - >"$out/modules"
	(cd "$out" && SRCARCH=x86 LSMOD="$out/modules" perl "$tree/scripts/kconfig/streamline_config.pl" \
		--localmodconfig "$tree" Kconfig >"$out/trimmed") && mv "$out/trimmed" "$out/.config"
}

# apply_config FILE: .config of it, for this tree, with ours.config
apply_config() {
	cp "$1" "$out/.config" &&
		"${make[@]}" olddefconfig &&
		{ [[ $name != local ]] || trim; } &&
		KCONFIG_CONFIG="$out/.config" "$tree/scripts/kconfig/merge_config.sh" -m -Q -O "$out" "$out/.config" "$DIR/ours.config" &&
		"${make[@]}" olddefconfig
} >"$out/config.log" 2>&1

# configure FILE: the same again where nothing has changed
configure() {
	local key lost
	[[ $name != local ]] || loaded_modules
	key=$({
		cat "$1" "$DIR/ours.config" "$BUILD/tree.base" "$BUILD/tree.kconfig"
		[[ $name != local ]] || cat "$DIR/keep.modules" "$out/loaded"
		echo "$tree $cc_version ${LLVM:-}"
	} | sha256sum)
	[[ -f $out/.config && $(cat "$out/.config.key" 2>/dev/null) == "$key" ]] && return
	rm -f "$out/.config.key"
	with_progress "$name: configuring" apply_config "$1" || {
		tail -n 20 "$out/config.log" >&2
		die "cannot configure $name (see above, and ${out#"$TOP/"}/config.log)"
	}
	mapfile -t lost < <(config_lost "$DIR/ours.config")
	((${#lost[@]} == 0)) || die "the configuration does not let these lines of scripts/deb/ours.config be so: ${lost[*]}"
	printf '%s\n' "$key" >"$out/.config.key"
}

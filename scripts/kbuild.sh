# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced after lib.sh: how a kernel is configured and made, for build.sh,
# configs.sh and deb.sh. They set tree (source), out (objects), arch, and, where they
# want them, LLVM and cross (the prefix of another machine's tools).
# shellcheck disable=SC2154,SC2034

# setup_make: sets make, the command, and cc_version. The source is reached
# through a link with the same name in every output directory, so that ccache
# sees the same relative paths in each of them and in each clone.
setup_make() {
	local cc=${cross:-}gcc
	mkdir -p "$out"
	ln -sfn "$tree" "$out/src"
	[[ -z ${LLVM:-} ]] || cc=clang
	have "$cc" || die "no $cc; install it (scripts/packages.sh says how)"
	cc_version=$("$cc" --version | head -n 1)
	make=(make -C "$out/src" -f "$out/src/Makefile" "O=$out" "abs_srctree=$out/src" "ARCH=$arch"
		"KCFLAGS=-fmacro-prefix-map=src/=")
	[[ -z ${LLVM:-} ]] || make+=("LLVM=$LLVM")
	[[ -z ${cross:-} ]] || make+=("CROSS_COMPILE=$cross")
	export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
	export KBUILD_BUILD_USER=ksm KBUILD_BUILD_HOST=ksm KBUILD_BUILD_VERSION=1
	if have ccache; then
		make+=("CC=$TOP/scripts/cached.sh $cc")
		export CCACHE_BASEDIR=$TOP CCACHE_NOHASHDIR=1
		# Trust the dependency files: no second run of the preprocessor on a miss
		export CCACHE_DEPEND=1
		export CCACHE_SLOPPINESS=time_macros,include_file_mtime,include_file_ctime
	fi
	unset MAKEFLAGS MAKELEVEL MFLAGS
}

# join_fragments FILE...: a later fragment overrides an earlier one; the last
# value is what counts
join_fragments() {
	awk '{ k = $0 } /^CONFIG_/ { sub(/=.*/, "", k) } /^# CONFIG_.* is not set/ { sub(/^# /, "", k); sub(/ .*/, "", k) }
		k ~ /^CONFIG_/ { if (!(k in v)) order[++n] = k; v[k] = $0 } END { for (i = 1; i <= n; i++) print v[order[i]] }' "$@"
}

# make_config: .config from fragments.config, and no for everything else
make_config() {
	KCONFIG_CONFIG="$out/.config" "$tree/scripts/kconfig/merge_config.sh" -m -Q -O "$out" /dev/null "$out/fragments.config" &&
		mv "$out/.config" "$out/all.config" &&
		"${make[@]}" "KCONFIG_ALLCONFIG=$out/all.config" allnoconfig &&
		"${make[@]}" olddefconfig
} >"$out/config.log" 2>&1

# config_lost FRAGMENT: the lines of it that are not so in the final .config. A
# symbol that was dropped for a missing dependency, or that another one selects,
# would otherwise go unnoticed.
config_lost() {
	local line sym
	while read -r line; do
		case $line in
		CONFIG_*=*)
			grep -qxF -- "$line" "$out/.config" && continue
			sym=${line%%=*}
			echo "$line (is: $(grep -E "^(# )?$sym( is not set|=)" "$out/.config" || echo absent))"
			;;
		'# CONFIG_'*' is not set')
			sym=${line#\# } sym=${sym%% *}
			if grep -q "^$sym=" "$out/.config"; then
				echo "$line (is: $(grep "^$sym=" "$out/.config"))"
			fi
			;;
		esac
	done <"$1"
}

# compile NAME TARGET...: the kernel's own make in the background, its output in
# $out/build.log, and one line of progress each few seconds. How many steps a full build
# takes is known from the last one, or from $steps.
compile() {
	local name=$1 log=$out/build.log pid rc=0 start=$SECONDS n of='' shown=0 every=5 full=1 from=1
	shift
	# What the last full build took says nothing about an incremental one
	if [[ -e $out/vmlinux ]]; then
		full=0
	elif [[ -s $BUILD/.steps-$name ]]; then
		of=" of about $(cat "$BUILD/.steps-$name")"
	elif [[ ${steps:-} ]]; then
		of=" of about $steps"
	fi
	# A full build that was interrupted goes on, and so does its count of steps
	if ((full)) && [[ -s $log ]]; then
		from=$(($(wc -l <"$log") + 1))
	else
		: >"$log"
	fi
	[[ -t 1 ]] || every=15
	say "$name: building with $JOBS jobs (log: ${log#"$TOP/"})"
	"${make[@]}" "-j$JOBS" "$@" >>"$log" 2>&1 &
	pid=$!
	trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		if ((SECONDS - start >= shown + every)); then
			shown=$((SECONDS - start))
			n=$(grep -cE '^  [A-Z]' "$log" || true)
			say "$name: $n$of steps, $((shown / 60)) min $((shown % 60)) s"
		fi
	done
	trap - INT TERM
	wait "$pid" || rc=$?
	if ((rc != 0)); then
		tail -n "+$from" "$log" | grep -E 'error:|Error [0-9]|undefined reference|No space left|\*\*\*' | head -n 30 | sed 's/^/    /' >&2 || true
		die "$name: the build failed after $((SECONDS - start)) s; the lines above are from ${log#"$TOP/"}"
	fi
	n=$(grep -cE '^  [A-Z]' "$log" || true)
	((!full)) || echo "$n" >"$BUILD/.steps-$name"
	say "$name: built in $((SECONDS - start)) s ($n steps)"
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# menuconfig.sh [TARGET] [FILE]: the choices of the top-level Kconfig, by the kernel's own
# kconfig. TARGET is one of its make targets (menuconfig; olddefconfig takes the
# defaults); FILE (.config) is where they are kept.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

target=${1:-menuconfig} file=$(realpath -m "${2:-$TOP/.config}")
out=$BUILD/kconfig

lock source
"$TOP/scripts/base.sh"
unlock
mkdir -p "$out"
unset MAKEFLAGS MAKELEVEL MFLAGS
# srctree is the base, so the name of our Kconfig is a full one
make -s -C "$BUILD/base-src" "O=$out" "KBUILD_KCONFIG=$TOP/Kconfig" "KCONFIG_CONFIG=$file" "$target"

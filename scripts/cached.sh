#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# cached.sh COMPILER ARGUMENT...: run a compiler by way of ccache, but not for assembly: it
# may take in files by .incbin, as the boot image does with the kernel, and ccache does not
# see those change.
for last; do :; done
case $last in
*.S) exec "$@" ;;
*) exec ccache "$@" ;;
esac

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# series.sh mails|check [SERIES...]: the patch series that can be mailed, against plain
# v6.12.y. scripts/series/plan says which series there are, and what each mail has.
#
# mails: build/series/NN-NAME/*.patch for 'git am', each series with its cover letter.
#        Applied one after the other they give what scripts/tree.sh composes to the
#        byte, or this fails. SIGNOFF=1 signs them off.
# check: each mail in turn: git am, checkpatch --strict, what it touches compiled; where
#        the plan says so, the whole kernel built and booted. One line each: PASS, FAIL
#        with the findings, or SKIP with the reason. With names, these series only.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

what=${1:-}
shift || true
case $what in
mails | check) ;;
*) die "usage: ${0##*/} mails | check [SERIES...]" ;;
esac
have git || die "no git; install the Debian package git"
python3 -c 'import tomllib' 2>/dev/null || die "python3 is older than 3.11, and cannot read the plan; install a newer one"
"$TOP/scripts/tree.sh"
lock series
# A repository of its own, whatever git was told of the one around it
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export PYTHONDONTWRITEBYTECODE=1
python3 "$TOP/scripts/series" mails
[[ $what == mails ]] || python3 "$TOP/scripts/series" check "$@"

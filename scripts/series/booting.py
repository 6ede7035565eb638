# SPDX-License-Identifier: GPL-2.0
"""Boots of a kernel in the middle of the series, and tests in it."""

import re
import shlex
import subprocess
from pathlib import Path

# Whatever engine it is: equal pages are merged, and written to again
ALWAYS = "merge_test"
# What goes by reclaim needs somewhere to swap to
SWAP = "{ echo 512M >/sys/block/zram0/disksize && mkswap /dev/zram0 && swapon /dev/zram0; } >/dev/null"


def run(top: Path, build: Path, image: Path, tests: list[str]) -> tuple[dict[str, int], str]:
    """The status of each test that came to its end, in one boot, and the end of what was said."""
    programs = build / "selftests/ksm"
    lines = [f"{programs}/{' '.join(map(shlex.quote, test.split()))}; echo \"status of {number}: $?\""
             for number, test in enumerate(tests)]
    # Nobody reads what a test that failed leaves behind
    done = subprocess.run([str(top / "scripts/boot.sh"), "-9", "-k", str(image), "-t", "1800", "--",
                           "; ".join([SWAP, *lines])],
                          capture_output=True, text=True, errors="replace", check=False)
    text = done.stdout + done.stderr
    status = {tests[int(number)]: int(end) for number, end in re.findall(r"^status of (\d+): (\d+)", text, flags=re.M)}
    if done.returncode >= 124:
        # A kernel that reports a bug has passed nothing
        status = {}
    said = [line for line in text.splitlines() if not re.match(r"ok |status of", line)]
    return status, "\n".join(said[-25:])


def passed(status: int | None) -> str:
    """Empty, or why it is not so."""
    if status is None:
        return "the kernel did not come to the end of it"
    return "" if status == 0 else f"fails, with status {status}"


def failed(status: int | None) -> str:
    """Empty if it failed as a reproducer should."""
    if status is None:
        return passed(status)
    return "" if status == 1 else f"status {status} where the fault should be: it reproduces nothing"

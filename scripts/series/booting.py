# SPDX-License-Identifier: GPL-2.0
"""Boots of a kernel in the middle of the series, and tests in it."""

import subprocess
from pathlib import Path

# Whatever engine it is: equal pages are merged, and written to again
ALWAYS = "merge_test"


def run(top: Path, build: Path, image: Path, test: str) -> tuple[int, str]:
    """Status of the test, 124 and more where the kernel did not get so far; and the end of what it said."""
    program, *options = test.split()
    line = " ".join([str(build / "selftests/ksm" / program), *(f"'{option}'" for option in options)])
    done = subprocess.run([str(top / "scripts/boot.sh"), "-9", "-k", str(image), "-t", "900", "--", line],
                          capture_output=True, text=True, errors="replace", check=False)
    said = [text for text in (done.stdout + done.stderr).splitlines() if not text.startswith("ok ")]
    return done.returncode, "\n".join(said[-25:])


def passes(top: Path, build: Path, image: Path, test: str) -> str:
    """Empty, or why it does not."""
    status, said = run(top, build, image, test)
    return "" if status == 0 else f"{test}: status {status}\n{said}"


def fails(top: Path, build: Path, image: Path, test: str) -> str:
    """Empty if it fails as a reproducer should."""
    status, said = run(top, build, image, test)
    if status == 1:
        return ""
    if status == 0:
        return f"{test} passes where the fault should be: it reproduces nothing\n{said}"
    return f"{test}: status {status}\n{said}"

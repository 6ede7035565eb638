# SPDX-License-Identifier: GPL-2.0
"""One line for each program as it ends, made from what the guest prints."""

import os
import select
import sys
import time
from collections.abc import Iterator

import report
from guest_log import GuestLog, Run
from result import count

# Seconds after which it is said that a program is still under way
PATIENCE = 30


def _lines(file: int) -> Iterator[str | None]:
    """The lines as they come, and None every few seconds in which none does."""
    rest = b""
    while True:
        if not select.select([file], [], [], 5)[0]:
            yield None
            continue
        data = os.read(file, 1 << 16)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "surrogateescape")


def _ended(run: Run) -> str:
    passed, failed, skipped = count(report.read(run).cases)
    return (
        f"{run.name:<20} {passed:3d} passed {failed:3d} failed {skipped:3d} skipped, "
        f"status {run.status}, {run.seconds} s"
    )


def show(label: str) -> None:
    log = GuestLog()
    begun = shown = time.monotonic()
    for line in _lines(sys.stdin.fileno()):
        running = log.running
        run = log.feed(line) if line is not None else None
        if log.running is not running:
            begun = shown = time.monotonic()
        if run:
            print(f"{label}: {_ended(run)}", flush=True)
        elif running and time.monotonic() - shown >= PATIENCE:
            shown = time.monotonic()
            print(f"{label}: {running.name:<20} running, {shown - begun:.0f} s", flush=True)

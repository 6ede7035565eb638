# SPDX-License-Identifier: GPL-2.0
"""How these programs speak: progress, and errors that name cause and cure."""

import sys
import time


class Refusal(Exception):
    """What is wrong, and what to do about it."""


def say(text: str) -> None:
    print(f"series: {text}", flush=True)


class Progress:
    """A line every few seconds at most, and one for each step that takes longer."""

    def __init__(self, what: str, total: int, every: float = 5.0):
        self.what, self.total, self.every = what, total, every
        self.start = self.last = time.monotonic()

    def at(self, number: int, name: str) -> None:
        now = time.monotonic()
        if now - self.last >= self.every:
            self.last = now
            say(f"{self.what} {number} of {self.total}, {now - self.start:.0f} s: {name}")


def run_main(main) -> None:
    try:
        sys.exit(main())
    except Refusal as refusal:
        print(f"series: error: {refusal}", file=sys.stderr)
        sys.exit(1)

# SPDX-License-Identifier: GPL-2.0
"""What scripts/guest/run.sh printed, taken apart into the programs that it ran."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Run:
    """One program's run. Without a status, the guest ended in the middle of it."""

    name: str
    lines: list[str] = field(default_factory=list)
    status: int | None = None
    seconds: int = 0
    # What the guest said after it: of ksm/verify, and of ksmd's work meanwhile
    after: list[str] = field(default_factory=list)
    verify: str | None = None
    passes: int | None = None
    copies: int | None = None

    @property
    def how(self) -> str:
        """How it ended."""
        match self.status:
            case 124:
                return "time-out"
            case 137:
                return "killed, by the time-out or for want of memory"
            case _:
                return f"exit status {self.status}"

    @property
    def timed_out(self) -> bool:
        return self.status in (124, 137)


class GuestLog:
    """Takes the lines as they come; "#@ " marks what the runner itself says."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    @property
    def running(self) -> Run | None:
        return self.runs[-1] if self.runs and self.runs[-1].status is None else None

    def feed(self, line: str) -> Run | None:
        """The run that ends with this line, if one does."""
        if line.startswith("#@ "):
            return self._mark(line.split()[1:])
        if self.running:
            self.running.lines.append(line)
        elif self.runs:
            self.runs[-1].after.append(line)
        return None

    def _mark(self, words: list[str]) -> Run | None:
        match words:
            case ["begin", name]:
                self.runs.append(Run(name))
            case ["end", _, status, seconds] if self.running:
                self.runs[-1].status = int(status)
                self.runs[-1].seconds = int(seconds)
                return self.runs[-1]
            case ["verify", _, state] if self.runs:
                self.runs[-1].verify = state
            case ["ksmd", _, passes, copies] if self.runs:
                self.runs[-1].passes = int(passes)
                self.runs[-1].copies = int(copies)
        return None


def lines_of(path: Path) -> list[str]:
    """Lines end at a newline only: programs print carriage returns and odd bytes."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").split("\n") if text else []


def read(lines: Iterable[str]) -> list[Run]:
    log = GuestLog()
    for line in lines:
        log.feed(line)
    return log.runs

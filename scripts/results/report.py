# SPDX-License-Identifier: GPL-2.0
"""What a program said of its tests, in whichever way it says it."""

from dataclasses import dataclass

import ktap
import words
from guest_log import Run
from result import Case, clean


@dataclass
class Report:
    plan: int | None
    cases: list[Case]
    bail: str  # why it stopped early, if it said so
    last: str  # the last that it said after its results


def read(run: Run) -> Report:
    plan, cases = ktap.read(run.lines)
    bails = [line for line in run.lines if line.startswith("Bail out!")]
    said: list[str] = []
    for line in run.lines:
        if ktap.RESULT.match(line):
            said.clear()
        elif line and not line.startswith(("# Totals: ", "1..", "Bail out!")):
            said.append(line)
    return Report(
        plan,
        cases or words.read(run.lines, run.status),
        clean(bails[-1].partition("# Totals")[0]) if bails else "",
        clean(said[-1]) if said else "",
    )

# SPDX-License-Identifier: GPL-2.0
"""One part of a run of compat.sh: the same programs on one kernel."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import guest_log
from guest_log import Run
from report import Report, read
from result import Case, count

CONTEXT = re.compile(r"# \[(?:RUN|INFO)\] *(.*)")


def _in_context(cases: list[Case]) -> Iterator[Case]:
    """Names repeat; what says of which of them is a line before the results."""
    context = ""
    for case in cases:
        for line in case.log:
            if match := CONTEXT.match(line):
                context = match[1].strip()
        why = {"pass": "", "skip": case.why, "fail": case.why or case.name}[case.what]
        yield Case(case.what, case.key, case.name + (context and f" ({context})"), why)


def _cases(run: Run, report: Report) -> list[Case]:
    if report.cases or run.status is None:
        return list(_in_context(report.cases))
    what = {0: "pass", 4: "skip"}.get(run.status, "fail")
    return [Case(what, "(exit status)", "", "" if what == "pass" else report.last)]


@dataclass
class Program:
    """All runs of a program in this part."""

    ended: list[Run] = field(default_factory=list)  # those that came to their end
    cases: list[Case] = field(default_factory=list)  # of all runs
    first: list[Case] = field(default_factory=list)  # those up to the first end
    bail: str = ""

    def add(self, run: Run) -> None:
        report = read(run)
        cases = _cases(run, report)
        self.cases += cases
        if not self.ended:
            self.first += cases
        # The runner says it once the program is over, and all is put back
        if run.passes is not None:
            self.ended.append(run)
            self.bail = report.bail or ("time-out" if run.timed_out else self.bail)

    def counts(self) -> str:
        return "/".join(map(str, count(self.first))) if self.ended else "not run"


class Part:
    """Read from the guest's log; base.log gives the part named base."""

    def __init__(self, log: Path) -> None:
        self.name = log.stem
        self.side = {"base-ksm": "before"}.get(self.name, self.name.removesuffix("-again"))
        self.programs: dict[str, Program] = {}
        for run in guest_log.read(guest_log.lines_of(log)):
            self.programs.setdefault(run.name, Program()).add(run)

    def __getitem__(self, program: str) -> Program:
        return self.programs.get(program, Program())

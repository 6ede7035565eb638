# SPDX-License-Identifier: GPL-2.0
"""The results of a program of GoogleTest's from what it has printed."""

import re
from collections.abc import Iterator

from result import Result

RUN = re.compile(r"\[ RUN      \] (\S+)")
END = re.compile(r"\[ *(OK|FAILED|SKIPPED) *\] (\S+) \(\d+ ms\)")
TOTAL = re.compile(r"\[==========\] \d+ tests? from \d+ test suites? ran\.")
PLACE = re.compile(r"\S+\.[ch]pp:\d+: (Failure|Skipped)")
WHAT = {"OK": "pass", "FAILED": "fail", "SKIPPED": "skip"}


def _why(log: list[str]) -> str:
    """What stands below the first place that is named."""
    for place, said in zip(log, log[1:]):
        if match := PLACE.match(place):
            return said if match[1] == "Skipped" else f"{place.split(': ')[0]}: {said}"
    return log[-1] if log else ""


def results(label: str, lines: list[str], status: int) -> Iterator[Result]:
    log: list[str] = []
    count, failed, running, total = 0, False, "", False
    for line in lines:
        if match := RUN.match(line):
            running, log = match[1], []
        elif match := END.match(line):
            what = WHAT[match[1]]
            yield Result(what, f"{label} {match[2]}", "" if what == "pass" else _why(log))
            count, failed, running = count + 1, failed or what == "fail", ""
        elif TOTAL.match(line):
            total = True
        else:
            log.append(line)
    if running:
        yield Result("fail", f"{label} {running}", f"the program ended in it, status {status}")
    elif not count:
        yield Result("fail", label, "ran no test" + (f": {log[-1]}" if log else ""))
    elif not total or (status and not failed):
        yield Result("fail", f"{label}: the program ends well", f"status {status}")

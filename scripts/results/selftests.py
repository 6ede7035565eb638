# SPDX-License-Identifier: GPL-2.0
"""The results of a stage of test.sh: every program that was to be run must have
been, come to its end, and kept to its plan."""

import re
from collections.abc import Iterator

from guest_log import Run
from report import Report, read
from result import Case, Result, clean

# GoogleTest says the place first, and what was expected on further lines
COMPLAINT = re.compile(r"# [a-z_]+\.cpp:[0-9]+: ")


def _why(case: Case) -> str:
    if case.what != "fail":
        return case.why
    said = [line for line in case.log if line]
    return clean(next(filter(COMPLAINT.match, said), said[-1] if said else ""))


def _end(run: Run, report: Report, ours: bool) -> Result | None:
    """What is to be said of the program as a whole, besides its tests."""
    seen = len(report.cases)
    failed = bool(report.bail) or any(case.what == "fail" for case in report.cases)
    skipped = all(case.what == "skip" for case in report.cases)
    how = run.how
    if run.status is None:
        return Result("fail", "", f"the guest ended in the middle of it, after {seen} tests")
    if report.plan is not None and seen < report.plan:
        return Result("fail", "", f"ended after {seen} of {report.plan} tests: {how}")
    if run.status and not failed and not (run.status == 4 and skipped):
        return Result("fail", "", how + (report.last and f": {report.last}"))
    if not seen and (ours or report.plan is not None):
        return Result("fail", "", "ran no test")
    if not seen:
        return Result("skip", "", report.last) if run.status else Result("pass", "")
    return None


def _verify(run: Run) -> Result | None:
    match run.verify:
        case None:
            return None
        case "ok":
            return Result("pass", "ksm/verify after it")
        case "absent":
            return Result("skip", "ksm/verify after it", "there is no debugfs file ksm/verify")
        case _:
            return Result("fail", "ksm/verify after it", run.after[-1] if run.after else "")


def _results_of(run: Run, ours: bool) -> Iterator[Result]:
    report = read(run)
    for case in report.cases:
        yield Result(case.what, case.name or case.key, _why(case))
    if report.bail:
        yield Result("fail", "", report.bail)
    yield from filter(None, (_end(run, report, ours), _verify(run)))


def results(kernel: str, wanted: dict[str, str], runs: list[Run]) -> Iterator[Result]:
    """@wanted has the command of each program. Ours print KTAP, whatever happens;
    of upstream's, some have nothing but an exit status."""
    # A program that begins a second time was given another try: forget the first
    last_try = {run.name: run for run in runs}
    for program, run in last_try.items():
        for result in _results_of(run, wanted.get(program, "").startswith("ksm/")):
            name = f"{kernel} {program}" + (result.name and f": {result.name}")
            yield Result(result.what, name, result.why)
    for program in wanted:
        if program not in last_try:
            yield Result("fail", f"{kernel} {program}", "not run: the guest ended before")

# SPDX-License-Identifier: GPL-2.0
"""The results of the KUnit suites from what ran them has printed. Only the cases are
counted, not their parameters."""

import re
from collections.abc import Iterator
from typing import Any

from ktap import parse, parser
from result import Result

# Cases stand four blanks to the right; the parser does not keep why one was skipped
SKIPPED = re.compile(r" {4}ok \d+ .*# SKIP ?(.*)")


def _plain(line: str) -> str:
    """printk may put a time before the line."""
    return re.sub(r"^\[ *\d+\.\d+\] ?", "", line.removesuffix("\r"))


def _stray_plans_out(lines: list[str]) -> Iterator[str]:
    """Where lines were lost, the parser would wait at such a plan for ever."""
    header = False
    for line in lines:
        if parser.TEST_PLAN.match(line) and not header:
            continue
        if parser.KTAP_START.match(line) or parser.TEST_HEADER.match(line):
            header = True
        elif parser.TEST_PLAN.match(line) or parser.TEST_RESULT.match(line):
            header = False
        yield line


def _complaint(test: Any) -> str:
    """The first complaint says most; the lines after it are totals and the like."""
    for subtest in test.subtests:
        if not subtest.ok_status() and (text := _complaint(subtest)):
            return text
    for line in test.log:
        if (text := re.match(r" +# *(.*)", line)) and not re.search(r"(pass|fail|skip):\d", line):
            return text[1]
    return ""


def results(label: str, lines: list[str]) -> Iterator[Result]:
    lines = list(map(_plain, lines))
    reasons = (why[1] for line in lines if (why := SKIPPED.match(line)))
    main, _ = parse(parser.extract_tap_lines(_stray_plans_out(lines)))
    # The parser's other words are for what the kernel ended before, or in the middle of
    ends = (parser.TestStatus.SUCCESS, parser.TestStatus.FAILURE, parser.TestStatus.SKIPPED)
    suites = [suite for suite in main.subtests if suite.name]
    count = 0
    for suite in suites:
        ended = [case for case in suite.subtests if case.status in ends]
        count += len(ended)
        for case in ended:
            name = f"{label} {suite.name}.{case.name}"
            if case.status == parser.TestStatus.SUCCESS:
                yield Result("pass", name)
            elif case.status == parser.TestStatus.SKIPPED:
                yield Result("skip", name, next(reasons, ""))
            else:
                yield Result("fail", name, _complaint(case))
        if suite.expected_count is None or len(ended) < suite.expected_count:
            why = f"ended after {len(ended)} of {suite.expected_count or 'unknown'} cases"
            yield Result("fail", f"{label} {suite.name}", why)
    if not count:
        yield Result("fail", label, "no KUnit suite mm_ksm_* was run")
    elif main.expected_count is None or len(suites) < main.expected_count:
        why = f"ended after {len(suites)} of {main.expected_count or 'unknown'} suites"
        yield Result("fail", label, why)

# SPDX-License-Identifier: GPL-2.0
"""KTAP, by the kernel's own tools/testing/kunit/kunit_parser.py."""

import importlib
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from result import Case, clean

PLAN = re.compile(r"1\.\.(\d+)")
RESULT = re.compile(r"(not ok|ok) (\d+) *(?:- )?(.*)")
DIRECTIVE = re.compile(r" *# (SKIP|XFAIL) ?")


def _load() -> ModuleType:
    place = Path(__file__).resolve().parents[2] / "build/base-src/tools/testing/kunit"
    if not (place / "kunit_parser.py").exists():
        sys.exit(f"results: error: no {place}/kunit_parser.py; fetch the base first: make tree")
    sys.path.append(str(place))
    module = importlib.import_module("kunit_parser")
    # It prints while it reads, which is for kunit.py
    setattr(module, "stdout", importlib.import_module("kunit_printer").Printer(io.StringIO()))
    return module


class _Parser:
    """kunit_parser, loaded when it is first needed: totals are made without it."""

    def __getattr__(self, name: str) -> Any:
        vars(self).update(vars(_load()))
        return vars(self)[name]


parser = _Parser()


def parse(lines: Iterable[str]) -> tuple[Any, Any]:
    """The parser's Test, and what it left of the lines. Where it waits for a line that
    does not come, it looks at the last one again, which must be no result."""
    stream = parser.LineStream(iter(enumerate([*lines, ""], 1)))
    return parser.parse_test(stream, 0, [], False), stream


def _numbered(lines: list[str]) -> Iterator[str]:
    """The lines as the parser gets them, with their numbers in place of their texts.

    kselftest.h writes "ok 1 # SKIP why" and takes any character into a name: the
    parser reads neither, knows no XFAIL, and keeps no reason. Of a second header
    or plan it would make a level of its own."""
    yield from next(([plan[0]] for line in lines if (plan := PLAN.match(line))), [])
    for number, line in enumerate(lines):
        if result := RESULT.match(line):
            skip = " # SKIP" if DIRECTIVE.search(line) else ""
            yield f"{result[1]} {result[2]} - {number}{skip}"
        else:
            yield f"# {number}"


def _case(status: object, line: str, log: list[str]) -> Case:
    result = RESULT.match(line)
    assert result
    name, why = result[3], ""
    whats = {parser.TestStatus.SUCCESS: "pass", parser.TestStatus.SKIPPED: "skip"}
    what = whats.get(status, "fail")
    if directive := DIRECTIVE.search(name):
        name, why = name[: directive.start()], name[directive.end() :]
        name = name or why
        if directive[1] == "XFAIL":
            why = "expected to fail: " + why
    return Case(what, result[2], clean(name), clean(why), log)


def read(lines: list[str]) -> tuple[int | None, list[Case]]:
    """The plan and the results of one program; tests that were planned and did not
    come are not among them, and those that came beyond the plan are."""
    main, stream = parse(_numbered(lines))
    tests = list(main.subtests)
    while stream:
        tests.append(parser.parse_test(stream, len(tests) + 1, [], True))
    cases = []
    for test in tests:
        if test.name:
            log = [lines[int(line.removeprefix("# "))] for line in test.log if line]
            cases.append(_case(test.status, lines[int(test.name)], log))
    return main.expected_count, cases

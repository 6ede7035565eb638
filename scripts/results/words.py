# SPDX-License-Identifier: GPL-2.0
"""khugepaged and uffd-unit-tests, which say in words of their own what they begin,
and later how it went."""

import re

from result import Case, clean

# khugepaged: green, red and yellow words, several to a test
COLOURS = {"\033[32m": "pass", "\033[31m": "fail", "\033[33m": "skip"}
# uffd-unit-tests
VERDICT = re.compile(r"(?:^|\.\.\. )(?:(done)$|(skipped|failed) \[)")


class _Reader:
    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.last = ""
        self._begin("")

    def _begin(self, test: str) -> None:
        self.test, self.verdict, self.complaint = test, "", ""

    def _end(self, what: str, why: str = "") -> None:
        if self.test:
            self.cases.append(Case(what, self.test, "", "" if what == "pass" else clean(why)))
        self._begin("")

    def _colours(self, line: str) -> None:
        for colour, what in COLOURS.items():
            worse = {"pass": ("",), "skip": ("", "pass"), "fail": ("", "pass", "skip")}[what]
            if colour in line and self.verdict in worse:
                self.verdict = what
                self.complaint = "" if what == "pass" else line

    def feed(self, line: str) -> None:
        if line.startswith("Run test: "):
            self._end(self.verdict or "fail", self.complaint)
            self._begin(line.removeprefix("Run test: "))
            return
        # Said at each end, good or bad. It breaks off in the middle of a line, without a colour.
        if line.startswith("Restore THP and khugepaged settings"):
            whole = "\033[" in self.last
            self._end(self.verdict if whole else "fail", self.last)
            return
        self._colours(line)
        if begun := re.match(r"Testing (.*?)\.\.\. ", line):
            self._end("fail", self.last)
            self._begin(begun[1])
        if self.test and (verdict := VERDICT.search(line)):
            if verdict[1]:
                self._end("pass")
            else:
                self._end("skip" if verdict[2] == "skipped" else "fail", line[line.index("[") :])
        self.last = line or self.last

    def finish(self, status: int) -> None:
        # With a status that no failure explains, it ended in the middle of this one
        failed = self.verdict == "fail" or any(case.what == "fail" for case in self.cases)
        if self.verdict and (failed or status == 0):
            self._end(self.verdict, self.complaint)
        else:
            self._end("fail", self.last)


def read(lines: list[str], status: int | None) -> list[Case]:
    """Without a status nothing is known of the test that was under way."""
    reader = _Reader()
    for line in lines:
        reader.feed(line)
    if status is not None:
        reader.finish(status)
    return reader.cases

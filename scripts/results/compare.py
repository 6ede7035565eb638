# SPDX-License-Identifier: GPL-2.0
"""What upstream's programs said on base, and on ours.

A difference is a result of a test in any run on ours that no run on base has. It is
KSM's doing, and not ours, where base with ksmd flat out differs in that program, too,
and comes as little far in it. Differences are listed by what was said: where ksmd
comes in between, it is not the same test that meets it in each run."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from part import Part

Group = tuple[str, str]  # a result, and why


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"


class Side:
    """A program in all parts of one side: base, ours, or before (base with ksmd flat out)."""

    def __init__(self, parts: list[Part], program: str) -> None:
        programs = [part[program] for part in parts]
        self.there = bool(parts)
        self.runs = sum(len(each.ended) for each in programs)
        self.bail = next((each.bail for each in reversed(programs) if each.bail), "")
        self.times: Counter[tuple[str, str]] = Counter()
        self.seen: Counter[str] = Counter()
        self.why: dict[tuple[str, str], str] = {}
        for case in (case for each in programs for case in each.cases):
            self.times[case.key, case.what] += 1
            self.seen[case.key] += 1
            self.why[case.key, case.what] = case.why

    def odd(self, base: "Side", tests: Iterable[str]) -> dict[Group, list[str]]:
        """The results that base never has, with their like: for each the tests, as
        often as they had it."""
        groups: dict[Group, list[str]] = {}
        for test, what in product(tests, ("pass", "fail", "skip")):
            if self.times[test, what] and not base.times[test, what]:
                group = groups.setdefault((what, self.why[test, what]), [])
                group.extend([test] * self.times[test, what])
        return groups

    def lost(self, base: "Side", tests: Iterable[str]) -> int:
        """How many tests were not reached in each run, and are in each on base."""
        return sum(self.seen[test] < self.runs for test in tests if base.seen[test] == base.runs)

    def because(self) -> str:
        return self.bail and f" ({self.bail})"


@dataclass
class Comparison:
    program: str
    text: list[str] = field(default_factory=list)
    as_before: bool = False
    flickers: bool = False

    @property
    def same(self) -> str:
        if self.text:
            return "with KSM" if self.as_before else "NO"
        return "flickers" if self.flickers else "yes"


def _titles(parts: list[Part], program: str) -> dict[str, str]:
    """The names of the tests. Where one is skipped, it may not be its name that is said."""
    titles: dict[str, str] = {}
    for case in (case for part in parts for case in part[program].cases):
        if case.key not in titles or (case.what != "skip" and case.name):
            titles[case.key] = case.name
    return titles


def compare(program: str, parts: list[Part]) -> Comparison:
    base, ours, before = (
        Side([part for part in parts if part.side == side], program)
        for side in ("base", "ours", "before")
    )
    titles = _titles(parts, program)
    odd, odd_before = ours.odd(base, titles), before.odd(base, titles)
    lost, lost_before = ours.lost(base, titles), before.lost(base, titles)
    result = Comparison(program)
    for (what, why), tests in odd.items():
        line = f"{what}{why and f' ({why})'}: {len(tests)} times in {_runs(ours.runs)}"
        if before.there:
            times = len(odd_before.get((what, why), []))
            line += f"; on base with ksmd flat out {times} times in {_runs(before.runs)}"
        example = f"{tests[0]} {titles[tests[0]]}".rstrip()
        result.text.append(f"{line}\n    such as {example}")
    if lost:
        line = f"{lost} tests not reached in each run{ours.because()}"
        if before.there:
            line += f"; on base with ksmd flat out {lost_before}{before.because()}"
        result.text.append(line)
    if not base.runs or not ours.runs:
        result.text.append(f"did not come to its end on {'base' if ours.runs else 'ours'}")
    result.as_before = bool((odd_before or lost_before) and ours.runs and (lost_before or not lost))
    result.flickers = any(times < base.runs for times in base.times.values())
    return result


def table(comparisons: list[Comparison], parts: list[Part]) -> tuple[str, bool]:
    """The table, and whether there is nothing of our own doing in it."""
    base = next(part for part in parts if part.name == "base")
    ours = next(part for part in parts if part.name == "ours")
    row = "{:<21} {:<12} {:<12} {:<9} {:>8} {:>8}  {}".format
    lines = [row("passed/failed/skipped", "base", "ours", "same", "passes", "copied", "seconds")]
    for each in comparisons:
        there, here = base[each.program], ours[each.program]
        first = here.ended[0] if here.ended else None
        seconds = ", ".join(str(run.ended[0].seconds) if run.ended else "" for run in (there, here))
        work = (first.passes, first.copies) if first else ("", "")
        lines.append(row(each.program, there.counts(), here.counts(), each.same, *work, seconds))
    lines.append("")
    lines += [f"DIFFERS: {each.program}: {text}" for each in comparisons for text in each.text]
    tests = sum(len(base[each.program].first) for each in comparisons)
    differing = [each for each in comparisons if each.text]
    alone = [each for each in differing if not each.as_before]
    lines.append(
        f"{len(comparisons)} programs, {tests} tests; {len(differing)} programs differ, "
        f"{len(alone)} of them not on base with ksmd flat out"
    )
    return "\n".join(lines), not alone

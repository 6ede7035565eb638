# SPDX-License-Identifier: GPL-2.0
"""Cover letters: the plan's text, with figures from the record and not from memory."""

import csv
import re
import textwrap
from pathlib import Path

from plan import Series
from words import Refusal


class Record:
    """Documentation/mm/ksm/measured.txt, which 'make bench' writes."""

    def __init__(self, path: Path):
        text = path.read_text()
        head = re.search(r"Measured by ``make bench`` on (\S+); the base is the unmodified Linux\s+(\S+?)\.\s", text)
        if not head:
            raise Refusal(f"{path} does not begin as 'make bench' writes it; run 'make bench'")
        self.date, self.version = head[1], head[2]
        self.rows: dict[tuple[str, str], tuple[str, str, str]] = {}
        table = re.search(r"csv-table:: Instructions per page.*?\n\n(.*?)\n\n", text, flags=re.S)
        for row in csv.reader(table[1].splitlines() if table else [], skipinitialspace=True):
            self.rows[(row[0], row[1].replace(",", ""))] = (row[2], row[3], row[4])

    def table(self, wanted: list[str]) -> str:
        lines = [f"{'scenario':<28}{'pages':>8}{'base':>12}{'ours':>12}{'base/ours':>11}"]
        for item in wanted:
            name, _, pages = item.partition(":")
            keys = [key for key in self.rows if key[0] == name and pages in ("", key[1])]
            if not keys:
                raise Refusal(f"the plan wants the figure {item}, which is not on record; "
                              "run 'make bench', or take it out of scripts/series/plan")
            base, ours, ratio = self.rows[keys[0]]
            lines.append(f"{name:<28}{keys[0][1]:>8}{base:>12}{ours:>12}{ratio:>11}")
        return "\n".join(lines)


def section(readme: Path, heading: str) -> str:
    match = re.search(rf"^{re.escape(heading)}\n-+\n\n(.*?)\n\n(?=\S)(?!\*)", readme.read_text(), flags=re.M | re.S)
    if not match:
        raise Refusal(f"{readme.name} has no section '{heading}'; mend the plan's not_done")
    # For mails, lines are shorter
    return "\n".join(textwrap.fill(" ".join(point.split()), 72, subsequent_indent="  ")
                     for point in re.split(r"\n(?=\* )", match[1]))


def blurb(series: Series, top: Path, prerequisite: str) -> str:
    parts = [series.cover.strip()]
    if prerequisite:
        parts.append(textwrap.fill(f"It goes on top of the series {prerequisite}.", 72))
    if series.results:
        record = Record(top / "Documentation/mm/ksm/measured.txt")
        parts.append("Results\n-------\n"
                     + textwrap.fill(f"Instructions per page, counted by QEMU; the base is Linux {record.version}, "
                                     f"measured on {record.date}:", 72)
                     + "\n\n" + textwrap.indent(record.table(series.results), "  "))
    if series.not_done:
        parts.append("What it does not give\n---------------------\n" + section(top / "README.rst", series.not_done))
    if series.test:
        parts.append("How to test\n-----------\n" + series.test.strip("\n"))
    return "\n\n".join(parts)

# SPDX-License-Identifier: GPL-2.0
"""The plan: which series there are, and what each mail of them has.

plan/NN-NAME.toml is one series, in the order of the numbers.  What it may say is in
the dataclasses here; an unknown word is an error.
"""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from words import Refusal


@dataclass
class Step:
    """One mail."""
    # Without it, the subject and the text of its only patch
    subject: str = ""
    message: str = ""
    # Globs of files of ours, which are put where they are in the final tree
    files: list[str] = field(default_factory=list)
    # Names in patches/, or NAME:FILE for the part of one that changes FILE
    patches: list[str] = field(default_factory=list)
    # Lines at the end of the message
    tags: list[str] = field(default_factory=list)
    # Selftests that fail before the series, and pass after it
    reproducers: list[str] = field(default_factory=list)
    # make series-check builds all here, and boots it
    boot: bool = False
    # The engine is in use from here on
    switch: bool = False


@dataclass
class Series:
    title: str
    cover: str
    step: list[Step]
    # Rows of the record of figures: scenario, or scenario:pages
    results: list[str] = field(default_factory=list)
    # The heading in README.rst under which it says what is not done
    not_done: str = ""
    test: str = ""
    # Makefiles that list only those objects whose sources are there
    grow: list[str] = field(default_factory=list)
    name: str = ""


def known(cls, table: dict, where: str) -> dict:
    words = {f.name for f in fields(cls)}
    unknown = sorted(set(table) - words)
    if unknown:
        raise Refusal(f"{where}: unknown word {unknown[0]!r}; there are: {', '.join(sorted(words))}")
    return table


def read_series(path: Path) -> Series:
    try:
        table = known(Series, tomllib.loads(path.read_text()), path.name)
        steps = [Step(**known(Step, step, f"{path.name}, step {number}"))
                 for number, step in enumerate(table.pop("step", []), 1)]
        series = Series(step=steps, **table)
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise Refusal(f"{path.name}: {error}") from error
    series.name = path.stem
    if not steps:
        raise Refusal(f"{path.name}: a series without a step")
    for number, step in enumerate(steps, 1):
        if not step.subject and len(step.patches) != 1:
            raise Refusal(f"{path.name}, step {number}: it needs a subject, since it is not one patch alone")
    return series


def read_plan(directory: Path) -> list[Series]:
    return [read_series(path) for path in sorted(directory.glob("*.toml"))]

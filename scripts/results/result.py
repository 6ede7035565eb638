# SPDX-License-Identifier: GPL-2.0
"""One test's result, and the line that stands for it in the files of results."""

import re
from dataclasses import dataclass, field


def clean(text: str) -> str:
    """A line without colours and marks; of one written over and over, the last."""
    text = re.sub(r"\033\[[0-9]*m", "", text).rpartition("\r")[2]
    return re.sub(r"[\t ]+", " ", text).lstrip("# ").removesuffix(" ")


@dataclass
class Case:
    """A test as its program reported it."""

    what: str  # pass, fail or skip
    key: str  # what is the same in each run: its number, or its words
    name: str = ""
    why: str = ""
    log: list[str] = field(default_factory=list)  # the lines before the result


@dataclass
class Result:
    """A test as the run counts it; a line of these is separated by tabs."""

    what: str
    name: str
    why: str = ""

    def __str__(self) -> str:
        return "\t".join(text.replace("\t", " ") for text in (self.what, self.name, self.why))

    @staticmethod
    def parse(line: str) -> "Result":
        return Result(*line.split("\t", 2))


def count(results: list[Case] | list[Result]) -> tuple[int, int, int]:
    whats = [result.what for result in results]
    return whats.count("pass"), whats.count("fail"), whats.count("skip")

# SPDX-License-Identifier: GPL-2.0
"""What the series is made of: our files, and our patches file by file.

Each file and each part of a patch belongs to one step.  What belongs to none, or to
two, is named: otherwise new files would be forgotten.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from plan import Series, Step
from words import Refusal


def matches(name: str, glob: str) -> bool:
    """As in the shell: * stays within a directory, ** does not."""
    parts = [".*" if part == "**" else "[^/]*" if part == "*" else re.escape(part)
             for part in re.split(r"(\*\*|\*)", glob)]
    return re.fullmatch("".join(parts), name) is not None


@dataclass
class Patch:
    name: str
    subject: str
    message: str
    # The part of the patch for each file
    parts: dict[str, str]


def read_patch(top: Path, name: str) -> Patch:
    path = top / "patches" / name
    if not path.is_file():
        raise Refusal(f"there is no patches/{name}; mend the plan or patches/series")
    head, *parts = re.split(r"^(?=diff --git )", path.read_text(), flags=re.M)
    subject, _, message = head.partition("\n\n")
    if not subject.startswith("Subject: "):
        raise Refusal(f"patches/{name} does not begin with 'Subject: '")
    message = re.split(r"^---$", message, flags=re.M)[0].strip()
    by_file = {}
    for part in parts:
        names = re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", part, flags=re.M)
        by_file[names[0]] = part
    return Patch(name, " ".join(subject.removeprefix("Subject: ").split()), message, by_file)


def patches_in_tree(top: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in (top / "patches/series").read_text().splitlines())
    return [line for line in lines if line]


class Sources:
    def __init__(self, top: Path, ours: list[str], plan: list[Series]):
        self.top = top
        self.ours = ours
        self.series_order = patches_in_tree(top)
        wanted = {self.full_name(item.split(":")[0]) for s in plan for step in s.step for item in step.patches}
        self.patches = {name: read_patch(top, name) for name in sorted(wanted | set(self.series_order))}
        # The fixes of what is replaced later are not in the tree, so they come first
        self.order = [n for n in self.patches if n not in self.series_order] + self.series_order
        self.files_of: dict[int, list[str]] = {}
        self.assign(plan)

    def full_name(self, pattern: str) -> str:
        """Patches may be named by their number alone."""
        found = [p.relative_to(self.top / "patches").as_posix()
                 for p in (self.top / "patches").glob(f"{pattern}*") if p.suffix == ".patch"]
        if len(found) != 1:
            raise Refusal(f"the plan names the patch {pattern}, and {len(found)} in patches/ begin so")
        return found[0]

    def parts_of(self, step: Step) -> list[tuple[str, str]]:
        """(patch, file) of what the step takes, in the order of patches/series."""
        parts = []
        for item in step.patches:
            pattern, _, only = item.partition(":")
            patch = self.patches[self.full_name(pattern)]
            files = [only] if only else list(patch.parts)
            for name in files:
                if name not in patch.parts:
                    raise Refusal(f"the plan wants {name} of {patch.name}, which does not change it")
                parts.append((patch.name, name))
        return sorted(parts, key=lambda part: self.order.index(part[0]))

    def assign(self, plan: list[Series]) -> None:
        taken: dict[object, list[str]] = defaultdict(list)
        for series in plan:
            for number, step in enumerate(series.step, 1):
                where = f"{series.name} step {number}"
                files = [f for f in self.ours if any(matches(f, glob) for glob in step.files)]
                for glob in step.files:
                    if not any(matches(f, glob) for f in files):
                        raise Refusal(f"{where}: no file of ours is {glob}; take it out of scripts/series/plan")
                self.files_of[id(step)] = files
                for item in files + self.parts_of(step):
                    taken[item].append(where)
        missing = [f for f in self.ours if f not in taken]
        missing += [f"patches/{n} ({f})" for n in self.series_order for f in self.patches[n].parts
                    if (n, f) not in taken]
        if missing:
            raise Refusal("these belong to no step of scripts/series/plan; add each to the step it belongs to:\n    "
                          + "\n    ".join(missing))
        twice = [f"{item}: {', '.join(steps)}" for item, steps in taken.items() if len(steps) > 1]
        if twice:
            raise Refusal("these belong to more than one step of scripts/series/plan:\n    " + "\n    ".join(twice))

    def text_of(self, step: Step) -> tuple[str, str]:
        """Subject and message of the step's mail."""
        subject, message = step.subject, step.message.strip()
        if not subject:
            patch = self.patches[self.full_name(step.patches[0].split(":")[0])]
            subject, message = patch.subject, patch.message
        if step.tags:
            message = "\n\n".join(filter(None, [message, "\n".join(step.tags)]))
        return subject, message

# SPDX-License-Identifier: GPL-2.0
"""Makefiles that grow with the rooms: of the final one, what is there already."""

import re
from pathlib import Path


def grown(makefile: str, directory: Path) -> str:
    """The Makefile without objects whose sources are not there, nor what is left empty by that."""
    kept: list[str] = []
    comment: list[str] = []
    assigned = False
    for line in makefile.splitlines():
        match = re.match(r"(obj-\S+ [:+]?= )(.*)", line)
        if not match:
            # A comment goes with the objects below it
            if line.startswith("# SPDX") or not line:
                kept += comment + [line]
                comment = []
            else:
                comment.append(line)
            continue
        words = [word for word in match[2].split() if is_there(word, directory)]
        if not words:
            continue
        operator = match[1]
        if operator.endswith(" += ") and not assigned and operator.startswith("obj-y"):
            operator = operator.replace("+=", ":=")
        assigned = assigned or operator.startswith("obj-y")
        kept += comment + [operator + " ".join(words)]
        comment = []
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).rstrip() + "\n"


def is_there(word: str, directory: Path) -> bool:
    if word.endswith("/"):
        return (directory / word / "Makefile").exists()
    return (directory / word).with_suffix(".c").exists()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""rooms.py MAKEFILE OBJECT...: check how the rooms of mm/ksm/ use each other.

The Makefile lists the rooms floor by floor, from the ground up, each floor under a
comment of its own. By the symbols that each object defines, and takes from others:
a room uses only rooms of its own floor and of those below, the graph of calls has no
circle, and the name of what a room offers begins with the room's. Prints each finding,
and fails if there is any.
"""

import re
import subprocess
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# What the rest of the kernel calls, and declares in include/linux/ksm.h
FRONT = "ksm"
# Prefixes of rooms whose names are not theirs alone
PREFIXES = {
    "advisor": ["ksm_advisor"],
    "registry": ["ksm_mm_", "ksm_mms_"],
    "index": ["ksm_index_", "ksm_stable_iter_"],
    "merge": ["ksm_merge_"],
    "fingerprint": ["ksm_fingerprint"],
    "ksmd": ["ksmd_"],
    "unmerge_all": ["ksm_unmerge_all"],
    # The knobs, the counters, and how ksmd is woken: everybody's
    "state": ["ksm_", "ksmd_"],
}


def floors_of(makefile: Path) -> dict[str, int]:
    """The floor of each room, 0 at the ground."""
    floors: dict[str, int] = {}
    floor = -1
    for line in makefile.read_text().splitlines():
        if line.startswith("#"):
            floor += 1
        for room in re.findall(r"(\w+)\.o\b", line):
            floors[room] = floor
    floors[FRONT] = floor
    return floors


def symbols(objects: list[Path]) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Which room defines a symbol, and which symbols a room takes from others."""
    owner: dict[str, str] = {}
    taken: dict[str, set[str]] = defaultdict(set)
    for path in objects:
        out = subprocess.run(["nm", path], check=True, capture_output=True, text=True).stdout
        for line in out.splitlines():
            *_, kind, symbol = line.split()
            if kind == "U":
                taken[path.stem].add(symbol)
            elif kind.isupper():
                owner[symbol] = path.stem
    return owner, taken


def public_names(header: Path) -> set[str]:
    return set(re.findall(r"\b(\w+)(?=\(|;)", header.read_text()))


def findings(makefile: Path, objects: list[Path]) -> list[str]:
    floors = floors_of(makefile)
    owner, taken = symbols(objects)
    public = public_names(makefile.parents[2] / "include/linux/ksm.h")
    found = []
    graph: dict[str, set[str]] = defaultdict(set)
    for room in {path.stem for path in objects}:
        if room not in floors:
            found.append(f"{room}.o is on no floor of {makefile}")
    for room, wanted in sorted(taken.items()):
        for symbol in sorted(wanted):
            other = owner.get(symbol)
            if other in (None, room):
                continue
            graph[room].add(other)
            if floors.get(room, 0) < floors.get(other, 0):
                found.append(f"{room} uses {symbol} of {other}, which is on a floor above it")
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        found.append("a circle: " + " <- ".join(error.args[1]))
    for symbol, room in sorted(owner.items()):
        prefixes = PREFIXES.get(room, [f"ksm_{room}_"])
        if room in (FRONT, "trace") or symbol in public or not re.match(r"_*ksmd?_", symbol):
            continue
        if not symbol.startswith(tuple(prefixes)):
            found.append(f"{symbol} of {room} does not begin with {' or '.join(prefixes)}")
    return found


def main() -> int:
    if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 2
    found = findings(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

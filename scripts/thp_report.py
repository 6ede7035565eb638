#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""thp_report.py DIR NAME...: the table of thp_report.sh, from DIR/NAME.RUN.log, as the
documentation has it."""

import pathlib
import re
import statistics
import sys

PAGES_PER_MIB = 256
# What scripts/demo says, with a # for each figure
LINES = {
    "  saved: # page frames": ["saved"],
    "merged: # page frames hold": ["frames"],
    "empty: # pages are mapped": ["empty"],
    "MiB at most, # MiB once all were up, # MiB after merging": ["huge_before", "huge_after"],
    "settled: after # s, with # s of ksmd's CPU time": ["seconds", "cpu"],
}
COLUMNS = ["threshold", "saved, MiB", "of these empty", "huge before", "huge after",
           "ksmd's CPU, s"]


def figures(log):
    """What one run says."""
    said = log.read_text(encoding="utf-8", errors="replace")
    told = {}
    for line, names in LINES.items():
        found = re.search(re.escape(line).replace(r"\#", "([0-9.]+)"), said)
        if not found:
            sys.exit(f"thp_report.py: {log} does not say '{line.strip()}'")
        told.update(zip(names, map(float, found.groups())))
    return told


def row(directory, name):
    """The medians of all runs."""
    logs = sorted(directory.glob(f"{name}.*.log"))
    runs = [figures(log) for log in logs]
    if not runs:
        sys.exit(f"thp_report.py: there is no {directory}/{name}.*.log")
    middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return [name, f"{middle['saved'] / PAGES_PER_MIB:.1f}", f"{middle['empty'] / PAGES_PER_MIB:.1f}",
            f"{middle['huge_before']:.0f}", f"{middle['huge_after']:.0f}", f"{middle['cpu']:.2f}"]


def main():
    directory, *names = sys.argv[1:]
    rows = [COLUMNS, *(row(pathlib.Path(directory), name) for name in names)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths)).rstrip()
             for cells in rows]
    print("\n".join([rule, lines[0], rule, *lines[1:], rule]))


main()

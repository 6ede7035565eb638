#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""pressure.py BASE OURS: a table of what ksm_pressure has measured on both kernels."""
import json
import statistics
import sys


def read(path):
    """Results by case, in the order of their first appearance."""
    cases = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            result = json.loads(line)
            cases.setdefault(result["case"], []).append(result)
    return cases


def cell(results):
    """Times the memory that was written, and after what time that ended."""
    times = statistics.median(r["times_memory"] for r in results)
    seconds = statistics.median(r["seconds"] for r in results)
    end = "killed" if any(r["killed"] for r in results) else "all"
    return f"{times:5.2f} ({end}) {seconds:6.2f} s"


def main():
    base, ours = read(sys.argv[1]), read(sys.argv[2])
    print(f"{'times the memory written':28}{'base':24}{'ours':24}")
    for case, results in base.items():
        print(f"{case:28}{cell(results):24}{cell(ours[case]):24}")


main()

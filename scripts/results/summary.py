# SPDX-License-Identifier: GPL-2.0
"""A run in words, from its file of results."""

from collections.abc import Iterator

from result import Result, count


def tally(results: list[Result]) -> str:
    passed, failed, skipped = count(results)
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def good(results: list[Result]) -> bool:
    passed, failed, _ = count(results)
    return passed > 0 and not failed


def details(results: list[Result]) -> Iterator[str]:
    """What was skipped, one line for each reason, and what failed."""
    skipped: dict[str, list[str]] = {}
    for result in results:
        if result.what == "skip":
            skipped.setdefault(result.why, []).append(result.name)
    for why, names in sorted(skipped.items(), key=lambda item: item[1][-1]):
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"skipped: {names[-1]}{more}: {why}"
    for result in results:
        if result.what == "fail":
            yield f"FAILED: {result.name}" + (result.why and f": {result.why}")

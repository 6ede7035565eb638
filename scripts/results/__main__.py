# SPDX-License-Identifier: GPL-2.0
"""The one reader of test results: KUnit's, the selftests', and upstream's programs'.

  results progress LABEL          of what the guest prints (stdin), a line a program
  results kunit LABEL LOG         the results of the KUnit suites in a log
  results gtest LABEL LOG STATUS  those of a GoogleTest program that ended so
  results guest KERNEL LIST LOG   those of the programs that the guest was to run
  results details FILE            what was skipped and what failed
  results tally FILE              N passed, N failed; status 1 if any did
  results differ LIST LOG...      the programs that differ on base and on ours
  results table LIST LOG...       all of them as a table, with the differences; status
                                  1 if a program differs that does not with KSM on base

Results are lines of pass, fail or skip, the test's name, and why, between tabs.
LIST is what scripts/guest/run.sh was given; LOG what it printed. The comparison's
logs are base.log, ours.log, and what was run again: base-again.log, ours-again.log,
and base-ksm.log of base with ksmd flat out."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

# Neither here, nor in the base, whose kunit_parser.py is imported
sys.dont_write_bytecode = True

import compare
import gtest
import guest_log
import kunit
import progress
import selftests
import summary
from part import Part
from result import Result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="results", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", help=argparse.SUPPRESS
    )

    def command(name: str, *words: str, paths: Iterable[str] = (), logs: bool = False) -> argparse.ArgumentParser:
        arguments = commands.add_parser(name)
        for word in words:
            arguments.add_argument(word)
        for path in paths:
            arguments.add_argument(path, type=Path)
        if logs:
            arguments.add_argument("logs", type=Path, nargs="+")
        return arguments

    command("progress", "label")
    command("kunit", "label", paths=["log"])
    command("gtest", "label", paths=["log"]).add_argument("status", type=int)
    command("guest", "kernel", paths=["list", "log"])
    command("details", paths=["file"])
    command("tally", paths=["file"])
    command("differ", paths=["list"], logs=True)
    command("table", paths=["list"], logs=True)
    return parser.parse_args()


def _programs(path: Path) -> dict[str, str]:
    """The command of each, in their order."""
    words = (line.split(maxsplit=3) for line in guest_log.lines_of(path))
    return {name: command for name, _, _, command in words}


def _show(lines: Iterable[object]) -> None:
    for line in lines:
        print(line)


def _results(path: Path) -> list[Result]:
    return [Result.parse(line) for line in guest_log.lines_of(path)]


def _compare(arguments: argparse.Namespace) -> bool:
    parts = [Part(log) for log in arguments.logs]
    comparisons = [compare.compare(program, parts) for program in _programs(arguments.list)]
    if arguments.command == "differ":
        _show(comparison.program for comparison in comparisons if comparison.text)
        return True
    text, good = compare.table(comparisons, parts)
    print(text)
    return good


def main() -> bool:
    """Whether all is well."""
    arguments = _arguments()
    match arguments.command:
        case "progress":
            progress.show(arguments.label)
        case "kunit":
            _show(kunit.results(arguments.label, guest_log.lines_of(arguments.log)))
        case "gtest":
            lines = guest_log.lines_of(arguments.log)
            _show(gtest.results(arguments.label, lines, arguments.status))
        case "guest":
            runs = guest_log.read(guest_log.lines_of(arguments.log))
            _show(selftests.results(arguments.kernel, _programs(arguments.list), runs))
        case "details":
            _show(summary.details(_results(arguments.file)))
        case "tally":
            results = _results(arguments.file)
            print(summary.tally(results))
            return summary.good(results)
        case _:
            return _compare(arguments)
    return True


if __name__ == "__main__":
    # Programs print odd bytes, which are passed on as they are
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        sys.exit(not main())
    except OSError as error:
        sys.exit(f"results: error: {error.filename}: {error.strerror}")

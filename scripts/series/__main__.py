# SPDX-License-Identifier: GPL-2.0
"""scripts/series mails|check: what scripts/series.sh calls, see there."""

import argparse
import os
import shutil
import subprocess
from pathlib import Path

import mails
from plan import read_plan
from portnote import check_note
from sources import Sources
from words import Refusal, run_main, say
from work import Work


def manifest_of_ours(top: Path) -> list[str]:
    """What scripts/tree.sh puts over the base from this repository."""
    done = subprocess.run([str(top / "scripts/tree.sh"), "--ours"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refusal(f"scripts/tree.sh --ours: {done.stderr.strip()}")
    return done.stdout.splitlines()


def make_mails(top: Path, build: Path, signoff: bool) -> None:
    plan = read_plan(top / "scripts/series/plan")
    sources = Sources(top, manifest_of_ours(top), plan)
    check_note(sources, build / "tree")
    out, new = build / "series", build / "series.new"
    shutil.rmtree(new, ignore_errors=True)
    work = Work(build / "series.work", build / "base-src", build / "tree", sources)
    work.build(plan)
    mails.write_all(work, plan, new, signoff)
    count = mails.prove(work, build / "base-src", build / "tree", build / "tree.manifest", new, build / "series.proof")
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)
    say(f"git am gives what scripts/tree.sh composes: {count} files compared")
    if not signoff:
        say("not signed off; SIGNOFF=1 adds the line of whoever git says you are")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/series", description=__doc__)
    parser.add_argument("what", choices=["mails", "check"])
    parser.add_argument("only", nargs="*", help="check these series only, by their names")
    options = parser.parse_args()
    top, build = Path(os.environ["TOP"]), Path(os.environ["BUILD"])
    if options.what == "mails":
        make_mails(top, build, bool(os.environ.get("SIGNOFF")))
        return 0
    from check import check
    return check(top, build, manifest_of_ours(top), options.only)


run_main(main)

# SPDX-License-Identifier: GPL-2.0
"""The mails of each series, its cover letter first, and the proof that they give the tree."""

import filecmp
import os
import re
import shutil
import subprocess
from pathlib import Path

from cover import blurb
from plan import Series
from words import Refusal, say
from work import Work, git


def write_series(work: Work, series: Series, begin: str, out: Path, prerequisite: str, signoff: bool) -> int:
    target = out / series.name
    options = ["--signoff"] if signoff else []
    git(work.directory, "format-patch", "-q", "--cover-letter", "--no-signature", "--binary", "--full-index", "-n", "-M",
        *options, "--subject-prefix=PATCH 6.12", "-o", str(target), f"{begin}..end-{series.name}", env=work.env)
    cover = target / "0000-cover-letter.patch"
    text = cover.read_text()
    text = re.sub(r"^From \w+ ", "From " + "0" * 40 + " ", text)
    # Otherwise the cover letter has the time at which it was written
    text = re.sub(r"^Date: .*$", git(work.directory, "log", "-1", "--format=Date: %aD").strip(), text, count=1, flags=re.M)
    text = text.replace("*** SUBJECT HERE ***", series.title)
    text = text.replace("*** BLURB HERE ***", blurb(series, work.sources.top, prerequisite))
    cover.write_text(text)
    return len(list(target.glob("*.patch"))) - 1


def write_all(work: Work, plan: list[Series], out: Path, signoff: bool) -> None:
    begin, before = "base", ""
    for series in plan:
        count = write_series(work, series, begin, out, before, signoff)
        say(f"{out.name}/{series.name}: {count} mails and a cover letter")
        begin, before = f"end-{series.name}", series.name
    (out / "series").write_text("".join(f"{mail.relative_to(out)}\n" for mail in mails(out)))


def mails(out: Path, series: str = "[0-9]*") -> list[Path]:
    """All mails but the cover letters, in their order."""
    return [mail for mail in sorted(out.glob(f"{series}/*.patch")) if not mail.name.startswith("0000-")]


def prove(work: Work, base: Path, tree: Path, manifest: Path, out: Path, scratch: Path) -> int:
    """Apply the mails by git am to the base's files: what comes out must be the tree."""
    shutil.rmtree(scratch, ignore_errors=True)
    git(work.directory, "worktree", "prune")
    git(work.directory, "worktree", "add", "-q", "--detach", str(scratch), "base")
    git(scratch, "am", "-q", "--keep-cr", *map(str, mails(out)), env=work.env)
    # Not our own list of files alone: what tree.sh says that it has changed counts, too
    names = set(manifest.read_text().split("\n")) - {""}
    names |= set(git(scratch, "ls-files", "-z").split("\0")) - {""}
    names |= set(git(scratch, "ls-tree", "-r", "-z", "--name-only", "base").split("\0")) - {""}
    different = [name for name in sorted(names) if not same(scratch, tree, base, name)]
    if different:
        shown = subprocess.run(["diff", "-u", str(tree / different[0]), str(scratch / different[0])],
                               capture_output=True, text=True, errors="replace", check=False)
        raise Refusal("what the mails give is not what scripts/tree.sh composes; these differ:\n    "
                      + "\n    ".join(different) + "\n" + "\n".join(shown.stdout.splitlines()[:40]))
    git(work.directory, "worktree", "remove", "--force", str(scratch))
    return len(names)


def same(scratch: Path, tree: Path, base: Path, name: str) -> bool:
    ours, theirs = scratch / name, tree / name
    if not ours.exists():
        # A file that the series does not touch is the base's
        return not theirs.exists() or (not name_touched(scratch, name) and filecmp.cmp(base / name, theirs, False))
    return theirs.exists() and filecmp.cmp(ours, theirs, False) and os.access(ours, os.X_OK) == os.access(theirs, os.X_OK)


def name_touched(scratch: Path, name: str) -> bool:
    return bool(git(scratch, "ls-tree", "--name-only", "base", name))

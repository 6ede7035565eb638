# SPDX-License-Identifier: GPL-2.0
"""A whole kernel tree to which the mails are applied one by one."""

import shutil
import subprocess
from pathlib import Path

from words import Refusal, say
from work import git, identity


class Tree:
    """Only what the series changes is under git: that is all that git am looks at."""

    def __init__(self, directory: Path, build: Path, top: Path):
        self.directory, self.base, self.key = directory, build / "base-src", (build / "base.id").read_text()
        self.env = identity(top)
        self.work = build / "series.work"

    def fresh(self) -> None:
        """The base, whatever an earlier run has left."""
        mark = self.directory / ".git/base.id"
        if mark.exists() and mark.read_text() == self.key and self.same_files():
            if (self.directory / ".git/rebase-apply").exists():
                git(self.directory, "am", "--abort")
            git(self.directory, "checkout", "-q", "-f", "base")
            return
        say(f"copying the base to {self.directory.parent.name}/{self.directory.name}, which takes minutes")
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        copied = subprocess.run(f"tar -c --exclude=./.git -C '{self.base}/' . | tar -x -C '{self.directory}'",
                                shell=True, check=False)
        if copied.returncode:
            raise Refusal(f"cannot copy {self.base} to {self.directory}; is the disk full?")
        git(self.directory, "init", "-q", "-b", "check")
        names = git(self.work, "ls-tree", "-r", "-z", "--name-only", "base")
        git(self.directory, "add", "-f", "--pathspec-from-file=-", "--pathspec-file-nul", text=names)
        git(self.directory, "commit", "-q", "-m", "base", env=self.env)
        git(self.directory, "tag", "base")
        mark.write_text(self.key)

    def same_files(self) -> bool:
        listed = [git(where, "ls-tree", "-r", "--name-only", "base") for where in (self.work, self.directory)]
        return listed[0] == listed[1]

    def apply(self, mail: Path) -> list[str]:
        """What it has changed."""
        git(self.directory, "am", "-q", "--keep-cr", str(mail), env=self.env)
        return git(self.directory, "diff-tree", "-r", "--name-only", "--no-commit-id", "HEAD").splitlines()


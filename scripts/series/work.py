# SPDX-License-Identifier: GPL-2.0
"""A repository with the files that the series changes, a commit for each step."""

import os
import shutil
import subprocess
from pathlib import Path

from growing import grown
from plan import Series, Step
from sources import Sources
from words import Progress, Refusal


def git(directory: Path, *args: str, env: dict[str, str] | None = None, text: str | None = None) -> str:
    # Neither the user's hooks nor his settings of diff shall change what comes out
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "core.autocrlf=false",
               "-c", "gc.auto=0", "-C", str(directory), *args]
    done = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace",
                          env={**os.environ, **(env or {})}, check=False)
    if done.returncode:
        raise Refusal(f"git {args[0]} in {directory}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def identity(top: Path) -> dict[str, str]:
    """Whoever commits here, at the time of the last commit: the same source gives the same mails."""
    name, mail, date = git(top, "log", "-1", "--format=%an%n%ae%n%cd", "--date=raw").split("\n")[:3]
    configured = [subprocess.run(["git", "-C", str(top), "config", key], capture_output=True, text=True,
                                 check=False).stdout.strip() for key in ("user.name", "user.email")]
    name, mail = configured[0] or name, configured[1] or mail
    return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": mail, "GIT_COMMITTER_DATE": date}


class Work:
    def __init__(self, directory: Path, base: Path, tree: Path, sources: Sources):
        self.directory, self.base, self.tree, self.sources = directory, base, tree, sources
        self.env = identity(sources.top)

    def start(self) -> None:
        """The base's version of all that is changed."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        git(self.directory, "init", "-q", "-b", "series")
        names = set(self.sources.ours)
        for patch in self.sources.patches.values():
            names |= set(patch.parts)
        for name in sorted(names):
            if (self.base / name).is_file():
                self.put(self.base, name)
        self.commit("base", "")
        git(self.directory, "tag", "base")

    def put(self, origin: Path, name: str) -> None:
        target = self.directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin / name, target)

    def commit(self, subject: str, message: str) -> None:
        git(self.directory, "add", "-A", "-f")
        if not git(self.directory, "status", "--porcelain"):
            raise Refusal(f"the step '{subject}' changes nothing; take it out of scripts/series/plan")
        text = subject + "\n\n" + message + "\n"
        git(self.directory, "commit", "-q", "--cleanup=verbatim", "-F", "-", env=self.env, text=text)

    def apply(self, patch: str, name: str) -> None:
        command = ["patch", "-p1", "-F0", "-N", "-f", "-E", "-s", "--no-backup-if-mismatch", "-r", "-",
                   "-d", str(self.directory)]
        done = subprocess.run(command, input=self.sources.patches[patch].parts[name], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise Refusal(f"patches/{patch} does not apply to {name} in this step; does the plan keep the order of "
                          f"patches/series for that file?\n{done.stdout}{done.stderr}")

    def step(self, step: Step, grow: list[str]) -> None:
        for patch, name in self.sources.parts_of(step):
            self.apply(patch, name)
        for name in self.sources.files_of[id(step)]:
            self.put(self.tree, name)
        for name in grow:
            if (self.directory / name).parent.is_dir():
                text = grown((self.tree / name).read_text(), (self.directory / name).parent)
                if "obj-" in text:
                    (self.directory / name).write_text(text)
        self.commit(*self.sources.text_of(step))

    def build(self, plan: list[Series]) -> None:
        """A commit for each step, and the tag end-NAME after each series."""
        self.start()
        progress = Progress("step", sum(len(series.step) for series in plan))
        number = 0
        grow: list[str] = []
        for series in plan:
            grow = grow + series.grow
            for step in series.step:
                number += 1
                progress.at(number, series.name)
                try:
                    self.step(step, grow)
                except Refusal as refusal:
                    subject = self.sources.text_of(step)[0]
                    raise Refusal(f"{series.name}, '{subject}': {refusal}") from refusal
            git(self.directory, "tag", f"end-{series.name}")

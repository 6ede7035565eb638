# SPDX-License-Identifier: GPL-2.0
"""Each mail in turn: git am, checkpatch, compile; boot where the plan says so."""

import re
import shutil
import subprocess
from pathlib import Path

import booting
import compiling
from licences import without_licence
from mails import mails
from plan import Series, Step, read_plan
from tree import Tree
from words import Refusal, say
from work import git

IMAGE = "bzImage"
# Plots, inputs of fuzzers, recorded machines, and what Debian runs: not written for checkpatch
DATA = re.compile(r"\.svg:|/fuzz/\S*\.txt:|/recorded/|/debian/rules:")


class Verdicts:
    def __init__(self) -> None:
        self.count = {"PASS": 0, "FAIL": 0, "SKIP": 0}

    def put(self, word: str, name: str, text: str = "") -> None:
        self.count[word] += 1
        first, *more = text.splitlines() or [""]
        print(f"{word} {name}" + (f": {first}" if first else ""), flush=True)
        for line in more:
            print(f"    {line}", flush=True)

    def of(self, name: str, findings: str, what: str = "") -> None:
        self.put("FAIL" if findings else "PASS", name, findings or what)


class Check:
    def __init__(self, top: Path, build: Path):
        self.top, self.build = top, build
        self.tree = Tree(build / "series-check/tree", build, top)
        self.out = build / "series-check/out"
        self.image = self.out / "arch/x86/boot/bzImage"
        self.verdicts = Verdicts()
        self.switched = False

    def checkpatch(self, mail: Path) -> str:
        """The sign-off is for the one who sends, and MAINTAINERS has a mail of its own.  There is no
        history here in which to look for commits.  In C++ a variable may have the name of its type."""
        ignore = ["FILE_PATH_CHANGES", "INCLUDE_LINUX", "UNKNOWN_COMMIT_ID"]
        if "-tools" in mail.parent.name:
            ignore.append("REPEATED_WORD")
        command = ["perl", "scripts/checkpatch.pl", "--strict", "--terse", "--no-summary", "--show-types",
                   "--showfile", "--ignore", ",".join(ignore), "--no-signoff", str(mail)]
        done = subprocess.run(command, cwd=self.tree.directory, capture_output=True, text=True, errors="replace",
                              check=False)
        found = [line.replace(f"{mail}:", "") for line in done.stdout.splitlines() if not DATA.search(line)]
        return "\n".join(found[:20])

    def make(self, name: str, what: list[str], rooms: Path | None = None) -> bool:
        said = compiling.make(self.top, self.tree.directory, self.out, what, rooms)
        self.verdicts.of(f"{name} build", said, " ".join(what))
        return not said

    def boot(self, name: str, tests: list[str], verdict) -> None:
        if not self.make(name, [IMAGE]):
            return
        say(f"{name}: booting for {len(tests)} tests")
        status, said = booting.run(self.top, self.build, self.image, tests)
        for test in tests:
            finding = verdict(status.get(test))
            self.verdicts.of(f"{name} boot", finding and f"{test}: {finding}\n{said}", test)

    def rooms_header(self) -> Path:
        """The header that the rooms are written for, which comes with the switch."""
        header = self.build / "series-check/ksm.h"
        shutil.copyfile(self.build / "tree/include/linux/ksm.h", header)
        return header

    def step(self, name: str, step: Step, mail: Path, wanted: bool) -> None:
        try:
            changed = self.tree.apply(mail)
        except Refusal as refusal:
            raise Refusal(f"{mail.parent.name}/{mail.name} does not apply: {refusal}") from refusal
        if step.switch:
            self.switched = True
        if not wanted:
            return
        say(f"{name}: {step.subject or mail.stem}")
        self.verdicts.of(f"{name} checkpatch", self.checkpatch(mail))
        what = compiling.targets(changed, self.tree.directory, self.switched)
        if compiling.has_rooms(changed, self.switched):
            self.make(f"{name} rooms", ["mm/ksm/"], self.rooms_header())
        if what and not step.boot:
            self.make(name, what)
        if step.boot:
            self.boot(name, [booting.ALWAYS], booting.passed)

    def series(self, series: Series, out: Path, wanted: bool) -> None:
        tests = [test for step in series.step for test in step.reproducers]
        if wanted and tests:
            say(f"{series.name}: the faults without it")
            self.boot(f"{series.name}/before", tests, booting.failed)
        for number, (step, mail) in enumerate(zip(series.step, mails(out, series.name), strict=True), 1):
            self.step(f"{series.name}/{number:02}", step, mail, wanted)
        if wanted and tests:
            self.boot(f"{series.name}/after", [booting.ALWAYS, *tests], booting.passed)

    def others(self, ours: list[str]) -> None:
        """Of the tree that comes out of it all."""
        self.verdicts.of("SPDX", without_licence(self.top, ours), f"{len(ours)} files")
        if not shutil.which("spatch"):
            self.verdicts.put("SKIP", "coccicheck", "spatch is not installed (Debian's package coccinelle)")
        else:
            self.verdicts.of("coccicheck", self.in_tree(["make", "-s", f"O={self.out}", "coccicheck", "MODE=report",
                                                         "M=mm/ksm"], "mm/ksm"))
        if not shutil.which("sphinx-build"):
            self.verdicts.put("SKIP", "htmldocs", "sphinx-build is not installed (Debian's package python3-sphinx)")
        else:
            self.verdicts.of("htmldocs", self.in_tree(["make", "-s", f"O={self.build}/series-check/docs",
                                                       "SPHINXDIRS=mm admin-guide/mm", "htmldocs"], "ksm"))
        self.verdicts.of("get_abi", self.in_tree(["perl", "scripts/get_abi.pl", "validate", "--dir",
                                                  "Documentation/ABI"], "sysfs-kernel-mm-ksm"))

    def in_tree(self, command: list[str], about: str) -> str:
        done = subprocess.run(command, cwd=self.tree.directory, capture_output=True, text=True, errors="replace",
                              check=False)
        lines = [line for line in (done.stdout + done.stderr).splitlines()
                 if about in line and ("warn" in line.lower() or "error" in line.lower())]
        return "\n".join(lines[:20])


def check(top: Path, build: Path, ours: list[str], only: list[str]) -> int:
    plan = read_plan(top / "scripts/series/plan")
    unknown = sorted(set(only) - {series.name for series in plan})
    if unknown:
        raise Refusal(f"there is no series {unknown[0]}; there are: {' '.join(series.name for series in plan)}")
    selftests = subprocess.run([str(top / "scripts/selftests.sh")], check=False)
    if selftests.returncode:
        raise Refusal("the selftests, which are run where a kernel is booted, do not build; see above")
    run = Check(top, build)
    run.tree.fresh()
    for series in plan:
        run.series(series, build / "series", not only or series.name in only)
    run.others(ours)
    if git(run.tree.directory, "status", "--porcelain", "-uno"):
        run.verdicts.put("FAIL", "tree", "building has changed the tree")
    print(", ".join(f"{count} {word}" for word, count in zip(("passed", "failed", "skipped"),
                                                             run.verdicts.count.values(), strict=True)))
    return 1 if run.verdicts.count["FAIL"] else 0

# SPDX-License-Identifier: GPL-2.0
"""What a mail has to have compiled."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from words import say

KERNEL = ("mm/", "kernel/", "fs/", "virt/", "arch/", "include/")


def targets(changed: list[str], tree: Path, switched: bool) -> list[str]:
    """Directories and objects for make; none if no code of the kernel has changed."""
    code = [name for name in changed if name.startswith(KERNEL) and name.endswith((".c", ".h", "Makefile", "Kconfig"))]
    if not switched and all(name.startswith("mm/ksm/") for name in code):
        return []
    found = {"mm/"} if code else set()
    for name in code:
        if name.startswith(("virt/kvm/", "arch/x86/kvm/", "include/linux/kvm_host.h", "arch/x86/include/asm/kvm")):
            found.add("arch/x86/kvm/")
        elif name.startswith("include/"):
            # Whoever includes the headers of mm in great number
            found |= {"kernel/fork.o", "kernel/sys.o", "fs/exec.o", "fs/proc/"}
        elif name.endswith(".c") and not name.startswith("mm/") and (tree / name).exists():
            found.add(name[:-1] + "o")
    return sorted(found)


def has_rooms(changed: list[str], switched: bool) -> bool:
    """Rooms that are not built in yet, and must compile by themselves."""
    return not switched and any(name.startswith("mm/ksm/") and name.endswith(".c") for name in changed)


def make(top: Path, tree: Path, out: Path, what: list[str], rooms: Path | None = None) -> str:
    """Empty, or what went wrong."""
    environment = dict(os.environ)
    if rooms:
        environment["ROOMS"] = str(rooms)
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        command = [str(top / "scripts/series/kernel.sh"), str(tree), str(out), *what]
        started, told = time.monotonic(), 0.0
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said) as running:
            while running.poll() is None:
                time.sleep(0.5)
                passed = time.monotonic() - started
                if passed - told >= 15:
                    told = passed
                    say(f"compiling {' '.join(what)}: {steps_in(out / 'build.log')} steps, {passed:.0f} s")
        said.seek(0)
        text = said.read().strip()
    return "" if running.returncode == 0 else text or f"make ended with status {running.returncode}"


def steps_in(log: Path) -> int:
    return sum(line.startswith("  ") for line in log.read_text(errors="replace").splitlines()) if log.exists() else 0

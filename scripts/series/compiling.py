# SPDX-License-Identifier: GPL-2.0
"""What a mail has to have compiled."""

import os
import subprocess
from pathlib import Path

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
    done = subprocess.run([str(top / "scripts/series/kernel.sh"), str(tree), str(out), *what], env=environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or f"make ended with status {done.returncode}"

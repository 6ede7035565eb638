# SPDX-License-Identifier: GPL-2.0
"""Each file that can have a comment says its licence in it."""

import re
from pathlib import Path

# Data, what Debian reads, and what has no such line in the rest of the kernel
WITHOUT = re.compile(r"\.(svg|txt|diff)$|/recorded|/debian/|^Documentation/ABI/|^MAINTAINERS$"
                     r"|selftests/ksm/(config|settings)$")


def without_licence(top: Path, ours: list[str]) -> str:
    found = []
    for name in ours:
        if WITHOUT.search(name):
            continue
        with (top / name).open(errors="replace") as lines:
            head = "".join(line for line, _ in zip(lines, range(5)))
        if "SPDX-License-Identifier: " not in head:
            found.append(name)
    return "\n".join(["no SPDX-License-Identifier in its first lines:", *found] if found else [])

# SPDX-License-Identifier: GPL-2.0
"""frames.py START MIB PID...: what KSM saves of the memory of virtual machines.

Each second a line on standard output: milliseconds since START, pages that are
mapped in the memory of MIB MiB of each PID, page frames that hold them,
milliseconds of CPU time that ksmd took so far, MiB of anonymous memory in huge
pages, which nobody else asks for, and pages that are mapped to the zero page.

Frames are counted, not taken from counters of KSM, as those do not mean the same
on all kernels: mainline 6.12 gives the empty pages of a huge page that it splits
to the zero page, and counts them nowhere.
"""

import pathlib
import sys
import time
from collections import Counter

PAGE = 4096
MAX_PAGE_SHARING = 256  # as it is at boot
PRESENT = 7  # this byte of an entry of pagemap is not 0 for a page that is there


class Memory:
    """That of one machine, as its process maps it."""

    def __init__(self, pid: str, size: int) -> None:
        self.process = pathlib.Path("/proc", pid)
        self.size = size
        self.start = 0

    def find(self) -> bool:
        for line in (self.process / "maps").read_text().splitlines():
            start, end = (int(at, 16) for at in line.split()[0].split("-"))
            if end - start == self.size:
                self.start = start
                return True
        return False

    def pages(self) -> tuple[int, Counter[int]]:
        """How many are there, and how often they are in which frame."""
        if not self.start and not self.find():
            return 0, Counter()
        with open(self.process / "pagemap", "rb", buffering=0) as pagemap:
            pagemap.seek(self.start // PAGE * 8)
            entries = pagemap.read(self.size // PAGE * 8)
        # The low half of an entry is enough of a frame's number
        frames = Counter(memoryview(entries).cast("I")[::2].tolist())
        del frames[0]
        flags = entries[PRESENT::8]
        return len(flags) - flags.count(0), frames


def huge_mib() -> int:
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("AnonHugePages:"):
            return int(line.split()[1]) >> 10
    return 0


def zero_page(frames: Counter[int]) -> int:
    """How often the zero page is mapped: no KSM page is so often."""
    most = max(frames.values(), default=0)
    return most if most > MAX_PAGE_SHARING else 0


def find_ksmd() -> pathlib.Path:
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        if comm.read_text() == "ksmd\n":
            return comm.parent / "schedstat"
    sys.exit("frames.py: no ksmd among the processes")


def main() -> None:
    begun, mib, *pids = sys.argv[1:]
    start = int(begun) / 1000
    memories = [Memory(pid, int(mib) << 20) for pid in pids]
    ksmd = find_ksmd()
    while True:
        here, frames = 0, Counter[int]()
        for memory in memories:
            pages, its_frames = memory.pages()
            here += pages
            frames += its_frames
        cpu = int(ksmd.read_text().split()[0]) // 1_000_000
        after = int((time.time() - start) * 1000)
        print(after, here, len(frames), cpu, huge_mib(), zero_page(frames), flush=True)
        time.sleep(1)


main()

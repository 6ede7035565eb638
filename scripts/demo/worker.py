# SPDX-License-Identifier: GPL-2.0
"""worker.py N FILE: loads FILE as a program would that works with it, then does
what its standard input says, and answers "N word" to each."""

import collections
import sys
import zlib

PAGE = 4096


def index(lines: list[str]) -> dict[str, list[int]]:
    """Which lines name a word, as a search tool would keep it."""
    words: dict[str, list[int]] = collections.defaultdict(list)
    for number, line in enumerate(lines):
        for word in line.split():
            words[word].append(number)
    return words


class Data:
    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            self.buffer = bytearray(file.read())
        self.lines = self.buffer.decode("utf-8", "replace").splitlines()
        self.words = index(self.lines[:20000])
        self.sums = self.checksums()

    def checksums(self) -> tuple[int, int]:
        """One sum of the bytes, one of the objects made of them."""
        of_lines = 0
        for line in self.lines:
            of_lines = zlib.crc32(line.encode(), of_lines)
        return zlib.crc32(self.buffer), of_lines

    def rewrite(self, mark: bytes) -> int:
        """Changes each page of the first quarter, differently in each process."""
        pages = len(self.buffer) // PAGE // 4
        for page in range(pages):
            self.buffer[page * PAGE : page * PAGE + len(mark)] = mark
        self.sums = (zlib.crc32(self.buffer), self.sums[1])
        return pages


def main() -> None:
    number, path = sys.argv[1:]

    def answer(text: str) -> None:
        print(number, text, flush=True)

    data = Data(path)
    answer(f"loaded {len(data.buffer) >> 20} MiB, {len(data.lines)} lines")
    for command in sys.stdin:
        match command.strip():
            case "write":
                pages = data.rewrite(f"process {number} was here".encode())
                answer(f"written to {pages} pages")
            case "check":
                same = data.checksums() == data.sums
                answer("intact" if same else "DAMAGED: its data changed")
            case "quit":
                break


main()

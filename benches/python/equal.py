"""Says whether google/pprof finds two profiles equal: ``python -m benches.python.equal PPROF INDICES A B``.

A process of its own, since the texts are large and the one that measures must stay small.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

SEPARATOR = b"-----------+"
"""What pprof puts before each stack of -traces and after each function of -peek."""
# Labels make the graph of the first two slow; -traces has them all.
REPORTS = (
    (("-top", "-taghide=."), True),
    (("-peek=.", "-taghide=."), False),
    (("-traces",), True),
)
"""Flags, and whether the lines of a block count in their order."""


def blocks(pprof: str, path: str, *flags: str) -> Iterator[list[bytes]]:
    """Yield the blocks of a report as lines.

    Raises:
        subprocess.CalledProcessError: pprof refused the profile.
    """
    command = [pprof, *flags, "-symbolize=none", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        block: list[bytes] = []
        for line in running.stdout:
            if line.startswith(SEPARATOR):
                yield block
                block = []
            block.append(line)
        yield block
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)


def digests(found: Iterator[list[bytes]], *, ordered: bool) -> tuple[Counter[bytes], int]:
    """Count equal blocks, and all lines; lines of a block count in any order unless `ordered`."""
    counted: Counter[bytes] = Counter()
    lines = 0
    for block in found:
        lines += len(block)
        counted[hashlib.blake2b(b"".join(block if ordered else sorted(block)), digest_size=16).digest()] += 1
    return counted, lines


def difference(pprof: str, indices: list[str], one: str, other: str) -> str:
    """Name the first report that differs; empty when none does.

    The text of -top is compared as it is. -peek gives functions of equal weight in another order each time,
    so lines count in any order within a function; -traces gives its stacks in the order of the file.
    """
    for index in indices:
        chosen = f"-sample_index={index}"
        for flags, ordered in REPORTS:
            found = [digests(blocks(pprof, path, chosen, *flags), ordered=ordered) for path in (one, other)]
            if found[0][1] < 5:
                return f"{flags[0]} {chosen} has nothing to compare"
            if found[0] != found[1]:
                return f"{flags[0]} {chosen}"
    return ""


def main() -> int:
    """Compare; the exit status is 1 when the profiles differ."""
    pprof, indices, one, other = sys.argv[1:]
    where = difference(pprof, indices.split(","), one, other)
    if where:
        print(f"{one} and {other} differ in {where}", file=sys.stderr)
    return 1 if where else 0


if __name__ == "__main__":
    sys.exit(main())

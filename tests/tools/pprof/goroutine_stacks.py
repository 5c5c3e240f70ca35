"""Small goroutine profiles and dumps, written as stacks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.property.naive import NaiveProfile, Sample

Labels = tuple[tuple[str, str], ...]


def stack(text: str) -> tuple[tuple[tuple[str, str, int], ...], ...]:
    """Read `function:line < caller`; line 1 where there is none, the file named after the package."""
    frames: list[tuple[tuple[str, str, int], ...]] = []
    for frame in text.split(" < "):
        name, colon, line = frame.rpartition(":")
        name = name if colon else frame
        package = name[: name.find(".", name.rfind("/") + 1)]
        frames.append(((name, f"{package}/x.go", int(line) if colon else 1),))
    return tuple(frames)


def profile_of(
    folder: Path,
    samples: Iterable[tuple[str, int] | tuple[str, int, Labels]],
    *,
    name: str = "goroutine.pb",
    sample_type: str = "goroutine",
) -> str:
    """Write a profile of stacks with their counts, and labels where there are some; give its path."""
    rows = tuple(Sample(stack(row[0]), (row[1],), row[2] if len(row) > 2 else ()) for row in samples)
    path = folder / name
    path.write_bytes(NaiveProfile(rows, ((sample_type, "count"),)).encode())
    return str(path)


def dump_of(
    folder: Path, goroutines: Iterable[tuple[str, str, int]], *, name: str = "goroutine.txt", before: str = ""
) -> str:
    """Write a dump of stacks: state with all that stands in brackets, stack, how many."""
    blocks: list[str] = []
    for state, text, count in goroutines:
        frames = "".join(f"{at}(0x1)\n\t/src/{file}:{line} +0x1\n" for ((at, file, line),) in stack(text))
        created = "created by main.start in goroutine 1\n\t/src/main.go:9 +0x1\n"
        blocks += [f"goroutine {len(blocks) + n} [{state}]:\n{frames}{created}" for n in range(1, count + 1)]
    path = folder / name
    path.write_text(before + "\n".join(blocks))
    return str(path)

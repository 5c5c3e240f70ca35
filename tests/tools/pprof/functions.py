"""Small profiles of any sample type, written as stacks of functions with their files."""

from __future__ import annotations

from pathlib import Path

from tests.property.naive import NaiveProfile, Sample

CPU_TYPES = (("samples", "count"), ("cpu", "nanoseconds"))


def profile_of(
    folder: Path,
    stacks: list[tuple[str, int]],
    *,
    types: tuple[tuple[str, str], ...] = CPU_TYPES,
    name: str = "made.pb",
) -> str:
    """Write a profile of stacks and give its path.

    Args:
        folder: Where to.
        stacks: `function @ file:line < caller ...`, leaf first, with the last value; the others are 1.
        types: Sample types.
        name: Of the file.
    """
    samples = tuple(
        Sample(
            stack=tuple((_frame(frame),) for frame in text.split(" < ")),
            values=(*(1 for _ in types[1:]), value),
        )
        for text, value in stacks
    )
    path = folder / name
    path.write_bytes(NaiveProfile(samples, types).encode())
    return str(path)


def _frame(text: str) -> tuple[str, str, int]:
    function, _, place = text.partition(" @ ")
    file, _, line = place.rpartition(":")
    return (function, file, int(line)) if line.isdigit() and file else (function, place, 1)

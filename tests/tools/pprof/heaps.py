"""Small heap profiles, written as stacks."""

from __future__ import annotations

from pathlib import Path

from tests.property.naive import NaiveProfile, Sample
from tests.wire import number_field

HEAP = (
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
)
MIB = 1 << 20


def stack(text: str) -> tuple[tuple[tuple[str, str, int], ...], ...]:
    """Read `function:line < caller:line`; the file is named after the package, in Go's trimmed way."""
    frames: list[tuple[tuple[str, str, int], ...]] = []
    for frame in text.split(" < "):
        name, _, line = frame.rpartition(":")
        name, _, version = name.partition("@")
        package = name[: name.find(".", name.rfind("/") + 1)]
        frames.append(((name, f"{package}{'@' + version if version else ''}/x.go", int(line)),))
    return tuple(frames)


def heap_of(
    folder: Path,
    name: str,
    samples: list[tuple[str, tuple[int, ...]]],
    *,
    types: tuple[tuple[str, str], ...] = HEAP,
    period: int = 512 * 1024,
    seconds: float = 0,
    taken_at: float = 0,
) -> str:
    """Write a profile of stacks with a value a type and give its path.

    Args:
        folder: Where to.
        name: File name.
        samples: Stacks with their values.
        types: Sample types; the unit of the second is that of the period.
        period: Bytes between two samples.
        seconds: Duration.
        taken_at: Time in seconds since 1970.
    """
    body = NaiveProfile(tuple(Sample(stack(text), values) for text, values in samples), types).encode()
    # Strings 3 and 4 are name and unit of the second sample type, by which heap profilers sample.
    period_type = bytes((0x5A, 4, 0x08, 3, 0x10, 4)) if len(types) > 1 else b""
    numbers = ((9, int(taken_at * 1e9)), (10, int(seconds * 1e9)), (12, period))
    path = folder / name
    path.write_bytes(
        body + period_type + b"".join(number_field(field, value) for field, value in numbers if value)
    )
    return str(path)

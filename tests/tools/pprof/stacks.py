"""Small contention profiles, written as stacks."""

from __future__ import annotations

from pathlib import Path

from pprof_mcp.profile import Profile
from pprof_mcp.session.session import Session

from tests.property.naive import NaiveProfile, Sample
from tests.wire import number_field

CONTENTION = (("contentions", "count"), ("delay", "nanoseconds"))
SECOND = 1_000_000_000


def stack(text: str) -> tuple[tuple[tuple[str, str, int], ...], ...]:
    """Read `function:line < caller:line`; the file is named after the package, in Go's way."""
    frames: list[tuple[tuple[str, str, int], ...]] = []
    for frame in text.split(" < "):
        name, _, line = frame.rpartition(":")
        package = name[: name.find(".", name.rfind("/") + 1)]
        frames.append(((name, f"{package}/x.go", int(line)),))
    return tuple(frames)


def profile_of(
    session: Session,
    folder: Path,
    name: str,
    samples: list[tuple[str, int, int]],
    *,
    types: tuple[tuple[str, str], ...] = CONTENTION,
    seconds: int = 10,
) -> str:
    """Write a profile of stacks with two values each and give its path."""
    body = NaiveProfile(
        tuple(Sample(stack(text), (count, value)) for text, count, value in samples), types
    ).encode()
    path = folder / name
    path.write_bytes(body + number_field(10, seconds * SECOND))
    assert isinstance(session.profile(str(path)), Profile)
    return str(path)

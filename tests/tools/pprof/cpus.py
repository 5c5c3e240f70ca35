"""Small CPU profiles, written as stacks with the number of their samples."""

from __future__ import annotations

from pathlib import Path

from tests.tools.pprof.heaps import heap_of

TYPES = (("samples", "count"), ("cpu", "nanoseconds"))
PERIOD = 10_000_000
"""Nanoseconds of a sample: 100 a second, as Go's."""


def cpu_of(
    folder: Path, name: str, stacks: dict[str, int], *, seconds: float = 10, taken_at: float = 0
) -> str:
    """Write a profile and give its path.

    Args:
        folder: Where to.
        name: File name.
        stacks: `function:line < caller:line`, each with its number of samples.
        seconds: Duration.
        taken_at: Time in seconds since 1970.
    """
    samples = [(text, (count, count * PERIOD)) for text, count in stacks.items()]
    return heap_of(folder, name, samples, types=TYPES, period=PERIOD, seconds=seconds, taken_at=taken_at)

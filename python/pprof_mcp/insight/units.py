"""Times as texts."""

from __future__ import annotations

NANOSECONDS = {
    "nanoseconds": 1.0, "nanosecond": 1.0, "ns": 1.0,
    "microseconds": 1e3, "microsecond": 1e3, "us": 1e3,
    "milliseconds": 1e6, "millisecond": 1e6, "ms": 1e6,
    "seconds": 1e9, "second": 1e9, "s": 1e9,
}  # fmt: skip
"""Nanoseconds in one of each unit, by pprof's names (specified)."""


def duration_text(nanoseconds: float) -> str:
    """Write a time as pprof does: in the largest unit up to seconds in which it is at least 1."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if abs(nanoseconds) >= size:
            return f"{nanoseconds / size:.2f}".rstrip("0").rstrip(".") + unit
    return f"{nanoseconds:.0f}ns"

"""Bytes as texts."""

from __future__ import annotations

MIB = 1 << 20
"""Bytes of a mebibyte."""

_UNITS = (("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10))


def size_text(count: float) -> str:
    """Write bytes as pprof does: in powers of 1024, in the largest unit in which they are at least 1."""
    for unit, size in _UNITS:
        if abs(count) >= size:
            return f"{count / size:.2f}".rstrip("0").rstrip(".") + unit
    return f"{count:.0f}B"


def mib(count: float) -> float:
    """Give bytes in MiB, to two decimals."""
    return round(count / MIB, 2)

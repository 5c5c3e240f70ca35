"""Values of any unit as texts."""

from __future__ import annotations

from pprof_mcp.insight.sizes import size_text
from pprof_mcp.insight.units import NANOSECONDS, duration_text

_BYTES = {
    "bytes": 1,
    "byte": 1,
    "b": 1,
    "kilobytes": 1 << 10,
    "kb": 1 << 10,
    "megabytes": 1 << 20,
    "mb": 1 << 20,
}


def amount_text(value: float, unit: str) -> str:
    """Write a value as pprof does: times and sizes in the largest unit in which they are at least 1."""
    scale = NANOSECONDS.get(unit)
    if scale is not None:
        return duration_text(value * scale) if value else "0"
    size = _BYTES.get(unit.lower())
    if size is None:
        return f"{value:g}" if isinstance(value, float) else str(value)
    return size_text(value * size) if value else "0"


def share_pct(value: float, total: float) -> float:
    """Give a value in percent of a total, to two decimals; 0 of nothing."""
    return round(value / total * 100, 2) if total else 0.0

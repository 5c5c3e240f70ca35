"""A series as one line of text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

_BARS = "▁▂▃▄▅▆▇█"
_MARK = "┊"


def sparkline(values: Sequence[float], marks: Collection[int] = ()) -> str:
    """Draw values as bars from 0 to the largest, or from the least when some are below 0.

    Args:
        values: What is drawn; the largest has the full height.
        marks: Places before which a thin line stands, such as those of new versions.
    """
    if not values:
        return ""
    low = min(0.0, *values)
    span = max(values) - low
    drawn: list[str] = []
    for place, value in enumerate(values):
        height = int((value - low) / span * len(_BARS)) if span > 0 else 0
        drawn.append((_MARK if place in marks else "") + _BARS[min(height, len(_BARS) - 1)])
    return "".join(drawn)

"""Lines that a CPU profile charges although they wait, told by the wall time in the same profile."""

from __future__ import annotations

from typing import Final

from pprof_mcp import _native
from pprof_mcp.discovery.capture import Part, utilization_pct
from pprof_mcp.reports import Rows, ask, place

WAITS: Final = 0.2
"""CPU time of a line in relation to its wall time below which it waits (chosen)."""

BUSY_PCT: Final = 50.0
"""Percent of a CPU from which threads may wait for the interpreter, and so for CPU time (chosen)."""

MOST_LINES: Final = 1_000
"""Lines that are looked at, by wall time (chosen: a wait that matters is among the first)."""


def waiting_lines(part: Part) -> frozenset[str]:
    """Give lines, as `file:line`, whose CPU time is that of something else.

    Args:
        part: The CPU profile.

    Returns:
        None of them where the profile does not have both times, or the process was busy.

    Source:
        Specified: ddtrace charges what a thread ran since the last sample to the line that it is in now.
        After a short burst of work that is the sleep, the lock or the read behind it.
    """
    types = {item["type"] for item in part.profile.shared.meta["sample_types"]}
    if not {"cpu-time", "wall-time"} <= types:
        return frozenset()
    cpu, wall = (_lines(part, name) for name in ("cpu-time", "wall-time"))
    total = next(one for one in part.profile.shared.meta["sample_types"] if one["type"] == "cpu-time")
    used = utilization_pct(part, total["total"], total["unit"], "cpu-time")
    if used is None or used >= BUSY_PCT:
        return frozenset()
    return frozenset(line for line, value in wall.items() if line and cpu.get(line, 0) < WAITS * value)


def _lines(part: Part, sample_type: str) -> dict[str, int]:
    options = {"sample_index": sample_type, "granularity": "lines"}
    found: Rows = ask(_native.top, part.profile, options, limit=MOST_LINES, trim=False)
    sums: dict[str, int] = {}
    for row in found["rows"]:
        line = place(row) or ""
        sums[line] = sums.get(line, 0) + row["flat"]
    return sums

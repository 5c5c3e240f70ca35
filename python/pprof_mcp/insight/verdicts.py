"""Whether a measured number keeps a limit."""

from __future__ import annotations

from typing import Literal

from pprof_mcp.insight.statistics import COUNTING, Interval

Status = Literal["passed", "failed", "inconclusive"]
Bound = Literal["max", "min", "max_increase", "max_increase_pct"]


def judge(bound: Bound, threshold: float, actual: Interval) -> Status:
    """Judge one limit.

    Args:
        bound: On which side of the threshold it is kept; the increases are upper bounds.
        threshold: The limit.
        actual: What was measured, in the same unit.

    Returns:
        `inconclusive` where the number breaks the limit but its interval does not exclude that it is kept. A
        fixed limit on one profile is held to the number itself: whoever set it knows nothing else.
    """
    sign = -1.0 if bound == "min" else 1.0
    if sign * actual.value <= sign * threshold:
        return "passed"
    nearest = actual.low if bound != "min" else actual.high
    if nearest is None or (bound in ("max", "min") and actual.method == COUNTING):
        return "failed"
    return "failed" if sign * nearest > sign * threshold else "inconclusive"

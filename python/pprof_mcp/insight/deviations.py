"""What differs from how it used to be, by more than it used to vary."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pprof_mcp.insight.statistics import robust_spread, t_quantile

Severity = Literal["low", "medium", "high"]

LEAST_RUNS = 3
"""Runs below which nothing is judged: two say nothing of how much a third may differ (chosen)."""

LEAST_POINTS = 1.0
"""Percent points below which a share is not worth a word (chosen)."""

LEAST_TOTAL_PCT = 10.0
"""Percent of the mean below which a total is not worth a word (chosen: load alone moves it as much)."""


@dataclass(frozen=True)
class Stats:
    """What a number used to be.

    Attributes:
        count: In how many runs.
        mean: Its mean.
        median: Its median.
        spread: Median absolute deviation, scaled to a standard deviation.
        deviation: Standard deviation.
        minimum: The least.
        maximum: The most.
    """

    count: int
    mean: float
    median: float
    spread: float
    deviation: float
    minimum: float
    maximum: float


def stats_of(values: Sequence[float]) -> Stats:
    """Describe the values of several runs, at least one."""
    return Stats(
        count=len(values),
        mean=statistics.fmean(values),
        median=statistics.median(values),
        spread=robust_spread(values),
        deviation=statistics.stdev(values) if len(values) > 1 else 0.0,
        minimum=min(values),
        maximum=max(values),
    )


def deviates(current: float, stats: Stats, *, least: float, error: float) -> bool:
    """Whether a number is another than it used to be.

    It is when it lies outside of the range of all runs, and outside of what one more run of their sort would
    give with a probability of 99 % (Student's t; many numbers are looked at, so that 95 % would find some in
    every profile), and differs by at least `least`.

    Args:
        current: The number.
        stats: What it used to be, from `LEAST_RUNS` or more.
        least: Difference below which it does not matter.
        error: Standard deviation that counting samples leaves; 0 when not known.
    """
    if stats.minimum <= current <= stats.maximum or abs(current - stats.mean) < least:
        return False
    expected = max(stats.deviation, error) * math.sqrt(1 + 1 / stats.count)
    return abs(current - stats.mean) > t_quantile(stats.count - 1, percent=99) * expected


def severity_of(points: float) -> Severity:
    """Grade a difference: 10 points or more are high, 5 medium.

    Source: the bounds of the system whose users this comparison comes from.
    """
    size = abs(points)
    return "high" if size >= 10 else "medium" if size >= 5 else "low"

"""Means, their intervals, and how far apart two groups of numbers are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

_DEGREES = (*range(1, 31), 40, 60, 120)
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    2.021, 2.000, 1.980,
)  # fmt: skip
_T99 = (
    63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169, 3.106, 3.055, 3.012, 2.977, 2.947,
    2.921, 2.898, 2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.750,
    2.704, 2.660, 2.617,
)  # fmt: skip
"""Two-sided quantiles of Student's t, 95 and 99 %, by degrees of freedom.

Source: the usual table; between its rows the wider one holds.
"""

Z95 = 1.96
"""Two-sided quantile of the normal distribution, 95 %. Source: the usual table."""

MAD_TO_DEVIATION = 1.4826
"""Standard deviation of a normal distribution in median absolute deviations. Source: the usual constant."""


def t_quantile(degrees: float, *, percent: int = 95) -> float:
    """Give the two-sided quantile of Student's t.

    Args:
        degrees: Degrees of freedom, 1 or more; a fraction counts as the whole number below.
        percent: 95 or 99.
    """
    table = _T99 if percent == 99 else _T95
    return next(value for known, value in zip(_DEGREES[::-1], table[::-1], strict=True) if known <= degrees)


@dataclass(frozen=True)
class Interval:
    """A number and how well it is known.

    Attributes:
        value: The number.
        low: Lower end, of 95 % where `method` says nothing else; None when it is not known.
        high: Upper end; None with `low`.
        method: How the ends were found; None without them.
    """

    value: float
    low: float | None = None
    high: float | None = None
    method: str | None = None


def _around(value: float, half: float, method: str) -> Interval:
    return Interval(value, value - half, value + half, method)


WELCH = "Welch's t interval, 95 %"
MEAN = "Student's t interval of the mean, 95 %"
ONE_RUN = "prediction interval of one run (Student's t), 95 %"
COUNTING = "counting error of samples (normal approximation), 95 %"


def mean_of(values: Sequence[float], errors: Sequence[float | None]) -> Interval:
    """Give the mean of one side.

    Args:
        values: One of each profile, at least one.
        errors: The counting error (a standard deviation) of each; None where it is not known.
    """
    mean = fmean(values)
    if len(values) > 1:
        half = t_quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
        return _around(mean, half, MEAN)
    error = errors[0]
    return Interval(mean) if error is None else _around(mean, Z95 * error, COUNTING)


def difference(
    before: Sequence[float],
    after: Sequence[float],
    before_errors: Sequence[float | None],
    after_errors: Sequence[float | None],
) -> Interval:
    """Give the mean of `after` minus that of `before`.

    Args:
        before: One value of each profile, at least one.
        after: The same of the other side.
        before_errors: The counting errors of the values before; None where not known.
        after_errors: Those after.

    Returns:
        Several on both sides: Welch's interval. One against several: is it what one more run of the several
        would give? One against one: the error of counting samples, if both are known.
    """
    value = fmean(after) - fmean(before)
    if len(before) > 1 and len(after) > 1:
        parts = [statistics.variance(side) / len(side) for side in (before, after)]
        spread = sum(parts)
        if spread == 0:
            return _around(value, 0.0, WELCH)
        below = sum(part * part / (len(side) - 1) for part, side in zip(parts, (before, after), strict=True))
        return _around(value, t_quantile(spread * spread / below) * math.sqrt(spread), WELCH)
    several = before if len(before) > 1 else after
    if len(several) > 1:
        deviation = statistics.stdev(several) * math.sqrt(1 + 1 / len(several))
        return _around(value, t_quantile(len(several) - 1) * deviation, ONE_RUN)
    first, second = before_errors[0], after_errors[0]
    if first is None or second is None:
        return Interval(value)
    return _around(value, Z95 * math.hypot(first, second), COUNTING)


def effect_size(before: Sequence[float], after: Sequence[float]) -> float | None:
    """Give Hedges' g: the difference of the means in pooled standard deviations, corrected for small groups.

    Source: Hedges 1981, with the usual approximation 1 - 3 / (4 n - 9) of the correction.

    Returns:
        None with less than two on a side, or where nothing varies.
    """
    if len(before) < 2 or len(after) < 2:
        return None
    n = len(before) + len(after)
    pooled = sum((len(side) - 1) * statistics.variance(side) for side in (before, after)) / (n - 2)
    if pooled == 0:
        return None
    g = (fmean(after) - fmean(before)) / math.sqrt(pooled)
    return round(g * (1 - 3 / (4 * n - 9)), 4)


def robust_spread(values: Sequence[float]) -> float:
    """Give the median absolute deviation, scaled to a standard deviation: one odd run does not move it."""
    middle = statistics.median(values)
    return MAD_TO_DEVIATION * statistics.median([abs(value - middle) for value in values])

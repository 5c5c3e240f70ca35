"""Times and steps of queries over metrics and events."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tests.fake_datadog.messages import BadRequestError
from tests.fake_datadog.routes.filters import moment

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
MOST_POINTS = 1500
"""Chosen: points of one series; a coarser interval is taken when there would be more."""


def epoch(value: object, what: str, scale: int = 1) -> float:
    """Read an epoch as a number or its digits.

    Args:
        value: What was given.
        what: Its name.
        scale: Units in a second: 1, or 1000 for milliseconds.

    Raises:
        BadRequestError: It is none, or one in the wrong unit: far before or after our times.
    """
    if isinstance(value, str) and re.fullmatch(r"\d{1,16}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1e9 <= value / scale < 1e10:
        raise BadRequestError(f"{what} must be an epoch in {'seconds' if scale == 1 else 'milliseconds'}")
    return value / scale


def flexible(value: object, what: str, now: float) -> float:
    """Read what the events routes take: RFC 3339, milliseconds as text, `now`, `now-15m` [A].

    Raises:
        BadRequestError: It is none of these.
    """
    if isinstance(value, str):
        found = re.fullmatch(r"now(?:([+-])(\d{1,6})([smhdw]))?", value)
        if found:
            sign, count, unit = found.groups()
            return now + (int(count) * _UNITS[unit] * (-1 if sign == "-" else 1) if sign else 0)
        if re.fullmatch(r"\d{13}", value):
            return int(value) / 1000
    return moment(value, what)


def stepped(start: float, end: float, interval: int) -> tuple[int, list[int]]:
    """Give the interval and the times, both in seconds, of a series: aligned, half-open."""
    step = max(interval, 1)
    while (end - start) / step > MOST_POINTS:
        step *= 2
    first = -int(-start // step) * step
    return step, list(range(first, int(-(-end // 1)), step))


def _percentile(share: float) -> Callable[[Sequence[float]], float]:
    return lambda values: sorted(values)[min(len(values) - 1, int(len(values) * share))]


AGGREGATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "last": lambda values: values[-1],
    "pc75": _percentile(0.75),
    "pc90": _percentile(0.9),
    "pc95": _percentile(0.95),
    "pc98": _percentile(0.98),
    "pc99": _percentile(0.99),
}
"""Of values that there are at least one of."""

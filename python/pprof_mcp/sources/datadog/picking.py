"""Which of several profiles to take."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pprof_mcp.sources.datadog.decoding import Candidate

CORES: Final = "core_cpu_cores"
"""The measure that Datadog's own client picks the busiest profile by."""
LEAST: Final = 5
"""Values of a measure from which one can stand out: of fewer, any half is the other half's outlier.

Source: chosen.
"""
STANDS_OUT: Final = 3.5
"""Modified z-score from which a value stands out.

Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993).
"""
_OF_MEDIAN: Final = 0.6745
"""Makes the median deviation comparable to the standard deviation of a normal distribution.

Source: the same.
"""
_OF_MEAN: Final = 1.253314
"""The same for the mean deviation, which is used where more than half of the values are equal.

Source: the same.
"""


@dataclass(frozen=True)
class Picked:
    """A choice.

    Attributes:
        candidate: What was chosen.
        reason: Why, in one sentence.
        warnings: Where the question could not be met as it was put.
    """

    candidate: Candidate
    reason: str
    warnings: tuple[str, ...] = ()


def closest(candidates: Sequence[Candidate], target: datetime) -> Picked | None:
    """Choose the one nearest in time, of two the earlier one; None when none has a time."""
    timed = [(one.timestamp, one) for one in candidates if one.timestamp is not None]
    if not timed:
        return None
    when, best = min(
        timed, key=lambda pair: (abs((pair[0] - target).total_seconds()), pair[0], pair[1].event_id)
    )
    distance = (when - target).total_seconds()
    side = "after" if distance > 0 else "before"
    return Picked(best, f"nearest of {len(candidates)} looked at: {abs(distance):.3g} s {side} the target")


def most_samples(candidates: Sequence[Candidate]) -> Picked:
    """Choose the one with the most samples: by a number of samples, else by CPU time, else by its length.

    Args:
        candidates: At least one, the newest first.
    """
    seen = f"of {len(candidates)} looked at"

    def samples(one: Candidate) -> float | None:
        found = [value for name, value in one.metrics.items() if "sample" in name.lower()]
        return max(found, default=None)

    def cpu_seconds(one: Candidate) -> float | None:
        cores = one.metrics.get(CORES)
        return None if cores is None or one.duration_seconds is None else cores * one.duration_seconds

    if (best := _largest(candidates, samples)) is not None:
        return Picked(best[0], f"most samples {seen}: {best[1]:g}")
    if (best := _largest(candidates, cpu_seconds)) is not None:
        told = "the source tells no numbers of samples: CPU time was compared, which CPU samples are taken of"
        return Picked(best[0], f"most CPU time {seen}: {best[1]:.4g} s", (told,))
    if (best := _largest(candidates, lambda one: one.duration_seconds)) is not None:
        told = "the source tells neither samples nor CPU time: lengths were compared"
        return Picked(best[0], f"longest {seen}: {best[1]:g} s", (told,))
    return Picked(
        candidates[0], f"newest {seen}", ("the source tells nothing that samples could be told by",)
    )


def busiest(candidates: Sequence[Candidate]) -> Picked:
    """Choose the one that used the most CPU cores.

    Args:
        candidates: At least one, the newest first.
    """
    best = _largest(candidates, lambda one: one.metrics.get(CORES))
    if best is None:
        return Picked(
            candidates[0],
            f"newest of {len(candidates)} looked at",
            (f"none of the profiles looked at tells {CORES}: the busiest is not known",),
        )
    return Picked(best[0], f"most CPU of {len(candidates)} looked at: {best[1]:.4g} cores")


def anomaly(candidates: Sequence[Candidate]) -> Picked:
    """Choose the one whose measures stand out most from the others, by medians, which outliers do not move.

    Args:
        candidates: At least one, the newest first.
    """
    looked_at = _measures(candidates)
    if not looked_at:
        told = f"no measure has values of at least {LEAST} profiles: nothing can stand out"
        return Picked(candidates[0], f"newest of {len(candidates)} looked at", (told,))
    best: tuple[float, str, int] | None = None
    for name, values in looked_at.items():
        for place, score in _scores(values).items():
            if best is None or (score, -place) > (best[0], -best[2]):
                best = (score, name, place)
    names = ", ".join(looked_at)
    if best is None or best[0] < STANDS_OUT:
        found = "all are equal" if best is None else f"the largest score is {best[0]:.2g} ({best[1]})"
        told = f"none stands out in {names}: {found}, {STANDS_OUT:g} would"
        return Picked(candidates[0], f"newest of {len(candidates)} looked at", (told,))
    score, name, place = best
    values = looked_at[name]
    median = statistics.median(values.values())
    side = "above" if values[place] > median else "below"
    shown = "over 1000" if score > 1_000 else f"{score:.3g}"
    return Picked(
        candidates[place],
        f"{name} is {values[place]:.4g}, far {side} the median {median:.4g} of {len(values)} profiles "
        f"(modified z-score {shown}; looked at {names})",
    )


def _largest(
    candidates: Sequence[Candidate], measure: Callable[[Candidate], float | None]
) -> tuple[Candidate, float] | None:
    """Give the one with the largest measure, the first of equals; None when no one has it."""
    found = [(one, value) for one in candidates if (value := measure(one)) is not None]
    return max(found, key=lambda pair: pair[1], default=None)


def _measures(candidates: Sequence[Candidate]) -> dict[str, dict[int, float]]:
    """Give the values of each measure that enough profiles have, by place; by name."""
    found: dict[str, dict[int, float]] = {}
    for place, one in enumerate(candidates):
        for name, value in one.metrics.items():
            found.setdefault(name, {})[place] = value
    return {name: values for name, values in sorted(found.items()) if len(values) >= LEAST}


def _scores(values: dict[int, float]) -> dict[int, float]:
    """Give how far each value stands out; empty when all are equal."""
    median = statistics.median(values.values())
    distances = {place: abs(value - median) for place, value in values.items()}
    middle = statistics.median(distances.values())
    scale = middle / _OF_MEDIAN if middle else _OF_MEAN * statistics.fmean(distances.values())
    if not math.isfinite(scale) or scale <= 0:
        return {}
    return {place: distance / scale for place, distance in distances.items()}

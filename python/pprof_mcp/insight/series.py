"""Whether a series of numbers changed: a step, a trend, or nothing that chance does not explain.

Everything rests on medians, ranks and values cut at the edges, so that a few odd points neither make a change
nor hide one. Numbers that follow each other are alike (traffic, caches), so chance looks like a change:
intervals and tests are widened by how much the rest of the series repeats itself, and what comes and goes by
itself is no change. Of few points, one whole wave can not be told from a step.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from pprof_mcp.insight.statistics import Z95, robust_spread

Kind = Literal["step", "trend", "none", "too_few"]
Reason = Literal["", "chance", "waves", "small"]

LEAST_POINTS = 8
"""Points below which nothing is judged (chosen: of fewer, no order of them is rarer than `LEVEL`)."""
LEAST_SIDE = 3
"""Points on either side of a change (chosen: a median of two is no robust one)."""
LEVEL = 0.01
"""Probability with which chance alone may give a verdict (chosen: as for stored runs, 99 %)."""
SHUFFLES = 2_000
"""Orders of the same points that a step is compared with (chosen: `LEVEL` is then 20 of them)."""
ENOUGH = 60
"""Orders as good as the real one from which on chance explains it (chosen: three times `LEVEL`)."""
CUT = 3.0
"""Spreads beyond which a point counts as if it were there (chosen)."""
LEAST_CHANGE = 0.05
"""Change, as a part of the median before, below which it is not worth a word (chosen)."""
LEAST_SPREADS = 5.0
"""Spreads by which a series must change that comes and goes (chosen: a wave looks like a step of 3.5)."""
STANDS_OUT = 3.5
"""Modified z-score from which a point stands out.

Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993).
"""
STEP_METHOD = "Hodges-Lehmann shift, 95 % interval of Mann-Whitney, permutation test"
TREND_METHOD = "Theil-Sen slope, 95 % interval of Sen, Mann-Kendall test"


@dataclass(frozen=True)
class Finding:
    """What a series did.

    Attributes:
        kind: `none` also where something moved by no more than chance explains, or than it does by itself.
        change: A step's height, a trend's rise from the first to the last point; the largest seen where
            nothing was found, 0 with too few points.
        low: Lower end of its interval; None when it is not known.
        high: Upper end.
        p_value: How often chance gives as much; 1 with too few points.
        effect: Cliff's delta, from -1 to 1: how much surer a point after is above one before than below.
        at: Place of the first point after a step; None for anything else.
        before: Median before the step, the line at its first point, or the median of all.
        after: Median after the step, the line at its last point, or the median of all.
        method: How it was found; empty with too few points.
        odd: Places of points that stand out from the rest.
        reason: Why nothing was found: it is no more than chance gives, or than the series goes up and down
            by itself, or too small to matter.
    """

    kind: Kind
    change: float
    low: float | None
    high: float | None
    p_value: float
    effect: float
    at: int | None
    before: float
    after: float
    method: str
    odd: tuple[int, ...] = ()
    reason: Reason = ""


def judge(times: Sequence[float], values: Sequence[float]) -> Finding:
    """Judge a series.

    Args:
        times: When the points are of, ascending, in any unit.
        values: One for each.
    """
    if len(values) < LEAST_POINTS or times[-1] <= times[0]:
        middle = statistics.median(values) if values else 0.0
        return Finding("too_few", 0.0, None, None, 1.0, 0.0, None, middle, middle, "")
    step, step_rest = _step(values)
    trend, trend_rest = _trend(times, values)
    both = [(step, step_rest), (trend, trend_rest)]
    found = [(one, rest) for one, rest in both if not _doubt(one, rest)]
    if not found:
        # What is told is the one that explains more, as evidence that it is not enough.
        nearest, rest = min(both, key=lambda pair: pair[0].p_value)
        level = statistics.median(values)
        odd = _odd([value - level for value in values])
        return replace(
            nearest, kind="none", at=None, before=level, after=level, odd=odd, reason=_doubt(nearest, rest)
        )
    # Of two that explain it, the one that leaves less unexplained.
    best, rest = min(found, key=lambda pair: statistics.fmean(abs(one) for one in pair[1]))
    return replace(best, odd=_odd(rest))


def _doubt(found: Finding, rest: Sequence[float]) -> Reason:
    """Say why a change is none; empty when it is one: not of chance, and large enough to speak of."""
    if found.p_value >= LEVEL:
        return "chance"
    comes_and_goes = _repetition(rest) > 1
    if comes_and_goes and abs(found.change) < LEAST_SPREADS * robust_spread(rest):
        return "waves"
    if found.low is None or found.high is None or not (found.low > 0 or found.high < 0):
        return "waves" if comes_and_goes else "chance"
    return "small" if abs(found.change) < LEAST_CHANGE * abs(found.before) else ""


def _step(values: Sequence[float]) -> tuple[Finding, list[float]]:
    """Find the place that divides the series best, and compare its sides."""
    at = _place(values)
    before, after = values[:at], values[at:]
    differences = sorted(late - early for early in before for late in after)
    above = sum(one > 0 for one in differences) - sum(one < 0 for one in differences)
    middles = statistics.median(before), statistics.median(after)
    rest = [value - middles[place >= at] for place, value in enumerate(values)]
    spread = len(before) * len(after) * (len(values) + 1) / 12 * _repetition(rest)
    low, high = _ends(differences, math.sqrt(spread))
    found = Finding(
        "step",
        statistics.median(differences),
        low,
        high,
        _rarity(values, rest),
        above / len(differences),
        at,
        *middles,
        STEP_METHOD,
    )
    return found, rest


def _place(values: Sequence[float]) -> int:
    """Give the split whose sides lie nearest to their medians."""

    def unexplained(at: int) -> float:
        sides = values[:at], values[at:]
        middles = [statistics.median(side) for side in sides]
        return sum(abs(value - middle) for side, middle in zip(sides, middles, strict=True) for value in side)

    return min(range(LEAST_SIDE, len(values) - LEAST_SIDE + 1), key=unexplained)


def _best_split(values: Sequence[float]) -> float:
    """Give how much of the variance the best split explains, ends of fewer than `LEAST_SIDE` left out."""
    count, mean = len(values), statistics.fmean(values)
    best = total = 0.0
    for at, value in enumerate(values[: count - LEAST_SIDE], 1):
        total += value - mean
        if at >= LEAST_SIDE:
            best = max(best, total * total / (at * (count - at)))
    return best


def _rarity(values: Sequence[float], rest: Sequence[float]) -> float:
    """Give the probability that chance divides these values as well, the place being free.

    Source: a permutation test that ends early where it is clear (Besag and Clifford 1991).

    Args:
        values: The series.
        rest: What its best split leaves unexplained: beyond `CUT` spreads, values count as if they were
            there, else a single odd one would decide.
    """
    most = CUT * robust_spread(rest)
    over = [one - max(-most, min(most, one)) if most else 0.0 for one in rest]
    cut = [value - beyond for value, beyond in zip(values, over, strict=True)]
    least = _best_split(cut) * (1 - 1e-9)
    source = random.Random(len(cut))  # noqa: S311 - an order, no secret
    as_good = 0
    for tried in range(1, SHUFFLES + 1):
        source.shuffle(cut)
        as_good += _best_split(cut) >= least
        if as_good >= ENOUGH:
            return as_good / tried
    return (as_good + 1) / (SHUFFLES + 1)


def _trend(times: Sequence[float], values: Sequence[float]) -> tuple[Finding, list[float]]:
    """Draw the line through the series, and test whether it rises or falls."""
    pairs = [(i, j) for j in range(len(values)) for i in range(j) if times[j] > times[i]]
    slopes = sorted((values[j] - values[i]) / (times[j] - times[i]) for i, j in pairs)
    slope = statistics.median(slopes)
    level = statistics.median(
        value - slope * (time - times[0]) for time, value in zip(times, values, strict=True)
    )
    span = times[-1] - times[0]
    rest = [value - level - slope * (time - times[0]) for time, value in zip(times, values, strict=True)]
    above = sum(one > 0 for one in slopes) - sum(one < 0 for one in slopes)
    deviation = math.sqrt(_kendall_variance(values) * _repetition(rest))
    distance = max(0, abs(above) - 1) / deviation if deviation else 0.0
    low, high = _ends(slopes, deviation / 2)
    found = Finding(
        "trend",
        slope * span,
        low * span,
        high * span,
        math.erfc(distance / math.sqrt(2)),
        above / len(slopes),
        None,
        level,
        level + slope * span,
        TREND_METHOD,
    )
    return found, rest


def _kendall_variance(values: Sequence[float]) -> float:
    """Give the variance of Kendall's S without a trend; equal values are accounted for."""

    def part(count: int) -> int:
        return count * (count - 1) * (2 * count + 5)

    ties = sum(part(values.count(one)) for one in set(values))
    return (part(len(values)) - ties) / 18


def _ends(ordered: Sequence[float], deviation: float) -> tuple[float, float]:
    """Give the interval of the median of pairs: as many are left out at either end as chance moves.

    Of the fewest points that are judged, the least and the most pair are such an interval.

    Args:
        ordered: What the pairs gave, ascending.
        deviation: Standard deviation of how many of them are above 0.
    """
    place = max(0, int(len(ordered) / 2 - Z95 * deviation) - 1)
    return ordered[place], ordered[len(ordered) - 1 - place]


def _repetition(rest: Sequence[float]) -> float:
    """Give how many times fewer independent points there are: 1 when each is by itself.

    Source: the variance of a mean of a first-order autoregressive series, (1 + r) / (1 - r); of the signs
    and sizes of the rest limited to three spreads, so that odd points do not decide.
    """
    spread = robust_spread(rest)
    if spread <= 0:
        return 1.0
    cut = [max(-3 * spread, min(3 * spread, one)) for one in rest]
    below = sum(one * one for one in cut)
    alike = sum(first * second for first, second in pairwise(cut)) / below if below else 0.0
    # The estimate is low by about this much, since level and change were taken out first.
    alike += 1 / len(rest)
    alike = min(0.95, max(0.0, alike))
    # Below this many of its own errors (one side, 95 %) it can not be told from none.
    return 1.0 if alike * math.sqrt(len(rest)) < 1.645 else (1 + alike) / (1 - alike)


def _odd(rest: Sequence[float]) -> tuple[int, ...]:
    """Give the places that stand out from what is unexplained."""
    spread = robust_spread(rest)
    middle = statistics.median(rest)
    if spread <= 0:
        return ()
    return tuple(place for place, one in enumerate(rest) if abs(one - middle) / spread > STANDS_OUT)

"""Measures what checks ask for, on each side, and holds it to their limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from pprof_mcp import _native
from pprof_mcp.checks import Check, amount
from pprof_mcp.errors import InvalidArgumentError, WrongProfileKindError
from pprof_mcp.insight import statistics
from pprof_mcp.insight.statistics import Interval
from pprof_mcp.insight.verdicts import Bound, Status, judge
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows, ask
from pprof_mcp.session.bundle import Bundle

COUNTED = ("cpu", "wall", "heap")
"""Kinds whose values are estimated from counted samples, so that their error follows from the count."""

MOST_RUNS = 200
"""Profiles of a side (chosen: far above what an interval needs)."""


@dataclass(frozen=True)
class Run:
    """What one profile says about the functions of all checks.

    Attributes:
        name: How it was given.
        total: What percentages are of.
        seconds: Its duration; 0 when it does not say.
        period: Value of one counted sample; 0 where values are not estimated from a count.
        patterns: By pattern, the answer of the core.
    """

    name: str
    total: float
    seconds: float
    period: float
    patterns: Mapping[str, Rows]

    def value(self, check: Check) -> float:
        """Give what the check measures, in percent or in the unit of the profile.

        Raises:
            InvalidArgumentError: It is per second, and the profile says no duration.
        """
        found = self.patterns[check.function]
        column, _, form = check.metric.partition("_")
        value = float(found[column if check.combine == "sum" else f"largest_{column}"])
        if form == "pct":
            return round(100 * value / self.total, 4) if self.total else 0.0
        return value / self._seconds(check) if form else value

    def error(self, check: Check) -> float | None:
        """Give the standard deviation of the value that counting samples leaves; None when not known.

        Source: counts of independent samples vary as a Poisson distribution, shares as a binomial one.
        """
        if not self.period or not self.total:
            return None
        column, _, form = check.metric.partition("_")
        found = self.patterns[check.function]
        value = abs(float(found[column if check.combine == "sum" else f"largest_{column}"]))
        if form == "pct":
            # Sums wrap, as pprof's do: a total may be below zero.
            share = min(1.0, value / abs(self.total))
            return 100 * math.sqrt(share * (1 - share) / max(1.0, abs(self.total) / self.period))
        error = math.sqrt(value * self.period)
        return error / self._seconds(check) if form else error

    def _seconds(self, check: Check) -> float:
        if not self.seconds:
            raise InvalidArgumentError(
                f"{check.metric} of {check.function[:100]!r} needs a duration, and {self.name} says none",
                hint=f"Use {check.metric.removesuffix('_per_s')}, or {check.metric[:4].rstrip('_')}_pct.",
                details={"argument": "checks"},
            )
        return self.seconds


def counted_period(profile: Profile, unit: str) -> float:
    """Give the value of one counted sample, in the unit; 0 where values are not estimated from a count."""
    meta = profile.shared.meta
    period_type = meta["period_type"]
    if profile.kind not in COUNTED or period_type is None or period_type["unit"] != unit:
        return 0.0
    return float(max(0, meta["period"]))


def measure(
    profile: Profile, checks: Sequence[Check], filters: Mapping[str, object], *, limit: int = 0
) -> tuple[Run, Rows]:
    """Ask the core about one profile.

    Args:
        profile: The profile.
        checks: What to measure.
        filters: The shared options.
        limit: Functions named for each check.

    Returns:
        The run, and the whole answer.

    Raises:
        PprofMcpError: As the core says.
    """
    patterns = list(dict.fromkeys(check.function for check in checks))
    found = ask(_native.matching, profile, filters, patterns=patterns, limit=limit)
    return Run(
        name=profile.name,
        total=found["total"],
        seconds=profile.shared.meta["duration_nanos"] / 1e9,
        period=counted_period(profile, found["sample_type"]["unit"]),
        patterns=dict(zip(patterns, found["patterns"], strict=True)),
    ), found


def members(bundle: Bundle | None, kind: str, argument: str) -> list[Profile]:
    """Give the profiles of a bundle that are of one kind.

    Args:
        bundle: The bundle; None for none.
        kind: The kind.
        argument: What the bundle was given as, for messages.

    Raises:
        WrongProfileKindError: There is a bundle, but no such profile in it.
        InvalidArgumentError: There are more than `MOST_RUNS`.
    """
    if bundle is None:
        return []
    found = bundle.of_kind(kind)
    if not found:
        raise WrongProfileKindError(
            f"{argument} has no {kind} profile; it has: {bundle.listing()}",
            details={"argument": argument, "available": list(bundle.kinds)},
        )
    if len(found) > MOST_RUNS:
        raise InvalidArgumentError(
            f"{argument} has {len(found)} {kind} profiles; {MOST_RUNS} can be compared",
            hint="Give fewer, or merge them first with pprof.merge.",
            details={"argument": argument, "limit": MOST_RUNS},
        )
    return [member.profile for member in found]


@dataclass(frozen=True)
class Verdict:
    """One limit of a check, judged.

    Attributes:
        check: The check.
        bound: Which of its limits.
        threshold: The limit, in the unit of the metric (percent for increases in percent).
        measured: What is held against it; None where an increase in percent has nothing below it.
        value: Mean of the metric.
        base: Mean of the metric before; None for fixed limits.
        effect: Hedges' g; None without several profiles on both sides.
        status: What came out.
    """

    check: Check
    bound: Bound
    threshold: float
    measured: Interval | None
    value: float
    base: float | None
    effect: float | None
    status: Status


def verdicts(
    check: Check, after: Sequence[Run], before: Sequence[Run], sample_type: Mapping[str, str]
) -> list[Verdict]:
    """Judge every limit of a check.

    Args:
        check: The check.
        after: The profiles that are checked, at least one.
        before: Those they are compared with.
        sample_type: Type and unit of the values.

    Raises:
        InvalidArgumentError: A limit can not be read, or is an increase and there is nothing to compare with.
    """
    values, errors = [run.value(check) for run in after], [run.error(check) for run in after]
    mean = statistics.mean_of(values, errors)
    found: list[Verdict] = []
    for bound, given in check.limits():
        is_pct = check.metric.endswith("_pct") or bound == "max_increase_pct"
        threshold = amount(given, sample_type["unit"], sample_type["type"], is_pct=is_pct)
        if bound in ("max", "min"):
            status = judge(bound, threshold, mean)
            found.append(Verdict(check, bound, threshold, mean, mean.value, None, None, status))
        else:
            found.append(_increase(check, bound, threshold, (values, errors), before))
    return found


def _increase(
    check: Check,
    bound: Bound,
    threshold: float,
    after: tuple[list[float], list[float | None]],
    before: Sequence[Run],
) -> Verdict:
    if not before:
        raise InvalidArgumentError(
            f"{bound} of {check.function[:100]!r} needs something to compare with",
            hint="Give base, or baseline with runs that were recorded; or set max instead.",
            details={"argument": "checks"},
        )
    values, errors = after
    base_values, base_errors = [run.value(check) for run in before], [run.error(check) for run in before]
    base = fmean(base_values)
    value = fmean(values)
    effect = statistics.effect_size(base_values, values)
    if bound == "max_increase":
        measured = statistics.difference(base_values, values, base_errors, errors)
        status = judge(bound, threshold, measured)
        return Verdict(check, bound, threshold, measured, value, base, effect, status)
    # What exceeds the base and its allowance: judged as a difference, so that the error of the base counts.
    factor = 1 + threshold / 100
    allowed = [factor * one for one in base_values]
    allowed_errors = [None if one is None else factor * one for one in base_errors]
    excess = statistics.difference(allowed, values, allowed_errors, errors)
    status = judge("max_increase", 0.0, excess)

    def relative(end: float | None) -> float | None:
        return None if end is None else round(100 * end / base + threshold, 4)

    measured = None
    if base:
        measured = Interval(
            round(100 * (value - base) / base, 4),
            relative(excess.low),
            relative(excess.high),
            excess.method,
        )
    return Verdict(check, bound, threshold, measured, value, base, effect, status)

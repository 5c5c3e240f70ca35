"""Names series of stored runs, and compares a profile with what its series used to be."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated, cast

from pydantic import Field
from typing_extensions import TypedDict

from pprof_mcp import _native
from pprof_mcp.checking import Run, counted_period
from pprof_mcp.checks import Check
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.filters import FILTER_NAMES
from pprof_mcp.insight.deviations import (
    LEAST_POINTS,
    LEAST_RUNS,
    LEAST_TOTAL_PCT,
    Stats,
    deviates,
    severity_of,
    stats_of,
)
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows, ask
from pprof_mcp.results.baseline import BaselineComparison, Deviation
from pprof_mcp.session.baselines import Baselines, Node, Series, StoredRun

MOST_NODES = 100_000
"""Nodes of a run that are kept, the heaviest first (chosen: far above what programs have)."""

MOST_DEVIATIONS = 10
"""Deviations that an answer lists (chosen: it stays short, and the largest come first)."""


class BaselineName(TypedDict, total=False):
    """Which stored runs are meant."""

    baseline: Annotated[str, Field(default="", max_length=200, description="Name of the stored series.")]
    service: Annotated[str, Field(default="", max_length=200, description="Names it by service and env.")]
    env: Annotated[str, Field(default="", max_length=200, description="See service.")]


NAMES = tuple(BaselineName.__annotations__)


def name_of(given: Mapping[str, object]) -> str:
    """Give the name of a series: its own, else `service:env`, else `default`."""
    if given.get("baseline"):
        return str(given["baseline"])
    parts = [str(given[part]) for part in ("service", "env") if given.get(part)]
    return ":".join(parts) or "default"


@dataclass(frozen=True)
class Measured:
    """A profile as a run.

    Attributes:
        series: Where it belongs.
        run: What is stored of it.
        nodes: Flat and cum of all nodes.
        period: Value of one counted sample; 0 where values are not estimated from a count.
    """

    series: Series
    run: StoredRun
    nodes: list[Node]
    period: float


def series_of(
    profile: Profile, filters: Mapping[str, object], name: str, sample_type: Mapping[str, str]
) -> Series:
    """Give the series that a profile belongs to.

    Args:
        profile: The profile.
        filters: The shared options; others are left out.
        name: Name of the series.
        sample_type: Type and unit of the values.
    """
    set_filters = {
        key: str(value)
        for key, value in filters.items()
        if key in FILTER_NAMES and value and key not in ("sample_index", "granularity")
    }
    return Series(
        name=name,
        kind=profile.kind,
        sample_type=sample_type["type"],
        unit=sample_type["unit"],
        granularity=str(filters.get("granularity") or "functions"),
        filters=tuple(sorted(set_filters.items())),
    )


def measured(profile: Profile, filters: Mapping[str, object], name: str) -> Measured:
    """Make a run of a profile.

    Args:
        profile: The profile.
        filters: The shared options; others are left out.
        name: Name of the series.

    Raises:
        PprofMcpError: As the core says.
    """
    found = ask(_native.top, profile, filters, nodefraction=0.0, limit=MOST_NODES)
    series = series_of(profile, filters, name, found["sample_type"])
    sums: dict[str, tuple[int, int]] = {}
    for row in cast("list[Rows]", found["rows"]):
        flat, cum = sums.get(row["name"], (0, 0))
        sums[row["name"]] = (flat + row["flat"], cum + row["cum"])
    meta = profile.shared.meta
    run = StoredRun(
        id=0,
        digest=profile.shared.digest,
        taken_at=meta["time_nanos"] or time.time_ns(),
        status="learned",
        reason="",
        total=found["total"],
        duration_nanos=meta["duration_nanos"],
    )
    nodes = [(name, flat, cum) for name, (flat, cum) in sums.items()]
    return Measured(series, run, nodes, counted_period(profile, series.unit))


def compare(store: Baselines, current: Measured) -> BaselineComparison:
    """Compare a run with the others of its series; nothing is stored.

    Args:
        store: The stored runs.
        current: The run; if it is stored too, it is not compared with itself.

    Raises:
        BaselineError: The stored runs can not be used.
    """
    runs = store.window(current.series, without=current.run.digest)
    held = sum(run.status == "held" for run in store.runs(current.series))
    warnings: list[str] = []
    found: list[Deviation] = []
    if len(runs) < LEAST_RUNS:
        warnings.append(
            f"{len(runs)} of {LEAST_RUNS} runs that are needed are recorded, so nothing can be judged; "
            "record more with pprof.baseline"
        )
    else:
        found = [*_total(runs, current), *_nodes(store, runs, current)]
    if held:
        warnings.append(f"{held} runs are held back and not counted; pprof.baseline shows and accepts them")
    return BaselineComparison(
        key=current.series.key,
        profile_kind=current.series.kind,
        sample_index=current.series.sample_type,
        baseline_samples=len(runs),
        first_run=date_text(min((run.taken_at for run in runs), default=0)),
        last_run=date_text(max((run.taken_at for run in runs), default=0)),
        deviations=found[:MOST_DEVIATIONS],
        deviations_left_out=max(0, len(found) - MOST_DEVIATIONS),
        warnings=warnings,
    )


def period_of(runs: list[StoredRun]) -> str:
    """Say how many runs there are, and over which time."""
    span = (max(run.taken_at for run in runs) - min(run.taken_at for run in runs)) / 1e9
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if span >= size:
            count = round(span / size)
            return f"{len(runs)} runs over {count} {unit}{'s' if count != 1 else ''}"
    return f"{len(runs)} runs"


def totals(series: Series, runs: list[StoredRun]) -> tuple[list[float], str]:
    """Give the totals of runs as they compare, and what follows their unit.

    Totals of a span are divided by it where all runs say theirs; what is there at an instant is not.
    """
    is_snapshot = series.sample_type.startswith("inuse") or series.kind in ("goroutine", "threadcreate")
    if is_snapshot or not all(run.duration_nanos for run in runs):
        return [float(run.total) for run in runs], ""
    return [run.total / (run.duration_nanos / 1e9) for run in runs], "/s"


def _total(runs: list[StoredRun], current: Measured) -> list[Deviation]:
    values, suffix = totals(current.series, [current.run, *runs])
    value, stats = values[0], stats_of(values[1:])
    scale = value / current.run.total if current.run.total else 0.0
    error = math.sqrt(abs(current.run.total) * current.period) * scale
    if not deviates(value, stats, least=abs(stats.mean) * LEAST_TOTAL_PCT / 100, error=error):
        return []
    pct = 100 * (value - stats.mean) / stats.mean if stats.mean else 100.0

    def text(amount: float) -> str:
        return _native.unit_text(amount, current.series.unit) + suffix

    told = (
        f"{current.series.sample_type} {abs(pct):.0f} % {_side(pct)} the mean of {period_of(runs)} "
        f"({text(value)}, mean {text(stats.mean)}, range {text(stats.minimum)} to {text(stats.maximum)})"
    )
    return [_deviation("", "total", value, stats, points=pct, text=told)]


def _nodes(store: Baselines, runs: list[StoredRun], current: Measured) -> list[Deviation]:
    known = store.nodes(runs)
    now = {name: (flat, cum) for name, flat, cum in current.nodes}
    found: list[Deviation] = []
    for name in now.keys() | known.keys():
        for at, metric in enumerate(("flat_pct", "cum_pct")):
            value = _share(now.get(name, (0, 0))[at], current.run.total)
            before = [_share(known.get(name, {}).get(run.id, (0, 0))[at], run.total) for run in runs]
            if max(abs(value), *map(abs, before)) < LEAST_POINTS:
                continue
            stats = stats_of(before)
            if deviates(value, stats, least=LEAST_POINTS, error=_error(value, current)):
                found.append(_share_deviation(name, metric, value, stats, runs))
    return sorted(found, key=lambda one: (-abs(one.delta), one.function, one.metric))


def _share_deviation(name: str, metric: str, value: float, stats: Stats, runs: list[StoredRun]) -> Deviation:
    delta = value - stats.mean
    told = (
        f"{name[:100]} {metric} {abs(delta):.1f} points {_side(delta)} the mean of {period_of(runs)} "
        f"({value:.1f} %, mean {stats.mean:.1f} %, range {stats.minimum:.1f} to {stats.maximum:.1f} %)"
    )
    return _deviation(name, metric, value, stats, points=delta, text=told)


def _deviation(name: str, metric: str, value: float, stats: Stats, *, points: float, text: str) -> Deviation:
    return Deviation(
        function=name[:200],
        metric=metric,
        current=round(value, 4),
        baseline=round(stats.mean, 4),
        delta=round(value - stats.mean, 4),
        severity=severity_of(points),
        spread=round(stats.spread, 4),
        minimum=round(stats.minimum, 4),
        maximum=round(stats.maximum, 4),
        text=text,
    )


def _side(delta: float) -> str:
    return "above" if delta > 0 else "below"


def _share(value: int, total: int) -> float:
    return 100 * value / total if total else 0.0


def _error(value: float, current: Measured) -> float:
    if not current.period or not current.run.total:
        return 0.0
    share = min(1.0, abs(value) / 100)
    return 100 * math.sqrt(share * (1 - share) / max(1.0, abs(current.run.total) / current.period))


def date_text(nanos: int) -> str | None:
    """Write a time in UTC; None for none."""
    if not nanos:
        return None
    return datetime.fromtimestamp(nanos // 10**9, tz=timezone.utc).isoformat().replace("+00:00", "Z")


def stored_sides(store: Baselines, series: Series, checks: Sequence[Check], without: str) -> list[Run]:
    """Give stored runs as a side of checks.

    Args:
        store: The stored runs.
        series: Which of them.
        checks: What is measured.
        without: Digest of a run that is not to be compared with itself.

    Raises:
        InvalidArgumentError: The cum of several functions together is asked for; functions are stored one by
            one, so that what passes several of them is not known.
        PprofMcpError: A pattern does not compile, or the stored runs can not be used.
    """
    runs = store.window(series, without=without)
    nodes = store.nodes(runs)
    names = sorted(nodes)
    patterns: list[dict[str, Rows]] = [{} for _ in runs]
    for check in checks:
        verdicts = _native.match_names(check.function, names)
        matching = [name for name, matches in zip(names, verdicts, strict=True) if matches]
        if len(matching) > 1 and check.metric.startswith("cum") and check.combine == "sum":
            raise InvalidArgumentError(
                f"{check.function[:100]!r} matches {len(matching)} stored functions, whose cum together is "
                f"not known: {', '.join(name[:60] for name in matching[:3])} ...",
                hint="Name one function (^name$), or take combine=largest, flat, or base instead.",
                details={"argument": "checks"},
            )
        for run, found in zip(runs, patterns, strict=True):
            values = [nodes[name].get(run.id, (0, 0)) for name in matching]
            flats, cums = [value[0] for value in values], [value[1] for value in values]
            found[check.function] = {
                "flat": sum(flats),
                "cum": sum(cums),
                "largest_flat": max(flats, default=0),
                "largest_cum": max(cums, default=0),
                "function_count": len(matching),
            }
    return [
        Run(f"run {run.id} of {series.key}", run.total, run.duration_nanos / 1e9, 0.0, found)
        for run, found in zip(runs, patterns, strict=True)
    ]

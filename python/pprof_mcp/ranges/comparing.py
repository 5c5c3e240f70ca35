"""Two sides of several profiles each: what differs per second, and how well that is known."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pprof_mcp import _native
from pprof_mcp.checking import COUNTED
from pprof_mcp.comparing import Sides
from pprof_mcp.filters import spec
from pprof_mcp.insight.statistics import Interval, difference
from pprof_mcp.profile import Profile, Shared
from pprof_mcp.reports import Rows, exactly, place
from pprof_mcp.results.ranges import RangeDelta, RangeTotal

if TYPE_CHECKING:
    from pprof_mcp.ranges.looking import Looked
    from pprof_mcp.ranges.merging import Merged
    from pprof_mcp.ranges.range import Range
    from pprof_mcp.results.comparison import Normalize
    from pprof_mcp.session.session import Session

NAME_LENGTH: Final = 200
"""Characters of a name that are shown. Source: chosen; an answer of the usual size holds ten rows of them."""


@dataclass(frozen=True)
class Part:
    """Profiles of one side.

    Attributes:
        asked: The range they are of.
        looked: The profiles.
        merged: All of them as one: snapshots are the mean, which does not depend on how many there are.
    """

    asked: Range
    looked: tuple[Looked, ...]
    merged: Merged

    @staticmethod
    def of(asked: Range, looked: Sequence[Looked] | None = None) -> Part:
        """Merge a range, or some of its profiles.

        Raises:
            PprofMcpError: As `Merger.merge`.
        """
        merged = asked.part(asked.looked if looked is None else looked)
        return Part(asked, merged.looked, merged)


@dataclass(frozen=True)
class Compared:
    """What differs.

    Attributes:
        found: The answer of the core.
        rows: Functions that differ, the largest difference first.
        total: The totals.
        normalize: How the two sides were made comparable.
        names: Function names of the rows, whole; empty where one has none.
        warnings: What limits it.
    """

    found: Rows
    rows: list[RangeDelta]
    total: RangeTotal
    normalize: Normalize
    names: list[str]
    warnings: list[str]


@dataclass
class _Values:
    """What each profile of a side says: rates, or counts of a moment; and the errors that counting leaves."""

    totals: list[float] = field(default_factory=list[float])
    errors: list[float | None] = field(default_factory=list["float | None"])
    rows: list[list[tuple[float, float | None]]] = field(
        default_factory=list["list[tuple[float, float | None]]"]
    )


def compare(
    session: Session,
    before: Part,
    after: Part,
    *,
    sample_index: str = "",
    cum: bool = False,
    limit: int = 10,
    with_intervals: bool = True,
) -> Compared:
    """Compare two sides function by function, per second where values are of a time.

    Args:
        session: Whose limits hold.
        before: The base.
        after: What is compared with it.
        sample_index: Sample type; the main one of the kind when empty.
        cum: Sort by the change of cum instead of flat.
        limit: Rows at most.
        with_intervals: Ask every profile by itself, for the intervals.

    Raises:
        PprofMcpError: As the core says; a profile can not be read any more.
    """
    name = _sample_type(after, sample_index or before.asked.sample_type)
    is_snapshot = any(one.type == name and one.is_snapshot for one in after.merged.combined)
    normalize, warnings = _normalize(before, after, is_snapshot=is_snapshot)
    profiles = [Profile(Shared(one.merged.native, session.new_key()), session) for one in (before, after)]
    sides = Sides(profiles[0], profiles[1], {"sample_index": name}, normalize, "rows")
    found = sides.ask(_native.diff_top, cum=cum, offset=0, limit=limit)
    names = [str(row["function"] or "") for row in found["rows"]]
    intervals: list[Interval | None] = [None] * (len(names) + 1)
    if with_intervals and normalize != "total":
        values = [_values(one, name, names, cum=cum, per_second=not is_snapshot) for one in (before, after)]
        intervals = _intervals(values[0], values[1], len(names))
    total = _total(found, intervals[0])
    rows = [
        _row(row, interval, found["unit"], normalize)
        for row, interval in zip(found["rows"], intervals[1:], strict=True)
    ]
    return Compared(found, rows, total, normalize, names, [*found["warnings"], *warnings])


def unequal(before: Part, after: Part) -> list[str]:
    """Say where the sides are of different hosts, versions or runtimes."""
    told: list[str] = []
    for what, names in (
        ("hosts", [{one.candidate.host for one in part.looked} for part in (before, after)]),
        ("versions", [{one.candidate.version for one in part.looked} for part in (before, after)]),
        ("runtimes", [{one.candidate.runtime for one in part.looked} for part in (before, after)]),
    ):
        if names[0] != names[1]:
            sides = [_listed(one) for one in names]
            told.append(f"the sides are of different {what}: {sides[0]} before, {sides[1]} after")
    return told


def _listed(names: set[str]) -> str:
    known = sorted(name[:60] for name in names if name)
    more = f" and {len(known) - 2} more" if len(known) > 2 else ""
    return ", ".join(known[:2]) + more or "none said"


def _sample_type(after: Part, asked: str) -> str:
    """Give the name of a sample type; the profile's own choice when none is asked for.

    Raises:
        UnknownSampleTypeError: There is no such type.
    """
    native = after.merged.native
    types: list[dict[str, Any]] = json.loads(native.meta())["sample_types"]
    return str(types[native.sample_index(asked)]["type"])


def _normalize(before: Part, after: Part, *, is_snapshot: bool) -> tuple[Normalize, list[str]]:
    if is_snapshot:
        return "none", []
    if before.merged.duration_nanos and after.merged.duration_nanos:
        return "per_second", []
    told = "a side does not say how long it covers: shares were compared, by scaling before to after's total"
    return "total", [told]


def _values(part: Part, sample_type: str, names: Sequence[str], *, cum: bool, per_second: bool) -> _Values:
    """Ask every profile of a side, one after the other, about the total and some functions."""
    patterns = [exactly(name) if name else "^$" for name in names]
    options = spec({"sample_index": sample_type}, patterns=patterns, limit=0)
    column = "cum" if cum else "flat"
    values = _Values()
    for looked, native in part.asked.each(part.looked):
        seconds = looked.seconds if per_second else 1.0
        if not seconds:
            continue
        found = json.loads(_native.matching(native, options))
        period = _period(native, part.asked.kind, found["unit"])

        def told(
            value: float, seconds: float = seconds, period: float = period
        ) -> tuple[float, float | None]:
            # Counts of independent samples vary as a Poisson distribution.
            return value / seconds, math.sqrt(abs(value) * period) / seconds if period else None

        total, error = told(float(found["total"]))
        values.totals.append(total)
        values.errors.append(error)
        values.rows.append([told(float(one[column])) for one in found["patterns"]])
    return values


def _period(native: _native.Profile, kind: str, unit: str) -> float:
    """Give the value of one counted sample; 0 where values are not estimated from a count."""
    meta = json.loads(native.meta())
    period_type = meta["period_type"]
    if kind not in COUNTED or period_type is None or period_type["unit"] != unit:
        return 0.0
    return float(max(0, meta["period"]))


def _intervals(before: _Values, after: _Values, rows: int) -> list[Interval | None]:
    """Give the interval of the total, then those of the rows."""
    if not before.totals or not after.totals:
        return [None] * (rows + 1)
    found: list[Interval | None] = [difference(before.totals, after.totals, before.errors, after.errors)]
    for at in range(rows):
        sides = [[one[at] for one in side.rows] for side in (before, after)]
        found.append(
            difference(
                [value for value, _ in sides[0]],
                [value for value, _ in sides[1]],
                [error for _, error in sides[0]],
                [error for _, error in sides[1]],
            )
        )
    return found


def _total(found: Rows, interval: Interval | None) -> RangeTotal:
    before, delta = float(found["base_total"]), float(found["delta_total"])
    low, high = _ends(interval)
    return RangeTotal(
        before=before,
        after=found["total"],
        delta=delta,
        delta_pct=round(100 * delta / before, 2) if before else None,
        before_text=found["base_total_text"],
        after_text=found["total_text"],
        delta_text=found["delta_total_text"],
        low=low,
        high=high,
        is_distinct=_is_distinct(interval),
        method=interval.method if interval else None,
    )


def _row(row: Rows, interval: Interval | None, unit: str, normalize: Normalize) -> RangeDelta:
    low, high = _ends(interval)
    per = "/s" if normalize == "per_second" else ""
    text = None
    if low is not None and high is not None:
        text = " to ".join(
            f"{'+' if end > 0 else ''}{_native.unit_text(end, unit)}{per}" for end in (low, high)
        )
    name, where = str(row["name"]), place(row)
    return RangeDelta(
        name=name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 3] + "...",
        location=where[-NAME_LENGTH:] if where else None,
        status=row["status"],
        before_flat=row["base_flat"],
        after_flat=row["flat"],
        delta_flat=row["delta_flat"],
        delta_flat_pct=row["delta_flat_pct"],
        ratio_flat=row["ratio_flat"],
        before_cum=row["base_cum"],
        after_cum=row["cum"],
        delta_cum=row["delta_cum"],
        delta_flat_text=row["delta_flat_text"],
        delta_cum_text=row["delta_cum_text"],
        low=low,
        high=high,
        interval_text=text,
        is_distinct=_is_distinct(interval),
    )


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    if interval is None or interval.low is None or interval.high is None:
        return None, None
    return round(interval.low, 3), round(interval.high, 3)


def _is_distinct(interval: Interval | None) -> bool | None:
    if interval is None or interval.low is None or interval.high is None:
        return None
    return interval.low > 0 or interval.high < 0

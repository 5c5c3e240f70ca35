"""The points of a range as an answer: verdict, summary, rows, picture, calls worth making."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError, PprofMcpError
from pprof_mcp.insight.series import LEAST_CHANGE, Finding, Reason, judge
from pprof_mcp.insight.sparkline import sparkline
from pprof_mcp.insight.statistics import robust_spread
from pprof_mcp.ranges.measuring import Point
from pprof_mcp.results import LeftOut, NextCall, SampleType, next_call
from pprof_mcp.results.history import HistoryEntry, HistorySummary, Measure, Metric, Verdict, VersionRow
from pprof_mcp.results.paging import Page
from pprof_mcp.session.session import Session
from pprof_mcp.sources.times import text

MOST_VERSIONS: Final = 10
MOST_ODD: Final = 5
"""Rows at most; a warning says when there are more. Source: chosen."""
MOST_NAME: Final = 60
_WINDOW: Final = ("hours", "from", "to")
_NOTHING: Final[Mapping[Reason, str]] = {
    "chance": "no change that chance does not explain (p {p:.2g})",
    "waves": "no lasting change: it goes up and down by itself as much",
    "small": f"no change of {LEAST_CHANGE:.0%} or more",
}


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Attributes:
        function: The pattern.
        kind: Kind of profile.
        metric: What is judged.
        measure: In which form.
        given: The other arguments that say which profiles and samples, by name.
    """

    function: str
    kind: str
    metric: Metric
    measure: Measure
    given: Mapping[str, object]


class History:
    """The points of one answer.

    Args:
        session: Opens bundles for the calls that are suggested.
        points: By time.
        asked: What was asked for.
        warnings: What limits the answer; more is added.

    Raises:
        InvalidArgumentError: Something is asked for per second that has no duration.
    """

    def __init__(self, session: Session, points: Sequence[Point], asked: Asked, warnings: list[str]) -> None:
        self._session = session
        self._asked = asked
        self._function, self._kind = asked.function, asked.kind
        self._metric: Metric = asked.metric
        self._measure: Measure = asked.measure
        self._warnings = warnings
        self._points = list(points)
        if asked.measure == "per_second":
            self._points = [point for point in points if point.seconds is not None]
            if points and not self._points:
                raise InvalidArgumentError(
                    f"measure=per_second: {points[0].sample_type} has no duration here",
                    hint="Use measure=value or pct.",
                    details={"argument": "measure"},
                )
            self._left_out(len(points) - len(self._points), "say no duration")
        elif asked.measure == "pct":
            self._points = [point for point in points if point.total > 0]
            self._left_out(len(points) - len(self._points), "have no samples of this type")
        self._values = [self._value(point) for point in self._points]
        self._finding = judge([point.when.timestamp() for point in self._points], self._values)
        self._check_found()
        if not points:
            warnings.append("there is nothing to measure")
        self._check_hosts()

    def fields(self, page: Page) -> dict[str, Any]:
        """Give the parts of the answer by the names of `HistoryResult`.

        Args:
            page: Which of the profiles are listed.
        """
        points, odd = self._points, self._finding.odd
        shown = points[page.offset : page.offset + page.limit]
        versions = self._versions()
        if len(versions) > MOST_VERSIONS:
            self._warnings.append(f"the newest {MOST_VERSIONS} of {len(versions)} versions are listed")
        if len(odd) > MOST_ODD:
            self._warnings.append(f"{len(odd)} profiles stand out; {MOST_ODD} are listed")
        kind = (
            SampleType(type=points[0].sample_type, unit=points[0].unit, index=points[0].index)
            if points
            else None
        )
        return {
            "sample_type": kind,
            "verdict": self._verdict(),
            "sparkline": sparkline(self._values, self._changes()),
            "summary": self._summary(),
            "versions": versions[-MOST_VERSIONS:],
            "stands_out": [text(points[place].when) for place in odd[:MOST_ODD]],
            "entries": [self._entry(point) for point in shown],
            "left_out": LeftOut(rows=len(points) - len(shown)),
            "cursor": page.cursor(len(shown), len(points)),
            "next": self._next(),
            "warnings": self._warnings,
        }

    def draw(self, output_path: str, *, overwrite: bool) -> int:
        """Draw the series into a file.

        Returns:
            Its size; 0 when there is nothing to draw.

        Raises:
            SourceError: It can not be written there.
        """
        from pprof_mcp.render.series import Dot, Line, draw

        if not self._points:
            return 0
        found, points = self._finding, self._points
        times = [point.when.timestamp() for point in points]
        lines: list[Line] = []
        if found.kind == "step" and found.at is not None:
            middle = (times[found.at - 1] + times[found.at]) / 2
            lines = [
                Line(times[0], found.before, middle, found.before),
                Line(middle, found.after, times[-1], found.after),
            ]
        elif found.kind == "trend":
            lines = [Line(times[0], found.before, times[-1], found.after)]
        dots = [
            Dot(
                time,
                value,
                f"{text(point.when)} {point.candidate.version} {point.candidate.host}: {self._label(value)}",
                place in found.odd,
            )
            for place, (time, value, point) in enumerate(zip(times, self._values, points, strict=True))
        ]
        changes = [0, *self._changes()]
        svg = draw(
            dots,
            title=f"{self._function} in {self._asked.given['service']} {self._asked.given['env']}",
            subtitle=f"{self._metric} of {points[0].sample_type}; {self._verdict().text}",
            label=self._label,
            marks=[(times[place], points[place].candidate.version[:20]) for place in changes],
            lines=lines,
        )
        self._session.write(output_path, svg, overwrite=overwrite)
        return len(svg)

    def _left_out(self, count: int, why: str) -> None:
        if count:
            self._warnings.append(f"{count} profiles {why} and are left out")

    def _value(self, point: Point) -> float:
        if self._measure == "pct":
            return point.percent(self._metric)
        if self._measure == "per_second":
            return point.per_second(self._metric) or 0.0
        return float(point.value(self._metric))

    def _label(self, value: float) -> str:
        if self._measure == "pct":
            return f"{value:.4g} %"
        amount = _native.unit_text(value, self._points[0].unit)
        return f"{amount}/s" if self._measure == "per_second" else amount

    def _changes(self) -> list[int]:
        """Give the places from which on the version is another."""
        names = [point.candidate.version for point in self._points]
        return [place for place in range(1, len(names)) if names[place] != names[place - 1]]

    def _check_found(self) -> None:
        """Warn where the functions cost nothing anywhere."""
        if not self._points or any(point.is_found for point in self._points):
            return
        named = repr(self._function[:MOST_NAME])
        self._warnings.append(
            f"the functions that match {named} have no samples here"
            if any(point.functions for point in self._points)
            else f"no function matches {named} in {len(self._points)} profiles"
        )

    def _check_hosts(self) -> None:
        """Warn where the points before and after a step are of different machines."""
        at = self._finding.at
        if self._finding.kind != "step" or at is None:
            return
        hosts = [{point.candidate.host for point in part} for part in (self._points[:at], self._points[at:])]
        if not hosts[0] & hosts[1]:
            self._warnings.append("no host has profiles both before and after the step")

    def _verdict(self) -> Verdict:
        found, points = self._finding, self._points
        at = found.at if found.kind == "step" else None
        last, first = (points[at - 1], points[at]) if at is not None else (None, None)
        return Verdict(
            kind=found.kind,
            text=self._words(found, last, first),
            at=text(first.when) if first else None,
            last_before=text(last.when) if last else None,
            version_before=(last.candidate.version or None) if last else None,
            version_after=(first.candidate.version or None) if first else None,
            before=_rounded(found.before),
            after=_rounded(found.after),
            change=_rounded(found.change),
            low=None if found.low is None else _rounded(found.low),
            high=None if found.high is None else _rounded(found.high),
            effect_size=round(found.effect, 3),
            p_value=float(f"{found.p_value:.2g}"),
            method=found.method or None,
        )

    def _words(self, found: Finding, last: Point | None, first: Point | None) -> str:
        if found.kind == "too_few":
            return f"{len(self._points)} profiles are too few to tell a change from chance"
        if found.kind == "none":
            return _NOTHING[found.reason].format(p=found.p_value)
        size = f"{self._signed(found.change)} ({self._signed(found.low)} to {self._signed(found.high)})"
        levels = f"{self._label(found.before)} to {self._label(found.after)}"
        if last is None or first is None:
            return f"{'rises' if found.change > 0 else 'falls'} over the window from {levels}: {size}"
        versions = last.candidate.version, first.candidate.version
        with_it = f", with version {versions[1]} after {versions[0]}" if versions[0] != versions[1] else ""
        return f"step from {levels} by {text(first.when)}{with_it}: {size}"

    def _signed(self, value: float | None) -> str:
        if value is None:
            return "unknown"
        label = self._label(value).replace(" %", " points")
        return f"+{label}" if value > 0 else label

    def _summary(self) -> HistorySummary:
        flat = [point.percent("flat") for point in self._points] or [0.0]
        values = self._values or [0.0]
        return HistorySummary(
            total_profiles=len(self._points),
            found_in_profiles=sum(point.is_found for point in self._points),
            max_flat_percent=max(flat),
            min_flat_percent=min(flat),
            avg_flat_percent=round(statistics.fmean(flat), 4),
            min=_rounded(min(values)),
            median=_rounded(statistics.median(values)),
            max=_rounded(max(values)),
            spread=_rounded(robust_spread(values)),
        )

    def _versions(self) -> list[VersionRow]:
        by_version: dict[str, list[int]] = {}
        for place, point in enumerate(self._points):
            if point.candidate.version:
                by_version.setdefault(point.candidate.version, []).append(place)
        return [
            VersionRow(
                version=version,
                first=text(self._points[places[0]].when),
                last=text(self._points[places[-1]].when),
                profiles=len(places),
                median=_rounded(statistics.median(self._values[place] for place in places)),
            )
            for version, places in by_version.items()
        ]

    def _entry(self, point: Point) -> HistoryEntry:
        return HistoryEntry(
            timestamp=text(point.when),
            version=point.candidate.version or None,
            host=point.candidate.host or None,
            profile_id=point.candidate.profile_id,
            event_id=point.candidate.event_id,
            found=point.is_found,
            flat_percent=point.percent("flat"),
            cum_percent=point.percent("cum"),
            flat_value=_native.unit_text(point.flat, point.unit),
            cum_value=_native.unit_text(point.cum, point.unit),
            value=point.value(self._metric),
            per_second=point.per_second(self._metric),
        )

    def _next(self) -> list[NextCall]:
        if not self._points:
            return []
        at = self._finding.at if self._finding.kind == "step" else None
        index = self._points[0].sample_type
        if at is not None:
            before, after = (self._reference(self._points[place]) for place in (at - 1, at))
            if before is None or after is None:
                return [self._closer(at)]
            why = "What else changed with it."
            found = next_call("pprof.diff_top", why, before=before, after=after, sample_index=index)
            return [found, self._closer(at)]
        newest = self._points[-1]
        reference = self._reference(newest)
        if reference is None:
            return []
        if newest.is_found:
            why = "Who calls it, and what it calls, in the newest of these."
            return [next_call("pprof.peek", why, profile=reference, regex=self._function, sample_index=index)]
        why = "What costs most in the newest of these."
        return [next_call("pprof.top", why, profile=reference, sample_index=index)]

    def _closer(self, at: int) -> NextCall:
        """Suggest the same of the time around a step."""
        start = self._points[max(0, at - 2)].when
        end = self._points[min(len(self._points) - 1, at + 1)].when
        arguments: dict[str, Any] = {
            **{name: value for name, value in self._asked.given.items() if value and name not in _WINDOW},
            "function": self._function,
            "profile_type": self._kind,
            "metric": self._metric,
            "measure": self._measure,
            "from": text(start),
            "to": text(end + timedelta(seconds=1)),
        }
        return next_call("datadog.function_history", "When exactly: the time around the step.", **arguments)

    def _reference(self, point: Point) -> str | None:
        """Enter the profile, so that another call can name it; None when its download had to make room."""
        try:
            members = self._session.bundle(str(point.path)).members
        except PprofMcpError:
            return None
        found = next((member.handle for member in members if member.name == point.entry), None)
        return None if found is None else self._session.reference_of(found)


def _rounded(value: float) -> float:
    return round(value, 4)

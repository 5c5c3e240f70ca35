"""Series of metrics: by the queries that Datadog recommends, or else by its older API. Nulls stay nulls."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from pprof_mcp.errors import (
    BadAnswerError,
    CancelledError,
    ForbiddenError,
    InvalidArgumentError,
    NotConfiguredError,
    PprofMcpError,
    RateLimitedError,
    UnauthorizedError,
)
from pprof_mcp.sources.datadog.asking import fields, items
from pprof_mcp.sources.datadog.query import scope
from pprof_mcp.sources.net.together import together

if TYPE_CHECKING:
    from pprof_mcp.sources.datadog.metrics import Metrics
    from pprof_mcp.sources.times import Window

Aggregator = Literal["avg", "sum", "min", "max"]
SeriesBy = Literal["v2", "v1"]
_NAME = re.compile(r"[A-Za-z][\w.]{0,199}", re.ASCII)
"""Names of metrics. Source: Datadog's documents."""
_TAG_NAME = re.compile(r"[A-Za-z][\w./-]{0,199}", re.ASCII)
_MILLISECONDS: Final = 1e11
"""Times from which they are milliseconds: as seconds, it would be the year 5138."""


@dataclass(frozen=True)
class MetricSeries:
    """A metric of one group of tags.

    Attributes:
        name: The metric.
        tags: The group; empty when nothing was grouped.
        unit: Unit, as `byte` or `byte/second`; empty when the source says none.
        points: Seconds since 1970 and values, ascending; None where there is none.
    """

    name: str
    tags: Mapping[str, str]
    unit: str
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True)
class SeriesQuestion:
    """What is asked for.

    Attributes:
        names: Metrics.
        tags: Of what.
        window: When.
        interval_seconds: Time from point to point.
        aggregator: How points of several sources become one.
        by: Tag by which series are kept apart; none when empty.
        site: The site; the configured one when empty.
    """

    names: Sequence[str]
    tags: Mapping[str, str]
    window: Window
    interval_seconds: float
    aggregator: Aggregator
    by: str = ""
    site: str = ""

    def check(self) -> None:
        """Refuse what would be more than names.

        Raises:
            InvalidArgumentError: A name can be none of a metric or tag.
        """
        for name in self.names:
            if not _NAME.fullmatch(name):
                raise InvalidArgumentError(
                    f"metrics: {name[:80]!r} can be no metric",
                    hint="datadog.metrics.discover lists the names there are.",
                    details={"argument": "metrics"},
                )
        if self.by and not _TAG_NAME.fullmatch(self.by):
            raise InvalidArgumentError(f"by: {self.by[:80]!r} can be no tag", details={"argument": "by"})

    def query(self, name: str) -> str:
        """Write the query of one metric."""
        grouped = f" by {{{self.by}}}" if self.by else ""
        return f"{self.aggregator}:{name}{{{scope(self.tags)}}}{grouped}"


def ask(
    metrics: Metrics, question: SeriesQuestion, warnings: list[str]
) -> tuple[list[MetricSeries], SeriesBy]:
    """Ask for series.

    Args:
        metrics: The source.
        question: What to ask for.
        warnings: Gets why the older API was asked, and what it refused.

    Returns:
        Series by name and tags, and which API gave them. Metrics without any are not among them.

    Raises:
        InvalidArgumentError: As `SeriesQuestion.check`.
        PprofMcpError: Neither API gives any.
    """
    question.check()
    try:
        return _ordered(_newer(metrics, question)), "v2"
    except (CancelledError, NotConfiguredError, UnauthorizedError, ForbiddenError, RateLimitedError):
        # The older API would say the same.
        raise
    except PprofMcpError as problem:
        warnings.append(f"the older API was asked, because {problem.message[:300]}")
    jobs = [
        partial(metrics.series, question.query(name), question.window, site=question.site)
        for name in question.names
    ]
    answers = together(jobs)
    problems = [answer for answer in answers if isinstance(answer, PprofMcpError)]
    if problems and len(problems) == len(jobs):
        raise problems[0]
    if problems:
        warnings.append(f"{len(problems)} of {len(jobs)} metrics were refused: {problems[0].message[:300]}")
    found: list[MetricSeries] = []
    for name, answer in zip(question.names, answers, strict=True):
        if not isinstance(answer, PprofMcpError):
            found += _older(name, answer)
    return _ordered(found), "v1"


def _newer(metrics: Metrics, question: SeriesQuestion) -> list[MetricSeries]:
    """Ask for all metrics at once; times are milliseconds."""
    labels = [f"q{place}" for place in range(len(question.names))]
    queries = [
        {"name": label, "data_source": "metrics", "query": question.query(name)}
        for label, name in zip(labels, question.names, strict=True)
    ]
    answer = metrics.timeseries(
        queries, labels, question.window, interval_seconds=question.interval_seconds, site=question.site
    )
    times = [_seconds(time) for time in items(answer.get("times"))]
    rows = items(answer.get("values"))
    found: list[MetricSeries] = []
    for place, one in enumerate(items(answer.get("series"))):
        told = fields(one)
        index = told.get("query_index", place)
        if not isinstance(index, int) or not 0 <= index < len(question.names) or place >= len(rows):
            raise BadAnswerError("a query of measures was answered with series that were not asked for")
        values = [_number(value) for value in items(rows[place])]
        points = sorted(
            ((time, value) for time, value in zip(times, values, strict=False) if time is not None),
            key=lambda point: point[0],
        )
        found.append(
            MetricSeries(
                question.names[index], _tags(told.get("group_tags")), _unit(told.get("unit")), tuple(points)
            )
        )
    return found


def _older(name: str, answer: Any) -> list[MetricSeries]:
    """Read series of the older API: asked in seconds, answered in milliseconds."""
    found: list[MetricSeries] = []
    for one in items(fields(answer).get("series")):
        told = fields(one)
        points: list[tuple[float, float | None]] = []
        for pair in items(told.get("pointlist")):
            both = items(pair)
            time = _seconds(both[0]) if both else None
            if time is not None:
                points.append((time, _number(both[1]) if len(both) > 1 else None))
        points.sort(key=lambda point: point[0])
        found.append(MetricSeries(name, _tags(told.get("tag_set")), _unit(told.get("unit")), tuple(points)))
    return found


def _ordered(found: list[MetricSeries]) -> list[MetricSeries]:
    return sorted(found, key=lambda one: (one.name, sorted(one.tags.items())))


def _tags(value: Any) -> dict[str, str]:
    parts = (tag.partition(":") for tag in items(value) if isinstance(tag, str))
    return {name: rest for name, _, rest in parts if name}


def _unit(value: Any) -> str:
    """Read a pair of units, of which the second is what the first is per; either may be null."""
    pair = items(value) or [value]
    names = [str(fields(one).get("name") or "") for one in pair]
    return "/".join(name for name in names[:2] if name)


def _seconds(value: Any) -> float | None:
    number = _number(value)
    if number is None or number <= 0:
        return None
    return number / 1_000 if number >= _MILLISECONDS else number


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None

"""datadog.metrics_at_timestamp: what metrics of a service said around a time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from pprof_mcp.captures import Environment, ServiceName
from pprof_mcp.errors import CancelledError, InvalidArgumentError, NotConfiguredError, PprofMcpError
from pprof_mcp.insight import metrics as told
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import LeftOut, Result, Row, next_call, page_of
from pprof_mcp.session.session import Session
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.names import names_of
from pprof_mcp.sources.datadog.query import tags_of
from pprof_mcp.sources.datadog.series import Aggregator, MetricSeries, SeriesBy, SeriesQuestion, ask
from pprof_mcp.sources.times import Window

MOST_METRICS = 40
"""Metrics of one question. Source: chosen."""
INSTEAD = 10
"""Metrics asked for where none is known to describe a process. Source: chosen."""
MOST_POINTS = 60
"""Points of one series. Source: chosen; of five minutes on either side, as many as tracers send."""
FINEST_SECONDS = 10
"""Source: how often tracers send their metrics."""
LONGEST_SECONDS = 7 * 86_400.0
LOOKED_BACK = 24.0
"""Hours before the time in which a metric was sent that is asked for. Source: chosen."""


class MetricPoint(Row):
    """A point."""

    columns = ("timestamp", "value")

    timestamp: str = Field(description="When.")
    value: float | None = Field(description="Its value; null where there is none.")


class MetricValues(Row):
    """A metric around the time."""

    columns = ("name", "nearest_value", "unit", "avg_value", "min_value", "max_value", "last_value")
    spare = ("last_value",)
    beneath = ("points",)

    name: str = Field(description="The metric.")
    tags: dict[str, str] = Field(description="Its group, with `by`.")
    unit: str | None = Field(description="Unit; null when neither the source nor the name says it.")
    nearest_at: str | None = Field(description="Time of the nearest point that has a value; null without.")
    nearest_value: float | None = Field(description="Its value.")
    avg_value: float | None = Field(description="Mean over the window; null without values.")
    min_value: float | None = Field(description="Least.")
    max_value: float | None = Field(description="Most.")
    last_value: float | None = Field(description="Last.")
    values: int = Field(description="Points with a value in the window.")
    nulls: int = Field(description="Points without one.")
    points: list[MetricPoint] = Field(description="Points nearest to the time, in order.")


class MetricsResult(Result):
    """Metrics around a time."""

    service: str = Field(description="Service.")
    env: str = Field(description="Environment; empty for any.")
    dd_site: str = Field(description="Site of Datadog.")
    pod_name: str | None = Field(description="Pod; null for any.")
    center_time: str = Field(description="The time.")
    from_time: str = Field(description="Start of the window.")
    to_time: str = Field(description="Its end.")
    interval_seconds: float = Field(description="Time from point to point that was asked for.")
    aggregator: Aggregator = Field(description="How points of several sources became one.")
    found_by: SeriesBy = Field(description="v2: the query of measures; v1: the older API.")
    metrics: list[MetricValues] = Field(description="The metrics.")
    absent: list[str] = Field(description="Metrics asked for that have no series here.")
    summary: dict[str, float] = Field(
        description="Nearest values under short names: go_goroutines, go_heap_inuse_bytes ..."
    )
    left_out: LeftOut = Field(description="Series before and behind these.")
    cursor: str | None = Field(description="Pass it as `cursor` for more; null at the end.")


@tool(
    "datadog.metrics_at_timestamp",
    title="Metrics around a time",
    since="0.1",
    toolset="datadog",
    example={"service": "checkout", "env": "prod", "timestamp": "2026-01-31T12:00:00Z"},
    effects=Effects(open_world=True),
)
def metrics_at_timestamp(
    service: ServiceName,
    *,
    env: Environment = "",
    timestamp: Annotated[str, Field(max_length=60, description="RFC 3339, -2h or epoch; default now.")] = "",
    window: Annotated[str, Field(max_length=40, description="On either side: 5m, 1h.")] = "5m",
    metrics: Annotated[
        list[str],
        Field(max_length=MOST_METRICS, description="Names; default those of its runtime and container."),
    ] = [],  # noqa: B006 - never changed
    pod_name: Annotated[str, Field(max_length=200, description="Pod; default all.")] = "",
    aggregator: Annotated[Aggregator, Field(description="Of several hosts or pods.")] = "avg",
    by: Annotated[str, Field(max_length=200, description="Tag to split by, such as host.")] = "",
    points: Annotated[int, Field(ge=0, le=60, description="Points shown of each metric.")] = 5,
    site: Annotated[str, Field(max_length=100, description="Datadog site; default DD_SITE.")] = "",
    limit: Annotated[int, Field(ge=1, le=200, description="Series at most.")] = 10,
    cursor: Annotated[str, Field(max_length=12, description="`cursor` of the last answer.")] = "",
    session: Session = INJECTED,
) -> MetricsResult:
    """Give values of a service's metrics around a time: memory, goroutines, collections, CPU.

    Use it for what a profile can not tell, such as RSS. datadog.metrics.discover lists the names there are.
    """
    remote = session.remote
    page = page_of(cursor, limit)
    center = times.moment(timestamp, remote.now, "timestamp") if timestamp.strip() else remote.now
    around = _around(center, window, remote.now)
    tags = tags_of(service=service, env=env, pod_name=pod_name)
    warnings: list[str] = []
    names = list(dict.fromkeys(name.strip() for name in metrics)) or _usual(
        session, tags, around, site, warnings
    )
    interval = float(max(FINEST_SECONDS, math.ceil(around.seconds / MOST_POINTS)))
    question = SeriesQuestion(names, tags, around, interval, aggregator, by.strip(), site)
    found, found_by = ask(remote.metrics, question, warnings) if names else ([], "v2")
    there = {one.name for one in found}
    if not found:
        warnings.append("there are no series: datadog.metrics.discover lists what the service sends")
    rows = [_row(one, center.timestamp(), points) for one in found]
    shown = rows[page.offset : page.offset + page.limit]
    where = {"service": service, "env": env} if env else {"service": service}
    return MetricsResult(
        warnings=warnings,
        next=[
            next_call(
                "datadog.profiles.pick",
                "The profile nearest to the time.",
                **where,
                strategy="closest_to_ts",
                target_ts=times.text(center),
            )
        ]
        if found
        else [next_call("datadog.metrics.discover", "Which metrics it sends.", **where)],
        service=service,
        env=env,
        dd_site=remote.profiles.asker.hosts(site).site,
        pod_name=pod_name or None,
        center_time=times.text(center),
        from_time=times.text(around.start),
        to_time=times.text(around.end),
        interval_seconds=interval,
        aggregator=aggregator,
        found_by=found_by,
        metrics=shown,
        absent=[name for name in names if name not in there] if metrics else [],
        summary={} if by.strip() else _summary(rows),
        left_out=LeftOut(rows=len(rows) - len(shown)),
        cursor=page.cursor(len(shown), len(rows)),
    )


def _around(center: datetime, window: str, now: datetime) -> Window:
    seconds = times.duration(window, "window")
    if seconds > LONGEST_SECONDS:
        raise InvalidArgumentError(
            f"window: {window} is longer than {LONGEST_SECONDS / 86_400:g} days",
            hint="Write it like 5m or 6h.",
            details={"argument": "window"},
        )
    if center > now:
        raise InvalidArgumentError(
            f"timestamp: {times.text(center)} is not yet",
            hint=f"It is {times.text(now)} now.",
            details={"argument": "timestamp"},
        )
    side = timedelta(seconds=seconds)
    return Window(center - side, min(center + side, now))


def _usual(
    session: Session, tags: dict[str, str], around: Window, site: str, warnings: list[str]
) -> list[str]:
    """Choose the metrics that describe the process, of those that there are."""
    remote = session.remote
    hours = (remote.now - around.start).total_seconds() / 3_600 + LOOKED_BACK
    try:
        there, _ = names_of(remote, tags, hours, warnings, site)
    except (CancelledError, NotConfiguredError):
        raise
    except PprofMcpError as problem:
        warnings.append(
            f"metrics of all runtimes are asked for, since those there are can not be listed: "
            f"{problem.message[:300]}"
        )
        return told.asked()[:MOST_METRICS]
    usual = [name for name in told.asked() if name in there]
    if usual or not there:
        return usual[:MOST_METRICS]
    warnings.append("none of its metrics is known to describe a process: the first ones are shown")
    return told.in_order(there)[:INSTEAD]


def _row(one: MetricSeries, center: float, points: int) -> MetricValues:
    present = [(time, value) for time, value in one.points if value is not None]
    values = [value for _, value in present]
    nearest = min(present, key=lambda point: (abs(point[0] - center), point[0]), default=None)
    known = told.known().get(one.name)
    shown = sorted(sorted(one.points, key=lambda point: (abs(point[0] - center), point[0]))[:points])
    return MetricValues(
        name=one.name,
        tags=dict(sorted(one.tags.items())),
        unit=one.unit or (known.unit if known else None),
        nearest_at=None if nearest is None else _text(nearest[0]),
        nearest_value=None if nearest is None else _short(nearest[1]),
        avg_value=_short(statistics.fmean(values)) if values else None,
        min_value=_short(min(values)) if values else None,
        max_value=_short(max(values)) if values else None,
        last_value=_short(values[-1]) if values else None,
        values=len(values),
        nulls=len(one.points) - len(values),
        points=[
            MetricPoint(timestamp=_text(time), value=None if value is None else _short(value))
            for time, value in shown
        ],
    )


def _summary(rows: Sequence[MetricValues]) -> dict[str, float]:
    """Give nearest values under their short names; of several metrics of one name the first known."""
    by_name = {row.name: row.nearest_value for row in rows}
    found: dict[str, float] = {}
    for name, known in told.known().items():
        value = by_name.get(name)
        if known.summary and value is not None:
            found.setdefault(known.summary, _short(value / known.per))
    return dict(sorted(found.items()))


def _short(value: float) -> float:
    """Give a value to ten digits: more are noise of summing."""
    return float(f"{value:.10g}")


def _text(seconds: float) -> str:
    return times.text(times.from_epoch(seconds))

"""datadog.metrics.discover: which metrics a service really sends."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Annotated

from pydantic import Field

from pprof_mcp.captures import Environment, ServiceName
from pprof_mcp.errors import PprofMcpError
from pprof_mcp.insight import metrics as told
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import LeftOut, NextCall, Result, Row, next_call, page_of
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.names import NamesBy, names_of
from pprof_mcp.sources.datadog.query import scope, tags_of
from pprof_mcp.sources.net.together import together

MOST_TAGS = 20
MOST_TAGGED = 20
"""Tags of one metric, and metrics whose tags are asked for. Source: chosen; a request each."""
_SUGGESTED = 5


class MetricRow(Row):
    """A metric."""

    columns = ("name", "group", "unit", "tags")

    name: str = Field(description="Its name.")
    group: str = Field(description="Whose it is: go, python, jvm, container, trace, other ...")
    unit: str | None = Field(description="Its unit, where it is known.")
    is_total: bool = Field(description="Whether it counts since the process began, where that is known.")
    tags: list[str] = Field(description="Names of its tags, with `tags`: what it can be split by.")


class DiscoverResult(Result):
    """Metrics, those of the runtime first."""

    service: str = Field(description="Service.")
    env: str = Field(description="Environment; empty for any.")
    dd_site: str = Field(description="Site of Datadog.")
    query: str = Field(description="Part of the names; empty for all.")
    hours: float = Field(description="How far back they were sent.")
    found_by: NamesBy = Field(description="list: metrics by tags; active: the older list.")
    runtimes: list[str] = Field(description="Runtimes that send metrics of their own.")
    groups: dict[str, int] = Field(description="How many metrics of each group match.")
    count: int = Field(description="Metrics that match.")
    metrics: list[MetricRow] = Field(description="The metrics, by group and name.")
    left_out: LeftOut = Field(description="Metrics before and behind these.")
    cursor: str | None = Field(description="Pass it as `cursor` for more; null at the end.")


@tool(
    "datadog.metrics.discover",
    title="Metrics of a service in Datadog",
    since="0.1",
    toolset="datadog",
    example={"service": "checkout", "env": "prod", "query": "runtime."},
    effects=Effects(open_world=True),
)
def discover(
    service: ServiceName,
    *,
    env: Environment = "",
    query: Annotated[str, Field(max_length=200, description="Part of the name.")] = "",
    hours: Annotated[float, Field(gt=0, le=720, description="Sent so far back.")] = 24,
    tags: Annotated[bool, Field(description=f"Ask for their tags, of the first {MOST_TAGGED}.")] = False,
    site: Annotated[str, Field(max_length=100, description="Datadog site; default DD_SITE.")] = "",
    limit: Annotated[int, Field(ge=1, le=500, description="Metrics at most.")] = 40,
    cursor: Annotated[str, Field(max_length=12, description="`cursor` of the last answer.")] = "",
    session: Session = INJECTED,
) -> DiscoverResult:
    """List the metrics that a service really sends to Datadog, those of its runtime first.

    datadog.metrics_at_timestamp gives their values around a time.
    """
    page = page_of(cursor, limit)
    wanted = tags_of(service=service, env=env)
    warnings: list[str] = []
    remote = session.remote
    names, found_by = names_of(remote, wanted, hours, warnings, site)
    part = query.strip().casefold()
    fitting = told.in_order(name for name in names if part in name.casefold())
    counted = Counter(told.group_of(name) for name in fitting)
    shown = fitting[page.offset : page.offset + page.limit]
    by_name = _tags(session, shown[:MOST_TAGGED], site, warnings) if tags else {}
    if not names:
        warnings.append(
            f"no metric is tagged {scope(wanted)}: see datadog.services.search for names, or raise hours"
        )
    elif not fitting:
        warnings.append(f"none of {len(names)} metrics has {query!r} in its name")
    runtimes = [name for name in told.RUNTIMES if any(told.group_of(one) == name for one in names)]
    if names and not runtimes:
        warnings.append(
            "no tracer sends metrics of a runtime here: they are off unless switched on, but for Java"
        )
    return DiscoverResult(
        warnings=warnings,
        next=_next(service, env, shown),
        service=service,
        env=env,
        dd_site=remote.profiles.asker.hosts(site).site,
        query=query,
        hours=hours,
        found_by=found_by,
        runtimes=runtimes,
        groups={name: counted[name] for name in told.groups() if counted[name]},
        count=len(fitting),
        metrics=[_row(name, by_name.get(name, [])) for name in shown],
        left_out=LeftOut(rows=len(fitting) - len(shown)),
        cursor=page.cursor(len(shown), len(fitting)),
    )


def _row(name: str, tags: list[str]) -> MetricRow:
    known = told.known().get(name)
    return MetricRow(
        name=name,
        group=told.group_of(name),
        unit=known.unit if known else None,
        is_total=known.is_total if known else False,
        tags=tags,
    )


def _tags(session: Session, names: list[str], site: str, warnings: list[str]) -> dict[str, list[str]]:
    answers = together([partial(session.remote.metrics.tags, name, site=site) for name in names])
    found: dict[str, list[str]] = {}
    refused = 0
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, PprofMcpError):
            if not refused:
                warnings.append(f"tags of {name} are not known: {answer.message[:200]}")
            refused += 1
            continue
        keys = sorted({tag.partition(":")[0] for tag in answer})
        if len(keys) > MOST_TAGS:
            warnings.append(f"{name} has {len(keys)} tags; {MOST_TAGS} are listed")
        found[name] = keys[:MOST_TAGS]
    if refused > 1:
        warnings.append(f"nor those of {refused - 1} others")
    return found


def _next(service: str, env: str, shown: list[str]) -> list[NextCall]:
    if not shown:
        return []
    where = {"service": service, "env": env} if env else {"service": service}
    why = "Their values now; or set timestamp."
    return [next_call("datadog.metrics_at_timestamp", why, **where, metrics=shown[:_SUGGESTED])]

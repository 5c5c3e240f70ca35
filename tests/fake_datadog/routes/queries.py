"""The published queries: `/api/v2/query/scalar` and `/timeseries`, over profiles and metrics [A]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.fake_datadog.auth import QUERIES
from tests.fake_datadog.messages import (
    BadRequestError,
    Response,
    as_count,
    as_list,
    as_object,
    as_text,
    json_response,
)
from tests.fake_datadog.routes import Call, Route
from tests.fake_datadog.routes.filters import Filter, Window, query_of, selected
from tests.fake_datadog.routes.series import groups, read, unit_of
from tests.fake_datadog.routes.times import AGGREGATIONS, epoch, stepped
from tests.fake_datadog.store import Profile
from tests.fake_datadog.world import World

MEASURES = ("@prof_core_cpu_cores", "@metrics.core_cpu_cores")
FACETS = ("service", "env", "version", "host", "runtime", "@runtime-id", "runtime-id")


@dataclass(frozen=True)
class _Answer:
    """One row of an answer: the values of its groups, its value at each time."""

    group: tuple[str, ...]
    values: list[float | None]
    unit: str = ""


@dataclass(frozen=True)
class _Asked:
    start: float
    end: float
    interval: int
    queries: dict[str, dict[str, Any]]
    formulas: list[str]


def scalar(call: Call) -> Response:
    """`POST /api/v2/query/scalar`: columns of groups, then of numbers [A]."""
    asked = _asked(call, "scalar_request")
    columns: list[dict[str, Any]] = []
    facets: list[str] | None = None
    for formula in asked.formulas:
        names, rows = _rows(call.world, asked.queries[formula], asked.start, asked.end, None)
        if facets is None:
            facets = names
            for place, name in enumerate(names):
                values = [[row.group[place]] for row in rows]
                columns.append({"name": name, "type": "group", "values": values})
        elif facets != names:
            raise BadRequestError("all queries must be grouped alike")
        unit = unit_of(rows[0].unit if rows else "")
        numbers = [row.values[0] for row in rows]
        columns.append({"name": formula, "type": "number", "values": numbers, "meta": {"unit": unit}})
    return json_response({"data": {"id": "0", "type": "scalar_response", "attributes": {"columns": columns}}})


def timeseries(call: Call) -> Response:
    """`POST /api/v2/query/timeseries`: series over common times, with nulls [A]."""
    asked = _asked(call, "timeseries_request")
    step, times = stepped(asked.start, asked.end, asked.interval)
    series: list[dict[str, Any]] = []
    values: list[list[float | None]] = []
    for place, formula in enumerate(asked.formulas):
        names, rows = _rows(call.world, asked.queries[formula], asked.start, asked.end, (step, times))
        for row in rows:
            tags = [f"{name}:{value}" for name, value in zip(names, row.group, strict=True)]
            series.append({"group_tags": tags, "query_index": place, "unit": unit_of(row.unit)})
            values.append(row.values)
    attributes = {"series": series, "times": [time * 1000 for time in times], "values": values}
    return json_response({"data": {"id": "0", "type": "timeseries_response", "attributes": attributes}})


def _asked(call: Call, kind: str) -> _Asked:
    data = as_object(call.request.json_object().get("data"), "data")
    as_text(data.get("type"), "data.type", (kind,))
    given = as_object(data.get("attributes"), "data.attributes")
    start, end = epoch(given.get("from"), "from", 1000), epoch(given.get("to"), "to", 1000)
    if start >= end:
        raise BadRequestError("from must be before to")
    queries: dict[str, dict[str, Any]] = {}
    for one in as_list(given.get("queries"), "queries"):
        query = as_object(one, "queries[]")
        queries[as_text(query.get("name", "a"), "queries[].name")] = query
    if not queries:
        raise BadRequestError("queries must not be empty")
    formulas = [
        as_text(as_object(one, "formulas[]").get("formula"), "formulas[].formula", tuple(queries))
        for one in as_list(given.get("formulas", [{"formula": name} for name in queries]), "formulas")
    ]
    interval = as_count(given.get("interval", 300_000), "interval") // 1000
    return _Asked(start, end, interval, queries, formulas)


def _rows(
    world: World, query: dict[str, Any], start: float, end: float, steps: tuple[int, list[int]] | None
) -> tuple[list[str], list[_Answer]]:
    source = as_text(query.get("data_source"), "data_source", ("profiles", "metrics"))
    if source == "profiles":
        return _of_profiles(world, query, start, end, steps)
    asked = read(as_text(query.get("query"), "query"))
    how = as_text(query.get("aggregator", "avg"), "aggregator", tuple(AGGREGATIONS))
    rows: list[_Answer] = []
    for group in groups(world.store, asked, start, end, steps[0] if steps else 0):
        values = group.values
        if steps is None:
            present = [value for value in values if value is not None]
            values = [AGGREGATIONS[how](present) if present else None]
        rows.append(_Answer(tuple(tag.partition(":")[2] for tag in group.tags), values, group.unit))
    return list(asked.by), rows


def _of_profiles(
    world: World, query: dict[str, Any], start: float, end: float, steps: tuple[int, list[int]] | None
) -> tuple[list[str], list[_Answer]]:
    """Count profiles or measure them; that `service` and `env` are facets of profiles is assumed [D]."""
    search = as_object(query.get("search", {}), "search")
    found = selected(world, Filter(Window(start, end), query_of(search.get("query"), "search.query")))
    compute = as_object(query.get("compute"), "compute")
    how = as_text(compute.get("aggregation"), "compute.aggregation", ("count", "cardinality", *AGGREGATIONS))
    metric = compute.get("metric")
    if how != "count":
        as_text(metric, "compute.metric", FACETS if how == "cardinality" else MEASURES)
    grouped = [as_object(one, "group_by[]") for one in as_list(query.get("group_by", []), "group_by")]
    names = [as_text(one.get("facet"), "group_by[].facet", FACETS) for one in grouped]
    if names and not world.variants.has_profile_facets:
        raise BadRequestError(f"unknown facet {names[0]!r} for data source profiles")
    members: dict[tuple[str, ...], list[Profile]] = {}
    for profile in found:
        group = tuple(profile.fields.get(name, ["N/A"])[0] for name in names)
        members.setdefault(group, []).append(profile)
    rows: list[_Answer] = []
    for group, profiles in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
        if steps is None:
            values = [_computed(profiles, how, metric)]
        else:
            step, times = steps
            values = [
                _computed(
                    [one for one in profiles if time <= world.timestamp(one) < time + step], how, metric
                )
                for time in times
            ]
        rows.append(_Answer(group, values, "" if how in ("count", "cardinality") else "core"))
    limit = as_count(grouped[0].get("limit", 10), "group_by[].limit") if grouped else 1
    return names, rows[:limit]


def _computed(profiles: Sequence[Profile], how: str, metric: Any) -> float | None:
    if not profiles:
        return None
    if how == "count":
        return float(len(profiles))
    if how == "cardinality":
        return float(len({profile.fields.get(metric, [""])[0] for profile in profiles}))
    measured = [profile.cores for profile in profiles if profile.cores is not None]
    return AGGREGATIONS[how](measured) if measured else None


ROUTES = (
    Route("scalar", "POST", "/api/v2/query/scalar", scalar, QUERIES),
    Route("timeseries", "POST", "/api/v2/query/timeseries", timeseries, QUERIES),
)

"""Metrics: version 1 queries and the lists of names and tags [A]."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from tests.fake_datadog.auth import METRICS, QUERIES
from tests.fake_datadog.messages import BadRequestError, Response, as_count, error, json_response
from tests.fake_datadog.routes import Call, Route
from tests.fake_datadog.routes.filters import query_of
from tests.fake_datadog.routes.series import groups, read, unit_of
from tests.fake_datadog.routes.times import epoch


def query(call: Call) -> Response:
    """`GET /api/v1/query`: asked in seconds, answered in milliseconds, with nulls.

    A query that cannot be read is an error in a 200 [A].
    """
    given = call.request.query
    start, end = epoch(given.get("from"), "from"), epoch(given.get("to"), "to")
    if start >= end:
        raise BadRequestError("from must be before to")
    answer: dict[str, Any] = {
        "status": "ok", "res_type": "time_series", "resp_version": 1,
        "from_date": int(start * 1000),
        "to_date": int(end * 1000),
        "query": given.get("query", ""), "message": "", "series": [], "group_by": [],
    }  # fmt: skip
    try:
        asked = read(given.get("query", ""))
    except BadRequestError as problem:
        return json_response({**answer, "status": "error", "error": str(problem)})
    answer["group_by"] = list(asked.by)
    for group in groups(call.world.store, asked, start, end):
        points = [[time * 1000, value] for time, value in zip(group.times, group.values, strict=True)]
        answer["series"].append(
            {
                "metric": asked.metric, "display_name": asked.metric, "expression": asked.expression,
                "scope": ",".join(group.tags or asked.scope) or "*", "tag_set": list(group.tags),
                "aggr": asked.aggregator, "interval": group.interval, "start": int(start * 1000),
                "end": int(end * 1000) - 1, "length": len(points), "query_index": 0,
                "unit": unit_of(group.unit),
                "pointlist": points,
            }
        )  # fmt: skip
    return json_response(answer)


def names(call: Call) -> Response:
    """`GET /api/v2/metrics`: pages by cursor, of at most 10,000 [A]."""
    given = call.request.query
    size = min(as_count(given.get("page[size]", "10000"), "page[size]"), 10_000)
    if "window[seconds]" in given and as_count(given["window[seconds]"], "window[seconds]") > 2_592_000:
        raise BadRequestError("window[seconds] must be at most 2592000")
    wanted = query_of(given.get("filter[tags]"), "filter[tags]")
    found = sorted({one.name for one in call.world.store.metrics if wanted(_fields(one.tags))})
    at = _offset(given.get("page[cursor]", ""))
    page, is_more = found[at : at + size], at + size < len(found)
    cursor = base64.urlsafe_b64encode(str(at + size).encode()).decode() if is_more else None
    pagination = {
        "type": "cursor_limit",
        "limit": size,
        "cursor": given.get("page[cursor]"),
        "next_cursor": cursor,
    }
    data = [{"type": "metrics", "id": name} for name in page]
    links = {"self": call.request.target, "next": None}
    return json_response({"data": data, "meta": {"pagination": pagination}, "links": links})


def all_tags(call: Call) -> Response:
    """`GET /api/v2/metrics/{name}/all-tags` [A]."""
    name = call.parts[0]
    tags = sorted({tag for one in call.world.store.metrics if one.name == name for tag in one.tags})
    if not tags:
        return error(404, f"Metric {name[:80]} not found", call.world.variants.error_form)
    return json_response({"data": {"type": "metrics", "id": name, "attributes": {"tags": tags}}})


def active(call: Call) -> Response:
    """`GET /api/v1/metrics?from=&host=&tag_filter=`: names with points since then [A]; `,` between tags."""
    given = call.request.query
    start = epoch(given.get("from"), "from")
    wanted = {tag.strip() for tag in given.get("tag_filter", "").split(",")} - {"", "*"}
    wanted |= {f"host:{given['host']}"} if "host" in given else set()
    found = sorted({one.name for one in call.world.store.metrics if wanted <= set(one.tags)})
    return json_response({"from": str(int(start)), "metrics": found})


def search(call: Call) -> Response:
    """`GET /api/v1/search?q=metrics:<prefix>`; deprecated [A]."""
    kind, _, prefix = call.request.query.get("q", "").rpartition(":")
    if kind not in ("", "metrics"):
        raise BadRequestError("q must be metrics:<text>")
    found = sorted({one.name for one in call.world.store.metrics if prefix in one.name})
    return json_response({"results": {"metrics": found}})


def _fields(tags: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in tags:
        name, _, value = tag.partition(":")
        found.setdefault(name, []).append(value)
    return found


def _offset(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor)) if cursor else 0
    except (ValueError, binascii.Error):
        raise BadRequestError("Invalid page cursor") from None


ROUTES = (
    Route("metrics_query", "GET", "/api/v1/query", query, QUERIES),
    Route("metric_names", "GET", "/api/v2/metrics", names, METRICS),
    Route("metric_tags", "GET", "/api/v2/metrics/{}/all-tags", all_tags, METRICS),
    Route("active_metrics", "GET", "/api/v1/metrics", active, METRICS),
    Route("metric_search", "GET", "/api/v1/search", search, METRICS),
)

"""Events: deployments, alerts [A]."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from tests.fake_datadog.auth import EVENTS
from tests.fake_datadog.clock import iso
from tests.fake_datadog.messages import BadRequestError, Response, as_count, as_object, as_text, json_response
from tests.fake_datadog.routes import Call, Route
from tests.fake_datadog.routes.filters import query_of
from tests.fake_datadog.routes.times import flexible
from tests.fake_datadog.store import Event


def search(call: Call) -> Response:
    """`POST /api/v2/events/search` [A]."""
    body = call.request.json_object()
    return _answer(
        call, as_object(body.get("filter", {}), "filter"), as_object(body.get("page", {}), "page"), body
    )


def listed(call: Call) -> Response:
    """`GET /api/v2/events?filter[query]=…&page[cursor]=` [A]."""
    given = call.request.query
    names = {"filter": ("from", "to", "query"), "page": ("cursor", "limit")}
    parts = {
        group: {name: given[f"{group}[{name}]"] for name in inner if f"{group}[{name}]" in given}
        for group, inner in names.items()
    }
    return _answer(call, parts["filter"], parts["page"], given)


def _answer(call: Call, filters: dict[str, Any], page: dict[str, Any], rest: dict[str, Any]) -> Response:
    now = call.world.clock()
    start = flexible(filters.get("from", "now-15m"), "filter.from", now)
    end = flexible(filters.get("to", "now"), "filter.to", now)
    if start >= end:
        raise BadRequestError("filter.from must be before filter.to")
    limit = as_count(page.get("limit", 10), "page.limit")
    if limit > 1000:
        raise BadRequestError("page.limit must be at most 1000")
    test = query_of(filters.get("query"))
    order = as_text(rest.get("sort", "timestamp"), "sort", ("timestamp", "-timestamp"))
    found = sorted(
        (
            one
            for one in call.world.store.events
            if start <= one.time < min(end, now + 1) and test(one.fields)
        ),
        key=lambda one: (one.time if order == "timestamp" else -one.time, one.id),
    )
    at = _offset(page.get("cursor"))
    after = (
        base64.urlsafe_b64encode(f"at={at + limit}".encode()).decode() if at + limit < len(found) else None
    )
    answer: dict[str, Any] = {
        "data": [_written(one) for one in found[at : at + limit]],
        "meta": {"elapsed": 12, "request_id": "fake", "status": "done", "warnings": []},
    }
    if after is not None:
        answer["meta"]["page"] = {"after": after}
        answer["links"] = {"next": f"https://api.datadoghq.com/api/v2/events?page[cursor]={after}"}
    return json_response(answer)


def _written(event: Event) -> dict[str, Any]:
    inner = {
        "title": event.title,
        "status": event.status,
        "service": event.service,
        "timestamp": int(event.time * 1000),
        "evt": {"id": event.id, "name": event.title, "source_id": 36, "type": event.source},
    }
    tags = [*event.tags, f"service:{event.service}", f"source:{event.source}"]
    attributes = {"timestamp": iso(event.time), "tags": tags, "message": event.message, "attributes": inner}
    return {"id": event.id, "type": "event", "attributes": attributes}


def _offset(cursor: Any) -> int:
    """Read a cursor; a wrong one is a 400 with a text like a Python list [A]."""
    if cursor is None:
        return 0
    try:
        text = base64.b64decode(as_text(cursor, "page.cursor"), altchars=b"-_", validate=True).decode()
        return int(text.removeprefix("at="))
    except (ValueError, binascii.Error):
        raise BadRequestError(
            f"['input_validation_error(Field page.cursor is invalid: {cursor!r})']"
        ) from None


ROUTES = (
    Route("events_search", "POST", "/api/v2/events/search", search, EVENTS),
    Route("events", "GET", "/api/v2/events", listed, EVENTS),
)

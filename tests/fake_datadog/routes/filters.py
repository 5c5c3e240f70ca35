"""What the requests of several routes have in common: windows, queries, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tests.fake_datadog.messages import BadRequestError, as_count, as_object, as_text
from tests.fake_datadog.query import QueryError, Test, parse
from tests.fake_datadog.store import Profile
from tests.fake_datadog.world import World

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Window:
    """From `start` on, up to `end`, epoch seconds."""

    start: float
    end: float
    has_end: bool = False

    def holds(self, time: float) -> bool:
        return self.start <= time < self.end or (self.has_end and time == self.end)


@dataclass(frozen=True)
class Filter:
    """What a request selects."""

    window: Window
    test: Test


def moment(value: object, what: str) -> float:
    """Read an RFC 3339 time with its offset [B]; one without is refused.

    Raises:
        BadRequestError: It is none.
    """
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise BadRequestError(f"{what} must be an RFC 3339 time")
    whole, fraction, offset = found.groups()
    try:
        read = datetime.fromisoformat(whole + ("+00:00" if offset == "Z" else offset))
    except ValueError:
        raise BadRequestError(f"{what} is no time that exists") from None
    return read.astimezone(timezone.utc).timestamp() + float(fraction or 0)


def query_of(query: object, what: str = "filter.query") -> Test:
    """Read a query; none at all matches everything.

    Raises:
        BadRequestError: It is no text or does not balance.
    """
    try:
        return parse(as_text("" if query is None else query, what))
    except QueryError as problem:
        raise BadRequestError(f"{what}: {problem}") from None


def filter_of(body: dict[str, Any], world: World) -> Filter:
    """Read `{"filter": {"from", "to", "query"}}`.

    Raises:
        BadRequestError: A time is missing or no time, the window is empty, the query does not balance.
    """
    given = as_object(body.get("filter"), "filter")
    start, end = moment(given.get("from"), "filter.from"), moment(given.get("to"), "filter.to")
    if start >= end:
        raise BadRequestError("filter.from must be before filter.to")
    window = Window(start, end, world.variants.window_end == "inclusive")
    return Filter(window, query_of(given.get("query")))


def selected(world: World, wanted: Filter) -> list[Profile]:
    """Give the profiles that a filter selects, oldest first, ties by event id."""
    found = (
        profile
        for profile in world.store.visible(with_expired=world.variants.lists_expired)
        if wanted.window.holds(world.timestamp(profile)) and wanted.test(profile.fields)
    )
    return sorted(found, key=lambda profile: (world.timestamp(profile), profile.event_id))


def limit_of(body: dict[str, Any], world: World) -> int:
    """Read the limit: `limit` [A] or `page.limit` [C]; the default is about 50 [C], the largest unknown [?].

    Raises:
        BadRequestError: It is no positive integer, or too large where that is refused.
    """
    given = body.get("limit")
    if given is None and "page" in body:
        given = as_object(body["page"], "page").get("limit")
    if given is None:
        return world.variants.default_limit
    limit = as_count(given, "limit")
    if limit > world.variants.max_limit and world.variants.over_limit == "400":
        raise BadRequestError(f"limit must be at most {world.variants.max_limit}")
    return min(limit, world.variants.max_limit)


def ordered(profiles: Iterable[Profile], body: dict[str, Any], world: World) -> list[Profile]:
    """Sort as `sort` says, newest first by default [D].

    By `timestamp` [B], `start` [A] or `@metrics.core_cpu_cores` [A].

    What lacks the measure comes last [D]; ties are in the order of event ids.

    Raises:
        BadRequestError: The field or order is unknown.
    """
    sort = as_object(body.get("sort", {}), "sort")
    keys: dict[str, Callable[[Profile], float | None]] = {
        "timestamp": world.timestamp,
        "start": lambda profile: profile.start,
        "@metrics.core_cpu_cores": lambda profile: profile.cores,
    }
    key = keys[as_text(sort.get("field", "timestamp"), "sort.field", tuple(keys))]
    sign = -1 if as_text(sort.get("order", "desc"), "sort.order", ("asc", "desc")) == "desc" else 1

    def place(profile: Profile) -> tuple[bool, float, str]:
        value = key(profile)
        return value is None, sign * (value or 0), profile.event_id

    return sorted(profiles, key=place)

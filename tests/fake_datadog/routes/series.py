"""Series of metrics, as both versions of the query routes read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.fake_datadog.messages import BadRequestError
from tests.fake_datadog.routes.times import AGGREGATIONS, stepped
from tests.fake_datadog.store import Metric, Store

_QUERY = re.compile(r"(?:(avg|sum|min|max):)?([A-Za-z][\w.]*)\{([^{}]*)\}(?: by \{([\w.,/-]+)\})?")


@dataclass(frozen=True)
class MetricQuery:
    """`aggregator:metric{scope} by {tags}`."""

    aggregator: str
    metric: str
    scope: tuple[str, ...]
    by: tuple[str, ...]

    @property
    def expression(self) -> str:
        by = f" by {{{','.join(self.by)}}}" if self.by else ""
        return f"{self.aggregator}:{self.metric}{{{','.join(self.scope) or '*'}}}{by}"

    def takes(self, metric: Metric) -> bool:
        """Whether a series is in scope; a tag after `!` must not be there, `*` at an end stands for any."""
        if metric.name != self.metric:
            return False
        for wanted in self.scope:
            pattern = re.escape(wanted.lstrip("!-")).replace(r"\*", ".*")
            if any(re.fullmatch(pattern, tag) for tag in metric.tags) == wanted.startswith(("!", "-")):
                return False
        return True


@dataclass(frozen=True)
class Group:
    """One series of an answer."""

    tags: tuple[str, ...]
    interval: int
    times: list[int]
    values: list[float | None]
    unit: str


def read(query: str) -> MetricQuery:
    """Read a query over metrics; one without an aggregator is an error [A].

    Raises:
        BadRequestError: It cannot be read.
    """
    found = _QUERY.fullmatch(query.strip())
    if found is None or found[1] is None:
        raise BadRequestError(
            f"Error parsing query: unable to parse {query[:100]}: Rule 'scope_expr' didn't match"
        )
    scope = tuple(tag.strip() for tag in found[3].split(",") if tag.strip() not in ("", "*"))
    return MetricQuery(found[1], found[2], scope, tuple((found[4] or "").split(",")) if found[4] else ())


def groups(store: Store, query: MetricQuery, start: float, end: float, interval: int = 0) -> list[Group]:
    """Give the series of a query by group; where no member has a value there is a hole [A]."""
    members: dict[tuple[str, ...], list[Metric]] = {}
    for metric in store.metrics:
        if query.takes(metric):
            named: Mapping[str, str] = dict(tag.split(":", 1) for tag in metric.tags if ":" in tag)
            tags = tuple(f"{name}:{named.get(name, 'N/A')}" for name in query.by)
            members.setdefault(tags, []).append(metric)
    found: list[Group] = []
    for tags, series in sorted(members.items()):
        step, times = stepped(start, end, interval or series[0].interval)
        values: list[float | None] = []
        for time in times:
            present = [value for one in series if (value := one.value(time)) is not None]
            values.append(AGGREGATIONS[query.aggregator](present) if present else None)
        found.append(Group(tags, step, times, values, series[0].unit))
    return found


def unit_of(name: str) -> list[dict[str, object] | None]:
    """Write a unit: a pair of which either may be null [A]."""
    if not name:
        return [None, None]
    family = {"byte": "bytes", "request": "network", "nanosecond": "time", "core": "cpu"}.get(name, "general")
    unit: dict[str, object] = {
        "family": family,
        "name": name,
        "plural": name + "s",
        "scale_factor": 1.0,
        "short_name": name[:1],
        "id": 2,
    }
    return [unit, None]

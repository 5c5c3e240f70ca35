"""Scenarios: what the server holds and how it behaves, by name or from a JSON file.

A file is an object of these, all optional:

    {"base": "default" | "empty" | "runtimes",
     "now": "2026-09-01T12:00:00Z" | "real",
     "seed": 1,
     "clock": {"skew": 0, "ingest_delay": 0, "retention": 691200},
     "site": "datadoghq.com",
     "variants": {"id_field": "profile-id"},
     "limits": [{"name": "list", "limit": 10, "period": 60, "routes": ["list"]}],
     "services": [{"service": "cart", "runtime": "go", "env": "prod", "version": "1", "host": "a",
                   "from": -3600, "to": 0, "every": 60}],
     "events": [{"at": -600, "title": "Deployed cart"}],
     "metrics": [{"name": "go.mem.heap", "tags": ["service:cart"], "values": [1, null, 3]}],
     "faults": [{"route": "list", "kind": "rate_limited"}]}

Times of services and events are seconds from now. Whatever is unknown is an error. The same file gives the
same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tests.fake_datadog.clock import Clock
from tests.fake_datadog.faults import Fault
from tests.fake_datadog.limits import Limit
from tests.fake_datadog.messages import BadRequestError, as_list, as_object
from tests.fake_datadog.routes.filters import moment
from tests.fake_datadog.services import (
    Series,
    default_catalog,
    default_events,
    default_metrics,
    default_profiles,
    one_of_each,
)
from tests.fake_datadog.store import Event, Metric, Store

Row = dict[str, Any]
BASES = ("default", "empty", "runtimes")


@dataclass(frozen=True)
class Scenario:
    """What a server holds and how it behaves.

    Attributes:
        base: What is there already: the services of `services`, nothing, or an hour of every runtime.
        clock: Its time; the server's own when `None`.
        site: Site of its keys.
        variants: Settings of doubtful facts.
        limits: Rate limits.
        faults: What goes wrong.
        services: More series of profiles; their times count from now.
        events: More events, likewise.
        metrics: More metrics.
        seed: Makes other profiles of the same services.
    """

    base: str = "default"
    clock: Clock | None = None
    site: str = "datadoghq.com"
    variants: Mapping[str, Any] = field(default_factory=dict[str, Any])
    limits: Sequence[Limit] = ()
    faults: Sequence[Fault] = ()
    services: Sequence[Series] = ()
    events: Sequence[Event] = ()
    metrics: Sequence[Metric] = ()
    seed: int = 0

    def fill(self, store: Store) -> None:
        """Put everything into a store."""
        now = store.clock() // 300 * 300
        if self.base == "default":
            store.profiles.extend(default_profiles(now))
            store.add(*default_events(now), *default_metrics(now), *default_catalog())
        elif self.base == "runtimes":
            store.profiles.extend(one_of_each(now))
        for series in self.services:
            process = f"{series.process}/{self.seed}"
            moved = replace(series, start=now + series.start, end=now + series.end, process=process)
            store.profiles.extend(moved.profiles())
        store.add(*(replace(event, time=now + event.time) for event in self.events), *self.metrics)


def read(given: str | Path | Mapping[str, Any]) -> Scenario:
    """Read a scenario.

    Args:
        given: A name of `BASES`, the path of a file, or what such a file holds.

    Raises:
        ValueError: It says something that is not known.
    """
    if isinstance(given, str) and given in BASES:
        return Scenario(given)
    if isinstance(given, str | Path):
        given = as_object(json.loads(Path(given).read_text(encoding="utf-8")), "a scenario")
    try:
        return _scenario(dict(given))
    except (BadRequestError, TypeError, KeyError) as problem:
        raise ValueError(f"the scenario is wrong: {problem}") from problem


def _scenario(given: dict[str, Any]) -> Scenario:
    if given.get("base", "default") not in BASES:
        raise BadRequestError(f"base must be one of {', '.join(BASES)}")
    clock = as_object(given.pop("clock", {}), "clock")
    now = given.pop("now", None)
    if now == "real":
        clock["is_real"] = True
    elif now is not None:
        clock["now"] = moment(now, "now")
    if clock:
        given["clock"] = Clock(**clock)
    seed = given.get("seed", 0)
    makers: dict[str, Callable[[Row], object]] = {
        "limits": lambda row: Limit(**_tupled(row, "routes")),
        "faults": lambda row: Fault(**{"seed": seed, **row}),
        "services": lambda row: Series(start=row.pop("from"), end=row.pop("to", 0), **row),
        "events": lambda row: Event(time=row.pop("at"), **_tupled(row, "tags")),
        "metrics": _metric,
    }
    for name, make in makers.items():
        if name in given:
            given[name] = [make(dict(as_object(row, f"{name}[]"))) for row in as_list(given[name], name)]
    unknown = set(given) - {field.name for field in fields(Scenario)}
    if unknown:
        raise BadRequestError(f"unknown: {', '.join(sorted(unknown))}")
    return Scenario(**given)


def _tupled(row: Row, name: str) -> Row:
    return {**row, name: tuple(as_list(row.get(name, []), name))}


def _metric(row: Row) -> Metric:
    values = [None if value is None else float(value) for value in as_list(row.pop("values"), "values")]
    interval = int(row.get("interval", 60))

    def value(time: int) -> float | None:
        return values[time // interval % len(values)]

    return Metric(row.pop("name"), tuple(row.pop("tags", ())), value, **row)

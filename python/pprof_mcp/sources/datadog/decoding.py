"""What Datadog's lists of profiles say, read so that no known spelling of them is lost.

Clients that work disagree on the names of fields; every name that one of them reads is read here. Whatever
has another form than it should is taken as absent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from pprof_mcp.sources import times

MOST_METRICS = 40
"""Numbers of one profile that are kept. Source: chosen; profilers send about ten."""
MOST_TAGS = 100
"""Tags of one profile that are kept. Source: chosen."""
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From which number an epoch is in nano-, micro- or milliseconds: in the next longer, it is past 4000."""
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(?:[Zz]|([+-]\d{2})(?::?(\d{2}))?)?", re.ASCII
)
"""RFC 3339, and what else ISO 8601 allows for a zone."""

_PROFILE_IDS = ("id", "profile-id", "profile_id", "profileId")
_EVENT_IDS = ("event-id", "event_id", "eventId")
_NO_MEASURES = ("timestamp", "start", "end", "duration_nanos")


@dataclass(frozen=True)
class Candidate:
    """One profile as a list tells it.

    Attributes:
        event_id: The long id; empty when there was none.
        profile_id: The short id; empty when there was none.
        id_field: Where the short id was found, such as `attributes.id`.
        timestamp: When it is of; its start or end, depending on the profiler.
        start: When it begins, if that is said.
        end: When it ends, if that is said.
        service: Service.
        env: Environment.
        version: Version.
        host: Host.
        runtime: Language or runtime.
        tags: All tags as `name:value`, sorted.
        duration_seconds: Time it covers, if that is said.
        metrics: Measures by name.
    """

    event_id: str
    profile_id: str
    id_field: str = ""
    timestamp: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    service: str = ""
    env: str = ""
    version: str = ""
    host: str = ""
    runtime: str = ""
    tags: tuple[str, ...] = ()
    duration_seconds: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def can_be_downloaded(self) -> bool:
        """Whether both ids are known."""
        return bool(self.event_id and self.profile_id)

    def tag(self, name: str) -> str:
        """Give the value of its first tag of a name, or an empty text."""
        return next((tag[len(name) + 1 :] for tag in self.tags if tag.startswith(f"{name}:")), "")


def read_candidate(item: object) -> Candidate | None:
    """Read one entry of a list; None when it is no object."""
    if not isinstance(item, dict):
        return None
    outer = cast("dict[str, Any]", item)
    inner = _object(outer.get("attributes"))
    tags = _tags(inner, outer)
    profile_id, id_field = _profile_id(inner, outer)
    start, end = moment_of(_any(inner, outer, "start")), moment_of(_any(inner, outer, "end"))
    known = {name: value for name, _, value in (tag.partition(":") for tag in reversed(tags))}

    def text(*names: str) -> str:
        return next((found for name in names if (found := _text(_any(inner, outer, name)))), "") or next(
            (known[name] for name in names if name in known), ""
        )

    return Candidate(
        event_id=_text(outer.get("id")) or next(_texts(_EVENT_IDS, inner, outer), ""),
        profile_id=profile_id,
        id_field=id_field,
        timestamp=moment_of(_any(inner, outer, "timestamp")) or end or start,
        start=start,
        end=end,
        service=text("service", "service_name", "service-name"),
        env=text("env", "environment"),
        version=text("version"),
        host=text("host", "hostname"),
        runtime=text("runtime", "language", "family"),
        tags=tags,
        duration_seconds=_duration(inner, outer, start, end),
        metrics=_metrics(inner, outer),
    )


def written(candidate: Candidate) -> dict[str, Any]:
    """Write a candidate as the entry of a list that `read_candidate` reads."""
    times_of = {"timestamp": candidate.timestamp, "start": candidate.start, "end": candidate.end}
    return {
        "id": candidate.event_id,
        "attributes": {
            "id": candidate.profile_id,
            **{name: times.text(value) for name, value in times_of.items() if value is not None},
            **{name: getattr(candidate, name) for name in ("service", "env", "version", "host", "runtime")},
            "tags": list(candidate.tags),
            "duration_nanos": (candidate.duration_seconds or 0) * 1e9,
            "custom": {"metrics": dict(candidate.metrics)},
        },
    }


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _any(inner: Mapping[str, Any], outer: Mapping[str, Any], name: str) -> Any:
    value = inner.get(name)
    return outer.get(name) if value is None else value


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(names: tuple[str, ...], *places: Mapping[str, Any]) -> Iterator[str]:
    for place in places:
        for name in names:
            if found := _text(place.get(name)):
                yield found


def _profile_id(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> tuple[str, str]:
    for name in _PROFILE_IDS:
        if found := _text(inner.get(name)):
            return found, f"attributes.{name}"
    # At the top, `id` is the id of the event.
    for name in _PROFILE_IDS[1:]:
        if found := _text(outer.get(name)):
            return found, name
    return "", ""


def _tags(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> tuple[str, ...]:
    """Read tags: a list, an object of lists, or one text with commas."""
    found: set[str] = set()
    for name in ("tags", "tag"):
        value = _any(inner, outer, name)
        if isinstance(value, str):
            found.update(value.split(","))
        elif isinstance(value, list):
            found.update(tag for tag in cast("list[Any]", value) if isinstance(tag, str))
        elif isinstance(value, dict):
            for key, values in cast("dict[str, Any]", value).items():
                listed = cast("list[Any]", values) if isinstance(values, list) else [values]
                found.update(f"{key}:{one}" for one in listed if isinstance(one, (str, int, float)))
    return tuple(sorted(tag.strip() for tag in found if tag.strip())[:MOST_TAGS])


def moment_of(value: Any) -> datetime | None:
    """Read a point in time: RFC 3339, in UTC without a zone, or an epoch number; None when it is none."""
    try:
        if isinstance(value, str) and (found := _ISO.fullmatch(value.strip())):
            clock, hours, minutes = found.groups()
            return times.rfc_3339(f"{clock}{hours}:{minutes or '00'}" if hours else f"{clock}Z")
        number = _number(value)
        if number is not None and number > 0:
            return times.from_epoch(number / next((unit for least, unit in _UNITS if number >= least), 1.0))
    except (ValueError, OverflowError):
        pass
    return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _duration(
    inner: Mapping[str, Any], outer: Mapping[str, Any], start: datetime | None, end: datetime | None
) -> float | None:
    nanos = _number(_any(inner, outer, "duration_nanos"))
    if nanos is not None and nanos > 0:
        return nanos / 1e9
    if start is not None and end is not None and end > start:
        return (end - start).total_seconds()
    return None


def _metrics(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    custom = _object(_any(inner, outer, "custom"))
    places = (_object(custom.get("metrics")), _object(_any(inner, outer, "metrics")))
    for place in places:
        for name, value in place.items():
            number = _number(value)
            if number is not None:
                found.setdefault(name, number)
    for name, value in inner.items():
        is_measure = isinstance(value, (int, float)) and name not in _NO_MEASURES
        number = _number(value) if is_measure else None
        if number is not None:
            found.setdefault(name, number)
    return dict(sorted(found.items())[:MOST_METRICS])

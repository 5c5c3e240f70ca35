"""Datadog's events: what happened to a service, such as a deployment, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pprof_mcp.sources.datadog.asking import fields, items
from pprof_mcp.sources.datadog.decoding import moment_of
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.datadog.query import Which
    from pprof_mcp.sources.remote import Remote

BACK: Final = timedelta(days=8)
"""How far back an event is looked for. Source: profiles that nobody opened are kept as long."""
LOOKED_AT: Final = 20
"""Newest events that are looked at for one that says its time. Source: chosen."""
MOST_TAGS: Final = 30
"""Tags of an event that are kept. Source: chosen."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        id: Its id.
        time: When.
        title: Its title.
        text: What else it says.
        tags: Its tags as `name:value`, sorted.
        status: How grave it is.
    """

    id: str
    time: datetime
    title: str
    text: str
    tags: tuple[str, ...]
    status: str = ""

    def tag(self, name: str) -> str:
        """Give the value of its first tag of a name, or an empty text."""
        return next((tag[len(name) + 1 :] for tag in self.tags if tag.startswith(f"{name}:")), "")


def newest(remote: Remote, which: Which, terms: str, *, site: str = "") -> tuple[Event | None, list[str]]:
    """Find the newest event of a service, or of anything when the service has none.

    Args:
        remote: The sources.
        which: Service and environment.
        terms: Of the search, in Datadog's own language.
        site: The site; the configured one when empty.

    Returns:
        The event, None when there is none; and what is to be told about the search.

    Raises:
        InvalidArgumentError: The terms would break out of their place.
        PprofMcpError: As `Metrics.events`.
    """
    window = Window(remote.now - BACK, remote.now + timedelta(seconds=1))
    of_service = replace(which, host="", version="", terms=terms)
    for asked in (of_service, replace(of_service, service="", env="")):
        listed = remote.metrics.events(asked.text(), window, limit=LOOKED_AT, site=site)
        found = [event for item in listed if (event := read_event(item)) is not None]
        if found:
            latest = max(found, key=lambda event: (event.time, event.id))
            told = [] if asked is of_service else [f"the event is not of service {which.service}"]
            return latest, told
    return None, []


def read_event(item: object) -> Event | None:
    """Read one entry of a list of events; None when it is none, or does not say when it was."""
    outer = fields(item)
    attributes = fields(outer.get("attributes"))
    inner = fields(attributes.get("attributes"))
    named = fields(inner.get("evt"))
    time = moment_of(attributes.get("timestamp")) or moment_of(inner.get("timestamp"))
    if time is None:
        return None

    def text(*values: Any) -> str:
        return next((value.strip() for value in values if isinstance(value, str) and value.strip()), "")

    tags = {tag.strip() for tag in items(attributes.get("tags")) if isinstance(tag, str) and tag.strip()}
    return Event(
        id=text(outer.get("id"), named.get("id")),
        time=time,
        title=text(inner.get("title"), named.get("name"), attributes.get("title")),
        text=text(attributes.get("message"), inner.get("message")),
        tags=tuple(sorted(tags)[:MOST_TAGS]),
        status=text(inner.get("status"), attributes.get("status")),
    )

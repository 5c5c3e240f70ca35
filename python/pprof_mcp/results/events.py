"""What happened to a service, and how its hosts were before and after it."""

from __future__ import annotations

from pydantic import Field

from pprof_mcp.results.base import Row


class EventRow(Row):
    """An event."""

    columns = ("time", "title", "tags", "id")

    id: str = Field(description="Its id.")
    time: str = Field(description="When, RFC 3339.")
    title: str = Field(description="Its title.")
    text: str = Field(description="What else it says; a long text is cut.")
    tags: list[str] = Field(description="Its tags, sorted.")
    status: str = Field(description="How grave it is; empty when not said.")


class EventProfile(Row):
    """A profile near an event."""

    columns = ("timestamp", "host", "version", "profile_id", "event_id")
    spare = ("event_id",)

    profile_id: str = Field(description="Its short id.")
    event_id: str = Field(description="Its long id; a download needs both.")
    timestamp: str | None = Field(description="When it was taken, RFC 3339; null when not said.")
    host: str | None = Field(description="Host; null when not said.")
    version: str | None = Field(description="Version of the service; null when not said.")
    distance_seconds: float | None = Field(description="Between it and the event; null when not said.")


class HostChange(Row):
    """What changed on one host; numbers are null where a side is missing."""

    columns = ("host", "before_text", "after_text", "delta_pct", "before_version", "after_version")
    beneath = ("top",)

    host: str = Field(description="Host.")
    before_count: int = Field(description="Profiles before.")
    after_count: int = Field(description="Profiles after.")
    before_version: str | None = Field(description="Version nearest before the event.")
    after_version: str | None = Field(description="Version nearest after it.")
    before_text: str | None = Field(description="Total before, normalised.")
    after_text: str | None = Field(description="Total after.")
    delta_pct: float | None = Field(description="Change of the total in percent of before.")
    top: list[str] = Field(description="Functions that changed most, with the change.")

"""Captured profiles as a source lists them, and what was downloaded."""

from __future__ import annotations

from pydantic import Field

from pprof_mcp.results.base import Result, Row


class CandidateRow(Row):
    """One profile that can be downloaded."""

    columns = ("timestamp", "version", "host", "profile_id", "event_id")
    spare = ("event_id",)

    profile_id: str = Field(description="Its short id; empty when the source gave none.")
    event_id: str = Field(description="Its long id; a download needs both.")
    timestamp: str | None = Field(description="When it was taken, RFC 3339; null when not said.")
    version: str | None = Field(description="Version of the service; null when not said.")
    host: str | None = Field(description="Host; null when not said.")
    runtime: str | None = Field(description="Language or runtime; null when not said.")
    duration_seconds: float | None = Field(description="Time it covers; null when not said.")
    numeric_fields: dict[str, float] = Field(description="Measures by name, as the source gives them.")


class ListResult(Result):
    """Profiles, the newest first."""

    service: str = Field(description="Service that was asked for.")
    env: str = Field(description="Environment; empty for any.")
    host: str | None = Field(description="Host; null for any.")
    dd_site: str = Field(description="Site of Datadog.")
    asked: str = Field(description="Host that answered.")
    query: str = Field(description="The search, as Datadog was asked.")
    from_ts: str = Field(description="Start of the window.")
    to_ts: str = Field(description="End of the window.")
    limit: int = Field(description="Profiles at most.")
    count: int = Field(description="Profiles in this answer.")
    is_complete: bool = Field(description="Whether there are no more; how many more is not known.")
    cursor: str | None = Field(description="Pass it as `cursor` for older ones; null at the end.")
    candidates: list[CandidateRow] = Field(description="The profiles.")


class CapturedFile(Row):
    """One profile of a bundle."""

    columns = ("name", "type", "handle", "samples", "duration_text")
    spare = ("duration_text",)

    name: str = Field(description="Its name in the bundle.")
    type: str = Field(description="Told by its sample types: cpu, wall, heap, mutex, block, goroutine ...")
    handle: str = Field(description="Its handle: what other tools take as `profile`.")
    bytes: int = Field(description="Its size as downloaded.")
    samples: int = Field(description="Samples.")
    sample_types: list[str] = Field(description="`type/unit` of each sample type.")
    duration_text: str | None = Field(description="Time it covers; null when not said.")
    notes: list[str] = Field(description="What makes it less trustworthy.")


class OtherEntry(Row):
    """Something in a bundle that is no profile."""

    columns = ("name", "reason")

    name: str = Field(description="Its name in the bundle.")
    reason: str = Field(description="What it is.")


class NotFetched(Row):
    """A profile that could not be fetched."""

    columns = ("kind", "reason")

    kind: str = Field(description="What the source calls it.")
    code: str = Field(description="Code of the error.")
    reason: str = Field(description="What went wrong.")


class CaptureResult(Result):
    """A downloaded bundle."""

    source: str = Field(description="Where it came from.")
    service: str = Field(description="Service.")
    env: str = Field(description="Environment; empty when not said.")
    version: str | None = Field(description="Version of the service; null when not said.")
    host: str | None = Field(description="Host; null when not said.")
    runtime: str | None = Field(description="Language or runtime; null when not said.")
    tags: list[str] = Field(description="Its tags, sorted.")
    dd_site: str | None = Field(description="Site of Datadog; null for other sources.")
    from_ts: str | None = Field(description="Start of the window looked at; null when ids were given.")
    to_ts: str | None = Field(description="End of that window.")
    profile_id: str | None = Field(description="Short id at the source; null when it has none.")
    event_id: str | None = Field(description="Long id at the source; null when it has none.")
    timestamp: str | None = Field(description="When it was taken, RFC 3339; null when not said.")
    start: str | None = Field(description="When it begins; null when not said.")
    end: str | None = Field(description="When it ends; null when not said.")
    seq: int | None = Field(description="Its number since the process began, from 0; null when not said.")
    bundle: str = Field(description="Handle of all profiles together; `bundle#kind` names one.")
    kinds: list[str] = Field(description="Kinds there are.")
    files: list[CapturedFile] = Field(description="Its profiles, by name.")
    stacks: str | None = Field(
        description="Handle of the same goroutines with ages and creators; null without. It is `stacks` of "
        "pprof.goroutine_analysis."
    )
    not_fetched: list[NotFetched] = Field(description="Profiles that could not be fetched.")
    others: list[OtherEntry] = Field(description="What else is in it, by name.")
    metrics: dict[str, float] = Field(description="Measures of the profiler by name, from metrics.json.")
    endpoints: dict[str, int] = Field(description="Calls by endpoint, the most called; from event.json.")
    libraries: int = Field(description="Libraries that code-provenance.json names.")
    written: list[str] = Field(description="Files written to out_dir.")

"""pprof.meta: what a profile says about itself, and how good it is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Annotated

from pydantic import Field

from pprof_mcp import _native
from pprof_mcp.insight.quality import quality_notes
from pprof_mcp.insight.runtime import runtime_of
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.registry.spec import View
from pprof_mcp.results import Cursor, NextCall, Result, Row, ValueTypeRow, next_call, page_of

MOST_MAPPINGS = 10
MOST_KEYS = 30
MOST_COMMENTS = 20


class SampleTypeTotal(Row):
    """A sample type with its total."""

    columns = ("type", "unit", "total")

    type: str = Field(description="What is counted.")
    unit: str = Field(description="In what.")
    total: int = Field(description="Sum of absolute values.")


class MappingRow(Row):
    """A loaded binary."""

    columns = ("file", "build_id", "start", "limit")

    file: str = Field(description="Its path; empty when unknown.")
    build_id: str = Field(description="Its build id; empty when unknown.")
    start: str = Field(description="First address, in hexadecimal.")
    limit: str = Field(description="One past the last address, in hexadecimal.")
    offset: str = Field(description="Offset in the file, in hexadecimal.")
    has_functions: bool = Field(description="Whether its locations have function names.")
    has_filenames: bool = Field(description="Whether they have file names.")
    has_line_numbers: bool = Field(description="Whether they have line numbers.")
    has_inline_frames: bool = Field(description="Whether they have inlined calls.")


class MetaLabelKey(Row):
    """A label key."""

    columns = ("key", "numeric", "values", "samples")

    key: str = Field(description="The key.")
    numeric: bool = Field(description="Whether its values are numbers.")
    values: int = Field(description="Different values.")
    samples: int = Field(description="Samples that have it.")


class Quality(Row):
    """Counts that tell how good a profile is."""

    columns = (
        "unsymbolized_locations",
        "max_depth",
        "mean_depth",
        "truncated_stacks",
        "empty_stacks",
        "negative_values",
    )

    unsymbolized_locations: int = Field(description="Locations without a function name.")
    max_depth: int = Field(description="Frames of the deepest stack.")
    mean_depth: float = Field(description="Mean frames of a sample.")
    truncated_stacks: int = Field(description="Samples at a depth where profilers cut stacks off.")
    empty_stacks: int = Field(description="Samples without a stack.")
    negative_values: int = Field(description="Values below zero.")


class NoteRow(Row):
    """Something noticed while decoding."""

    columns = ("code", "detail")

    code: str = Field(description="A name that never changes.")
    detail: str = Field(description="A sentence.")


class MetaResult(Result):
    """What a profile says about itself."""

    profile: str = Field(description="The profile, as it was given.")
    handle: str = Field(description="Its handle.")
    kind: str = Field(
        description="cpu, wall, heap, mutex, block, goroutine, threadcreate, exceptions or other."
    )
    runtime: str | None = Field(
        description="go, java, python, node, ruby, php, dotnet, native; null when unknown."
    )
    sample_types: list[SampleTypeTotal] = Field(description="Sample types in the profile's order.")
    sample_types_left_out: int = Field(description="Sample types before and behind these.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next sample types; null at the end.")
    default_sample_type: str | None = Field(
        description="The default the profile names; null when it names none."
    )
    default_index: int = Field(description="Sample type used when none is asked for; -1 when there are none.")
    period_type: ValueTypeRow | None = Field(description="What the period counts; null when not said.")
    period: int = Field(description="Events between two samples; 0 when not said.")
    time: str | None = Field(description="When it was taken, in UTC; null when not said.")
    time_nanos: int = Field(description="The same in nanoseconds since 1970.")
    duration_nanos: int = Field(description="Time it covers, in nanoseconds; 0 when not said.")
    duration_text: str | None = Field(description="The same for people; null when not said.")
    samples: int = Field(description="Samples.")
    stacks: int = Field(description="Different stacks.")
    locations: int = Field(description="Locations.")
    functions: int = Field(description="Functions.")
    mappings: list[MappingRow] = Field(description="Loaded binaries, at most 10.")
    mappings_left_out: int = Field(description="Loaded binaries besides.")
    label_keys: list[MetaLabelKey] = Field(description="Label keys by name, at most 30.")
    label_keys_left_out: int = Field(description="Label keys besides.")
    comments: list[str] = Field(description="Free text in the profile, at most 20 lines.")
    comments_left_out: int = Field(description="Comments besides.")
    doc_url: str | None = Field(description="Where the profile says it is explained; null when not said.")
    drop_frames: str | None = Field(description="Frames the profile itself cuts off; null when not said.")
    keep_frames: str | None = Field(description="Exceptions to drop_frames; null when not said.")
    string_bytes: int = Field(description="Bytes of all strings.")
    heap_bytes: int = Field(description="Bytes it takes in memory here.")
    notes: list[NoteRow] = Field(description="What was noticed while decoding.")
    quality: Quality = Field(description="Counts that tell how good it is.")


@tool(
    "pprof.meta",
    title="Profile metadata",
    since="0.1",
    toolset="core",
    example={"profile": "handle:0123456789abcdef"},
    view=View("meta"),
)
def meta(
    profile: Profile,
    *,
    limit: Annotated[int, Field(ge=1, le=1_000, description="Sample types at most.")] = 40,
    cursor: Cursor = "",
) -> MetaResult:
    """Show what a profile says about itself: sample types, time, labels, binaries, quality.

    Use it to choose a sample_index or a label, or when numbers look odd: `warnings` says what makes the
    profile less trustworthy (missing names, cut-off stacks). For costs use pprof.top.
    """
    page = page_of(cursor, limit)
    found = profile.shared.meta
    types = found["sample_types"][page.offset : page.offset + page.limit]
    plain = {key: value for key, value in found.items() if key in MetaResult.model_fields}
    plain["sample_types"] = types
    plain["mappings"] = found["mappings"][:MOST_MAPPINGS]
    plain["label_keys"] = found["label_keys"][:MOST_KEYS]
    plain["comments"] = found["comments"][:MOST_COMMENTS]
    return MetaResult(
        **plain,
        warnings=quality_notes(found, profile.kinds),
        next=_next(profile),
        profile=profile.reference,
        handle=profile.handle,
        kind=profile.kind,
        runtime=runtime_of(_files(profile)),
        time=_time(found["time_nanos"]),
        duration_text=_duration(found["duration_nanos"]),
        sample_types_left_out=len(found["sample_types"]) - len(types),
        cursor=page.cursor(len(types), len(found["sample_types"])),
        mappings_left_out=max(0, len(found["mappings"]) - MOST_MAPPINGS),
        label_keys_left_out=max(0, len(found["label_keys"]) - MOST_KEYS),
        comments_left_out=max(0, len(found["comments"]) - MOST_COMMENTS),
    )


def _files(profile: Profile) -> list[tuple[str, float]]:
    if not profile.shared.meta["sample_types"]:
        return []
    rows = json.loads(
        _native.top(profile.native, json.dumps({"granularity": "files", "cum": True, "limit": 200}))
    )["rows"]
    return [(row["file"] or row["name"], row["cum"]) for row in rows]


def _time(nanos: int) -> str | None:
    if not nanos:
        return None
    try:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=nanos // 1_000)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _duration(nanos: int) -> str | None:
    return f"{nanos / 1e9:.4g} s" if nanos else None


def _next(profile: Profile) -> list[NextCall]:
    if not profile.shared.meta["sample_types"]:
        return []
    return [next_call("pprof.top", "The functions that cost most.", profile=profile.reference)]

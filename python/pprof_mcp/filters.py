"""The shared options of every analysis that looks at samples, declared once.

A tool takes them as `**filters: Unpack[Filters]`; the registry expands them into its parameters, so the
schema of the MCP tool, the options of the command and the keywords of the Python function all come from here.

Source: names and meanings are pprof's (internal/driver/config.go); the order of application is the core's,
which is pprof's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

Granularity = Literal["functions", "filefunctions", "files", "lines", "addresses"]
TruncateStrategy = Literal["head", "tail", "head_tail"]

MAX_PATTERN = 2_000
"""Longest pattern taken, in characters (chosen: far above what anyone types, below what hurts)."""


class SampleIndex(TypedDict, total=False):
    """Which values are looked at."""

    sample_index: Annotated[
        str,
        Field(
            default="",
            max_length=200,
            description="Sample type; default: the profile's own.",
        ),
    ]


class FrameFilters(TypedDict, total=False):
    """Which samples and frames are looked at, whatever their values."""

    focus: Annotated[
        str,
        Field(default="", max_length=MAX_PATTERN, description="Regex: samples to keep."),
    ]
    ignore: Annotated[
        str,
        Field(default="", max_length=MAX_PATTERN, description="Regex: samples to drop."),
    ]
    hide: Annotated[str, Field(default="", max_length=MAX_PATTERN, description="Regex: frames to drop.")]
    show: Annotated[str, Field(default="", max_length=MAX_PATTERN, description="Regex: frames to keep.")]
    show_from: Annotated[
        str,
        Field(
            default="",
            max_length=MAX_PATTERN,
            description="Regex: the highest frame to keep.",
        ),
    ]
    tagfocus: Annotated[
        str,
        Field(
            default="",
            max_length=MAX_PATTERN,
            description="Labels to keep: `key=regex`, `key=1kb:64kb`.",
        ),
    ]
    tagignore: Annotated[str, Field(default="", max_length=MAX_PATTERN, description="Labels to drop.")]
    noinlines: Annotated[bool, Field(default=False, description="Count inlined calls to their caller.")]


class SampleFilters(SampleIndex, FrameFilters, total=False):
    """Which samples and frames are looked at."""


class Filters(SampleFilters, total=False):
    """Which samples and frames are looked at, and how they are grouped."""

    granularity: Annotated[Granularity, Field(default="functions", description="What a row is.")]


class ProfileFilters(Filters, total=False):
    """All of pprof's filters, for making a profile of what they leave.

    Attributes:
        prune_from: Drop frames below a matching one.
        tagshow: Keep labels whose key matches.
        taghide: Drop labels whose key matches.
        tagroot: Label keys, comma separated, that become frames at the root.
        tagleaf: Label keys, comma separated, that become frames at the leaf.
    """

    prune_from: str
    tagshow: str
    taghide: str
    tagroot: str
    tagleaf: str


class TextOptions(TypedDict, total=False):
    """How much of a text is returned; they matter with `format=text` only."""

    max_lines: Annotated[int, Field(default=0, ge=0, le=100_000, description="Lines of text; 0: all.")]
    max_bytes: Annotated[int, Field(default=6_000, ge=1, le=60_000, description="Bytes of text.")]
    truncate_strategy: Annotated[TruncateStrategy, Field(default="head", description="Which part is kept.")]


class TextFilters(Filters, TextOptions, total=False):
    """Filters, and the options of a tool that also gives pprof's own text."""


FILTER_NAMES = tuple(Filters.__annotations__)
TEXT_NAMES = tuple(TextOptions.__annotations__)
SHARED = frozenset((*FILTER_NAMES, *TEXT_NAMES))
"""Options that the list of tools describes once."""


def profile_spec(filters: Mapping[str, object]) -> str:
    """Write the options of `Profile.filter`.

    Raises:
        TypeError: There is no such filter.
    """
    known = (*FILTER_NAMES, *ProfileFilters.__annotations__)
    unknown = sorted(set(filters) - set(known))
    if unknown:
        raise TypeError(f"no such filter: {', '.join(unknown)}; there are {', '.join(sorted(set(known)))}")
    return json.dumps(dict(filters))


def spec(filters: Mapping[str, object], **options: object) -> str:
    """Write the options of a native call.

    Args:
        filters: The keywords a tool was called with; those of `TextOptions` are left out.
        **options: What the call takes besides.

    Returns:
        JSON for the core, which refuses keys it does not know.
    """
    kept = {name: value for name, value in filters.items() if name in FILTER_NAMES}
    return json.dumps({**kept, **options})

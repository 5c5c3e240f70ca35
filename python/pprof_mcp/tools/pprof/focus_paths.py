"""pprof.focus_paths: the ways from the root to a function, merged and ranked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import MAX_PATTERN, TextFilters
from pprof_mcp.profile import Profile
from pprof_mcp.registry import Cli, tool
from pprof_mcp.reports import Rows, ask, exactly, pprof_text
from pprof_mcp.results import Cursor, LeftOut, NextCall, Row, next_call, page_of
from pprof_mcp.results.analysis import RowsOrText, TextAnalysis


class Callee(Row):
    """Where a path goes on below the function."""

    columns = ("value_text", "pct", "name")

    name: str = Field(description="What the function calls; empty for work in the function itself.")
    value: int = Field(description="What went there.")
    value_text: str = Field(description="value with its unit.")
    pct: float = Field(description="In percent of the path.")


class PathRow(Row):
    """All samples on one path."""

    columns = ("value_text", "pct", "pct_of_matched", "samples", "depth")
    beneath = ("frames", "below")

    value: int = Field(description="What its samples count.")
    pct: float = Field(description="In percent of the total, 0-100.")
    pct_of_matched: float = Field(description="In percent of all samples through the function.")
    value_text: str = Field(description="value with its unit.")
    samples: int = Field(description="Samples on this path.")
    depth: int = Field(description="Frames from the root to the function.")
    frames: list[str] = Field(description="Those frames, root first; the last one is the function.")
    truncated: bool = Field(description="Whether frames at the root are left out here (max_depth).")
    below: list[Callee] = Field(description="What the function calls on this path, heaviest first.")


class PathsMatched(Row):
    """All samples through the function."""

    columns = ("value_text", "pct", "samples")

    value: int = Field(description="What they count.")
    value_text: str = Field(description="value with its unit.")
    pct: float = Field(description="In percent of the total.")
    samples: int = Field(description="How many there are.")


class PathsLeftOut(LeftOut):
    """Paths that are not among the rows."""

    columns = ("rows", "pct")

    value: int = Field(description="What they count.")
    pct: float = Field(description="In percent of the total.")


class FocusPathsResult(TextAnalysis):
    """Paths, heaviest first."""

    functions: list[str] = Field(description="Names that match the pattern, at most 10.")
    functions_left_out: int = Field(description="Names that match besides.")
    matched: PathsMatched = Field(description="All samples through these functions.")
    paths: int = Field(description="Different paths there are.")
    rows: list[PathRow] = Field(description="The paths; empty with format=text.")
    left_out: PathsLeftOut = Field(description="Paths before and behind these rows.")


MOST_NAMES = 10


@tool(
    "pprof.focus_paths",
    title="Paths to a function",
    since="0.1",
    toolset="core",
    example={"profile": "handle:0123456789abcdef", "function": "runtime\\.mallocgc"},
)
def focus_paths(
    profile: Profile,
    function: Annotated[
        str,
        Field(
            min_length=1, max_length=MAX_PATTERN, description="Which functions, by a regex on their names."
        ),
        Cli(positional=True),
    ],
    *,
    limit: Annotated[int, Field(ge=1, le=200, description="Paths at most.")] = 4,
    max_depth: Annotated[
        int, Field(ge=1, le=2_000, description="Frames of each path at most, from the function.")
    ] = 12,
    below: Annotated[int, Field(ge=0, le=50, description="Callees named for each path, at most.")] = 2,
    cursor: Cursor = "",
    format: RowsOrText = "rows",
    **filters: Unpack[TextFilters],
) -> FocusPathsResult:
    """Show every way from the root to a function, merged and ranked.

    Use it to learn on whose behalf a function runs: each row is one chain of callers with its share.
    Recursion counts below the first match. For direct neighbours only use pprof.peek; for stacks of the whole
    profile pprof.traces_head.
    """
    page = page_of(cursor, limit)
    shown = 0 if format == "text" else page.limit
    found = ask(
        _native.paths,
        profile,
        filters,
        function=function,
        offset=page.offset,
        limit=shown,
        max_depth=max_depth,
        below=below,
    )
    raw = raw_meta = None
    if format == "text":
        # pprof has one focus: one that was given besides the function is applied before.
        given = filters.get("focus", "")
        native = profile.filter(focus=given).native if given else profile.native
        raw, raw_meta = pprof_text(native, {**filters, "focus": function}, "traces")
    warnings = list(found["warnings"])
    if not found["functions"] and not warnings:
        warnings.append(f"no function matches {function!r}")
    rows = [PathRow.model_validate(row) for row in found["rows"]]
    return FocusPathsResult(
        warnings=warnings,
        next=_next(profile, found),
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=found["unit"],
        total=found["total"],
        total_text=found["total_text"],
        raw=raw,
        raw_meta=raw_meta,
        cursor=page.cursor(len(rows), found["paths"]),
        functions=found["functions"][:MOST_NAMES],
        functions_left_out=max(0, len(found["functions"]) - MOST_NAMES),
        matched=found["matched"],
        paths=found["paths"],
        rows=rows,
        left_out=found["left_out"],
    )


def _next(profile: Profile, found: Rows) -> list[NextCall]:
    reference, index = profile.reference, found["sample_type"]["type"]
    if not found["functions"]:
        return [next_call("pprof.top", "The names that exist.", profile=reference, sample_index=index)]
    pattern = exactly(found["functions"][0])
    why = "Direct callers and callees with their weights."
    return [next_call("pprof.peek", why, profile=reference, regex=pattern, sample_index=index)]

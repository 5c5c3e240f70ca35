"""pprof.diff_paths: which whole call paths got more and which got less between two profiles."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.comparing import After, Before, Normalizing, Sides
from pprof_mcp.filters import TextFilters
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows
from pprof_mcp.results import Cursor, NextCall, Row, next_call, page_of
from pprof_mcp.results.analysis import RowsOrText
from pprof_mcp.results.comparison import Comparison, Status


class PathDelta(Row):
    """One path that differs."""

    columns = ("delta_text", "delta_pct", "status", "before", "after", "depth")
    spare = ("depth",)
    beneath = ("frames",)

    status: Status = Field(description="new: only after; gone: only before.")
    before: float = Field(description="What its samples count before.")
    after: float = Field(description="What they count after.")
    delta: float = Field(description="after minus before.")
    delta_pct: float = Field(description="In percent of the total before.")
    ratio: float | None = Field(description="after / before; null where there was nothing before.")
    delta_text: str = Field(description="delta with unit and sign.")
    depth: int = Field(description="Frames the path has.")
    frames: list[str] = Field(description="Its frames, root first; the last one is the leaf.")
    truncated: bool = Field(description="Whether frames at the root are left out here (max_depth).")


class DiffPathsResult(Comparison):
    """Paths that differ, the largest difference first."""

    rows: list[PathDelta] = Field(description="The paths; empty with format=text.")


@tool(
    "pprof.diff_paths",
    title="Compare two profiles by path",
    since="0.1",
    toolset="compare",
    example={
        "before": "handle:0123456789abcdef",
        "after": "handle:fedcba9876543210",
        "focus": "runtime\\.mallocgc",
    },
)
def diff_paths(
    before: Before,
    after: After,
    *,
    limit: Annotated[int, Field(ge=1, le=200, description="Paths at most.")] = 5,
    max_depth: Annotated[
        int, Field(ge=1, le=2_000, description="Frames of each path at most, from the leaf.")
    ] = 12,
    normalize: Normalizing = "none",
    cursor: Cursor = "",
    format: RowsOrText = "rows",
    **filters: Unpack[TextFilters],
) -> DiffPathsResult:
    """Compare two profiles by whole call path: new, gone and changed, by size of the change.

    Use it after pprof.diff_top, to learn on which way a function got its change: each row is one path from
    root to leaf; give focus the function. A path is the names of its frames: granularity=lines tells call
    sites apart, hide drops frames that do not matter.
    Captures of different length need normalize=per_second; different load, normalize=total.
    """
    page = page_of(cursor, limit)
    sides = Sides(before, after, filters, normalize, format)
    found = sides.ask(_native.diff_paths, offset=page.offset, limit=page.limit, max_depth=max_depth)
    raw, raw_meta = sides.text("traces", diff_base=False)
    rows = [_row(row) for row in found["rows"]]
    return DiffPathsResult(
        **sides.fields(found),
        next=_next(sides, found),
        raw=raw,
        raw_meta=raw_meta,
        cursor=page.cursor(len(rows), len(rows) + found["left_out"]["rows"]),
        rows=rows,
    )


def _row(row: Rows) -> PathDelta:
    names = {"base_value": "before", "value": "after"}
    return PathDelta.model_validate({names.get(key, key): value for key, value in row.items()})


def _next(sides: Sides, found: Rows) -> list[NextCall]:
    calls = sides.per_second("pprof.diff_paths", found)
    if found["rows"]:
        index = found["sample_type"]["type"]
        why = "The same by function, with places."
        before, after = sides.side("gone").reference, sides.side("new").reference
        calls.append(next_call("pprof.diff_top", why, before=before, after=after, sample_index=index))
    return calls

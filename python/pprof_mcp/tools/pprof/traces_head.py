"""pprof.traces_head: the heaviest whole stacks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import TextFilters
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows, ask, exactly, place, pprof_text
from pprof_mcp.results import Cursor, LabelRow, LeftOut, NextCall, Row, next_call, page_of
from pprof_mcp.results.analysis import RowsOrText, TextAnalysis


class StackFrame(Row):
    """One frame of a stack."""

    columns = ("name", "location")

    name: str = Field(description="The function, as pprof names it.")
    location: str | None = Field(description="`file:line`, or the file alone; null when unknown.")
    inlined: bool = Field(description="Whether it was inlined into the frame behind it.")


class StackRow(Row):
    """All samples with one stack."""

    columns = ("value_text", "pct", "samples", "depth")
    beneath = ("frames", "labels")

    value: int = Field(description="What its samples count.")
    pct: float = Field(description="In percent of the total, 0-100.")
    value_text: str = Field(description="value with its unit.")
    samples: int = Field(description="Samples with this stack.")
    depth: int = Field(description="Frames the stack has.")
    frames: list[StackFrame] = Field(description="The frames, leaf first.")
    truncated: bool = Field(description="Whether frames at the root are left out here (max_depth).")
    labels: list[LabelRow] = Field(description="Labels that all its samples have.")


class StacksLeftOut(LeftOut):
    """Stacks that are not among the rows."""

    columns = ("rows", "pct")

    value: int = Field(description="What they count.")
    pct: float = Field(description="In percent of the total.")


class TracesResult(TextAnalysis):
    """Stacks, heaviest first."""

    stacks: int = Field(description="Different stacks there are.")
    rows: list[StackRow] = Field(description="The stacks; empty with format=text.")
    left_out: StacksLeftOut = Field(description="Stacks before and behind these rows.")


@tool(
    "pprof.traces_head",
    title="Heaviest stacks",
    since="0.1",
    toolset="core",
    example={"profile": "handle:0123456789abcdef"},
)
def traces_head(
    profile: Profile,
    *,
    limit: Annotated[int, Field(ge=1, le=200, description="Stacks at most.")] = 5,
    max_depth: Annotated[
        int, Field(ge=1, le=2_000, description="Frames of each stack at most, from the leaf.")
    ] = 12,
    lines: Annotated[int, Field(ge=0, le=100_000, description="With format=text the same as max_lines.")] = 0,
    cursor: Cursor = "",
    format: RowsOrText = "rows",
    **filters: Unpack[TextFilters],
) -> TracesResult:
    """Show the heaviest whole stacks of a profile, equal stacks together.

    Use it to see what really runs, or where goroutines stand: with a goroutine profile each row is one place
    with its count. For the paths through one function use pprof.focus_paths; for functions pprof.top.
    """
    page = page_of(cursor, limit)
    shown = 0 if format == "text" else page.limit
    found = ask(_native.traces, profile, filters, offset=page.offset, limit=shown, max_depth=max_depth)
    raw = raw_meta = None
    if format == "text":
        options = {**filters, "max_lines": filters.get("max_lines") or lines}
        raw, raw_meta = pprof_text(profile.native, options, "traces")
    rows = [_row(row) for row in found["rows"]]
    return TracesResult(
        warnings=found["warnings"],
        next=_next(profile, found, rows),
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=found["unit"],
        total=found["total"],
        total_text=found["total_text"],
        raw=raw,
        raw_meta=raw_meta,
        cursor=page.cursor(len(rows), found["stacks"]),
        stacks=found["stacks"],
        rows=rows,
        left_out=StacksLeftOut(**found["left_out"]),
    )


def _row(row: Rows) -> StackRow:
    frames = [
        StackFrame(name=frame["name"], location=place(frame), inlined=frame["inlined"])
        for frame in row["frames"]
    ]
    return StackRow.model_validate({**row, "frames": frames})


def _next(profile: Profile, found: Rows, rows: list[StackRow]) -> list[NextCall]:
    reference, index = profile.reference, found["sample_type"]["type"]
    if not rows or not rows[0].frames:
        return [next_call("pprof.top", "The functions.", profile=reference, sample_index=index)]
    leaf = rows[0].frames[0].name
    why = f"All paths to {leaf[:100]}."
    return [
        next_call("pprof.focus_paths", why, profile=reference, function=exactly(leaf), sample_index=index)
    ]

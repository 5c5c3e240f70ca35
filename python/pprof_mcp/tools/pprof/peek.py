"""pprof.peek: who calls a function and what it calls, with weights."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import MAX_PATTERN, TextFilters
from pprof_mcp.profile import Profile
from pprof_mcp.registry import Cli, tool
from pprof_mcp.reports import Rows, ask, exactly, place, pprof_text
from pprof_mcp.results import Cursor, LeftOut, NextCall, Row, next_call, page_of
from pprof_mcp.results.analysis import RowsOrText, TextAnalysis


class PeekEdge(Row):
    """A caller or a callee."""

    columns = ("weight_text", "pct", "name")

    name: str = Field(description="The caller or callee.")
    weight: int = Field(description="What went through these calls.")
    pct: float = Field(description="In percent of the node's cum.")
    weight_text: str = Field(description="weight with its unit.")
    inline: bool = Field(description="Whether the call was inlined everywhere.")


class PeekRow(Row):
    """One matching node with its neighbours."""

    columns = ("flat_text", "flat_pct", "cum_text", "cum_pct", "name", "location")
    spare = ("location",)
    beneath = ("callers", "callees")

    name: str = Field(description="The node, as pprof names it.")
    location: str | None = Field(description="`file:line`, or the file alone; null when unknown.")
    flat: int = Field(description="Spent in the node itself.")
    flat_pct: float = Field(description="flat in percent of the total, 0-100.")
    cum: int = Field(description="Spent in the node and all it called.")
    cum_pct: float = Field(description="cum in percent of the total, 0-100.")
    flat_text: str = Field(description="flat with its unit.")
    cum_text: str = Field(description="cum with its unit.")
    callers: list[PeekEdge] = Field(description="Callers, heaviest first.")
    callees: list[PeekEdge] = Field(description="Callees, heaviest first.")
    callers_left_out: int = Field(description="Callers there are besides.")
    callees_left_out: int = Field(description="Callees there are besides.")


class PeekResult(TextAnalysis):
    """Matching nodes, heaviest first."""

    matched: int = Field(description="Nodes that match the pattern.")
    rows: list[PeekRow] = Field(description="The nodes; empty with format=text.")
    left_out: LeftOut = Field(description="Matching nodes before and behind these rows.")


@tool(
    "pprof.peek",
    title="Callers and callees",
    since="0.1",
    toolset="core",
    example={"profile": "handle:0123456789abcdef", "regex": "json\\.Marshal"},
)
def peek(
    profile: Profile,
    regex: Annotated[
        str,
        Field(
            min_length=1, max_length=MAX_PATTERN, description="Which functions, by a regex on their names."
        ),
        Cli(positional=True),
    ],
    *,
    limit: Annotated[int, Field(ge=1, le=200, description="Functions at most.")] = 5,
    edges: Annotated[int, Field(ge=1, le=200, description="Callers and callees of each, at most.")] = 8,
    cursor: Cursor = "",
    format: RowsOrText = "rows",
    **filters: Unpack[TextFilters],
) -> PeekResult:
    """Show callers and callees of the functions that match a regex.

    Use it when pprof.top names a function and the question is who calls it or where its time goes. Weights
    are of the samples through each call. For complete stacks through a function use pprof.focus_paths.
    """
    page = page_of(cursor, limit)
    shown = 0 if format == "text" else page.limit
    found = ask(_native.peek, profile, filters, regex=regex, offset=page.offset, limit=shown, edges=edges)
    raw = raw_meta = None
    if format == "text" and found["matched"]:
        raw, raw_meta = pprof_text(profile.native, filters, "peek", regex=regex)
    warnings = list(found["warnings"])
    if not found["matched"] and not warnings:
        warnings.append(f"no function matches {regex!r}")
    rows = [_row(row) for row in found["rows"]]
    return PeekResult(
        warnings=warnings,
        next=_next(profile, found, rows, regex),
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=found["unit"],
        total=found["total"],
        total_text=found["total_text"],
        raw=raw,
        raw_meta=raw_meta,
        cursor=page.cursor(len(rows), found["matched"]),
        matched=found["matched"],
        rows=rows,
        left_out=LeftOut(**found["left_out"]),
    )


def _row(row: Rows) -> PeekRow:
    kept = {key: value for key, value in row.items() if key != "node"}
    return PeekRow(name=row["node"]["name"], location=place(row["node"]), **kept)


def _next(profile: Profile, found: Rows, rows: list[PeekRow], regex: str) -> list[NextCall]:
    reference, index = profile.reference, found["sample_type"]["type"]
    if not found["matched"]:
        return [next_call("pprof.top", "The names that exist.", profile=reference, sample_index=index)]
    calls = [
        next_call(
            "pprof.focus_paths", "Whole paths to it.", profile=reference, function=regex, sample_index=index
        )
    ]
    if rows and rows[0].callers:
        caller = rows[0].callers[0].name
        why = f"One step up: {caller[:100]}."
        calls.append(
            next_call("pprof.peek", why, profile=reference, regex=exactly(caller), sample_index=index)
        )
    return calls

"""pprof.diff_top: what got more and what got less between two profiles."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.comparing import After, Before, Normalizing, Sides
from pprof_mcp.filters import TextFilters
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows, exactly, place
from pprof_mcp.results import Cursor, NextCall, Row, next_call, page_of
from pprof_mcp.results.analysis import RowsOrText
from pprof_mcp.results.comparison import Comparison, Status


class DeltaRow(Row):
    """One node that differs."""

    columns = (
        "delta_flat_text",
        "delta_flat_pct",
        "delta_cum_text",
        "delta_cum_pct",
        "status",
        "name",
        "location",
    )
    spare = ("location", "delta_cum_pct")

    name: str = Field(description="The node, as pprof names it.")
    location: str | None = Field(description="`file:line`, or the file alone; null when unknown.")
    status: Status = Field(description="new: only after; gone: only before.")
    before_flat: float = Field(description="flat before.")
    after_flat: float = Field(description="flat after.")
    delta_flat: float = Field(description="after minus before.")
    delta_flat_pct: float = Field(description="In percent of the total before.")
    ratio_flat: float | None = Field(description="after / before; null where there was nothing before.")
    before_cum: float = Field(description="cum before.")
    after_cum: float = Field(description="cum after.")
    delta_cum: float = Field(description="after minus before.")
    delta_cum_pct: float = Field(description="In percent of the total before.")
    delta_flat_text: str = Field(description="delta_flat with unit and sign.")
    delta_cum_text: str = Field(description="delta_cum with unit and sign.")


class DiffResult(Comparison):
    """Nodes that differ, the largest difference first."""

    deltas: list[DeltaRow] = Field(description="The nodes; empty with format=text.")


@tool(
    "pprof.diff_top",
    title="Compare two profiles",
    since="0.1",
    toolset="compare",
    example={
        "before": "handle:0123456789abcdef",
        "after": "handle:fedcba9876543210",
        "normalize": "per_second",
    },
)
def diff_top(
    before: Before,
    after: After,
    *,
    cum: Annotated[bool, Field(description="Sort by the change of cum instead of flat.")] = False,
    nodecount: Annotated[int, Field(ge=1, le=500, description="Rows at most.")] = 12,
    normalize: Normalizing = "none",
    cursor: Cursor = "",
    format: RowsOrText = "rows",
    **filters: Unpack[TextFilters],
) -> DiffResult:
    """Compare two profiles function by function: new, gone and changed, by size of the change.

    Use it for regressions and for growth between two snapshots. Whole profiles are compared, nothing is
    trimmed first. On which way the change came about, pprof.diff_paths says.
    Captures of different length need normalize=per_second; different load, normalize=total.
    """
    page = page_of(cursor, nodecount)
    sides = Sides(before, after, filters, normalize, format)
    found = sides.ask(_native.diff_top, cum=cum, offset=page.offset, limit=page.limit)
    raw, raw_meta = sides.text("top", diff_base=True, cum=cum, nodecount=nodecount)
    rows = [_row(row) for row in found["rows"]]
    return DiffResult(
        **sides.fields(found),
        next=_next(sides, found, rows),
        raw=raw,
        raw_meta=raw_meta,
        cursor=page.cursor(len(rows), len(rows) + found["left_out"]["rows"]),
        deltas=rows,
    )


def _row(row: Rows) -> DeltaRow:
    names = {"base_flat": "before_flat", "flat": "after_flat", "base_cum": "before_cum", "cum": "after_cum"}
    renamed = {names.get(key, key): value for key, value in row.items()}
    kept = {key: value for key, value in renamed.items() if key in DeltaRow.model_fields}
    return DeltaRow(location=place(row), **kept)


def _next(sides: Sides, found: Rows, rows: list[DeltaRow]) -> list[NextCall]:
    calls = sides.per_second("pprof.diff_top", found)
    if not rows:
        return calls
    first, index = found["rows"][0], found["sample_type"]["type"]
    name = first["function"] or first["name"]
    if first["function"]:
        both = {"before": sides.side("gone").reference, "after": sides.side("new").reference}
        why = f"On which ways it came to {name[:100]}."
        calls.append(next_call("pprof.diff_paths", why, **both, focus=exactly(name), sample_index=index))
    profile = sides.side(rows[0].status).reference
    why = f"Who calls {name[:100]}."
    calls.append(next_call("pprof.peek", why, profile=profile, regex=exactly(name), sample_index=index))
    return calls

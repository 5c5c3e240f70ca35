"""pprof.diff_top: what got more and what got less between two profiles."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.filters import TextFilters
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows, ask, exactly, place, pprof_text
from pprof_mcp.results import LeftOut, NextCall, Result, Row, SampleType, next_call, page_of
from pprof_mcp.results.analysis import AnswerFormat
from pprof_mcp.results.shared import RawMeta

Normalize = Literal["none", "per_second", "total"]


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
    status: Literal["new", "gone", "changed", "same"] = Field(
        description="new: only after; gone: only before."
    )
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


class DiffLeftOut(LeftOut):
    """Nodes that differ but are not among the rows."""

    columns = ("rows", "delta")

    delta: float = Field(description="Sum of their flat differences.")


class DiffResult(Result):
    """Nodes that differ, the largest difference first."""

    before: str = Field(description="The profile before, as it was given.")
    after: str = Field(description="The profile after, as it was given.")
    sample_type: SampleType = Field(description="What the values count.")
    unit: str = Field(description="Unit of all values, after normalisation.")
    normalize: Normalize = Field(description="How the two sides were made comparable.")
    before_total: float = Field(description="Total before, normalised.")
    before_total_text: str = Field(description="before_total with unit.")
    after_total: float = Field(description="Total after, normalised.")
    after_total_text: str = Field(description="after_total with unit.")
    delta_total: float = Field(description="after minus before.")
    delta_total_text: str = Field(description="delta_total with unit and sign.")
    before_scale: float = Field(description="What values before were multiplied by.")
    after_scale: float = Field(description="What values after were multiplied by.")
    before_duration_nanos: int = Field(description="Duration of the profile before; 0 when not said.")
    after_duration_nanos: int = Field(description="Duration of the profile after; 0 when not said.")
    new: int = Field(description="Nodes that are only after.")
    gone: int = Field(description="Nodes that are only before.")
    changed: int = Field(description="Nodes on both sides that differ.")
    same: int = Field(description="Nodes on both sides that do not; they make no rows.")
    raw: str | None = Field(description="pprof's own text with format=text; else null.")
    raw_meta: RawMeta | None = Field(description="What was cut from `raw`; null without it.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next rows; null at the end.")
    deltas: list[DeltaRow] = Field(description="The nodes; empty with format=text.")
    left_out: DiffLeftOut = Field(description="Nodes before and behind these rows.")


@tool(
    "pprof.diff_top",
    title="Compare two profiles",
    since="0.1",
    example={
        "before": "handle:0123456789abcdef",
        "after": "handle:fedcba9876543210",
        "normalize": "per_second",
    },
)
def diff_top(
    before: Annotated[Profile, Field(description="Profile before: path, `handle:...`, or bundle + `#kind`.")],
    after: Annotated[Profile, Field(description="Profile after: path, `handle:...`, or bundle + `#kind`.")],
    *,
    cum: Annotated[bool, Field(description="Sort by the change of cum instead of flat.")] = False,
    nodecount: Annotated[int, Field(ge=1, le=500, description="Rows at most.")] = 12,
    normalize: Annotated[
        Normalize, Field(description="per_second: divide by durations; total: scale before to after's total.")
    ] = "none",
    cursor: Annotated[str, Field(max_length=20, description="`cursor` of the last answer, to go on.")] = "",
    format: Annotated[
        AnswerFormat, Field(description="`text`: pprof's own text in `raw` instead of rows.")
    ] = "rows",
    **filters: Unpack[TextFilters],
) -> DiffResult:
    """Compare two profiles function by function: new, gone and changed, by size of the change.

    Use it for regressions and for growth between two snapshots. Whole profiles are compared, nothing is
    trimmed first.
    Captures of different length need normalize=per_second; different load, normalize=total.
    """
    page = page_of(cursor, nodecount)
    if format == "text" and normalize == "per_second":
        raise InvalidArgumentError(
            "format=text is pprof's own comparison, which knows normalize none and total only",
            hint="Use format=rows with per_second.",
            details={"argument": "format"},
        )
    limit = 0 if format == "text" else page.limit
    options = {"cum": cum, "normalize": normalize, "offset": page.offset, "limit": limit}
    found = ask(lambda native, spec: _native.diff_top(before.native, native, spec), after, filters, **options)
    raw, raw_meta = (
        _text(before, after, filters, normalize, cum=cum, nodecount=nodecount)
        if format == "text"
        else (None, None)
    )
    rows = [_row(row) for row in found["rows"]]
    shown = len(rows)
    return DiffResult(
        warnings=[*found["warnings"], *_warnings(found, normalize)],
        next=_next(before, after, found, rows, normalize),
        before=before.reference,
        after=after.reference,
        sample_type=found["sample_type"],
        unit=found["unit"],
        normalize=normalize,
        before_total=found["base_total"],
        before_total_text=found["base_total_text"],
        after_total=found["total"],
        after_total_text=found["total_text"],
        delta_total=found["delta_total"],
        delta_total_text=found["delta_total_text"],
        before_scale=found["base_scale"],
        after_scale=found["scale"],
        before_duration_nanos=found["base_duration_nanos"],
        after_duration_nanos=found["duration_nanos"],
        new=found["new"],
        gone=found["gone"],
        changed=found["changed"],
        same=found["same"],
        raw=raw,
        raw_meta=raw_meta,
        cursor=page.cursor(shown, shown + found["left_out"]["rows"]),
        deltas=rows,
        left_out=found["left_out"],
    )


def _row(row: Rows) -> DeltaRow:
    names = {"base_flat": "before_flat", "flat": "after_flat", "base_cum": "before_cum", "cum": "after_cum"}
    renamed = {names.get(key, key): value for key, value in row.items()}
    kept = {key: value for key, value in renamed.items() if key in DeltaRow.model_fields}
    return DeltaRow(location=place(row), **kept)


def _text(
    before: Profile, after: Profile, filters: TextFilters, normalize: Normalize, *, cum: bool, nodecount: int
) -> tuple[str, RawMeta]:
    difference = _native.diff(
        _native.prepare_source(before.native),
        _native.prepare_source(after.native),
        diff_base=True,
        normalize=normalize == "total",
    )
    return pprof_text(difference, filters, "top", cum=cum, nodecount=nodecount)


def _warnings(found: Rows, normalize: Normalize) -> list[str]:
    before, after = found["base_duration_nanos"], found["duration_nanos"]
    if normalize == "none" and before and after and max(before, after) > 1.1 * min(before, after):
        lengths = f"{before / 1e9:.4g} s and {after / 1e9:.4g} s"
        return [f"the profiles cover {lengths}: part of each difference, unless normalize is per_second"]
    return []


def _next(
    before: Profile, after: Profile, found: Rows, rows: list[DeltaRow], normalize: Normalize
) -> list[NextCall]:
    index = found["sample_type"]["type"]
    calls: list[NextCall] = []
    if _warnings(found, normalize):
        calls.append(
            next_call(
                "pprof.diff_top",
                "The same per second.",
                before=before.reference,
                after=after.reference,
                normalize="per_second",
                sample_index=index,
            )
        )
    if rows:
        side = before if rows[0].status == "gone" else after
        why = f"Who calls {rows[0].name[:100]}."
        calls.append(
            next_call(
                "pprof.peek", why, profile=side.reference, regex=exactly(rows[0].name), sample_index=index
            )
        )
    return calls

"""pprof.top: the functions that cost most, with flat and cum values."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.baselining import NAMES, BaselineName, compare, measured, name_of
from pprof_mcp.filters import FILTER_NAMES, TextFilters
from pprof_mcp.insight.labels import LabelKey, worth_grouping_by
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import View
from pprof_mcp.reports import Rows, ask, exactly, place, pprof_text
from pprof_mcp.results import Cursor, LeftOut, NextCall, Row, next_call, page_of
from pprof_mcp.results.analysis import RowsOrText, TextAnalysis
from pprof_mcp.results.base import ArgumentValue
from pprof_mcp.results.baseline import BaselineComparison
from pprof_mcp.session.session import Session


class TopRow(Row):
    """One node: a function, unless another granularity was asked for."""

    columns = ("flat_text", "flat_pct", "sum_pct", "cum_text", "cum_pct", "name", "location")
    spare = ("location", "sum_pct")

    name: str = Field(description="The node, as pprof names it.")
    location: str | None = Field(description="`file:line`, or the file alone; null when unknown.")
    inlined: Literal["", "inline", "partial-inline"] = Field(description="Whether callers had it inlined.")
    flat: int = Field(description="Spent in the node itself.")
    flat_pct: float = Field(description="flat in percent of the total, 0-100.")
    sum_pct: float = Field(description="flat of this row and all above it, in percent of the total.")
    cum: int = Field(
        description="Spent in the node and all it called; once a sample, however often it recurs."
    )
    cum_pct: float = Field(description="cum in percent of the total, 0-100.")
    flat_text: str = Field(description="flat with its unit.")
    cum_text: str = Field(description="cum with its unit.")


class TopLeftOut(LeftOut):
    """Nodes that are not among the rows."""

    columns = ("rows", "flat_pct")

    flat: int = Field(description="Their flat values together.")
    flat_pct: float = Field(description="In percent of the total.")


class TopResult(TextAnalysis):
    """Nodes by flat or cum, heaviest first."""

    rows: list[TopRow] = Field(description="The nodes; empty with format=text.")
    nodes: int = Field(description="Nodes there are, shown or not.")
    left_out: TopLeftOut = Field(description="Nodes before and behind these rows.")
    dropped_nodes: int = Field(description="Nodes below nodefraction, in no row.")
    hints: list[str] = Field(description="What this profile offers besides.")
    baseline: BaselineComparison | None = Field(
        description="What differs from recorded runs; null unless compare_baseline."
    )


class _Options(TextFilters, BaselineName, total=False):
    """Filters, text options, and the name of a series of stored runs."""


@tool(
    "pprof.top",
    title="Top functions",
    since="0.1",
    toolset="core",
    example={"profile": "handle:0123456789abcdef", "cum": True},
    view=View("top", variables=("sample_index",)),
    explains_shared=True,
)
def top(
    profile: Profile,
    *,
    cum: Annotated[bool, Field(description="Sort by cum instead of flat.")] = False,
    nodecount: Annotated[int, Field(ge=1, le=500, description="Rows at most.")] = 15,
    nodefraction: Annotated[
        float, Field(ge=0, le=1, description="Drop nodes with a cum below this share of the total.")
    ] = 0.005,
    cursor: Cursor = "",
    format: RowsOrText = "rows",
    compare_baseline: Annotated[
        bool, Field(description="Say what differs from runs that pprof.baseline recorded.")
    ] = False,
    session: Session = INJECTED,
    **filters: Unpack[_Options],
) -> TopResult:
    """List the functions with the highest cost in a profile.

    The first look at any profile: CPU time, allocations, lock delay, goroutines. Values and percentages equal
    those of `go tool pprof -top`. For callers and callees of one function use pprof.peek, for whole stacks
    pprof.traces_head, for two profiles pprof.diff_top, for labels (tenant, endpoint) pprof.tags.
    """
    page = page_of(cursor, nodecount)
    limit = 0 if format == "text" else page.limit
    found = ask(
        _native.top, profile, filters, cum=cum, nodefraction=nodefraction, offset=page.offset, limit=limit
    )
    raw = raw_meta = None
    if format == "text":
        count = page.offset + nodecount
        raw, raw_meta = pprof_text(
            profile.native, filters, "top", cum=cum, nodecount=count, nodefraction=nodefraction
        )
    rows = [_row(row) for row in found["rows"]]
    groups = _groups(profile)
    compared = None
    if compare_baseline:
        compared = compare(session.baselines, measured(profile, filters, name_of(filters)))
    return TopResult(
        warnings=[*found["warnings"], *(compared.warnings if compared else [])],
        next=[*_next(profile, found, rows, groups, cum=cum), *_record(profile, filters, compared)],
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=found["unit"],
        total=found["total"],
        total_text=found["total_text"],
        raw=raw,
        raw_meta=raw_meta,
        cursor=page.cursor(len(rows), found["nodes"]),
        rows=rows,
        nodes=found["nodes"],
        left_out=TopLeftOut(**found["left_out"]),
        dropped_nodes=found["dropped_nodes"],
        hints=_hints(profile, found, groups),
        baseline=compared,
    )


def _record(profile: Profile, filters: _Options, compared: BaselineComparison | None) -> list[NextCall]:
    if compared is None or compared.deviations:
        return []
    given = {name: value for name, value in filters.items() if name in (*FILTER_NAMES, *NAMES) and value}
    why = "Record this profile as a run of its series."
    return [
        next_call(
            "pprof.baseline",
            why,
            action="record",
            profile=profile.reference,
            **cast("dict[str, ArgumentValue]", given),
        )
    ]


def _row(row: Rows) -> TopRow:
    kept = {key: value for key, value in row.items() if key in _FIELDS}
    return TopRow(location=place(row), **kept)


_FIELDS = frozenset(TopRow.model_fields)


def _groups(profile: Profile) -> list[str]:
    return worth_grouping_by([LabelKey(**key) for key in profile.shared.meta["label_keys"]])


def _hints(profile: Profile, found: Rows, groups: list[str]) -> list[str]:
    hints: list[str] = []
    if groups:
        hints.append(
            f"Samples have the labels {', '.join(groups[:3])}: pprof.tags shows the share of each value."
        )
    current = found["sample_type"]["type"]
    others = [item["type"] for item in profile.shared.meta["sample_types"] if item["type"] != current]
    if profile.kind == "heap" and {"alloc_space", "inuse_space"} & set(others):
        looked_at = "memory in use now" if current.startswith("inuse") else "all allocations"
        hints.append(f"These rows are about {looked_at}; sample_index takes {', '.join(others)} too.")
    elif others:
        hints.append(f"sample_index takes {', '.join(others[:6])} too.")
    return hints


def _next(
    profile: Profile, found: Rows, rows: list[TopRow], groups: list[str], *, cum: bool
) -> list[NextCall]:
    reference, index = profile.reference, found["sample_type"]["type"]
    calls: list[NextCall] = []
    heaviest = max(rows, key=lambda row: abs(row.flat), default=None)
    if heaviest is not None and heaviest.flat:
        pattern = exactly(heaviest.name)
        why = f"Who calls {heaviest.name[:100]}, and what it calls."
        calls.append(next_call("pprof.peek", why, profile=reference, regex=pattern, sample_index=index))
    if groups:
        why = f"Values by {groups[0]}."
        calls.append(next_call("pprof.tags", why, profile=reference, key=groups[0], sample_index=index))
    if profile.kind == "heap":
        why = "Growth, churn and what else is suspicious about this memory."
        calls.append(next_call("pprof.memory_sanity", why, heap_profile=reference))
    if not cum:
        why = "The same by cum: whose calls cost most."
        calls.append(next_call("pprof.top", why, profile=reference, cum=True, sample_index=index))
    return calls

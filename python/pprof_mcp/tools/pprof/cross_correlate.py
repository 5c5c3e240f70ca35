"""pprof.cross_correlate: functions that are hot in several kinds of profiles at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.filters import FrameFilters
from pprof_mcp.hotspots import KINDS, Costs, Kind, Level, chosen, costs_of
from pprof_mcp.insight.impact import Share, combined, dimensions, insight, shares
from pprof_mcp.insight.units import NANOSECONDS
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.reports import exactly
from pprof_mcp.results import Cursor, LeftOut, NextCall, next_call, page_of
from pprof_mcp.results.correlation import (
    CorrelateResult,
    Correlation,
    CpuHotspot,
    CpuShare,
    DelayHotspot,
    DelayShare,
    HeapHotspot,
    HeapShare,
    KindTotal,
)
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session

ONLY = 5
FORMULA = (
    "mean over CPU, heap and locks, as far as there, of impact / largest impact of that kind; "
    "impact = sqrt(flat share * cum share), "
    "flat with "
    "runtime and library work folded into the user's function that causes it"
)
NEGLIGIBLE_WAITERS = 0.1
"""Waiters on average below which lock delay is hardly a cost (chosen; as for pprof.contention_analysis)."""

Table = Mapping[str, Share]


@tool(
    "pprof.cross_correlate",
    title="Hot in several kinds",
    since="0.1",
    example={"bundle": "handle:0123456789abcdef"},
)
def cross_correlate(
    bundle: Bundle,
    *,
    level: Annotated[Level, Field(description="What is correlated.")] = "function",
    limit: Annotated[int, Field(ge=1, le=200, description="Correlations at most.")] = 8,
    cursor: Cursor = "",
    session: Session = INJECTED,
    **filters: Unpack[FrameFilters],
) -> CorrelateResult:
    """Find functions that are hot in CPU, allocations and locks at once, by combined impact.

    Takes the profiles of a capture together. What the runtime and libraries do is charged to the user's
    function that causes it. Functions hot in one kind only are listed apart. For each kind by itself use
    pprof.hotspot_summary or pprof.top; for locks pprof.contention_analysis.
    """
    page = page_of(cursor, limit)
    warnings: list[str] = []
    found: dict[Kind, tuple[Profile, Costs]] = {}
    for kind in KINDS:
        profile = chosen(bundle, kind, warnings)
        if profile is not None:
            found[kind] = (profile, costs_of(profile, kind, filters, level))
    if not found:
        raise WrongProfileKindError(
            f"{bundle.reference} has no cpu, heap, mutex or block profile; it has: {bundle.listing()}",
            hint="Give the bundle of a capture: its handle, a directory, a zip, or a list of profiles.",
            details={"wanted": list(KINDS), "available": list(bundle.kinds)},
        )
    for kind, (profile, costs) in found.items():
        warnings.extend(costs.warnings)
        warnings.extend(_weight(kind, profile, costs))
    if dimensions(found) == 1:
        warnings.append(f"there is nothing to correlate {' and '.join(found)} with")
    tables: dict[Kind, Table] = {
        kind: shares(costs.by_name, costs.total) for kind, (_, costs) in found.items()
    }
    rows = _correlations(tables)
    shown = rows[page.offset : page.offset + page.limit]
    only = {kind: _only(kind, tables) for kind in found}
    return CorrelateResult(
        warnings=list(dict.fromkeys(warnings)),
        next=_next(found, shown, session, level),
        bundle=bundle.reference,
        formula=FORMULA,
        kinds=[
            _total(kind, session.reference_of(profile.handle), costs)
            for kind, (profile, costs) in found.items()
        ],
        correlations=shown,
        left_out=LeftOut(rows=len(rows) - len(shown)),
        cursor=page.cursor(len(shown), len(rows)),
        cpu_only_hotspots=[
            CpuHotspot(function=name, flat_pct=round(one.flat_pct, 2), flat=one.value)
            for name, one in only["cpu"]
        ]
        if "cpu" in only
        else None,
        heap_only_hotspots=[
            HeapHotspot(function=name, alloc_pct=round(one.flat_pct, 2), alloc=one.value)
            for name, one in only["heap"]
        ]
        if "heap" in only
        else None,
        mutex_only_hotspots=_delays(only["mutex"]) if "mutex" in only else None,
        block_only_hotspots=_delays(only["block"]) if "block" in only else None,
    )


def _delays(only: list[tuple[str, Share]]) -> list[DelayHotspot]:
    return [
        DelayHotspot(function=name, delay_pct=round(one.flat_pct, 2), delay=one.value) for name, one in only
    ]


def _hot(name: str, tables: Mapping[Kind, Table]) -> dict[str, Share]:
    return {kind: table[name] for kind, table in tables.items() if name in table and table[name].is_hot}


def _correlations(tables: Mapping[Kind, Table]) -> list[Correlation]:
    rows: list[Correlation] = []
    for name in {name: None for table in tables.values() for name in table}:
        hot = _hot(name, tables)
        if dimensions(hot) < 2:
            continue
        of: dict[str, Share | None] = {kind: table.get(name) for kind, table in tables.items()}
        cpu, heap, mutex, block = (of.get(kind) for kind in KINDS)
        rows.append(
            Correlation(
                function=name,
                combined_score=round(combined(of), 4),
                cpu=CpuShare(flat_pct=round(cpu.flat_pct, 2), **_common(cpu)) if cpu else None,
                heap=HeapShare(alloc_pct=round(heap.flat_pct, 2), **_common(heap)) if heap else None,
                mutex=DelayShare(delay_pct=round(mutex.flat_pct, 2), **_common(mutex)) if mutex else None,
                block=DelayShare(delay_pct=round(block.flat_pct, 2), **_common(block)) if block else None,
                insight=insight(hot),
            )
        )
    return sorted(rows, key=lambda row: (-row.combined_score, row.function))


def _common(share: Share) -> dict[str, Any]:
    return {"cum_pct": round(share.cum_pct, 2), "rank": share.rank, "value": share.value}


def _only(kind: Kind, tables: Mapping[Kind, Table]) -> list[tuple[str, Share]]:
    """The hottest of a kind that are hot in no other; mutex and block are two sides of one."""
    rows = [
        (name, share)
        for name, share in tables[kind].items()
        if share.is_hot and dimensions(_hot(name, tables)) == 1
    ]
    return sorted(rows, key=lambda row: (row[1].rank, row[0]))[:ONLY]


def _total(kind: Kind, reference: str, costs: Costs) -> KindTotal:
    return KindTotal(
        kind=kind,
        profile=reference,
        sample_type=costs.sample_type,
        unit=costs.unit,
        total=costs.total,
        unowned_pct=round(100 * costs.unowned / costs.total, 2) if costs.total else 0.0,
    )


def _weight(kind: Kind, profile: Profile, costs: Costs) -> Iterator[str]:
    """Say when shares are of next to nothing."""
    duration = profile.shared.meta["duration_nanos"]
    scale = NANOSECONDS.get(costs.unit)
    if kind in ("mutex", "block") and duration and scale:
        waiters = costs.total * scale / duration
        if waiters < NEGLIGIBLE_WAITERS:
            yield (
                f"{kind}: only {waiters:.2g} wait for locks on average, so its shares are of next to nothing"
            )


def _next(
    found: Mapping[Kind, tuple[Profile, Costs]], shown: list[Correlation], session: Session, level: Level
) -> list[NextCall]:
    calls: list[NextCall] = []
    for kind in ("cpu", "heap"):
        if kind in found and shown and level == "function":
            reference = session.reference_of(found[kind][0].handle)
            why = f"What {shown[0].function[:100]} calls ({kind})."
            pattern = exactly(shown[0].function)
            if getattr(shown[0], kind) is not None:
                calls.append(next_call("pprof.peek", why, profile=reference, regex=pattern))
    for kind in ("mutex", "block"):
        if kind in found:
            reference = session.reference_of(found[kind][0].handle)
            why = f"Its locks by line ({kind})."
            calls.append(next_call("pprof.contention_analysis", why, profile=reference))
    return calls

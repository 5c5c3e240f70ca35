"""pprof.overhead_report: what logging, encoding, collecting garbage and the like cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.filters import SampleFilters
from pprof_mcp.insight.allocation import relative_error_pct
from pprof_mcp.insight.amounts import amount_text, share_pct
from pprof_mcp.insight.overhead import (
    HIGH_PCT,
    LEAST_BYTES,
    LEAST_CPU,
    MEDIUM_PCT,
    MIN_PCT,
    Severity,
    overhead_knowledge,
    severity,
)
from pprof_mcp.overhead import Cost, Costs, by_default, matters, measure
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import exactly
from pprof_mcp.results import NextCall, next_call, page_of
from pprof_mcp.results.overhead import (
    Detection,
    OverheadCaller,
    OverheadFunction,
    OverheadLeftOut,
    OverheadResult,
    RepoPrefixes,
)

HIGH_TOTAL_PCT = 30.0
"""Disjoint total above which the whole is worth a word (chosen)."""

FEW_SAMPLES = 100
"""Samples below which shares are rough: the error of a tenth of them is a third (1/sqrt(n))."""


@tool(
    "pprof.overhead_report",
    title="Overhead by category",
    since="0.1",
    example={"profile": "handle:0123456789abcdef"},
)
def overhead_report(
    profile: Profile,
    *,
    min_pct: Annotated[float, Field(ge=0, le=100, description="Least percentage of a row.")] = MIN_PCT,
    limit: Annotated[int, Field(ge=1, le=50, description="Categories at most.")] = 8,
    cursor: Annotated[str, Field(max_length=20, description="`cursor` of the last answer, to go on.")] = "",
    repo_prefixes: RepoPrefixes = [],  # noqa: B006 - read only
    **filters: Unpack[SampleFilters],
) -> OverheadResult:
    """Say what logging, encoding, TLS, garbage collection and the like cost, and for whom.

    Any sample type: CPU by default, alloc_space for a heap profile. Each sample counts once a category;
    disjoint shares add up. A server that only hosts own code does not count. Causes and ways out:
    pprof.explain_overhead; own code: pprof.storylines; single functions: pprof.top.
    """
    page = page_of(cursor, limit)
    costs = measure(profile, by_default(profile, filters), repo_prefixes)
    rows = [row for row in costs.rows if row.below or row.first or row.within]
    busy = [row for row in rows if not row.category.idle]
    listed = [row for row in busy if abs(share_pct(row.below, costs.total)) >= min_pct and row.below]
    shown = listed[page.offset : page.offset + page.limit]
    detections = [_detection(row, costs) for row in shown]
    overhead = sum(row.first for row in busy)
    unit = costs.found["sample_type"]["unit"]
    return OverheadResult(
        warnings=[*costs.found["warnings"], *_warnings(profile, costs)],
        next=_next(profile, detections, costs),
        profile=profile.reference,
        sample_type=costs.found["sample_type"],
        unit=unit,
        total=costs.total,
        total_text=amount_text(costs.total, unit),
        profile_kind=profile.kind,
        runtime=costs.marked.runtime,
        samples=costs.found["samples"],
        detections=detections,
        left_out=OverheadLeftOut(
            rows=len(busy) - len(shown),
            disjoint_pct=share_pct(overhead - sum(row.first for row in shown), costs.total),
        ),
        cursor=page.cursor(len(shown), len(listed)),
        total_overhead=overhead,
        total_overhead_text=amount_text(overhead, unit),
        total_overhead_pct=share_pct(overhead, costs.total),
        own_pct=share_pct(costs.own, costs.total),
        idle_pct=share_pct(sum(row.first for row in rows if row.category.idle), costs.total),
        other_pct=share_pct(costs.rest, costs.total),
        own_code=list(costs.ownership.modules[:5]),
        hints=_hints(listed, costs, overhead),
    )


def judged(row: Cost, costs: Costs) -> Severity:
    """Judge a category; whatever waits is never more than low."""
    kind = costs.marked.profile.shared.kinds[0]
    # Node's one thread is sampled, and says when it is idle (specified by V8).
    works = kind in ("cpu", "heap", "other") or (kind == "wall" and costs.marked.runtime == "node")
    if not works or row.category.idle:
        return "low"
    return severity(abs(share_pct(row.below, costs.total)), row.events, matters=matters(costs))


def _detection(row: Cost, costs: Costs) -> Detection:
    total, unit = costs.total, costs.found["sample_type"]["unit"]
    severe = judged(row, costs)
    return Detection(
        category=row.category.id,
        description=f"{row.category.title}: {row.category.summary}",
        value=row.below,
        value_text=amount_text(row.below, unit),
        percentage=share_pct(row.below, total),
        inclusive_pct=share_pct(row.within, total),
        exclusive_pct=share_pct(row.leaf, total),
        disjoint_pct=share_pct(row.first, total),
        samples=round(row.events),
        relative_error_pct=relative_error_pct(row.events),
        severity=severe,
        top_functions=[
            OverheadFunction(function=name, cum=cum, cum_pct=share_pct(cum, total))
            for name, cum in row.functions
        ],
        callers=[
            OverheadCaller(
                function=one.function,
                file=one.file or None,
                line=one.line or None,
                value=one.value,
                pct=share_pct(one.value, total),
            )
            for one in row.callers
        ],
        suggestion=None if severe == "low" else _suggestion(row.category.id, costs.marked.runtime),
    )


def _suggestion(category: str, runtime: str | None) -> str | None:
    packs = overhead_knowledge().packs
    for pack in (runtime or "", "native", *packs):
        for entry in packs.get(pack, ()):
            if entry.category == category:
                return entry.ways_out[0]
    return None


def _warnings(profile: Profile, costs: Costs) -> list[str]:
    found, warnings = costs.found, list[str]()
    if not costs.total and found["samples"]:
        others = [one["type"] for one in profile.shared.meta["sample_types"] if one["total"]]
        instead = f"; sample_index takes {', '.join(others[:6])}" if others else ""
        warnings.append(f"all values of {found['sample_type']['type']} are zero{instead}")
    elif found["samples"] and not any(costs.marked.functions["name"]):
        warnings.append("no function has a name, so nothing can be told: symbolize the profile first")
    elif 0 < found["samples"] < FEW_SAMPLES:
        warnings.append(f"{found['samples']} samples: shares are rough, see relative_error_pct")
    if costs.total and not matters(costs):
        size = f"{costs.cpus:.2f} CPUs" if costs.cpus is not None else amount_text(costs.total, "bytes")
        least = f"{LEAST_CPU} CPUs" if costs.cpus is not None else amount_text(LEAST_BYTES, "bytes")
        warnings.append(f"only {size} were used, less than {least}: whatever the shares, little can be saved")
    if profile.kind in ("wall", "goroutine", "block", "mutex") and not (
        profile.kind == "wall" and costs.marked.runtime == "node"
    ):
        warnings.append(
            f"a {profile.kind} profile counts waiting too: shares say who waits, severity stays low"
        )
    return warnings


def _hints(rows: list[Cost], costs: Costs, overhead: int) -> list[str]:
    hints: list[str] = []
    for row in rows:
        severe = judged(row, costs)
        if severe != "low":
            threshold = HIGH_PCT if severe == "high" else MEDIUM_PCT
            who = f", most of it for {row.callers[0].function}" if row.callers else ""
            share = share_pct(row.below, costs.total)
            hints.append(f"{row.category.title}: {share:g} % ({severe}, from {threshold:g} %){who}.")
    if hints and share_pct(overhead, costs.total) > HIGH_TOTAL_PCT:
        hints.append(f"{share_pct(overhead, costs.total):g} % in all is work of libraries and the runtime.")
    return hints


def _next(profile: Profile, rows: list[Detection], costs: Costs) -> list[NextCall]:
    reference, index = profile.reference, costs.found["sample_type"]["type"]
    calls: list[NextCall] = []
    if rows:
        why = f"Causes and ways out of {rows[0].category}, with its share here."
        calls.append(
            next_call(
                "pprof.explain_overhead",
                why,
                category=rows[0].category,
                profile=reference,
                sample_index=index,
            )
        )
    caller = next((row.callers[0].function for row in rows if row.callers), None)
    if caller:
        why = f"What {caller[:100]} calls."
        calls.append(
            next_call("pprof.peek", why, profile=reference, regex=exactly(caller), sample_index=index)
        )
    if costs.own:
        why = "The heaviest ways through own code."
        calls.append(next_call("pprof.storylines", why, profile=reference, sample_index=index))
    return calls

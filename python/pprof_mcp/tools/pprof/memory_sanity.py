"""pprof.memory_sanity: what is suspicious about a process's memory, from the numbers of its profiles."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.insight.allocation import rate_text
from pprof_mcp.insight.memory import suspicions
from pprof_mcp.insight.sizes import mib, size_text
from pprof_mcp.memory import Reading, gathered, named
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.results import NextCall, next_call
from pprof_mcp.results.memory import Holder, HolderLeftOut, MemorySanityResult, MetricRow, SuspicionRow
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session

MOST = 20
"""Suspicions and holders shown at most; more are no help (chosen)."""


@tool(
    "pprof.memory_sanity",
    title="Memory suspicions",
    since="0.1",
    example={"heap_profile": "handle:0123456789abcdef", "container_rss_mb": 900},
)
def memory_sanity(
    heap_profile: Annotated[
        Bundle,
        Field(description="Heap profile, or a bundle: its CPU, goroutine profile and metrics are used too."),
    ],
    *,
    base: Annotated[
        Profile | None,
        Field(description="Heap profile of that process from before, for growth: path or `handle:...`."),
    ] = None,
    goroutine_profile: Annotated[
        Profile | None,
        Field(description="Goroutine profile, for the memory of stacks: path or `handle:...`."),
    ] = None,
    cpu_profile: Annotated[
        Profile | None,
        Field(description="CPU profile, for garbage collection and C code: path or `handle:...`."),
    ] = None,
    container_rss_mb: Annotated[
        int, Field(ge=0, le=100_000_000, description="Resident memory of the process, in MiB; 0: not known.")
    ] = 0,
    repo_prefixes: Annotated[
        list[Annotated[str, Field(max_length=300)]],
        Field(
            max_length=50,
            description="What is own code, such as `example.com/shop`; found from the profile when empty.",
        ),
    ] = [],  # noqa: B006 - never changed: the registry copies defaults
    limit: Annotated[int, Field(ge=1, le=MOST, description="Holders at most.")] = 5,
    session: Session = INJECTED,
) -> MemorySanityResult:
    """Check memory: growth, churn, stacks, compression, SQLite, C, RSS beyond the heap.

    Give what there is: a heap profile, better with `base` from before (growth by line), goroutine and CPU
    profile, RSS; or a bundle with them. Each suspicion has numbers, functions, lines and advice; none means
    that nothing was found in what was given. For all allocation sites use pprof.alloc_paths, for two captures
    function by function pprof.diff_top.
    """
    read = gathered(
        heap_profile,
        base,
        goroutine_profile,
        cpu_profile,
        session,
        prefixes=repo_prefixes,
        rss_mb=container_rss_mb,
    )
    facts = read.facts
    found = suspicions(facts)
    rows = [
        SuspicionRow(
            category=one.category,
            severity=one.severity,
            confidence=one.confidence,
            description=one.description,
            source_location=one.location or None,
            evidence=list(one.evidence),
            advice=one.advice,
        )
        for one in found[:MOST]
    ]
    holders = [Holder.model_validate(row) for row in read.holders[:limit]]
    left = facts.live - sum(row.inuse_bytes for row in holders) if read.has_live else 0
    per_second = round(facts.allocated / facts.seconds, 1) if facts.seconds and read.since else None
    return MemorySanityResult(
        warnings=read.warnings,
        next=_next(read, rows, session),
        summary=_summary(read, rows),
        profile=named(read.heap, session),
        suspicions=rows,
        recommendations=list(dict.fromkeys(row.advice for row in rows)),
        heap_inuse_mb=mib(facts.live) if read.has_live else None,
        heap_inuse_bytes=facts.live if read.has_live else None,
        heap_alloc_mb=mib(facts.allocated) if read.since else None,
        heap_alloc_bytes=facts.allocated if read.since else None,
        alloc_over=read.since,
        alloc_rate=None if per_second is None else rate_text(per_second),
        alloc_bytes_per_second=per_second,
        heap_growth_bytes=None if facts.live_before is None else facts.live - facts.live_before,
        growth_seconds=facts.growth_seconds,
        goroutine_count=facts.goroutines.count if facts.goroutines else None,
        goroutine_stack_min_bytes=facts.goroutines.least_bytes if facts.goroutines else None,
        goroutine_stack_estimate_bytes=facts.goroutines.estimated_bytes if facts.goroutines else None,
        rss_bytes=facts.rss,
        rss_unexplained_bytes=facts.unexplained_rss,
        gc_cpu_pct=facts.cpu.gc_pct if facts.cpu else None,
        gc_cpu_samples=facts.cpu.gc_samples if facts.cpu else None,
        holders=holders,
        holders_left_out=HolderLeftOut(
            rows=len(read.holders) - len(holders),
            inuse_bytes=left,
            inuse_pct=round(100 * left / facts.live, 2) if facts.live else 0.0,
        ),
        metrics=[MetricRow(name=name, value=value) for name, value in facts.metrics.items()],
        looked_at=read.looked_at,
    )


def _summary(read: Reading, rows: list[SuspicionRow]) -> str:
    use = f"{size_text(read.facts.live)} in use" if read.has_live else "memory in use not recorded"
    if not rows:
        return f"{use}; nothing suspicious in {len(read.looked_at)} profiles"
    counts = {name: sum(row.severity == name for row in rows) for name in ("high", "medium", "low")}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"{use}; {len(rows)} suspicions ({told}): {rows[0].description}"


def _next(read: Reading, rows: list[SuspicionRow], session: Session) -> list[NextCall]:
    heap = named(read.heap, session)
    calls: list[NextCall] = []
    if read.since and any(row.category == "alloc_churn" for row in rows):
        calls.append(next_call("pprof.alloc_paths", "The stacks behind the churn.", profile=heap))
    if read.base is not None:
        why = "Growth function by function."
        calls.append(
            next_call(
                "pprof.diff_top",
                why,
                before=read.base.reference,
                after=heap,
                sample_index=read.live_type,
                cum=True,
            )
        )
    elif read.has_live:
        why = "The stacks behind what is in use."
        calls.append(next_call("pprof.alloc_paths", why, profile=heap, sample_index=read.live_type))
    if read.goroutines is not None and any(row.category == "goroutine_stacks" for row in rows):
        why = "Where the goroutines are."
        calls.append(next_call("pprof.traces_head", why, profile=named(read.goroutines, session)))
    return calls

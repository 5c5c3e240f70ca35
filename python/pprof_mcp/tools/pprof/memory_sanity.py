"""pprof.memory_sanity: what is suspicious about a process's memory, from the numbers of its profiles."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pprof_mcp.insight.allocation import rate_text
from pprof_mcp.insight.memory import suspicions
from pprof_mcp.insight.sizes import mib, size_text
from pprof_mcp.memory import Reading, gathered, named
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.results import LeftOut, NextCall, Result, Row, next_call
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session

MOST = 20
"""Suspicions and holders shown at most; more are no help (chosen)."""


class SuspicionRow(Row):
    """Something that is wrong."""

    columns = ("severity", "confidence", "category", "description", "source_location")
    beneath = ("evidence",)

    category: str = Field(
        description="heap_growth, alloc_churn, compression_buffers, sqlite_temp_store, sqlite_memory, "
        "cgo_copies, cgo_memory, goroutine_stacks, rss_gap or gc_cpu."
    )
    severity: Literal["low", "medium", "high"] = Field(description="How much it matters.")
    confidence: Literal["confirmed", "likely", "suspected", "possible"] = Field(description="How sure it is.")
    description: str = Field(description="What it is.")
    source_location: str | None = Field(
        description="`file:line` of own code; null where it is no single one."
    )
    evidence: list[str] = Field(description="Numbers, functions and lines that show it.")
    advice: str = Field(description="What to do.")


class Holder(Row):
    """A line of own code whose objects are in use."""

    columns = ("inuse_text", "inuse_pct", "growth_text", "source_location", "function")
    spare = ("function",)

    source_location: str | None = Field(description="`file:line`; null for stacks without own code.")
    function: str | None = Field(description="The function.")
    inuse_bytes: int = Field(description="Bytes in use.")
    inuse_text: str = Field(description="inuse_bytes with unit.")
    inuse_pct: float = Field(description="In percent of all memory in use, 0-100.")
    relative_error_pct: float | None = Field(description="Error of inuse_bytes from sampling, in percent.")
    growth_bytes: int | None = Field(description="What it grew by since `base`; null without it.")
    growth_text: str | None = Field(description="growth_bytes with unit.")


class HolderLeftOut(LeftOut):
    """Lines that are not among the holders."""

    columns = ("rows", "inuse_pct")

    inuse_bytes: int = Field(description="What they hold.")
    inuse_pct: float = Field(description="In percent of all memory in use.")


class MetricRow(Row):
    """A runtime metric that came with the bundle."""

    columns = ("name", "value")

    name: str = Field(description="Its name.")
    value: float = Field(description="Its value, in what the name says.")


class MemorySanityResult(Result):
    """What was found, and the numbers it was found in."""

    summary: str = Field(description="One sentence.")
    profile: str = Field(description="The heap profile that was looked at.")
    suspicions: list[SuspicionRow] = Field(
        description="What is wrong, the gravest first; empty when nothing is."
    )
    recommendations: list[str] = Field(description="What to do, once each, in that order.")
    heap_inuse_mb: float | None = Field(
        description="Memory in use, in MiB; null when the profile does not say."
    )
    heap_inuse_bytes: int | None = Field(description="The same in bytes.")
    heap_alloc_mb: float | None = Field(
        description="Allocated in the time looked at, in MiB; null when not said."
    )
    heap_alloc_bytes: int | None = Field(description="The same in bytes.")
    alloc_over: str | None = Field(description="Over which time that was allocated, and how it was told.")
    alloc_rate: str | None = Field(description="Allocated per minute; null when the time is not known.")
    alloc_bytes_per_second: float | None = Field(description="The same in bytes a second.")
    heap_growth_bytes: int | None = Field(
        description="Growth of memory in use since `base`; null without it."
    )
    growth_seconds: float | None = Field(description="Time between the two; null when not known.")
    goroutine_count: int | None = Field(description="Goroutines; null without a goroutine profile.")
    goroutine_stack_min_bytes: int | None = Field(description="Least that their stacks take: 2 KiB each.")
    goroutine_stack_estimate_bytes: int | None = Field(description="Estimate by their depth.")
    rss_bytes: int | None = Field(description="Resident memory, as given.")
    rss_unexplained_bytes: int | None = Field(
        description="RSS less heap in use with its headroom, less stacks; negative when there is room."
    )
    gc_cpu_pct: float | None = Field(
        description="CPU for garbage collection, in percent; null without profile."
    )
    gc_cpu_samples: int | None = Field(description="Samples behind that; few make it unsure.")
    holders: list[Holder] = Field(description="Who keeps memory alive, by line of own code, heaviest first.")
    holders_left_out: HolderLeftOut = Field(description="Lines besides.")
    metrics: list[MetricRow] = Field(description="Metrics of the bundle (metrics.json), if there are any.")
    looked_at: list[str] = Field(description="Profiles that were used, by kind and name.")


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

"""What a report says about each kind: the heads of what the analyses found."""

from __future__ import annotations

from pprof_mcp.discovery.capture import Capture, utilization_pct
from pprof_mcp.discovery.results import Results
from pprof_mcp.results.discovery import (
    AllocationSite,
    ContentionSite,
    CpuSection,
    GoroutineSection,
    HeapSection,
    HotFunction,
    HotInSeveral,
    MemorySummary,
    MutexSection,
    OverheadShare,
    OverheadSummary,
    SuspicionSummary,
    WaitSummary,
)

MOST_NAME = 160
"""Characters of a name that are shown; generated names are longer than anyone reads (chosen)."""


LEAST_SHARE_PCT = 0.1
"""Percent of the delay of all locks below which a lock is in no table (chosen)."""


def name_text(name: str) -> str:
    """Shorten a name that is longer than anyone reads."""
    return name if len(name) <= MOST_NAME else f"{name[:MOST_NAME]}..."


def cpu_section(capture: Capture, found: Results, rows: int) -> CpuSection | None:
    """Tell what CPU time is spent on; None when that is not known."""
    part, top, overhead = capture.parts.get("cpu"), found.top, found.overhead
    if part is None or top is None:
        return None
    return CpuSection(
        total=top.total,
        unit=top.unit,
        total_text=top.total_text,
        duration_seconds=part.seconds,
        utilization_pct=utilization_pct(part, top.total, top.unit, top.sample_type.type),
        samples=len(part.profile),
        top_functions=[
            HotFunction(
                function=name_text(row.name),
                source_location=row.location,
                flat=row.flat,
                flat_text=row.flat_text,
                flat_pct=round(row.flat_pct, 2),
                cum_pct=round(row.cum_pct, 2),
            )
            for row in top.rows[:rows]
            if row.flat
        ],
        overhead=None
        if overhead is None
        else OverheadSummary(
            total_overhead_pct=overhead.total_overhead_pct,
            own_pct=overhead.own_pct,
            idle_pct=overhead.idle_pct,
            detections=[
                OverheadShare(
                    category=row.category,
                    severity=row.severity,
                    percentage=row.percentage,
                    caller=name_text(row.callers[0].function) if row.callers else None,
                )
                for row in overhead.detections[:rows]
            ],
        ),
    )


def heap_section(found: Results, rows: int) -> HeapSection | None:
    """Tell what allocates and what is kept; None when neither is known."""
    sites, memory = found.allocations, found.memory
    if sites is None and memory is None:
        return None
    is_allocation = sites is not None and sites.counted_since != "instant"
    return HeapSection(
        alloc_rate=sites.total_rate if sites else None,
        alloc_bytes_per_second=sites.total_bytes_per_second if sites else None,
        total_alloc=sites.total_alloc if sites and is_allocation else None,
        total_alloc_text=sites.total_alloc_str if sites and is_allocation else None,
        alloc_since=None if sites is None or sites.counted_since == "instant" else sites.counted_since,
        top_paths=[
            AllocationSite(
                function=None if row.first_app_frame is None else name_text(row.first_app_frame),
                source_location=row.source_location,
                alloc_bytes=row.alloc_bytes,
                alloc_text=row.alloc_bytes_str,
                alloc_pct=row.alloc_pct,
                alloc_rate=row.alloc_rate,
            )
            for row in (sites.paths[:rows] if sites and is_allocation else [])
        ],
        memory_sanity=None
        if memory is None
        else MemorySummary(
            summary=memory.summary,
            heap_inuse_mb=memory.heap_inuse_mb,
            heap_inuse_bytes=memory.heap_inuse_bytes,
            top_holder=memory.holders[0].source_location if memory.holders else None,
            top_holder_pct=memory.holders[0].inuse_pct if memory.holders else None,
            suspicions=[
                SuspicionSummary(
                    category=row.category,
                    severity=row.severity,
                    source_location=row.source_location,
                )
                for row in memory.suspicions[:rows]
            ],
        ),
    )


def mutex_section(found: Results, rows: int) -> MutexSection | None:
    """Tell what locks are waited for; None when that is not known."""
    locks = found.locks
    if locks is None:
        return None
    return MutexSection(
        profile_type=locks.profile_type,
        total_delay=locks.total_delay,
        total_delay_ns=locks.total_delay_ns,
        total_contentions=locks.total_contentions,
        waiters_avg=locks.waiters_avg,
        top_contentions=[
            ContentionSite(
                function=name_text(row.function),
                source_location=row.source_location,
                lock_type=row.lock_type,
                contentions=row.contentions,
                total_delay=row.total_delay,
                total_delay_ns=row.total_delay_ns,
                share_pct=row.share_pct,
            )
            for row in locks.by_lock_site[:rows]
            if row.share_pct >= LEAST_SHARE_PCT
        ],
    )


def goroutine_section(found: Results, rows: int) -> GoroutineSection | None:
    """Tell what goroutines wait for; None when that is not known."""
    goroutines = found.goroutines
    if goroutines is None:
        return None
    return GoroutineSection(
        total_goroutines=goroutines.total_goroutines,
        by_state=goroutines.by_state,
        verdict=goroutines.verdict,
        potential_leaks=len(goroutines.potential_leaks) + goroutines.left_out.rows,
        top_wait_reasons=[
            WaitSummary(reason=row.reason, count=row.count, pct=round(row.pct, 2))
            for row in goroutines.top_wait_reasons[:rows]
        ],
    )


def correlations(found: Results, rows: int) -> list[HotInSeveral]:
    """List functions that are hot in several kinds."""
    several = found.correlation.correlations if found.correlation else []
    return [
        HotInSeveral(function=name_text(row.function), combined_score=row.combined_score, insight=row.insight)
        for row in several[:rows]
    ]

"""pprof.hotspot_summary: the heaviest functions of each kind of profile in a bundle."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp import _native
from pprof_mcp.contention import read, types_of
from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.hotspots import KINDS, chosen, sample_type_of
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.reports import Rows, ask
from pprof_mcp.results import NextCall, next_call
from pprof_mcp.results.correlation import CpuHotspot, DelayHotspot, HeapHotspot, HotspotResult
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session


@tool(
    "pprof.hotspot_summary",
    title="Hotspots of a bundle",
    since="0.1",
    example={"bundle": "handle:0123456789abcdef"},
)
def hotspot_summary(
    bundle: Bundle,
    *,
    nodecount: Annotated[int, Field(ge=1, le=50, description="Functions of each kind at most.")] = 5,
    session: Session = INJECTED,
) -> HotspotResult:
    """List the heaviest functions of each kind of profile in a bundle, in one call.

    A quick look at a whole capture: CPU and allocations by flat, locks by the function that holds them or
    waits for them (not by sync.(*Mutex).Unlock), and the number of goroutines. A kind that is missing is
    null. To see which functions are hot in several kinds use pprof.cross_correlate; for more of one kind
    pprof.top.
    """
    warnings: list[str] = []
    profiles = {kind: chosen(bundle, kind, warnings) for kind in (*KINDS, "goroutine")}
    cpu, heap, mutex, block, goroutine = (profiles[kind] for kind in (*KINDS, "goroutine"))
    if all(profile is None for profile in profiles.values()):
        raise WrongProfileKindError(
            f"{bundle.reference} has no cpu, heap, mutex, block or goroutine profile; it has: "
            f"{bundle.listing()}",
            hint="Give the bundle of a capture: its handle, a directory, a zip, or a list of profiles.",
            details={"wanted": list(profiles), "available": list(bundle.kinds)},
        )
    count = None
    if goroutine is not None:
        (first, *_) = goroutine.shared.meta["sample_types"]
        count = first["total"]
    return HotspotResult(
        warnings=warnings,
        next=_next({kind: profile for kind, profile in profiles.items() if profile is not None}, session),
        bundle=bundle.reference,
        cpu_top5=None
        if cpu is None
        else [
            CpuHotspot(function=row["name"], flat_pct=round(row["flat_pct"], 2), flat=row["flat"])
            for row in _top(cpu, "cpu", nodecount)
        ],
        heap_top5=None
        if heap is None
        else [
            HeapHotspot(function=row["name"], alloc_pct=round(row["flat_pct"], 2), alloc=row["flat"])
            for row in _top(heap, "heap", nodecount)
        ],
        mutex_top5=None if mutex is None else _locks(mutex, nodecount, only_locks=True),
        block_top5=None if block is None else _locks(block, nodecount, only_locks=False),
        goroutine_count=count,
    )


def _top(profile: Profile, kind: str, nodecount: int) -> list[Rows]:
    filters = {"sample_index": sample_type_of(profile, kind)}
    rows: list[Rows] = ask(_native.top, profile, filters, limit=nodecount, nodefraction=0.0)["rows"]
    return [row for row in rows if row["flat"]]


def _locks(profile: Profile, nodecount: int, *, only_locks: bool) -> list[DelayHotspot]:
    if types_of(profile) is None:
        return []
    found = read(profile, {}, waits=not only_locks, only_locks=only_locks)
    delays: dict[str, int] = {}
    for site in found.sites:
        delays[site.place.function] = delays.get(site.place.function, 0) + site.delay
    total = sum(delays.values()) + found.sums(found.found["left_out"]["values"])[1]
    order = sorted(delays, key=lambda name: (-delays[name], name))[:nodecount]
    return [
        DelayHotspot(function=name, delay_pct=round(100 * delays[name] / total, 2), delay=delays[name])
        for name in order
        if delays[name]
    ]


def _next(profiles: dict[str, Profile], session: Session) -> list[NextCall]:
    calls: list[NextCall] = []
    tools = {"cpu": "pprof.top", "heap": "pprof.top", "mutex": "pprof.contention_analysis"}
    for kind, name in tools.items():
        if kind in profiles and len(profiles[kind]):
            reference = session.reference_of(profiles[kind].handle)
            calls.append(next_call(name, f"More of {kind}.", profile=reference))
    return calls

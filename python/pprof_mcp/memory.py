"""Gathers what is known about a process's memory: profiles and metrics in, facts out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.insight.allocation import Counted, accumulation, counted, relative_error_pct, sampling
from pprof_mcp.insight.memory import STACK_LEAST, UNCOLLECTED, Cpu, Facts, Goroutines, Site, stack_bytes
from pprof_mcp.insight.memory_kinds import CGO, GC, SQLITE, SQLITE_TEMP, memory_kind
from pprof_mcp.insight.sizes import MIB, size_text
from pprof_mcp.marking import OwnSites
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows, place
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.kinds import phrase_of
from pprof_mcp.session.session import Session

MOST_SITES = 5_000
"""Lines of own code that are looked at; the rest is told as one (chosen)."""
MOST_STACKS = 1_000
"""Stacks of goroutines whose depth is looked at; the rest counts as the smallest (chosen)."""

_Key = tuple[int, str, str]


@dataclass
class Reading:
    """Everything that was read.

    Attributes:
        heap: The heap profile.
        facts: The numbers.
        has_live: Whether it says what is in use.
        live_type: The sample type that does.
        since: Over which time allocations count; None when it has none.
        base: The profile from before.
        goroutines: The goroutine profile.
        holders: Lines of own code by what they hold, as fields of the result's rows.
        looked_at: Profiles that were used.
        warnings: What limits the answer.
    """

    heap: Profile
    facts: Facts
    has_live: bool
    live_type: str
    since: str | None
    base: Profile | None
    goroutines: Profile | None
    holders: list[dict[str, Any]]
    looked_at: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


def gathered(
    bundle: Bundle,
    base: Profile | None,
    goroutine_profile: Profile | None,
    cpu_profile: Profile | None,
    session: Session,
    *,
    prefixes: Sequence[str],
    rss_mb: int,
) -> Reading:
    """Read all profiles.

    Args:
        bundle: The heap profile, alone or with others.
        base: A heap profile from before.
        goroutine_profile: Taken instead of that of the bundle.
        cpu_profile: Likewise.
        session: Reads the metrics of the bundle.
        prefixes: What is own code.
        rss_mb: Resident memory in MiB; 0 when not known.

    Raises:
        WrongProfileKindError: A profile is not of the kind it was given as.
        PprofMcpError: As the core says.
    """
    warnings: list[str] = []
    heap = _chosen(bundle, "heap", warnings)
    if heap is None:
        raise _wrong(bundle.reference, "heap", bundle.listing(), list(bundle.kinds))
    _check(base, "heap", "base")
    _check(goroutine_profile, "goroutine", "goroutine_profile")
    _check(cpu_profile, "cpu", "cpu_profile")
    goroutines = goroutine_profile or _chosen(bundle, "goroutine", warnings)
    cpu = cpu_profile or _chosen(bundle, "cpu", warnings)
    reading = _heap(heap, base, prefixes, warnings)
    known = reading.facts
    reading.facts = Facts(
        is_go=known.is_go,
        live=known.live,
        allocated=known.allocated,
        seconds=known.seconds,
        sites=known.sites,
        live_before=known.live_before,
        growth_seconds=known.growth_seconds,
        goroutines=_goroutines(goroutines) if goroutines else None,
        cpu=_cpu(cpu) if cpu else None,
        rss=rss_mb * MIB or None,
        uncollected=known.uncollected,
        metrics=_metrics(session.attachment(bundle, "metrics.json"), warnings),
    )
    if rss_mb and rss_mb * MIB < known.live:
        warnings.append(
            f"container_rss_mb is {rss_mb} MiB, less than the {size_text(known.live)} in use: "
            "is it of another process or time?"
        )
    used = {"heap": heap, "base": base, "goroutine": goroutines, "cpu": cpu}
    reading.goroutines = goroutines
    reading.looked_at = [f"{kind}: {named(one, session)}" for kind, one in used.items() if one is not None]
    reading.warnings = list(dict.fromkeys(warnings))
    return reading


def named(profile: Profile, session: Session) -> str:
    """Name a profile for a later call: what came out of a bundle has a handle, which a shell forgets."""
    reference = profile.reference
    return session.reference_of(reference) if reference.startswith("handle:") else reference


def _chosen(bundle: Bundle, kind: str, warnings: list[str]) -> Profile | None:
    """Choose the latest profile of a kind; of several at one time the one that covers an interval."""
    found = [(member, member.profile) for member in bundle.of_kind(kind)]
    if not found:
        return None

    def order(pair: tuple[Any, Profile]) -> tuple[int, int, str]:
        meta = pair[1].shared.meta
        return (-(meta["time_nanos"] + meta["duration_nanos"]), -meta["duration_nanos"], pair[0].name)

    (member, profile), *others = sorted(found, key=order)
    if others:
        names = ", ".join(other.name for other, _ in others[:4])
        warnings.append(f"{member.name} is used, the latest of {len(found)} {kind} profiles; others: {names}")
    return profile


def _check(profile: Profile | None, kind: str, argument: str) -> None:
    if profile is not None and kind not in profile.kinds:
        raise _wrong(
            f"{argument}={profile.name}", kind, f"it is {phrase_of(profile.kind)}", list(profile.kinds)
        )


def _wrong(what: str, kind: str, is_instead: str, available: list[str]) -> WrongProfileKindError:
    return WrongProfileKindError(
        f"{what} has no {kind} profile: {is_instead}",
        hint=f"Give a {kind} profile here; pprof.top takes a profile of any kind.",
        details={"wanted": [kind], "available": available},
    )


def _heap(heap: Profile, base: Profile | None, prefixes: Sequence[str], warnings: list[str]) -> Reading:
    meta = heap.shared.meta
    live, allocated = counted(meta, live=True), counted(meta, live=False)
    if live is None and allocated is None:
        names = ", ".join(str(item["type"]) for item in meta["sample_types"])
        raise _wrong(heap.name, "heap", f"it counts {names}", list(heap.kinds))
    if live is None:
        warnings.append("the profile does not say what is in use: only allocations were looked at")
    sites = OwnSites(heap, {}, prefixes, memory_kind)
    now = (_by_site(sites, meta, allocated, warnings), _by_site(sites, meta, live, warnings))
    pairs = [(row.value(allocated), row.value(live)) for row in now[1].rows.values()] if allocated else []
    since = None if allocated is None else accumulation(meta, allocated, runtime=sites.runtime, pairs=pairs)
    seconds = since.seconds if since else None
    told = since.why if since else None
    elapsed = _elapsed(heap, base, warnings)
    was = earlier = None
    if base is not None:
        base_meta = base.shared.meta
        base_sites = OwnSites(base, {}, prefixes or sites.own.prefixes, memory_kind)
        was = _by_site(base_sites, base_meta, counted(base_meta, live=True), warnings)
        if since is not None and since.since == "start" and elapsed:
            earlier = _by_site(base_sites, base_meta, counted(base_meta, live=False), warnings)
            seconds, told = elapsed, f"less what {base.name} had allocated, {elapsed:.4g} s before"
    joined = [_site(key, now, was, earlier) for key in sorted({*now[0].rows, *now[1].rows})]
    totals = {str(item["type"]): int(item["total"]) for item in meta["sample_types"]}
    live_total = totals[live.space] if live else 0
    facts = Facts(
        is_go=sites.runtime == "go",
        uncollected=UNCOLLECTED if sites.runtime in ("node", "java", "dotnet") else 0,
        live=live_total,
        allocated=sum(one.allocated for one in joined),
        seconds=seconds,
        sites=joined,
        live_before=was.total if was is not None else None,
        growth_seconds=elapsed,
    )
    warnings.extend(sites.functions["warnings"])
    return Reading(
        heap=heap,
        facts=facts,
        has_live=live is not None,
        live_type=live.space if live else "",
        since=told,
        base=base,
        goroutines=None,
        holders=_holders(joined, live_total, has_base=was is not None) if live else [],
    )


@dataclass(frozen=True)
class _Sums:
    """Sites of one profile for one pair of sample types."""

    pair: Counted | None
    rows: dict[_Key, _Sum]
    total: int = 0

    def get(self, key: _Key) -> _Sum:
        return self.rows.get(key, _NOTHING)


@dataclass(frozen=True)
class _Sum:
    """One site: its values, by sample type, and the events behind those of the pair."""

    by: str
    values: Sequence[int]
    events: float | None

    def value(self, pair: Counted | None, *, objects: bool = False) -> int:
        index = -1 if pair is None else pair.objects_index if objects else pair.space_index
        return self.values[index] if 0 <= index < len(self.values) else 0


_NOTHING = _Sum("", (), 0.0)


def _elapsed(heap: Profile, base: Profile | None, warnings: list[str]) -> float | None:
    if base is None:
        return None
    after, before = heap.shared.meta["time_nanos"], base.shared.meta["time_nanos"]
    if not after or not before:
        return None
    if after <= before:
        warnings.append("base is not older than the heap profile: were they given the other way round?")
        return None
    return round((after - before) / 1e9, 3)


def _by_site(sites: OwnSites, meta: Any, pair: Counted | None, warnings: list[str]) -> _Sums:
    if pair is None:
        return _Sums(None, {})
    how = sampling(meta, pair)
    found = sites.grouped(
        sample_index=pair.space, site="own", lines=True, limit=MOST_SITES, names=0, stacks=0, sampling=how
    )
    left = found["left_out"]["rows"]
    if left:
        warnings.append(f"{left} small sites of {found['group_count']} were not looked at")
    rows: dict[_Key, _Sum] = {}
    for group in found["groups"]:
        site = group["site"]
        key = (group["kind"], site["function"] if site else "", (place(site) or "") if site else "")
        rows[key] = _Sum(group["by"], group["values"], group["events"] if how else None)
    return _Sums(pair, rows, found["totals"][pair.space_index])


def _site(key: _Key, now: tuple[_Sums, _Sums], was: _Sums | None, earlier: _Sums | None) -> Site:
    allocated, live = (sums.get(key) for sums in now)
    # Either of the two may be missing; both have the values of all sample types.
    known = allocated if allocated.values else live
    before = was.get(key) if was is not None else None
    less = earlier.get(key) if earlier is not None else _NOTHING
    pair, less_pair = now[0].pair, earlier.pair if earlier is not None else None
    return Site(
        kind=key[0],
        by=known.by,
        function=key[1],
        location=key[2],
        allocated=known.value(pair) - less.value(less_pair),
        objects=known.value(pair, objects=True) - less.value(less_pair, objects=True),
        live=known.value(now[1].pair),
        events=allocated.events,
        live_events=live.events,
        live_before=None if was is None or before is None else before.value(was.pair),
        live_events_before=(before.events or 0.0) if before is not None else 0.0,
        events_between=_between(allocated.events, less.events) if earlier is not None else None,
    )


def _between(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else max(0.0, now - before)


def _holders(sites: Sequence[Site], total: int, *, has_base: bool) -> list[dict[str, Any]]:
    joined: dict[tuple[str, str], list[Site]] = {}
    for site in sites:
        joined.setdefault((site.function, site.location), []).append(site)
    rows: list[dict[str, Any]] = []
    for (function, location), group in joined.items():
        live = sum(one.live for one in group)
        growth = live - sum(one.live_before or 0 for one in group) if has_base else None
        if not live and not growth:
            continue
        known = all(one.live_events is not None for one in group)
        events = sum(one.live_events or 0.0 for one in group)
        rows.append(
            {
                "source_location": location or None,
                "function": function or None,
                "inuse_bytes": live,
                "inuse_text": size_text(live),
                "inuse_pct": round(100 * live / total, 2) if total else 0.0,
                "relative_error_pct": relative_error_pct(events) if known else None,
                "growth_bytes": growth,
                "growth_text": None if growth is None else size_text(growth),
            }
        )
    return sorted(
        rows, key=lambda row: (-abs(row["inuse_bytes"]), row["source_location"] or "", row["function"] or "")
    )


def _goroutines(profile: Profile) -> Goroutines:
    """Count goroutines and estimate their stacks, each depth with its count."""
    names = [str(item["type"]) for item in profile.shared.meta["sample_types"]]
    index = next((at for at, name in enumerate(names) if name in ("goroutine", "goroutines")), 0)
    found = OwnSites(profile, {"sample_index": str(index)}).grouped(
        any_kind=True, names=0, stacks=MOST_STACKS, max_depth=0
    )
    count = int(found["totals"][index])
    stacks: list[Rows] = found["groups"][0]["stacks"] if found["groups"] else []
    shown = sum(stack["values"][index] for stack in stacks)
    estimate = sum(stack["values"][index] * stack_bytes(stack["depth"]) for stack in stacks)
    return Goroutines(count, count * STACK_LEAST, estimate + (count - shown) * STACK_LEAST)


_NAMES = {SQLITE_TEMP: "SQLite's sorter or journal", SQLITE: "SQLite", CGO: "C functions"}


def _cpu(profile: Profile) -> Cpu:
    """Sum CPU time by what it was for, from the sample type that counts samples where there is one."""
    meta = profile.shared.meta
    names = [str(item["type"]) for item in meta["sample_types"]]
    index = next((at for at, name in enumerate(names) if name in ("cpu", "cpu-time", "cpu-samples")), 0)
    counts = next((at for at, name in enumerate(names) if name in ("samples", "cpu-samples", "sample")), None)
    sites = OwnSites(profile, {"sample_index": str(index)}, (), memory_kind)
    found = sites.grouped(names=0, stacks=0)
    total = found["totals"][index]
    kinds = {row["kind"]: row for row in found["kinds"]}
    # A kind is named by the function that gave it on its heaviest stack.
    by = {
        **_NAMES,
        **{group["kind"]: str(group["by"]) for group in reversed(found["groups"]) if group["kind"]},
    }

    def share(kind: int) -> float:
        return round(100 * kinds[kind]["within"][index] / total, 2) if kind in kinds and total else 0.0

    collected = kinds.get(GC)
    samples = found["totals"][counts] if counts is not None else found["samples"]
    gc_samples = 0
    if collected is not None:
        gc_samples = collected["within"][counts] if counts is not None else collected["samples"]
    off_heap = {kind: share(kind) for kind in (SQLITE_TEMP, SQLITE, CGO)}
    return Cpu(int(samples), share(GC), int(gc_samples), off_heap, by)


def _metrics(content: bytes | None, warnings: list[str]) -> dict[str, float]:
    """Read metrics.json of a Datadog bundle: a list of names with values, or an object of them."""
    if content is None:
        return {}
    try:
        read: Any = json.loads(content)
        pairs = cast("list[Any]", list(cast("Rows", read).items()) if isinstance(read, dict) else read)
        found = {str(name): float(value) for name, value in pairs}
    except (ValueError, TypeError):
        warnings.append("metrics.json of the bundle is no list of names and numbers, and was not used")
        return {}
    return {name: value for name, value in sorted(found.items()) if math.isfinite(value)}

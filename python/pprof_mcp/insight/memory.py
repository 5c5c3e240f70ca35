"""What is suspicious about a process's memory, from numbers alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pprof_mcp.insight.allocation import NOISY_PCT, relative_error_pct
from pprof_mcp.insight.memory_kinds import CGO, COMPRESSION, SQLITE, SQLITE_TEMP
from pprof_mcp.insight.sizes import MIB, size_text

Severity = Literal["low", "medium", "high"]
Confidence = Literal["confirmed", "likely", "suspected", "possible"]

CHURN = 4 * MIB
"""Bytes a second that one site must allocate and drop in large objects to be churn; small ones are cheaper,
and count from `CHURN_MEDIUM`.

Source: specified: Go's smallest heap is 4 MiB, so this alone makes a small process collect every second.
"""
CHURN_MEDIUM, CHURN_HIGH = 16 * MIB, 128 * MIB
"""Bytes a second from which churn is medium and high (chosen)."""
CHURN_ELSEWHERE = CHURN_HIGH
"""The same as `CHURN` for other runtimes, where what dies young costs next to nothing (chosen).

Source: young generations are some tens of MiB, and CPython counts references (specified by each).
"""
UNCOLLECTED = 16 * MIB
"""Bytes in use at one site that may be garbage, where what was not collected yet counts: a young generation.

Source: specified: V8's semi-space is 16 MiB. Go's profiles are as of a collection, CPython's are exact.
"""
CHURN_SINCE_START = 1 << 30
"""The same without a rate: bytes since the start (chosen)."""
CHURN_SHARE, CHURN_KEPT = 0.05, 0.1
"""At least this share of all allocations, of which at most this share is still in use (chosen)."""
GROWTH, GROWTH_SHARE, GROWTH_FACTOR = MIB, 0.1, 1.5
"""A site grows when it holds this much more, at least this share of all in use, and this factor (chosen)."""
SIGMAS = 2.5
"""Standard deviations a difference must have to be no chance (chosen: 1 in 80, with the largest error)."""
BUFFERS = 16 * MIB
"""Bytes in use by compression or SQLite's temporary tables worth a word (chosen: two zstd windows)."""
LARGE_OBJECT = 32 << 10
"""Objects above have no size class and come from the page heap each time (specified: Go's runtime)."""
GC_MEDIUM, GC_HIGH = 10.0, 25.0
"""Percent of CPU: 25 is what Go's collector takes of the cores while it runs (specified), 10 is chosen."""
RSS_MEDIUM, RSS_HIGH = 100 * MIB, 500 * MIB
"""Bytes of RSS that nothing explains (chosen)."""
OFF_HEAP_CPU = 5.0
"""Percent of CPU in C or SQLite from which it may hold memory that is missing in the heap (chosen)."""
GOROUTINES_MANY, GOROUTINES_TOO_MANY = 1_000, 10_000
"""Goroutines that are worth a word, and that are too many (chosen)."""
STACKS_MUCH = BUFFERS
"""Bytes of stacks below which they are no matter, however small the heap is (chosen)."""
STACK_LEAST, STACK_FRAME, STACK_GUARD = 2_048, 48, 928
"""Bytes of the smallest stack and of its guard (specified: Go's runtime); bytes a frame (measured: parked
goroutines with 10 to 100 small frames have 2, 4 and 8 KiB)."""
METRIC_GROWTH = MIB
"""Bytes a second of heap growth in runtime metrics that are worth a word (chosen)."""
METRIC_CHANCE = 1 - math.sqrt(2 / 80)
"""Share of what is in use that a heap which keeps no more still grows by, once in 80 (as rare as `SIGMAS`).

Source: derived: at GOGC=100 (specified) it rises from what is in use to twice that and falls back, so two
moments far apart find it at two even chances, whose difference is above x of what is in use with (1-x)²/2.
"""
METRIC_COLLECTIONS = 10
"""Collections between two moments from which on they are far apart (chosen)."""


@dataclass(frozen=True)
class Site:
    """A line of own code that allocates through functions of one kind.

    Attributes:
        kind: See `memory_kinds`; 0 for none.
        by: The function that gave the kind.
        function: The function; empty where there is no own code.
        location: `file:line`; empty likewise.
        allocated: Bytes allocated in the time that is looked at.
        objects: Objects likewise.
        live: Bytes in use.
        events: Recorded events behind `allocated`; None when not known.
        live_events: Recorded events behind `live`.
        live_before: Bytes in use before; None without a profile from before.
        live_events_before: Recorded events behind it.
        events_between: Recorded events behind what was allocated since base; None when not known.
    """

    kind: int
    by: str
    function: str
    location: str
    allocated: int
    objects: int
    live: int
    events: float | None
    live_events: float | None
    live_before: int | None = None
    live_events_before: float = 0.0
    events_between: float | None = None

    @property
    def name(self) -> str:
        """What to call it."""
        return f"{self.function} ({self.location})" if self.function else self.by or "code that is not yours"


@dataclass(frozen=True)
class Cpu:
    """CPU time by what it was for.

    Attributes:
        samples: Samples of all.
        gc_pct: Garbage collection in percent.
        gc_samples: Its samples.
        off_heap: Percent in functions of each kind that may hold memory outside the heap.
        functions: The heaviest function of each kind.
    """

    samples: int
    gc_pct: float
    gc_samples: int
    off_heap: Mapping[int, float]
    functions: Mapping[int, str]


@dataclass(frozen=True)
class Goroutines:
    """Goroutines and the memory of their stacks.

    Attributes:
        count: How many.
        least_bytes: What their stacks take at least.
        estimated_bytes: What they take, by their depth.
    """

    count: int
    least_bytes: int
    estimated_bytes: int


@dataclass(frozen=True)
class Facts:
    """Everything that is known.

    Attributes:
        is_go: Whether the collector is Go's.
        uncollected: Bytes in use at a site that may be garbage.
        live: Bytes in use.
        allocated: Bytes allocated in the time that is looked at.
        seconds: That time; None when it is not known.
        sites: Where.
        live_before: Bytes in use before.
        growth_seconds: Time between the two.
        goroutines: From a goroutine profile.
        cpu: From a CPU profile.
        rss: Resident memory of the container, in bytes.
        metrics: Runtime metrics by name.
    """

    is_go: bool
    live: int
    allocated: int
    seconds: float | None
    sites: Sequence[Site] = ()
    live_before: int | None = None
    growth_seconds: float | None = None
    goroutines: Goroutines | None = None
    cpu: Cpu | None = None
    rss: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    uncollected: int = 0

    @property
    def unexplained_rss(self) -> int | None:
        """Bytes of RSS beyond what heap and stacks account for.

        Source: specified: with GOGC=100 Go's heap grows to twice what is in use before it is collected.
        """
        if self.rss is None:
            return None
        stacks = self.goroutines.estimated_bytes if self.goroutines else 0
        return self.rss - self.live * (2 if self.is_go else 1) - stacks


@dataclass(frozen=True)
class Suspicion:
    """Something that is wrong, with what shows it.

    Attributes:
        category: Stable name.
        severity: How much it matters.
        confidence: How sure it is.
        description: What it is.
        evidence: Numbers, functions and lines.
        advice: What to do.
        location: `file:line` of own code; empty where it is no single one.
        weight: Bytes it is about, to order by.
    """

    category: str
    severity: Severity
    confidence: Confidence
    description: str
    evidence: tuple[str, ...]
    advice: str
    location: str = ""
    weight: float = 0.0


_SEVERITIES = ("high", "medium", "low")


def suspicions(facts: Facts) -> list[Suspicion]:
    """Find what is wrong, the gravest first; nothing without numbers that show it."""
    found = [
        *_growth(facts), *_churn(facts), *_buffers(facts), *_stacks(facts), *_rss(facts), *_collector(facts),
        *_metrics(facts),
    ]  # fmt: skip
    return sorted(
        found, key=lambda one: (_SEVERITIES.index(one.severity), -one.weight, one.category, one.location)
    )


def stack_bytes(depth: float) -> int:
    """Estimate the stack of a parked goroutine: the next power of two, which stacks grow by."""
    return max(STACK_LEAST, 1 << math.ceil(math.log2(STACK_GUARD + STACK_FRAME * max(depth, 1.0))))


_KEEPS = (
    "Look at what holds these objects: a map or list that is only added to, a cache without bound. Bound it, "
    "or delete entries when they are done with."
)
_KEEPS_GO = (
    "Look at what holds these objects: a map or slice that is only added to, a cache without bound, "
    "goroutines that never end. Bound it, or delete entries when they are done with. What was filled once "
    "and shows late is no leak: Go's heap profiles may be two collections old, with ?gc=1 they are not."
)
_COLLECT = " What is garbage already counts until it is collected: collect before both profiles."
"""What keeps objects; how old a profile is, is specified by runtime.MemProfile."""


def _growth(facts: Facts) -> Iterator[Suspicion]:
    by_place: dict[tuple[str, str], list[Site]] = {}
    for site in facts.sites:
        if site.live_before is not None and site.function:
            by_place.setdefault((site.function, site.location), []).append(site)
    for (function, location), sites in by_place.items():
        live, before = sum(one.live for one in sites), sum(one.live_before or 0 for one in sites)
        grown = live - before
        if (
            grown < max(GROWTH, facts.uncollected)
            or grown < GROWTH_SHARE * facts.live
            or live < GROWTH_FACTOR * before
        ):
            continue
        error = _error_of_difference(sites)
        if error is not None and grown < SIGMAS * error:
            continue
        rate = f", {size_text(grown / facts.growth_seconds)}/s" if facts.growth_seconds else ""
        sure = "" if error is None else f" ± {size_text(error)}"
        yield Suspicion(
            category="heap_growth",
            severity="high" if grown >= facts.live / 4 else "medium",
            confidence="confirmed" if error is not None else "likely",
            description=f"{function} keeps more and more memory",
            evidence=(
                f"in use {size_text(before)} before, {size_text(live)} after",
                f"{size_text(grown)}{sure} more{rate}",
                f"{100 * live / facts.live:.1f}% of all memory in use is from {location}",
            ),
            advice=_KEEPS_GO if facts.is_go else _KEEPS + (_COLLECT if facts.uncollected else ""),
            location=location,
            weight=grown,
        )


def _error_of_difference(sites: Sequence[Site]) -> float | None:
    """The standard deviation of what sites grew by, in bytes, from recorded events.

    Source: the variance of Poisson counts (specified). What was there before and still is, and what came and
    went in between, was recorded once and does not vary; so the counts of both profiles bound the variance,
    and so do those of all that came and went.
    """
    variance = 0.0
    for site in sites:
        if site.live_events is None:
            return None
        both = 0.0
        for value, events in (
            (site.live, site.live_events),
            (site.live_before or 0, site.live_events_before),
        ):
            if events > 0:
                both += value * value / events
        came = site.events_between
        if came:
            went = max(0.0, came - (site.live_events - site.live_events_before))
            both = min(both, (came + went) * (site.allocated / came) ** 2)
        variance += both
    return math.sqrt(variance)


def _churn(facts: Facts) -> Iterator[Suspicion]:
    for site in facts.sites:
        if site.kind in _BUFFER_TEXTS or not site.function or not facts.allocated:
            continue
        error = None if site.events is None else relative_error_pct(site.events)
        if site.events is not None and (error is None or error > NOISY_PCT):
            continue
        share = site.allocated / facts.allocated
        if share < CHURN_SHARE or site.live > CHURN_KEPT * site.allocated:
            continue
        rate = site.allocated / facts.seconds if facts.seconds else None
        size = site.allocated / site.objects if site.objects else 0.0
        least = CHURN_ELSEWHERE if not facts.is_go else CHURN if size > LARGE_OBJECT else CHURN_MEDIUM
        if (rate is not None and rate < least) or (rate is None and site.allocated < CHURN_SINCE_START):
            continue
        how = f"{size_text(rate)}/s" if rate is not None else f"{size_text(site.allocated)} since the start"
        yield Suspicion(
            category="alloc_churn",
            severity=_by_rate(rate) if facts.is_go else "medium",
            confidence="confirmed" if rate is not None else "likely",
            description=f"{site.function} allocates {how} and keeps next to nothing of it",
            evidence=(
                (
                    f"{100 * share:.1f}% of all allocations, {size_text(site.allocated)} in {site.objects} "
                    f"objects of {size_text(size)}" + (f", ± {error:.1f}%" if error is not None else "")
                ),
                f"in use of it: {size_text(site.live)}; {site.location}",
            ),
            advice=f"Take such large buffers from a {'sync.Pool' if facts.is_go else 'pool'}, or let the "
            "caller pass one in."
            if size > LARGE_OBJECT
            else "Do the work once instead of in the loop, keep its result, or reuse encoder and buffer.",
            location=site.location,
            weight=site.allocated,
        )


def _by_rate(rate: float | None) -> Severity:
    if rate is None:
        return "medium"
    return "high" if rate >= CHURN_HIGH else "medium" if rate >= CHURN_MEDIUM else "low"


_BUFFER_TEXTS = {
    COMPRESSION: (
        "compression_buffers",
        "compressors or decompressors are made anew, or many are kept",
        (
            "Keep writers and readers in a sync.Pool and Reset them; bound zstd's concurrency and window "
            "(WithEncoderConcurrency, WithWindowSize, WithDecoderMaxMemory)."
        ),
    ),
    SQLITE_TEMP: (
        "sqlite_temp_store",
        "SQLite sorts or journals in memory",
        "Set PRAGMA temp_store=FILE (and a cache_size), or add the index that makes the sort unnecessary.",
    ),
    CGO: (
        "cgo_copies",
        "data is copied between C and Go",
        "Work on C memory through unsafe.Slice instead of C.GoBytes and C.GoString.",
    ),
}


def _buffers(facts: Facts) -> Iterator[Suspicion]:
    for kind, (category, what, advice) in _BUFFER_TEXTS.items():
        sites = [site for site in facts.sites if site.kind == kind]
        # Each place that is enough by itself is mended by itself; what is left may be enough together.
        alone = [site for site in sites if site.location and _is_buffers(facts, [site])]
        rest = [site for site in sites if site not in alone]
        groups = [*([site] for site in alone), *([rest] if _is_buffers(facts, rest) else [])]
        for group in groups:
            allocated, live = sum(one.allocated for one in group), sum(one.live for one in group)
            heaviest = sorted(group, key=lambda one: (-max(one.allocated, one.live), one.location))[:3]
            yield Suspicion(
                category=category,
                severity="high" if live >= max(BUFFERS, facts.live / 2) else "medium",
                confidence="confirmed" if kind != SQLITE_TEMP else "likely",
                description=what,
                evidence=(_share(facts, allocated, live), *map(_use, heaviest)),
                advice=advice,
                location=heaviest[0].location,
                weight=max(allocated, live),
            )


def _is_buffers(facts: Facts, sites: Sequence[Site]) -> bool:
    """Whether sites allocate much all the time, or hold much."""
    allocated, live = sum(one.allocated for one in sites), sum(one.live for one in sites)
    fast = allocated / facts.seconds >= CHURN if facts.seconds else allocated >= CHURN_SINCE_START
    churns = fast and allocated >= CHURN_SHARE * facts.allocated
    return churns or (live >= BUFFERS and live >= GROWTH_SHARE * facts.live)


def _share(facts: Facts, allocated: int, live: int) -> str:
    many = (
        f"{size_text(allocated / facts.seconds)}/s"
        if facts.seconds
        else f"{size_text(allocated)} since the start"
    )
    part, kept = 100 * allocated / max(facts.allocated, 1), 100 * live / max(facts.live, 1)
    return f"allocated {many}, {part:.1f}% of all; in use {size_text(live)}, {kept:.1f}% of all"


def _use(site: Site) -> str:
    return f"{site.by} for {site.name}: {size_text(site.allocated)}, in use {size_text(site.live)}"


def _stacks(facts: Facts) -> Iterator[Suspicion]:
    found = facts.goroutines
    if found is None or found.count <= GOROUTINES_MANY:
        return
    share = found.estimated_bytes / max(facts.live, 1)
    is_much = share >= 0.1 and found.estimated_bytes >= STACKS_MUCH
    severity: Severity = "high" if found.count > GOROUTINES_TOO_MANY else "medium" if is_much else "low"
    yield Suspicion(
        category="goroutine_stacks",
        severity=severity,
        confidence="confirmed",
        description=f"{found.count} goroutines have stacks",
        evidence=(
            f"at least {size_text(found.least_bytes)} (2 KiB each)",
            f"by depth about {size_text(found.estimated_bytes)}, an estimate: once deeper ones stay larger",
            f"that is {100 * share:.0f}% of the memory in use, and none of it is in a heap profile",
        ),
        advice="See what they wait for and whether they ever end; bound workers, and give waits a context.",
        weight=found.estimated_bytes,
    )


_OFF_HEAP = {
    SQLITE_TEMP: ("sqlite_temp_store", _BUFFER_TEXTS[SQLITE_TEMP][2]),
    SQLITE: (
        "sqlite_memory",
        "Check PRAGMA temp_store, cache_size and mmap_size: what SQLite allocates is in no profile.",
    ),
    CGO: (
        "cgo_memory",
        "Profile the C side (jemalloc, heaptrack): what C allocates is in no heap profile of Go.",
    ),
}


def _rss(facts: Facts) -> Iterator[Suspicion]:
    gap = facts.unexplained_rss
    if gap is None or facts.rss is None or gap < RSS_MEDIUM or gap < GROWTH_SHARE * facts.rss:
        return
    stacks = facts.goroutines.estimated_bytes if facts.goroutines else 0
    heap = (
        f"2 × {size_text(facts.live)} of heap (in use, at GOGC=100)" if facts.is_go else size_text(facts.live)
    )
    sum_of = f"{size_text(facts.rss)} RSS - {heap}" + (f" - {size_text(stacks)} of stacks" if stacks else "")
    yield Suspicion(
        category="rss_gap",
        severity="high" if gap >= RSS_HIGH else "medium",
        confidence="confirmed",
        description=f"{size_text(gap)} of RSS is neither heap in use nor its headroom nor stacks",
        evidence=(f"{sum_of} = {size_text(gap)}",),
        advice="Compare with runtime metrics (/memory/classes): set GOMEMLIMIT; look for memory of C "
        "libraries and mmap, and for a peak in the past whose pages were not given back."
        if facts.is_go
        else "Look for memory of native libraries, mmap, thread stacks and the runtime's own.",
        weight=gap,
    )
    cpu = facts.cpu
    for kind, (category, advice) in _OFF_HEAP.items():
        share = cpu.off_heap.get(kind, 0.0) if cpu else 0.0
        if cpu is None or share < OFF_HEAP_CPU or _noisy(cpu.samples, share):
            continue
        yield Suspicion(
            category=category,
            severity="medium",
            confidence="suspected",
            description="code that allocates outside the heap is busy, and RSS is far above the heap",
            evidence=(
                f"{share:.1f}% of CPU in {cpu.functions[kind]} and the like",
                f"{sum_of} = {size_text(gap)}",
            ),
            advice=advice,
            weight=gap,
        )


def _noisy(samples: int, share_pct: float) -> bool:
    error = relative_error_pct(samples * share_pct / 100)
    return error is None or error > NOISY_PCT


def _collector(facts: Facts) -> Iterator[Suspicion]:
    cpu = facts.cpu
    if cpu is None or not cpu.gc_samples:
        return
    error = 1 / math.sqrt(cpu.gc_samples)
    surely = cpu.gc_pct * (1 - 2 * error)
    if surely < GC_MEDIUM:
        return
    yield Suspicion(
        category="gc_cpu",
        severity="high" if surely >= GC_HIGH else "medium",
        confidence="confirmed",
        description=f"garbage collection takes {cpu.gc_pct:.1f}% of CPU",
        evidence=(f"{cpu.gc_samples} of {cpu.samples} samples, ± {100 * error:.0f}% of that share",),
        advice="Allocate less where most is allocated; with memory to spare, raise GOGC or set GOMEMLIMIT.",
        weight=cpu.gc_pct,
    )


def _metrics(facts: Facts) -> Iterator[Suspicion]:
    grown = facts.metrics.get("go_heap_growth_bytes_per_sec", 0.0)
    seconds = facts.seconds
    if facts.live_before is not None or not seconds or grown < METRIC_GROWTH:
        return
    # Between two collections the heap grows by what is in use, and less than that may be chance.
    many = facts.metrics.get("go_gcs_per_sec", 0.0) * seconds >= METRIC_COLLECTIONS
    if grown * seconds < facts.live * (METRIC_CHANCE if many else 1):
        return
    yield Suspicion(
        category="heap_growth",
        severity="medium",
        confidence="suspected",
        description="the heap grew while the profile was taken",
        evidence=(
            f"go_heap_growth_bytes_per_sec: {size_text(grown)}/s over {seconds:.0f} s",
            f"{size_text(grown * seconds)} beside {size_text(facts.live)} in use: more than chance",
        ),
        advice="Give a heap profile from before as `base` to see which line keeps more and more.",
        weight=grown * seconds,
    )

"""What pprof.discover answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pprof_mcp.results.base import NextCall, Result, Row
from pprof_mcp.results.paging import LeftOut


class Recommendation(Row):
    """Something worth doing, with what shows it."""

    columns = ("rank", "priority", "area", "share_pct", "share_of", "saving_text", "function")
    spare = ("share_of",)
    beneath = ("suggestion", "source_location", "evidence", "call")

    rank: int = Field(description="From 1.")
    priority: Literal["high", "medium", "low"] = Field(description="How much it matters.")
    area: str = Field(description="own code, an overhead category, a memory suspicion, lock, goroutines ...")
    suggestion: str = Field(description="What to do.")
    function: str | None = Field(description="Where; null where it is no single function.")
    source_location: str | None = Field(description="`file:line`; null when the profile does not say.")
    share_pct: float | None = Field(description="Its share in percent of share_of; null where it has none.")
    share_of: str = Field(description="What share_pct is of, such as CPU time.")
    saving: float | None = Field(description="What it could save at most; null where no number says.")
    saving_unit: str = Field(description="Unit of saving.")
    saving_text: str = Field(description="saving with its unit.")
    saving_how: str = Field(description="How that is estimated.")
    evidence: list[str] = Field(description="Numbers, functions and lines that show it.")
    call: NextCall = Field(description="The call that shows it.")


class RecommendationsLeftOut(LeftOut):
    """Recommendations that are not among the rows."""

    columns = ("high", "medium", "low")

    high: int = Field(description="Of these, how many of high priority.")
    medium: int = Field(description="Of medium priority.")
    low: int = Field(description="Of low priority.")


class HotFunction(Row):
    """A function by flat."""

    columns = ("flat_text", "flat_pct", "cum_pct", "function", "source_location")
    spare = ("source_location",)

    function: str = Field(description="Its name.")
    source_location: str | None = Field(description="`file:line`; null when unknown.")
    flat: int = Field(description="Spent in itself.")
    flat_text: str = Field(description="flat with its unit.")
    flat_pct: float = Field(description="In percent of the total.")
    cum_pct: float = Field(description="With what it calls, in percent of the total.")


class OverheadShare(Row):
    """A category of work that libraries and runtimes do."""

    columns = ("severity", "percentage", "category", "caller")

    category: str = Field(description="As in pprof.overhead_report.")
    severity: Literal["high", "medium", "low"] = Field(description="By percentage.")
    percentage: float = Field(description="In percent of CPU time; categories may overlap.")
    caller: str | None = Field(description="Own code that needs most of it.")


class OverheadSummary(Row):
    """What libraries and runtimes cost."""

    columns = ("total_overhead_pct", "own_pct", "idle_pct")
    beneath = ("detections",)

    total_overhead_pct: float = Field(description="All categories, each sample once, in percent of CPU time.")
    own_pct: float = Field(description="Own code, in percent.")
    idle_pct: float = Field(description="Waiting for something to do, in percent.")
    detections: list[OverheadShare] = Field(description="The heaviest categories.")


class CpuSection(Row):
    """CPU time."""

    columns = ("total_text", "utilization_pct", "duration_seconds", "samples")
    beneath = ("top_functions", "overhead")

    total: int = Field(description="CPU time of all samples.")
    unit: str = Field(description="Its unit.")
    total_text: str = Field(description="total with its unit.")
    duration_seconds: float | None = Field(description="What it covers; null when not said.")
    utilization_pct: float | None = Field(description="Of one CPU, in percent; null without a duration.")
    samples: int = Field(description="Rows of the profile.")
    top_functions: list[HotFunction] = Field(description="By flat.")
    overhead: OverheadSummary | None = Field(description="Work of libraries and the runtime; null: failed.")


class AllocationSite(Row):
    """A line that allocates."""

    columns = ("alloc_text", "alloc_pct", "alloc_rate", "source_location", "function")
    spare = ("function",)

    function: str | None = Field(description="First function of own code; null without one.")
    source_location: str | None = Field(description="`file:line`; null when unknown.")
    alloc_bytes: int = Field(description="Bytes.")
    alloc_text: str = Field(description="alloc_bytes with unit.")
    alloc_pct: float = Field(description="In percent of all that was allocated.")
    alloc_rate: str | None = Field(description="Per minute; null when not known.")


class SuspicionSummary(Row):
    """Something suspicious about memory."""

    columns = ("severity", "category", "source_location")

    category: str = Field(description="As in pprof.memory_sanity.")
    severity: Literal["high", "medium", "low"] = Field(description="How much it matters.")
    source_location: str | None = Field(description="`file:line`; null where it is no single one.")


class MemorySummary(Row):
    """Memory in use."""

    columns = ("summary",)
    beneath = ("suspicions",)

    summary: str = Field(description="One sentence.")
    heap_inuse_mb: float | None = Field(description="In use, in MiB; null when the profile does not say.")
    heap_inuse_bytes: int | None = Field(description="The same in bytes.")
    top_holder: str | None = Field(description="`file:line` that holds most of it.")
    top_holder_pct: float | None = Field(description="Its share, in percent of what is in use.")
    suspicions: list[SuspicionSummary] = Field(description="What is wrong, the gravest first.")


class HeapSection(Row):
    """Memory: what is allocated, and what is kept."""

    columns = ("alloc_rate", "total_alloc_text", "alloc_since")
    beneath = ("top_paths", "memory_sanity")

    alloc_rate: str | None = Field(description="Per minute; null when not known.")
    alloc_bytes_per_second: float | None = Field(description="The same in bytes a second.")
    total_alloc: int | None = Field(description="Allocated, in bytes; null when the profile does not say.")
    total_alloc_text: str | None = Field(description="total_alloc with unit.")
    alloc_since: Literal["start", "interval"] | None = Field(
        description="Whether that counts since the process started or over the duration."
    )
    top_paths: list[AllocationSite] = Field(description="Lines that allocate most.")
    memory_sanity: MemorySummary | None = Field(description="Memory in use; null when that analysis failed.")


class ContentionSite(Row):
    """A line that takes or releases a lock."""

    columns = ("total_delay", "share_pct", "contentions", "lock_type", "source_location", "function")
    spare = ("function", "lock_type")

    function: str = Field(description="The function with the line.")
    source_location: str | None = Field(description="`file:line`; null when unknown.")
    lock_type: str = Field(description="Mutex, RWMutex write ...")
    contentions: int = Field(description="Waits.")
    total_delay: str = Field(description="Time waited, with its unit.")
    total_delay_ns: int = Field(description="The same in nanoseconds.")
    share_pct: float = Field(description="In percent of the delay of all locks.")


class MutexSection(Row):
    """Waiting for locks; channels and the like do not count."""

    columns = ("total_delay", "waiters_avg", "total_contentions", "profile_type")
    beneath = ("top_contentions",)

    profile_type: Literal["mutex", "block", "mutex+block"] = Field(description="What it is read from.")
    total_delay: str = Field(description="Time waited for locks, with its unit.")
    total_delay_ns: int = Field(description="The same in nanoseconds.")
    total_contentions: int = Field(description="Waits.")
    waiters_avg: float | None = Field(description="How many wait on average; null without a duration.")
    top_contentions: list[ContentionSite] = Field(description="Lines with most delay.")


class WaitSummary(Row):
    """What goroutines wait for."""

    columns = ("count", "pct", "reason")

    reason: str = Field(description="In the runtime's words.")
    count: int = Field(description="How many.")
    pct: float = Field(description="In percent of all goroutines.")


class GoroutineSection(Row):
    """Goroutines."""

    columns = ("total_goroutines", "verdict", "potential_leaks")
    beneath = ("top_wait_reasons",)

    total_goroutines: int = Field(description="How many.")
    by_state: dict[str, int] = Field(description="By state: running, syscall, waiting.")
    verdict: Literal["leak", "suspicious", "nothing_found"] = Field(
        description="As in pprof.goroutine_analysis."
    )
    potential_leaks: int = Field(description="Lines that look like leaks.")
    top_wait_reasons: list[WaitSummary] = Field(description="What most wait for.")


class HotInSeveral(Row):
    """A function that is hot in several kinds."""

    columns = ("combined_score", "function", "insight")

    function: str = Field(description="Its name.")
    combined_score: float = Field(description="0-1, as in pprof.cross_correlate.")
    insight: str = Field(description="In which kinds, and what follows.")


class LookedAt(Row):
    """A profile that was looked at."""

    columns = ("kind", "name", "samples", "duration_seconds")

    kind: str = Field(description="As what.")
    name: str = Field(description="Its name in the bundle.")
    samples: int = Field(description="Rows it has.")
    duration_seconds: float | None = Field(description="What it covers; null when not said.")


class DiscoverResult(Result):
    """What a capture shows, and what is worth doing."""

    bundle: str = Field(description="What was given; a handle for what was downloaded.")
    source: str | None = Field(description="Where it was downloaded, with both ids; null for files.")
    service: str | None = Field(description="Whose capture it is; null when the bundle does not say.")
    env: str | None = Field(description="Where it ran; null likewise.")
    version: str | None = Field(description="Which version; null likewise.")
    timestamp: str | None = Field(description="When the latest profile was taken (UTC); null when not said.")
    summary: str = Field(description="What was found, in a sentence; when nothing is wrong, that.")
    verdict: Literal["findings", "nothing_stands_out", "unknown"] = Field(
        description="unknown: nothing was found, but not everything that is there could be judged."
    )
    recommendations: list[Recommendation] = Field(
        description="By priority, then share; one a cause; empty when nothing stands out."
    )
    left_out: RecommendationsLeftOut = Field(description="Recommendations before and behind these.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next ones; null at the end.")
    cpu: CpuSection | None = Field(description="null without a CPU profile with samples.")
    heap: HeapSection | None = Field(description="null without a heap profile with samples.")
    mutex: MutexSection | None = Field(description="null without a mutex or block profile with samples.")
    goroutine: GoroutineSection | None = Field(description="null without goroutines.")
    correlations: list[HotInSeveral] = Field(description="Functions hot in several kinds.")
    looked_at: list[LookedAt] = Field(description="Profiles that were used.")
    missing: list[str] = Field(description="Kinds that the bundle does not have, or only without samples.")

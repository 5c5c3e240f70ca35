"""What pprof.cross_correlate and pprof.hotspot_summary answer."""

from __future__ import annotations

from pydantic import Field

from pprof_mcp.results.base import Result, Row
from pprof_mcp.results.paging import LeftOut


class CpuShare(Row):
    """What a function has of the CPU time."""

    columns = ("flat_pct", "cum_pct", "rank")

    flat_pct: float = Field(description="It and what runtime and libraries do for it, percent of the total.")
    cum_pct: float = Field(description="Samples it is in, percent of the total.")
    rank: int = Field(description="By impact among all functions, from 1.")
    value: int = Field(description="flat in the profile's unit.")


class HeapShare(Row):
    """What a function has of the allocations."""

    columns = ("alloc_pct", "cum_pct", "rank")

    alloc_pct: float = Field(description="Allocated by it and by libraries for it, percent of the total.")
    cum_pct: float = Field(description="Samples it is in, percent of the total.")
    rank: int = Field(description="By impact among all functions, from 1.")
    value: int = Field(description="alloc in the profile's unit.")


class DelayShare(Row):
    """What a function has of the delay by locks."""

    columns = ("delay_pct", "cum_pct", "rank")

    delay_pct: float = Field(description="Of locks it or libraries for it use, percent of the total.")
    cum_pct: float = Field(description="Samples it is in, percent of the total.")
    rank: int = Field(description="By impact among all functions, from 1.")
    value: int = Field(description="delay in the profile's unit.")


class Correlation(Row):
    """A function that is hot in more than one kind."""

    columns = ("combined_score", "function", "insight")

    function: str = Field(description="The function; the package with level=package.")
    combined_score: float = Field(description="0-1; 1 is the heaviest in CPU, heap and locks alike.")
    cpu: CpuShare | None = Field(description="null where it is not.")
    heap: HeapShare | None = Field(description="null without a heap profile or when not in it.")
    mutex: DelayShare | None = Field(description="Locks held; null where it is not.")
    block: DelayShare | None = Field(description="Locks waited for; null where it is not.")
    insight: str = Field(description="What it is hot in, and what follows.")


class CpuHotspot(Row):
    """A function and its CPU time."""

    columns = ("function", "flat_pct")

    function: str = Field(description="The function.")
    flat_pct: float = Field(description="In percent of the total, 0-100.")
    flat: int = Field(description="The same in the profile's unit.")


class HeapHotspot(Row):
    """A function and what it allocates."""

    columns = ("function", "alloc_pct")

    function: str = Field(description="The function.")
    alloc_pct: float = Field(description="In percent of the total, 0-100.")
    alloc: int = Field(description="The same in the profile's unit.")


class DelayHotspot(Row):
    """A function and the delay by its locks."""

    columns = ("function", "delay_pct")

    function: str = Field(description="The function.")
    delay_pct: float = Field(description="In percent of the delay of all locks, 0-100.")
    delay: int = Field(description="The same in the profile's unit.")


class KindTotal(Row):
    """A kind of the bundle that was looked at."""

    columns = ("kind", "sample_type", "total", "unit", "unowned_pct")

    kind: str = Field(description="cpu, heap, mutex or block.")
    profile: str = Field(description="The profile.")
    sample_type: str = Field(description="What was summed.")
    unit: str = Field(description="Its unit.")
    total: int = Field(description="What percentages are of; of a block profile waits for locks only.")
    unowned_pct: float = Field(description="Percent in samples without any of the user's own code.")


class CorrelateResult(Result):
    """Functions over several kinds of profiles."""

    bundle: str = Field(description="The bundle, as it was given.")
    formula: str = Field(description="How combined_score is made.")
    kinds: list[KindTotal] = Field(description="The kinds that were looked at.")
    correlations: list[Correlation] = Field(description="Hot in two or more of CPU, heap and locks.")
    left_out: LeftOut = Field(description="Correlations before and behind these.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next ones; null at the end.")
    cpu_only_hotspots: list[CpuHotspot] | None = Field(description="At most 5; null without a profile.")
    heap_only_hotspots: list[HeapHotspot] | None = Field(description="At most 5; null without a profile.")
    mutex_only_hotspots: list[DelayHotspot] | None = Field(description="At most 5; null without a profile.")
    block_only_hotspots: list[DelayHotspot] | None = Field(description="At most 5; null without a profile.")


class HotspotResult(Result):
    """The heaviest functions of each kind."""

    bundle: str = Field(description="The bundle, as it was given.")
    cpu_top5: list[CpuHotspot] | None = Field(description="By flat, as pprof.top; null without a profile.")
    heap_top5: list[HeapHotspot] | None = Field(description="By bytes allocated; null without a profile.")
    mutex_top5: list[DelayHotspot] | None = Field(
        description="Functions that hold locks; null without a profile."
    )
    block_top5: list[DelayHotspot] | None = Field(
        description="Functions that wait for locks; null without a profile."
    )
    goroutine_count: int | None = Field(description="Goroutines; null without a profile.")

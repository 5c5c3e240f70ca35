"""What pprof.memory_sanity answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pprof_mcp.results.base import Result, Row
from pprof_mcp.results.paging import LeftOut


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

"""What functions cost over time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pprof_mcp.results.base import Result, Row
from pprof_mcp.results.paging import LeftOut
from pprof_mcp.results.shared import SampleType

Metric = Literal["flat", "cum"]
Measure = Literal["pct", "per_second", "value"]


class HistoryEntry(Row):
    """One profile."""

    columns = ("timestamp", "version", "host", "flat_percent", "flat_value", "cum_percent", "cum_value")
    spare = ("host", "cum_value")

    timestamp: str = Field(description="When it is of.")
    version: str | None = Field(description="Version of the service; null when not said.")
    host: str | None = Field(description="Host; null when not said.")
    profile_id: str = Field(description="Its short id.")
    event_id: str = Field(description="Its long id; a download needs both.")
    found: bool = Field(description="Whether the functions have samples.")
    flat_percent: float = Field(description="Own cost in percent of the profile.")
    cum_percent: float = Field(description="With callees, in percent of the profile.")
    flat_value: str = Field(description="Own cost with its unit.")
    cum_value: str = Field(description="With callees, with its unit.")
    value: int = Field(description="flat or cum, as metric says, in `unit`.")
    per_second: float | None = Field(description="value a second; null without a duration.")


class VersionRow(Row):
    """The profiles of one version."""

    columns = ("version", "first", "last", "profiles", "median")

    version: str = Field(description="The version.")
    first: str = Field(description="Time of its first profile here.")
    last: str = Field(description="Time of its last.")
    profiles: int = Field(description="Profiles looked at.")
    median: float = Field(description="Their median, of what `measure` says.")


class Verdict(Row):
    """Whether the series changed."""

    columns = ("kind", "text")

    kind: Literal["step", "trend", "none", "too_few"] = Field(
        description="none: no more than chance or its usual ups and downs explain."
    )
    text: str = Field(description="The same in words.")
    at: str | None = Field(description="Time of the first profile after a step; null otherwise.")
    last_before: str | None = Field(description="Time of the last profile before it.")
    version_before: str | None = Field(description="Version of that profile.")
    version_after: str | None = Field(description="Version of the first after it.")
    before: float = Field(description="Median before a step; start of a trend's line; else the median.")
    after: float = Field(description="Median after a step; end of a trend's line; else the median.")
    change: float = Field(description="Height of a step, or rise of a trend over the window.")
    low: float | None = Field(description="Lower end of its interval, 95 %; null when not known.")
    high: float | None = Field(description="Upper end.")
    effect_size: float = Field(
        description="Cliff's delta, -1 to 1: how surely later values are above earlier."
    )
    p_value: float = Field(description="How often chance gives as much; a verdict needs below 0.01.")
    method: str | None = Field(description="How it was found; null with too few profiles.")


class HistorySummary(Row):
    """All profiles together; those without the functions count as 0."""

    columns = ("total_profiles", "found_in_profiles", "min", "median", "max")

    total_profiles: int = Field(description="Profiles measured.")
    found_in_profiles: int = Field(description="Those in which the functions have samples.")
    max_flat_percent: float = Field(description="Largest flat_percent.")
    min_flat_percent: float = Field(description="Least.")
    avg_flat_percent: float = Field(description="Mean.")
    min: float = Field(description="Least, of what `measure` says.")
    median: float = Field(description="Median.")
    max: float = Field(description="Most.")
    spread: float = Field(description="Median absolute deviation, scaled to a standard deviation.")


class HistoryResult(Result):
    """What functions cost over time, the oldest first."""

    service: str = Field(description="Service.")
    env: str = Field(description="Environment; empty for any.")
    dd_site: str = Field(description="Site of Datadog.")
    query: str = Field(description="The search, as Datadog was asked.")
    runtime: str | None = Field(description="Runtime of the profiles; null when not said.")
    function: str = Field(description="The pattern.")
    from_ts: str = Field(description="Start of the window.")
    to_ts: str = Field(description="End of the window.")
    profile_type: str = Field(description="Kind of profile.")
    sample_type: SampleType | None = Field(description="What values count; null without profiles.")
    metric: Metric = Field(description="flat or cum: what is judged.")
    measure: Measure = Field(description="pct: share of the profile; per_second; value.")
    verdict: Verdict = Field(description="Whether it changed.")
    sparkline: str = Field(description="The series from 0 to its largest value; `┊`: another version.")
    summary: HistorySummary = Field(description="All profiles together.")
    versions: list[VersionRow] = Field(description="By version, the oldest first.")
    stands_out: list[str] = Field(description="Times of profiles far from what the rest explains.")
    entries: list[HistoryEntry] = Field(description="The profiles, by time.")
    left_out: LeftOut = Field(description="Profiles before and behind these; all are measured.")
    cursor: str | None = Field(description="Pass it as `cursor` for more, with from_ts and to_ts.")
    output_path: str | None = Field(description="The picture; null without one.")
    output_bytes: int = Field(description="Its size; 0 without one.")

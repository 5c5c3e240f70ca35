"""How a profile compares with stored runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pprof_mcp.results.base import Row


class Deviation(Row):
    """A number that is not what it used to be."""

    columns = ("severity", "text")

    function: str = Field(description="The node; empty for the total.")
    metric: str = Field(description="flat_pct, cum_pct or total.")
    current: float = Field(
        description="What it is: percent, or for the total its unit (per second if known)."
    )
    baseline: float = Field(description="Mean of the runs.")
    delta: float = Field(description="current minus baseline.")
    severity: Literal["low", "medium", "high"] = Field(
        description="By percent points; of a total, by percent of the mean."
    )
    spread: float = Field(
        description="How much the runs vary: median absolute deviation, scaled to one sigma."
    )
    minimum: float = Field(description="The least of the runs.")
    maximum: float = Field(description="The most.")
    text: str = Field(description="The same as a sentence.")


class BaselineComparison(Row):
    """What differs from the stored runs of the series."""

    columns = ("key", "baseline_samples", "first_run", "last_run")
    beneath = ("deviations",)

    key: str = Field(description="The series: name, kind, sample type, filters.")
    profile_kind: str = Field(description="Kind of the profile.")
    sample_index: str = Field(description="Sample type.")
    baseline_samples: int = Field(description="Runs it is compared with.")
    first_run: str | None = Field(description="Time of the oldest of them, UTC; null without runs.")
    last_run: str | None = Field(description="Time of the newest.")
    deviations: list[Deviation] = Field(description="The total first, then by size.")
    deviations_left_out: int = Field(description="Deviations besides.")
    warnings: list[str] = Field(description="What limits the comparison.")

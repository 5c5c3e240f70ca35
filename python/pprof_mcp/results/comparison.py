"""What the answers of all comparisons of two profiles have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pprof_mcp.results.base import Result
from pprof_mcp.results.paging import LeftOut
from pprof_mcp.results.shared import RawMeta, SampleType

Normalize = Literal["none", "per_second", "total"]
"""How two sides are made comparable."""

Status = Literal["new", "gone", "changed"]
"""What something that differs is: only after, only before, or on both sides."""


class DiffLeftOut(LeftOut):
    """What differs but is not among the rows."""

    columns = ("rows", "delta")

    delta: float = Field(description="Sum of their differences (of flat where there is flat and cum).")


class Comparison(Result):
    """An answer about what differs between two profiles."""

    before: str = Field(description="The profile before, as it was given.")
    after: str = Field(description="The profile after, as it was given.")
    sample_type: SampleType = Field(description="What the values count.")
    unit: str = Field(description="Unit of all values, after normalisation.")
    normalize: Normalize = Field(description="How the two sides were made comparable.")
    before_total: float = Field(description="Total before, normalised.")
    before_total_text: str = Field(description="before_total with unit.")
    after_total: float = Field(description="Total after, normalised.")
    after_total_text: str = Field(description="after_total with unit.")
    delta_total: float = Field(description="after minus before.")
    delta_total_text: str = Field(description="delta_total with unit and sign.")
    before_scale: float = Field(description="What values before were multiplied by.")
    after_scale: float = Field(description="What values after were multiplied by.")
    before_duration_nanos: int = Field(description="Duration of the profile before; 0 when not said.")
    after_duration_nanos: int = Field(description="Duration of the profile after; 0 when not said.")
    new: int = Field(description="How many are only after.")
    gone: int = Field(description="How many are only before.")
    changed: int = Field(description="How many are on both sides and differ.")
    same: int = Field(description="How many are on both sides and do not; they make no rows.")
    raw: str | None = Field(description="pprof's own text with format=text; else null.")
    raw_meta: RawMeta | None = Field(description="What was cut from `raw`; null without it.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next rows; null at the end.")
    left_out: DiffLeftOut = Field(description="What differs before and behind these rows.")

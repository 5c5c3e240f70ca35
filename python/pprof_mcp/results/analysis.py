"""What the answers of all analyses of samples have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pprof_mcp.results.base import Result
from pprof_mcp.results.shared import RawMeta, SampleType

AnswerFormat = Literal["rows", "text"]
"""Rows as data, or pprof's own text."""

RowsOrText = Annotated[AnswerFormat, Field(description="`text`: pprof's own text, in `raw`.")]


class Analysis(Result):
    """An answer about the samples of one profile."""

    profile: str = Field(description="The profile, as it was given.")
    sample_type: SampleType = Field(description="What the values count.")
    unit: str = Field(description="Unit of all values.")
    total: int = Field(description="What percentages are of.")
    total_text: str = Field(description="total with its unit.")


class TextAnalysis(Analysis):
    """An answer that can also be pprof's own text."""

    raw: str | None = Field(description="pprof's own text with format=text; else null.")
    raw_meta: RawMeta | None = Field(description="What was cut from `raw`; null without it.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next rows; null at the end.")

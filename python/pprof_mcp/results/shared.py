"""Rows that several tools return."""

from __future__ import annotations

from pydantic import Field

from pprof_mcp.results.base import Row


class ValueTypeRow(Row):
    """A type and a unit, such as cpu in nanoseconds."""

    columns = ("type", "unit")

    type: str = Field(description="What is counted, such as `cpu` or `inuse_space`.")
    unit: str = Field(description="In what, such as `nanoseconds` or `bytes`.")


class SampleType(Row):
    """The sample type an answer is about."""

    columns = ("type", "unit")

    type: str = Field(description="What is counted, such as `cpu` or `inuse_space`.")
    unit: str = Field(description="In what, such as `nanoseconds` or `bytes`.")
    index: int = Field(description="Its position in the profile, from 0.")


class LabelRow(Row):
    """A label (pprof's tag) on a sample."""

    columns = ("key", "value")

    key: str = Field(description="The label's key.")
    value: str = Field(description="Its value; numbers with their unit.")


class RawMeta(Row):
    """What was cut from a text."""

    columns = ("total_lines", "total_bytes", "truncated")

    total_lines: int = Field(description="Lines of the whole text.")
    total_bytes: int = Field(description="Bytes of the whole text in UTF-8.")
    truncated: bool = Field(description="Whether something was cut.")
    truncated_reason: str | None = Field(
        description="`max_lines`, `max_bytes` or both, joined by a comma; null if whole."
    )
    strategy: str = Field(description="Which part is kept: head, tail or head_tail.")

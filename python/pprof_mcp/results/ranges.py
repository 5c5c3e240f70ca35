"""Profiles of a window of time: what was merged, from when, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import Field, create_model

from pprof_mcp.results.base import Row
from pprof_mcp.results.comparison import Status

if TYPE_CHECKING:

    class TimeRange(Row):
        """From when to when; the fields are `from` and `to`."""
else:
    # `from` is no name that a class could spell.
    TimeRange = create_model(
        "TimeRange",
        __base__=Row,
        __module__=__name__,
        __doc__="From when to when.",
        **{
            "from": (str, Field(description="Start, RFC 3339 in UTC.")),
            "to": (str, Field(description="End, RFC 3339 in UTC.")),
        },
    )


def time_range(start: str, end: str) -> TimeRange:
    """Give a range of time as a result has it."""
    return TimeRange(**cast("Any", {"from": start, "to": end}))


How = Literal["sum", "mean_of_process", "last_of_process", "mean"]
"""What was done with values: added; averaged or taken last over the time of a process and added over
processes; averaged over all profiles."""


class CombinedType(Row):
    """A sample type of a merged profile."""

    columns = ("type", "unit", "how")

    type: str = Field(description="What is counted, such as `cpu` or `inuse_space`.")
    unit: str = Field(description="In what, such as `nanoseconds` or `bytes`.")
    is_snapshot: bool = Field(description="Whether it counts what is there at an instant.")
    how: How = Field(
        description="sum; mean_of_process, last_of_process: over its time, then added; mean: of all profiles."
    )


class MissingProfile(Row):
    """A profile that was chosen and is not part of the answer."""

    columns = ("timestamp", "host", "code", "message")

    profile_id: str = Field(description="Its short id.")
    timestamp: str | None = Field(description="When it was taken, RFC 3339; null when not said.")
    host: str | None = Field(description="Host; null when not said.")
    code: str = Field(description="Stable name of the reason.")
    message: str = Field(description="The reason.")


class RangeSide(Row):
    """The profiles of one side of a comparison."""

    columns = ("from_ts", "to_ts", "profiles_merged", "total_duration", "hosts", "versions", "handle")

    handle: str | None = Field(description="Handle of its merged profile; null in a shell.")
    from_ts: str = Field(description="Start of the window.")
    to_ts: str = Field(description="End of the window.")
    profiles_merged: int = Field(description="Profiles that were merged.")
    profiles_found: int = Field(description="Profiles that were listed.")
    total_duration: str = Field(description="Sum of the times they cover.")
    total_duration_seconds: float = Field(description="The same in seconds.")
    processes: int = Field(description="Processes they are of.")
    hosts: dict[str, int] = Field(description="Profiles by host; the hosts with the most.")
    hosts_left_out: int = Field(description="How many hosts there are besides.")
    versions: dict[str, int] = Field(description="Profiles by version of the service; those with the most.")
    versions_left_out: int = Field(description="How many versions there are besides.")
    failed_count: int = Field(description="Profiles that are missing.")


class RangeDelta(Row):
    """One function that differs; values are normalised."""

    columns = ("delta_flat_text", "delta_flat_pct", "delta_cum_text", "interval_text", "status", "name")
    spare = ("delta_cum_text",)

    name: str = Field(description="The function; a very long name is cut.")
    location: str | None = Field(description="`file:line`, or the file alone; null when unknown.")
    status: Status = Field(description="new: only after; gone: only before.")
    before_flat: float = Field(description="flat before.")
    after_flat: float = Field(description="flat after.")
    delta_flat: float = Field(description="after minus before.")
    delta_flat_pct: float = Field(description="In percent of the total before.")
    ratio_flat: float | None = Field(description="after / before; null where there was nothing before.")
    before_cum: float = Field(description="cum before.")
    after_cum: float = Field(description="cum after.")
    delta_cum: float = Field(description="after minus before.")
    delta_flat_text: str = Field(description="delta_flat with unit and sign.")
    delta_cum_text: str = Field(description="delta_cum with unit and sign.")
    low: float | None = Field(description="Lower end of the interval of the difference sorted by; or null.")
    high: float | None = Field(description="Upper end.")
    interval_text: str | None = Field(description="Both ends with their unit; null without an interval.")
    is_distinct: bool | None = Field(
        description="Whether the interval leaves out 0; false may be chance; null without an interval."
    )


class RangeTotal(Row):
    """The totals of two sides, normalised."""

    columns = ("before_text", "after_text", "delta_text", "delta_pct", "is_distinct")

    before: float = Field(description="Total before.")
    after: float = Field(description="Total after.")
    delta: float = Field(description="after minus before.")
    delta_pct: float | None = Field(description="In percent of before; null where that is nothing.")
    before_text: str = Field(description="before with unit.")
    after_text: str = Field(description="after with unit.")
    delta_text: str = Field(description="delta with unit and sign.")
    low: float | None = Field(description="Lower end of the interval of delta; null when not known.")
    high: float | None = Field(description="Upper end.")
    is_distinct: bool | None = Field(description="Whether the interval leaves out 0; null without one.")
    method: str | None = Field(description="How all intervals here were found; null without one.")

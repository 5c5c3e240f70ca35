"""datadog.profiles.compare_range: what changed between two windows of time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captures import Environment, ProfileKind, ServiceName, Which, kind_of
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.ranges import Progress, Range, chosen, telling
from pprof_mcp.ranges.comparing import Part, compare, unequal
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result
from pprof_mcp.results.comparison import DiffLeftOut, Normalize
from pprof_mcp.results.ranges import RangeDelta, RangeSide, RangeTotal
from pprof_mcp.results.shared import SampleType
from pprof_mcp.session.session import Session
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.finding import which_of
from pprof_mcp.sources.times import Window

Moment = Annotated[str, Field(min_length=1, max_length=60, description="Start: -3h, -2d, RFC 3339 or epoch.")]


class CompareRangeResult(Result):
    """Functions that differ between two windows, the largest difference first."""

    service: str = Field(description="Service that was asked for.")
    env: str = Field(description="Environment; empty for any.")
    dd_site: str = Field(description="Site of Datadog.")
    query: str = Field(description="The search, as Datadog was asked.")
    profile_type: str = Field(description="Kind that was compared.")
    sample_type: SampleType = Field(description="What the values count.")
    unit: str = Field(description="Unit of all values, before `/s`.")
    normalize: Normalize = Field(
        description="per_second: rates of one process; none: means of snapshots; total: shares."
    )
    before: RangeSide = Field(description="The side before.")
    after: RangeSide = Field(description="The side after.")
    total: RangeTotal = Field(description="The totals, normalised.")
    new: int = Field(description="Functions that are only after.")
    gone: int = Field(description="Functions that are only before.")
    changed: int = Field(description="Functions on both sides that differ.")
    same: int = Field(description="Functions on both sides that do not.")
    deltas: list[RangeDelta] = Field(description="The functions.")
    left_out: DiffLeftOut = Field(description="What differs behind these rows.")


@tool(
    "datadog.profiles.compare_range",
    title="Compare two windows of profiles",
    since="0.1",
    toolset="datadog",
    example={
        "service": "checkout",
        "env": "prod",
        "before_from": "-2d",
        "before_to": "-1d",
        "after_from": "-3h",
    },
    effects=Effects(read_only=False, open_world=True),
)
def compare_range(
    service: ServiceName,
    before_from: Moment,
    after_from: Moment,
    *,
    before_to: Annotated[
        str, Field(max_length=60, description="End of the window before; default after_from.")
    ] = "",
    after_to: Annotated[str, Field(max_length=60, description="End of the window after; default now.")] = "",
    env: Environment = "",
    limit: Annotated[int, Field(ge=1, le=50, description="Profiles of a side.")] = 10,
    profile_type: Annotated[ProfileKind, Field(description="any: the kind that most bundles hold.")] = "cpu",
    sample_index: Annotated[str, Field(max_length=200, description="Sample type; default: the kind's.")] = "",
    cum: Annotated[bool, Field(description="Sort by the change of cum instead of flat.")] = False,
    nodecount: Annotated[int, Field(ge=1, le=100, description="Rows at most.")] = 8,
    session: Session = INJECTED,
    **which: Unpack[Which],
) -> CompareRangeResult:
    """Compare two windows of time function by function: new, gone and changed, with intervals.

    Each side is merged from profiles spread over its window, as datadog.profiles.aggregate does, and compared
    per second of one process, so that numbers of profiles and hosts do not matter. Intervals come from the
    profiles one by one: a difference whose interval holds 0 may be chance. Around a deployment, use
    datadog.profiles.near_event.
    """
    remote = session.remote
    now = remote.now
    asked = which_of({"service": service, "env": env, **which})
    site = str(which.get("site", ""))
    kind = kind_of(profile_type)
    windows = [
        _window("before", before_from, before_to or after_from, now),
        _window("after", after_from, after_to or "now", now),
    ]
    with telling.of_side("before"):
        before_chosen = chosen(remote, asked, windows[0], kind, limit=limit, site=site)
    with telling.of_side("after"):
        after_chosen = chosen(remote, asked, windows[1], kind, limit=limit, site=site)
    progress = Progress(len(before_chosen.candidates) + len(after_chosen.candidates))
    with telling.of_side("before"):
        before_range = Range(session, before_chosen, progress)
    with telling.of_side("after"):
        after_range = Range(session, after_chosen.of_kind(before_range.kind), progress)
    before, after = Part.of(before_range), Part.of(after_range)
    compared = compare(session, before, after, sample_index=sample_index, cum=cum, limit=nodecount)
    found = compared.found
    handles = [telling.kept(session, one.asked, one.merged, service) for one in (before, after)]
    overlap = min(one.end for one in windows) > max(one.start for one in windows)
    return CompareRangeResult(
        warnings=[
            *(["the windows overlap: what is in both is on both sides"] if overlap else []),
            *telling.warnings_of("before", before),
            *telling.warnings_of("after", after),
            *unequal(before, after),
            *compared.warnings,
        ],
        next=telling.next_of(compared, handles[0], handles[1]),
        service=service,
        env=env,
        dd_site=before_chosen.listing.site,
        query=before_chosen.listing.query,
        profile_type=after_range.kind,
        sample_type=found["sample_type"],
        unit=found["unit"],
        normalize=compared.normalize,
        before=telling.side_told(before.asked, before.merged, handles[0]),
        after=telling.side_told(after.asked, after.merged, handles[1]),
        total=compared.total,
        new=found["new"],
        gone=found["gone"],
        changed=found["changed"],
        same=found["same"],
        deltas=compared.rows,
        left_out=DiffLeftOut(**found["left_out"]),
    )


def _window(side: str, start: str, end: str, now: datetime) -> Window:
    """Read one of the windows.

    Raises:
        InvalidArgumentError: A time is of no known form, or the beginning is not before the end.
    """
    since = times.moment(start, now, f"{side}_from")
    until = times.moment(end, now, f"{side}_to")
    if since >= until:
        raise InvalidArgumentError(
            f"{side}_from ({times.text(since)}) is not before {side}_to ({times.text(until)})",
            hint="Exchange the two; before_to is after_from and after_to is now where they are left out.",
            details={"argument": f"{side}_from"},
        )
    return Window(since, until)

"""datadog.profiles.near_event: the profiles on both sides of a deployment or any other point in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captures import Environment, ProfileKind, ServiceName, Which, kind_of
from pprof_mcp.errors import CancelledError, InvalidArgumentError, PprofMcpError, ProfileGoneError
from pprof_mcp.ranges import Chosen, Progress, Range, telling
from pprof_mcp.ranges.around import Around, around, host_of
from pprof_mcp.ranges.comparing import Compared, Part, compare, unequal
from pprof_mcp.ranges.fetching import HOPELESS
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result
from pprof_mcp.results.comparison import DiffLeftOut, Normalize
from pprof_mcp.results.events import EventProfile, EventRow, HostChange
from pprof_mcp.results.ranges import RangeDelta, RangeSide, RangeTotal
from pprof_mcp.results.shared import SampleType
from pprof_mcp.session.session import Session
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.datadog.events import BACK, Event, newest
from pprof_mcp.sources.datadog.finding import which_of
from pprof_mcp.sources.datadog.spreading import span_of

FAR_SECONDS: Final = 300.0
"""Between the profiles nearest before and after from which other things may have changed. Source: chosen."""
SHOWN_PROFILES: Final = 2
SHOWN_HOSTS: Final = 3
"""Profiles of a side, and hosts, of one answer. Source: chosen; all are counted."""
MOST_TEXT: Final = 300


class NearEventResult(Result):
    """Both sides of an event, merged and by host."""

    service: str = Field(description="Service that was asked for.")
    env: str = Field(description="Environment; empty for any.")
    dd_site: str = Field(description="Site of Datadog.")
    query: str = Field(description="The search, as Datadog was asked.")
    event_time: str = Field(description="The point in time, RFC 3339.")
    event: EventRow | None = Field(description="The event; null when a time was given.")
    window: str = Field(description="How far was looked to either side.")
    before_event: list[EventProfile] = Field(description="Profiles taken before, the nearest first; some.")
    after_event: list[EventProfile] = Field(description="Profiles taken after, the nearest first; some.")
    closest_before: EventProfile | None = Field(description="The nearest before; null when there is none.")
    closest_after: EventProfile | None = Field(description="The nearest after; null when there is none.")
    gap_duration: str | None = Field(description="Between these two; null without both.")
    straddling: int = Field(description="Profiles that cover the event, and so are of neither side.")
    ask_again_at: str | None = Field(description="When profiles after it will be there; null: now.")
    profile_type: str = Field(description="Kind that was compared.")
    sample_type: SampleType | None = Field(
        description="What the values count; null without both sides, as all below."
    )
    unit: str | None = Field(description="Unit of all values, before `/s`.")
    normalize: Normalize | None = Field(
        description="per_second: rates of one process; none: means of snapshots; total: shares."
    )
    before: RangeSide | None = Field(description="The side before, merged.")
    after: RangeSide | None = Field(description="The side after, merged.")
    total: RangeTotal | None = Field(description="The totals, normalised.")
    hosts: list[HostChange] = Field(description="Hosts, the largest change first.")
    hosts_left_out: int = Field(description="How many hosts there are besides.")
    deltas: list[RangeDelta] = Field(description="Functions that differ, the largest difference first.")
    left_out: DiffLeftOut | None = Field(description="What differs behind these rows.")


@tool(
    "datadog.profiles.near_event",
    title="Compare profiles around an event",
    since="0.1",
    toolset="datadog",
    example={"service": "checkout", "env": "prod", "event_query": "source:deployment"},
    effects=Effects(read_only=False, open_world=True),
)
def near_event(
    service: ServiceName,
    *,
    env: Environment = "",
    event_time: Annotated[
        str, Field(max_length=60, description="When: -3h, RFC 3339 or epoch; or event_query.")
    ] = "",
    event_query: Annotated[
        str,
        Field(max_length=1_000, description="Search of events; the newest is taken: `source:deployment`."),
    ] = "",
    window: Annotated[str, Field(max_length=20, description="How far to look to either side.")] = "1h",
    limit: Annotated[int, Field(ge=1, le=50, description="Profiles of a side.")] = 10,
    profile_type: Annotated[ProfileKind, Field(description="any: the kind that most bundles hold.")] = "cpu",
    sample_index: Annotated[str, Field(max_length=200, description="Sample type; default: the kind's.")] = "",
    nodecount: Annotated[int, Field(ge=1, le=100, description="Rows at most.")] = 5,
    session: Session = INJECTED,
    **which: Unpack[Which],
) -> NearEventResult:
    """Compare the last profiles before a deployment or event with the first after, by host.

    Name a time, or search Datadog's events. Both sides are also merged over all hosts. Profiles that cover
    the event are of neither side; a fresh event has none after it yet, and the answer says when to ask again.
    For longer windows, use datadog.profiles.compare_range.
    """
    asked = which_of({"service": service, "env": env, **which})
    site = str(which.get("site", ""))
    remote = session.remote
    event, told = None, list[str]()
    if event_query and not event_time:
        event, told = newest(remote, asked, event_query, site=site)
        if event is None:
            raise ProfileGoneError(
                f"no event of {service[:80]}, or of any service, matches {event_query[:80]!r} in the last "
                f"{BACK.days} days",
                hint="Correct event_query, or give the time as event_time.",
                details={"argument": "event_query"},
            )
        moment = event.time
    elif event_time and not event_query:
        moment = times.moment(event_time, remote.now, "event_time")
    else:
        raise InvalidArgumentError(
            "give event_time or event_query, one of the two",
            hint=f"A time is {times.FORMS}; a query is such as source:deployment.",
            details={"argument": "event_time"},
        )
    if moment > remote.now + timedelta(seconds=60):
        raise InvalidArgumentError(
            f"event_time: {times.text(moment)} is still to come",
            hint="Give a time that has passed.",
            details={"argument": "event_time"},
        )
    length = timedelta(seconds=times.duration(window, "window"))
    found = around(remote, asked, moment, length, kind_of(profile_type), limit=limit, site=site)
    if found.before is None and found.after is None:
        raise ProfileGoneError(
            f"no profile of {found.listing.query} within {window} of {times.text(moment)}",
            hint=" ".join(found.warnings) or "Widen the window, or check service and env.",
            details={"query": found.listing.query, "site": found.listing.site},
        )
    ranges, problems = _ranges(session, found)
    warnings = [*told, *found.warnings, *problems, *_gap_warning(found)]
    parts = [None if one is None else Part.of(one) for one in ranges]
    compared, hosts = None, list[HostChange]()
    if parts[0] is not None and parts[1] is not None:
        compared = compare(session, parts[0], parts[1], sample_index=sample_index, limit=nodecount)
        hosts = _hosts(session, parts[0], parts[1], compared)
        warnings += [*unequal(parts[0], parts[1]), *compared.warnings]
    warnings += _version_warning(event, parts[1])
    for name, part in zip(("before", "after"), parts, strict=True):
        warnings += telling.warnings_of(name, part) if part is not None else []
    handles = [
        None if one is None else telling.kept(session, one.asked, one.merged, service) for one in parts
    ]
    sides = [
        None if one is None else telling.side_told(one.asked, one.merged, handle)
        for one, handle in zip(parts, handles, strict=True)
    ]
    near = [_profiles(one, found) for one in (found.before, found.after)]
    core = compared.found if compared else None
    return NearEventResult(
        warnings=warnings,
        next=telling.next_of(compared, handles[0], handles[1]) if compared else [],
        service=service,
        env=env,
        dd_site=found.listing.site,
        query=found.listing.query,
        event_time=times.text(moment),
        event=_event(event),
        window=window,
        before_event=near[0][:SHOWN_PROFILES],
        after_event=near[1][:SHOWN_PROFILES],
        closest_before=next(iter(near[0]), None),
        closest_after=next(iter(near[1]), None),
        gap_duration=None if (gap := _gap(found)) is None else telling.seconds_text(gap),
        straddling=found.straddling,
        ask_again_at=times.text(found.ask_again) if found.ask_again else None,
        profile_type=next((one.kind for one in ranges if one is not None), profile_type),
        sample_type=core["sample_type"] if core else None,
        unit=core["unit"] if core else None,
        normalize=compared.normalize if compared else None,
        before=sides[0],
        after=sides[1],
        total=compared.total if compared else None,
        hosts=hosts[:SHOWN_HOSTS],
        hosts_left_out=max(0, len(hosts) - SHOWN_HOSTS),
        deltas=compared.rows if compared else [],
        left_out=DiffLeftOut(**core["left_out"]) if core else None,
    )


def _ranges(session: Session, found: Around) -> tuple[list[Range | None], list[str]]:
    """Download both sides; one that can not be had does not take the other with it.

    Raises:
        PprofMcpError: Neither can be had.
    """
    chosen = [found.before, found.after]
    progress = Progress(sum(len(one.candidates) for one in chosen if one is not None))
    ranges: list[Range | None] = []
    problems: list[PprofMcpError] = []
    kind = ""
    for one in chosen:
        if one is None:
            ranges.append(None)
            continue
        try:
            made = Range(session, one.of_kind(kind or one.kind), progress)
        except (CancelledError, *HOPELESS):
            raise
        except PprofMcpError as problem:
            problems.append(problem)
            ranges.append(None)
        else:
            kind = made.kind
            ranges.append(made)
    if problems and all(one is None for one in ranges):
        raise problems[0]
    return ranges, [problem.message for problem in problems]


def _hosts(session: Session, before: Part, after: Part, compared: Compared) -> list[HostChange]:
    names = sorted({host_of(one.candidate) for part in (before, after) for one in part.looked})
    if len(names) < 2:
        # One host is all there is: the merged answer is its own.
        return [_host(names[0], before, after, compared)]
    rows: list[HostChange] = []
    for name in names:
        sides = [[one for one in part.looked if host_of(one.candidate) == name] for part in (before, after)]
        if not all(sides):
            there = sides[0] or sides[1]
            rows.append(_alone(name, len(sides[0]), len(sides[1]), there[0].candidate.version or None))
            continue
        parts = [Part.of(part.asked, those) for part, those in zip((before, after), sides, strict=True)]
        index = compared.found["sample_type"]["type"]
        of_host = compare(session, parts[0], parts[1], sample_index=index, limit=3, with_intervals=False)
        rows.append(_host(name, parts[0], parts[1], of_host))
    return sorted(rows, key=lambda row: (row.delta_pct is None, -abs(row.delta_pct or 0.0), row.host))


def _host(name: str, before: Part, after: Part, compared: Compared) -> HostChange:
    total = compared.total
    return HostChange(
        host=name,
        before_count=len(before.looked),
        after_count=len(after.looked),
        before_version=before.looked[0].candidate.version or None,
        after_version=after.looked[0].candidate.version or None,
        before_text=total.before_text,
        after_text=total.after_text,
        delta_pct=total.delta_pct,
        top=[f"{row.delta_flat_text} {row.name[-100:]}" for row in compared.rows[:3]],
    )


def _alone(name: str, before: int, after: int, version: str | None) -> HostChange:
    return HostChange(
        host=name,
        before_count=before,
        after_count=after,
        before_version=version if before else None,
        after_version=version if after else None,
        before_text=None,
        after_text=None,
        delta_pct=None,
        top=[],
    )


def _event(event: Event | None) -> EventRow | None:
    if event is None:
        return None
    return EventRow(
        id=event.id[:100],
        time=times.text(event.time),
        title=event.title[:MOST_TEXT],
        text=event.text[:MOST_TEXT],
        tags=[tag[:100] for tag in event.tags[:10]],
        status=event.status[:40],
    )


def _profiles(chosen: Chosen | None, found: Around) -> list[EventProfile]:
    return [] if chosen is None else [_profile(one, found) for one in _by_distance(chosen.candidates, found)]


def _by_distance(candidates: Sequence[Candidate], found: Around) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (_distance(one, found) or 0.0, one.event_id))


def _distance(one: Candidate, found: Around) -> float | None:
    """Give the seconds between the event and the end of a profile that is nearer to it."""
    span = span_of(one)
    if span is None:
        return None
    at = found.time.timestamp()
    return round(min(abs(span.end - at), abs(span.start - at)), 3)


def _profile(one: Candidate, found: Around) -> EventProfile:
    return EventProfile(
        profile_id=one.profile_id,
        event_id=one.event_id,
        timestamp=times.text(one.timestamp) if one.timestamp else None,
        host=one.host or None,
        version=one.version or None,
        distance_seconds=_distance(one, found),
    )


def _gap(found: Around) -> float | None:
    """Give the seconds between the profiles nearest before and after."""
    if found.before is None or found.after is None:
        return None
    nearest = [_by_distance(side.candidates, found)[0] for side in (found.before, found.after)]
    distances = [_distance(one, found) for one in nearest]
    return sum(one for one in distances if one is not None)


def _gap_warning(found: Around) -> list[str]:
    gap = _gap(found)
    if gap is None or gap <= FAR_SECONDS:
        return []
    return [f"{gap:.0f} s lie between the nearest profiles: more than the event may have changed"]


def _version_warning(event: Event | None, after: Part | None) -> list[str]:
    version = event.tag("version") if event else ""
    looked = after.looked if after else ()
    there = {one.candidate.version for one in looked if one.candidate.version}
    if not version or not there or version in there:
        return []
    return [f"no profile after the event is of version {version[:60]}, which the event names"]

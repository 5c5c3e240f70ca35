"""The profiles on both sides of a point in time, host by host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from pprof_mcp.ranges.looking import CUMULATIVE
from pprof_mcp.ranges.range import Chosen
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.finding import find, skew_of
from pprof_mcp.sources.datadog.profiles import in_order
from pprof_mcp.sources.datadog.spreading import USUAL_SECONDS, lives, of_one_runtime
from pprof_mcp.sources.net.patience import server_time
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.datadog.decoding import Candidate
    from pprof_mcp.sources.datadog.profiles import Listing
    from pprof_mcp.sources.datadog.query import Which
    from pprof_mcp.sources.remote import Remote

LISTED: Final = 200
"""Profiles of a side that are listed, those nearest to the event. Source: chosen; more than 100 hosts send in
a minute, and so that the first of a process need not be taken."""
INGEST_SECONDS: Final = 300.0
"""How long a profile takes at most from its end until it is listed.

Source: Datadog's own tests wait as long for one; usually it is a minute.
"""
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Around:
    """What was found around a point in time.

    Attributes:
        time: The point in time.
        before: Profiles that ended before it, the nearest of each host; None when there are none.
        after: Profiles that began after it, likewise.
        straddling: Profiles that cover it: they are of neither side.
        ask_again: When a profile after it will be there at the latest, if it is too early for some host.
        listing: What was listed before it.
        warnings: What limits it.
    """

    time: datetime
    before: Chosen | None
    after: Chosen | None
    straddling: int
    ask_again: datetime | None
    listing: Listing
    warnings: tuple[str, ...]


def around(
    remote: Remote,
    which: Which,
    time: datetime,
    length: timedelta,
    kind: str,
    *,
    limit: int,
    site: str = "",
) -> Around:
    """List both sides of a point in time, each by itself, and choose the nearest of every host.

    Args:
        remote: The sources.
        which: Which profiles.
        time: The point in time.
        length: How far to look to either side.
        kind: The kind that is to be found in them.
        limit: Profiles of a side at most.
        site: The site; the configured one when empty.

    Raises:
        PprofMcpError: As `finding.find`.
    """
    windows = Window(time - length, time + _TICK), Window(time, time + length)
    first = find(remote, which, windows[0], limit=LISTED, site=site)
    then = remote.profiles.search(which.text(), windows[1], limit=LISTED, order="asc", site=site)
    listed = {
        (one.event_id, one.profile_id): one
        for listing in (first, then)
        for one in listing.candidates
        if one.can_be_downloaded
    }
    usable, told = of_one_runtime(in_order(list(listed.values()), "asc"))
    at = time.timestamp()
    ended = [one for one in usable if (span := _surely_within(one)) and span[1] <= at]
    begun = [one for one in usable if (span := _surely_within(one)) and span[0] >= at]
    straddling = len(usable) - len(ended) - len(begun)
    if kind in CUMULATIVE:
        begun, ended = (_without_first(side) for side in (begun, ended))
    sides: list[Chosen | None] = []
    for listing, window, candidates in ((first, windows[0], ended[::-1]), (then, windows[1], begun)):
        chosen = tuple(_nearest(candidates, limit))
        made = Chosen(replace(listing, window=window), chosen, lives(chosen), kind, site)
        sides.append(made if chosen else None)
    warnings = [*first.warnings, *(one for one in then.warnings if one not in first.warnings), *told]
    warnings += [told for told in skew_of(then) if told not in warnings]
    now = times.from_epoch(server_time(then.headers, remote.now.timestamp()))
    period = timedelta(seconds=median([one.duration_seconds or USUAL_SECONDS for one in usable] or [60.0]))
    latest = time + 2 * period + timedelta(seconds=INGEST_SECONDS)
    waiting = {host_of(one) for one in ended} - {host_of(one) for one in begun}
    is_early = now < latest and (not begun or bool(waiting))
    if is_early:
        who = f"{len(waiting)} hosts have" if begun else "there is"
        warnings.append(
            f"{who} no profile after the event yet: one takes {period.total_seconds():.0f} s and comes up to "
            f"{INGEST_SECONDS / 60:.0f} minutes later; ask again at {times.text(latest)}"
        )
    elif not begun:
        warnings.append("there is no profile after the event: the service may have stopped sending them")
    if not ended:
        warnings.append("there is no profile before the event: the service may not have run, or widen window")
    return Around(time, sides[0], sides[1], straddling, latest if is_early else None, first, tuple(warnings))


def host_of(candidate: Candidate) -> str:
    """Name the host of a profile; where none is said, its pod."""
    return candidate.host or candidate.tag("pod_name") or "unknown"


def _surely_within(one: Candidate) -> tuple[float, float] | None:
    """Give when a profile begins at the earliest and ends at the latest; None when it says no time."""
    length = one.duration_seconds or USUAL_SECONDS
    start, end = (None if time is None else time.timestamp() for time in (one.start, one.end))
    if start is not None or end is not None:
        return (start if start is not None else (end or 0.0) - length), (
            end if end is not None else (start or 0.0) + length
        )
    if one.timestamp is None:
        return None
    # Whether it is the beginning or the end depends on the profiler.
    return one.timestamp.timestamp() - length, one.timestamp.timestamp() + length


def _without_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    following = [one for one in candidates if one.tag("profile_seq") != "0"]
    return following or list(candidates)


def _nearest(candidates: Iterable[Candidate], limit: int) -> list[Candidate]:
    """Choose the nearest of every host, then the second of every host, and so on."""
    by_host: dict[str, list[Candidate]] = {}
    for one in candidates:
        by_host.setdefault(host_of(one), []).append(one)
    longest = max((len(those) for those in by_host.values()), default=0)
    in_turn = [those[at] for at in range(longest) for those in by_host.values() if at < len(those)]
    return in_turn[:limit]

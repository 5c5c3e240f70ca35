"""A few profiles spread over a window, however many there are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import PprofMcpError
from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.datadog.finding import find
from pprof_mcp.sources.datadog.profiles import PAGE, Listing, in_order
from pprof_mcp.sources.datadog.query import Which
from pprof_mcp.sources.net.together import together
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.remote import Remote

_OF_A_SLOT: Final = 20
"""Profiles of one part of the window that are looked at. Source: chosen; mostly more than run at once."""
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Spread:
    """What was chosen.

    Attributes:
        listing: What the source said: site, query, window, warnings.
        chosen: Profiles, the oldest first; all have a time and both ids.
        runtime: Their runtime; empty when the source does not say it.
    """

    listing: Listing
    chosen: tuple[Candidate, ...]
    runtime: str
    warnings: tuple[str, ...]


def spread(
    remote: Remote, which: Which, window: Window, *, count: int, site: str = "", skip_first: bool = False
) -> Spread:
    """Choose profiles at about even distances, of each host as many as of the others.

    Args:
        remote: The sources.
        which: Which profiles.
        window: Of when.
        count: How many at most.
        site: The site; the configured one when empty.
        skip_first: Whether the first profile of a process is taken only where there is no other: values that
            grow hold everything since its start.

    Raises:
        PprofMcpError: As `find`.
    """
    listing = find(remote, which, window, limit=PAGE, site=site)
    there = _usable(listing.candidates)
    warnings = list(listing.warnings)
    if not listing.is_complete and there:
        parts, failures = _asked_by_parts(remote, listing, there, count=count, site=site)
        there = _usable([*there, *parts])
        warnings += failures
    runtime, there = _of_one_runtime(there, warnings)
    chosen = choose(there, count, skip_first=skip_first)
    return Spread(listing, tuple(chosen), runtime, tuple(warnings))


def choose(there: Sequence[Candidate], count: int, *, skip_first: bool) -> list[Candidate]:
    """Choose some of what is there, the oldest first.

    The time between the first and the last is divided into as many parts. Of each part the one is taken whose
    host was taken least so far, then the one nearest to the middle; what empty parts leave over goes to
    profiles that are farthest from those taken.

    Args:
        there: Profiles with times.
        count: How many at most.
        skip_first: As `spread`.
    """
    if len(there) <= count:
        return in_order(list(there), "asc")
    seconds = {id(one): one.timestamp.timestamp() for one in there if one.timestamp is not None}
    start, end = min(seconds.values()), max(seconds.values())
    width = (end - start) / count or 1.0
    parts: list[list[Candidate]] = [[] for _ in range(count)]
    for one in in_order(list(there), "asc"):
        parts[min(count - 1, int((seconds[id(one)] - start) / width))].append(one)
    used: Counter[str] = Counter()
    taken: list[Candidate] = []
    for place, part in enumerate(parts):
        if part:
            middle = start + (place + 0.5) * width
            best = min(
                part,
                key=lambda one: (
                    skip_first and one.tag("profile_seq") == "0",
                    used[one.host],
                    abs(seconds[id(one)] - middle),
                    one.event_id,
                ),
            )
            used[best.host] += 1
            taken.append(best)
    chosen = {id(one) for one in taken}
    left = [one for one in there if id(one) not in chosen]
    distance = {id(one): min(abs(seconds[id(one)] - seconds[id(other)]) for other in taken) for one in left}
    while len(taken) < count:
        best = max(left, key=lambda one: (distance[id(one)], seconds[id(one)], one.event_id))
        left.remove(best)
        taken.append(best)
        for one in left:
            distance[id(one)] = min(distance[id(one)], abs(seconds[id(one)] - seconds[id(best)]))
    return in_order(taken, "asc")


def _asked_by_parts(
    remote: Remote, listing: Listing, newest: Sequence[Candidate], *, count: int, site: str
) -> tuple[list[Candidate], list[str]]:
    """Ask for each part of the window by itself: its pages would be too many."""
    text = listing.query
    oldest = _usable(remote.profiles.search(text, listing.window, limit=1, order="asc", site=site).candidates)
    start = min((one.timestamp for one in oldest if one.timestamp), default=listing.window.start)
    end = max(one.timestamp for one in newest if one.timestamp) + _TICK
    width = (end - start) / count
    parts = [Window(start + place * width, start + (place + 1) * width) for place in range(count)]
    # Half a part is asked for, from its quarter on: nearest to the middle is looked for.
    inner = [Window(part.start + width / 4, part.end) for part in parts if part.seconds > 0]
    jobs = [
        partial(remote.profiles.search, text, part, limit=_OF_A_SLOT, order="asc", site=site)
        for part in inner
    ]
    found: list[Candidate] = list(oldest)
    problems: list[PprofMcpError] = []
    for answer in together(jobs):
        if isinstance(answer, PprofMcpError):
            problems.append(answer)
        else:
            found += answer.candidates
    if problems and len(problems) == len(jobs):
        raise problems[0]
    said = f"{len(problems)} of {len(jobs)} parts of the window could not be listed: "
    return found, [said + problems[0].message] if problems else []


def _usable(candidates: Sequence[Candidate]) -> list[Candidate]:
    known = {
        (one.event_id, one.profile_id): one
        for one in candidates
        if one.can_be_downloaded and one.timestamp is not None
    }
    return list(known.values())


def _of_one_runtime(there: list[Candidate], warnings: list[str]) -> tuple[str, list[Candidate]]:
    """Keep the runtime that most profiles are of: numbers of several do not compare."""
    by_runtime = Counter(one.runtime for one in there)
    if not by_runtime:
        return "", there
    runtime = min(by_runtime, key=lambda name: (not name, -by_runtime[name], name))
    others = sorted(name for name in by_runtime if name not in ("", runtime))
    if others:
        warnings.append(
            f"profiles of several runtimes match; {runtime} is looked at, others by query="
            + " or ".join(f"runtime:{name}" for name in others[:5])
        )
    return runtime, [one for one in there if one.runtime in ("", runtime)]

"""Profiles spread over a window: some of many, evenly over time and over processes."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import CancelledError, PprofMcpError
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.finding import find
from pprof_mcp.sources.datadog.profiles import PAGE, Listing, in_order
from pprof_mcp.sources.net.together import together
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.datadog.decoding import Candidate
    from pprof_mcp.sources.datadog.query import Which
    from pprof_mcp.sources.remote import Remote

SLICES: Final = 12
"""Parts of a window that are listed one by one when it has more profiles than a page.

Source: chosen; at the usual pace they take as long as a dozen downloads.
"""
LEAST_OF_SLICE: Final = 50
"""Profiles listed of each part. Source: chosen; more than run at one time, mostly."""
USUAL_SECONDS: Final = 60.0
"""How long a profile covers when it does not say. Source: the period of most of Datadog's profilers."""


@dataclass(frozen=True)
class Life:
    """What is known of the time in which a process ran.

    Attributes:
        start: Its beginning, in seconds since 1970.
        end: Its end.
        share: The part of the time that profiles tell of in which it ran, above 0 and up to 1.
    """

    start: float
    end: float
    share: float = 1.0


def spread(
    remote: Remote, which: Which, window: Window, *, limit: int, site: str = "", slices: int = SLICES
) -> tuple[Listing, bool]:
    """List the profiles of a window: all of them, or some of every part of it.

    Args:
        remote: The sources.
        which: Which profiles.
        window: Of when.
        limit: How many are to be chosen from them.
        site: The site; the configured one when empty.
        slices: Parts of the window that are listed one by one at most.

    Returns:
        What was found, in the order of time, the newest first, and whether parts were listed one by one.

    Raises:
        PprofMcpError: As `finding.find`.
    """
    whole = find(remote, which, window, limit=PAGE, site=site)
    if whole.is_complete:
        return whole, False
    parts = _parts(window, min(limit, slices))
    size = max(LEAST_OF_SLICE, 4 * math.ceil(limit / len(parts)))
    query = which.text()

    def job(part: Window) -> Listing:
        return remote.profiles.search(query, part, limit=size, site=site)

    listed = together([lambda part=part: job(part) for part in parts])
    found = {_key(one): one for one in whole.candidates}
    warnings = list(whole.warnings)
    failed = [one for one in listed if isinstance(one, PprofMcpError)]
    for one in listed:
        if isinstance(one, CancelledError):
            raise one
        if isinstance(one, Listing):
            found.update({_key(candidate): candidate for candidate in one.candidates})
            warnings += [warning for warning in one.warnings if warning not in warnings]
    if failed:
        warnings.append(
            f"{len(failed)} of {len(parts)} parts of the window could not be listed: {failed[0].message}"
        )
    candidates = tuple(in_order(list(found.values()), "desc"))
    pages = whole.pages + sum(one.pages for one in listed if isinstance(one, Listing))
    return replace(whole, candidates=candidates, pages=pages, warnings=tuple(warnings)), True


def choose(candidates: Sequence[Candidate], window: Window, limit: int) -> list[Candidate]:
    """Choose some, evenly over time, from one process after the other.

    The places in time do not move with the window's ends: asked again a little later, it chooses nearly the
    same ones, which are downloaded already.

    Args:
        candidates: Profiles of the window.
        window: The window.
        limit: How many at most.

    Returns:
        In the order of time, the newest first.
    """
    if len(candidates) <= limit:
        return in_order(list(candidates), "desc")
    width = max(1.0, window.seconds / limit)
    places: dict[int, list[Candidate]] = {}
    timeless: list[Candidate] = []
    for one in candidates:
        span = span_of(one)
        if span is None:
            timeless.append(one)
        else:
            places.setdefault(int(span.end // width), []).append(one)
    queues = [_turns(at, width, those) for at, those in sorted(places.items())]
    queues = _without_edge(queues, sorted(places), window, width, limit)
    chosen: list[Candidate] = []
    while len(chosen) < limit:
        waiting = [queue for queue in queues if queue] or [timeless]
        need = limit - len(chosen)
        if len(waiting) > need:
            waiting = [waiting[at * len(waiting) // need] for at in range(need)]
        chosen += [queue.pop(0) for queue in waiting]
    return in_order(chosen, "desc")


def of_one_runtime(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[str]]:
    """Keep the profiles of the most frequent runtime: those of others measure other things.

    Returns:
        The profiles, and what is to be told about the others.
    """
    counts = Counter(one.runtime for one in candidates if one.runtime)
    if len(counts) < 2:
        return list(candidates), []
    most = min(counts, key=lambda name: (-counts[name], name))
    others = ", ".join(f"{name} ({counts[name]})" for name in sorted(counts) if name != most)
    told = (
        f"the service has profiles of several runtimes; those of {most} were taken, not of {others}: "
        "query=runtime:NAME chooses"
    )
    return [one for one in candidates if one.runtime in (most, "")], [told]


def process_of(candidate: Candidate) -> str:
    """Name the process a profile is of: two profiles of one process follow each other in time."""
    named = candidate.tag("runtime-id") or candidate.tag("runtime_id")
    if named:
        return named
    pod = candidate.tag("pod_name") or candidate.tag("container_id")
    return "|".join((candidate.host, pod, candidate.tag("process_id"), candidate.version))


def span_of(candidate: Candidate) -> Life | None:
    """Give from when to when a profile is, as far as the list tells; None when it tells nothing."""
    length = candidate.duration_seconds or USUAL_SECONDS
    start, end = (None if one is None else one.timestamp() for one in (candidate.start, candidate.end))
    if start is None and end is None:
        if candidate.timestamp is None:
            return None
        # Whether the time of a profile is its end or its start depends on the profiler.
        end = candidate.timestamp.timestamp()
    if end is None and start is not None:
        end = start + length
    if end is None:
        return None
    return Life(end - length if start is None else start, end)


def lives(candidates: Iterable[Candidate]) -> dict[str, Life]:
    """Give from when to when each process is known to have run, by `process_of`."""
    found: dict[str, Life] = {}
    told: list[tuple[float, float]] = []
    for one in candidates:
        span = span_of(one)
        if span is None:
            continue
        name = process_of(one)
        known = found.get(name, span)
        found[name] = Life(min(known.start, span.start), max(known.end, span.end))
        told.append((span.start, span.end))
    # Times of which nothing was listed tell nothing about who ran then.
    seen = _union(told)
    whole = sum(end - start for start, end in seen)
    return {
        name: replace(life, share=min(1.0, max(1e-6, _within(life, seen) / whole)) if whole else 1.0)
        for name, life in found.items()
    }


def _union(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _within(life: Life, spans: Iterable[tuple[float, float]]) -> float:
    return sum(max(0.0, min(life.end, end) - max(life.start, start)) for start, end in spans)


def _key(candidate: Candidate) -> tuple[str, str]:
    return candidate.event_id, candidate.profile_id


def _turns(at: int, width: float, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Order the profiles of one place: one of each process in turn, those in its middle first."""
    middle = (at + 0.5) * width
    by_process: dict[str, list[Candidate]] = {}
    for one in candidates:
        by_process.setdefault(process_of(one), []).append(one)

    def distance(one: Candidate) -> tuple[float, str, str]:
        span = span_of(one)
        return (abs(span.end - middle) if span else math.inf, *_key(one))

    names = sorted(by_process)
    first = at % len(names)
    queues = [sorted(by_process[name], key=distance) for name in (*names[first:], *names[:first])]
    longest = max(len(queue) for queue in queues)
    return [queue[place] for place in range(longest) for queue in queues if place < len(queue)]


def _without_edge(
    queues: list[list[Candidate]], places: Sequence[int], window: Window, width: float, limit: int
) -> list[list[Candidate]]:
    """Put the place that the window cuts most behind the others when there is one more than is needed."""
    if len(queues) != limit + 1:
        return queues
    at_start = (places[0] + 1) * width - window.start.timestamp()
    at_end = window.end.timestamp() - places[-1] * width
    edge = 0 if at_start <= at_end else -1
    # It counts in the next round, should the others have too few.
    queues[edge + 1 if edge == 0 else edge - 1] += queues[edge]
    return queues[1:] if edge == 0 else queues[:-1]


def _parts(window: Window, count: int) -> list[Window]:
    """Cut a window at places that do not move with its ends."""
    width = max(1, math.ceil(window.seconds / count))
    cut = (int(window.start.timestamp()) // width + 1) * width
    edges = [window.start]
    while times.from_epoch(cut) < window.end:
        edges.append(times.from_epoch(cut))
        cut += width
    edges.append(window.end)
    return [
        Window(start, end)
        for start, end in itertools.pairwise(edges)
        if end - start >= timedelta(milliseconds=1)
    ]

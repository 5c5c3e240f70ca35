"""Reads lock sites out of contention profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.insight.locks import Part, Place, Site, Stack
from pprof_mcp.insight.origin import is_own
from pprof_mcp.insight.units import NANOSECONDS
from pprof_mcp.insight.waits import LOCK, LOCK_KINDS, REASONS, UNKNOWN, is_plumbing, kind_of
from pprof_mcp.marking import KIND, OWN, PLUMBING, WRAPS, Marked
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows
from pprof_mcp.session.kinds import phrase_of

MOST_SITES = 300
"""Sites of one profile that are looked at, heaviest first (chosen: far more than anyone reads)."""

MOST_FRAMES = 24
MOST_CALLERS = 12

TYPES = (("contentions", "delay"), ("lock-acquire", "lock-acquire-wait"), ("lock-count", "lock-time"))
"""Sample types that count waits, and that sum them (specified: Go, C++ and the JVM; Python; .NET)."""


@dataclass(frozen=True)
class Contention:
    """One contention profile.

    Attributes:
        profile: The profile, as it was given.
        seconds: The time it covers; None when that is not known.
        waits: Whether its stacks are of those who wait; else they are of those who release.
        sites: Its lock sites, heaviest first, at most `MOST_SITES`.
        found: What the core said, for sums.
        count: Which value counts; None when none does.
        delay: Which value sums.
        scale: Nanoseconds in one of its units.
    """

    profile: Profile
    seconds: float | None
    waits: bool
    sites: tuple[Site, ...]
    found: Rows
    count: int | None
    delay: int
    scale: float

    def sums(self, values: list[int]) -> tuple[int, int]:
        """Give contentions and nanoseconds of a list of values by sample type."""
        count = values[self.count] if self.count is not None and values else 0
        return count, round(values[self.delay] * self.scale) if values else 0


def types_of(profile: Profile) -> tuple[int | None, int, float] | None:
    """Find which values count waits and which sum them.

    Returns:
        Position of the count or None, position of the delay, nanoseconds in one of its units; None for a
        profile that has no delay.
    """
    types = profile.shared.meta["sample_types"]
    at = {item["type"]: place for place, item in enumerate(types)}
    for count, delay in TYPES:
        if delay in at:
            return at.get(count), at[delay], NANOSECONDS.get(types[at[delay]]["unit"], 1.0)
    return None


def read(
    profile: Profile,
    filters: Mapping[str, object],
    *,
    waits: bool,
    only_locks: bool,
    holders: frozenset[str] = frozenset(),
    since: Grown | None = None,
) -> Contention:
    """Read the lock sites of a profile.

    Args:
        profile: A mutex or block profile.
        filters: The shared options.
        waits: Whether its stacks are of those who wait.
        only_locks: Whether all that it records is about locks: then so are stacks that say nothing.
        holders: Functions that release a lock; where they stand behind a site is told, too.
        since: What of it came about since an earlier one, to be looked at instead.

    Raises:
        PprofMcpError: As the core says.
    """
    found_types = types_of(profile)
    if found_types is None:
        raise WrongProfileKindError(f"{profile.name} is {phrase_of(profile.kind)}: it records no delay")
    count, delay, scale = found_types
    types = profile.shared.meta["sample_types"]
    looked_at = since.profile if since else profile
    seconds = since.seconds if since else profile.shared.meta["duration_nanos"] / 1e9 or None
    marked = Marked(
        looked_at, {"sample_index": types[delay]["type"], **{k: v for k, v in filters.items() if v}}
    )
    only = [*LOCK_KINDS, *([0] if only_locks else [])]
    query = {
        "site": "behind", "lines": True, "only": only, "limit": MOST_SITES, "max_depth": MOST_FRAMES,
    }  # fmt: skip

    def mark(name: str, file: str, runtime: str | None) -> int:
        kind, wraps = kind_of(name)
        bits = PLUMBING if kind or is_plumbing(name, file) else 0
        own = OWN if is_own(name, file, runtime) else 0
        return kind | bits | own | (WRAPS if wraps else 0)

    def mark_holders(name: str, file: str, runtime: str | None) -> int:
        return mark(name, file, runtime) & ~OWN | (OWN if name in holders else 0)

    found = marked.groups(mark, names=MOST_CALLERS, stacks=3, **query)
    read = Contention(profile, seconds, waits, (), found, count, delay, scale)
    behind: dict[tuple[int, Place], tuple[Part, ...]] = {}
    if holders:
        for group in marked.groups(mark_holders, names=MOST_CALLERS, stacks=0, **query)["groups"]:
            place = _place(group["site"])
            parts = (_part(read, part) for part in group["callers"])
            behind[group["kind"], place] = tuple(
                part for part in parts if part.place.function != place.function
            )
    sites = [_site(read, group, only_locks) for group in found["groups"]]
    keys = [(group["kind"], _place(group["site"])) for group in found["groups"]]
    joined = (replace(site, holding=behind.get(key, ())) for site, key in zip(sites, keys, strict=True))
    return replace(read, sites=tuple(joined))


@dataclass(frozen=True)
class Grown:
    """What came about between two profiles of a process.

    Attributes:
        profile: It.
        seconds: The time between the two.
    """

    profile: Profile
    seconds: float


def grown_since(profile: Profile, before: Profile) -> Grown | str:
    """Take from a profile what an earlier one of the same process has counted already.

    Args:
        profile: One that counts since the start of its process, as `/debug/pprof/mutex` gives it.
        before: The earlier one.

    Returns:
        What came about in between; or why it can not be told.

    Raises:
        PprofMcpError: As the core says.
    """
    now, then = profile.shared.meta, before.shared.meta
    if now["duration_nanos"] or then["duration_nanos"]:
        return "it covers an interval of its own"
    if types_of(profile) != types_of(before):
        return "that of base measures something else"
    if not 0 < then["time_nanos"] < now["time_nanos"]:
        return "that of base is not earlier, by the times they give"
    grown = profile.diff(before)
    if grown.shared.meta["quality"]["negative_values"]:
        return "it counts less than that of base: the process began anew, or is another one"
    return Grown(grown, (now["time_nanos"] - then["time_nanos"]) / 1e9)


def _place(spot: Rows | None) -> Place:
    return Place(spot["function"], spot["file"], spot["line"]) if spot else Place("[no stack]")


def _part(read: Contention, part: Rows) -> Part:
    count, delay = read.sums(part["values"])
    return Part(Place(part["function"], part["file"], part["line"]), count, delay)


def _site(read: Contention, group: Rows, only_locks: bool) -> Site:
    count, delay = read.sums(group["values"])
    reason = REASONS[int(group["kind"])]
    return Site(
        reason=LOCK if reason is UNKNOWN and only_locks else reason,
        by=group["by"],
        place=_place(group["site"]),
        count=count,
        delay=delay,
        samples=group["samples"],
        stack_count=group["stack_count"],
        callers=tuple(_part(read, part) for part in group["callers"]),
        stacks=tuple(_stack(read, stack) for stack in group["stacks"]),
    )


def _stack(read: Contention, stack: Rows) -> Stack:
    # What only carries a wait out says nothing here, but for what takes or releases the lock.
    telling = [frame for frame in stack["frames"] if not frame["mark"] & PLUMBING or frame["mark"] & KIND]
    frames = tuple(Place(frame["function"], frame["file"], frame["line"]).short for frame in telling)
    return Stack(frames, read.sums(stack["values"])[1])

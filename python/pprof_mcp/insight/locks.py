"""Locks as profiles show them: who waits where, who holds them, and which sites are one lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pprof_mcp.insight.frames import short_name, without_type_arguments
from pprof_mcp.insight.waits import READ, WRITE, Reason

EXPLAINED: Final = 0.5
"""The part of a wait that releases must have been recorded for to be what it was for (chosen: most of it; a
mutex profile counts all waits that a release ends)."""


@dataclass(frozen=True, order=True)
class Place:
    """A line of code.

    Attributes:
        function: Its function.
        file: Source file; empty when unknown.
        line: Line; 0 when unknown.
    """

    function: str
    file: str = ""
    line: int = 0

    @property
    def location(self) -> str | None:
        """`file:line`, the file alone, or None when it is not known."""
        return (f"{self.file}:{self.line}" if self.line else self.file) or None

    @property
    def short(self) -> str:
        """`package.function (file:line)` without folders, for sentences."""
        name = short_name(self.function)
        return f"{name} ({self.file.rpartition('/')[2]}:{self.line})" if self.file and self.line else name

    @property
    def owner(self) -> str:
        """The type or package that the function belongs to: what is in front of its last dot."""
        return without_type_arguments(self.function).rpartition(".")[0]


@dataclass(frozen=True)
class Part:
    """What a place has of a delay.

    Attributes:
        place: Where.
        count: Contentions.
        delay: Nanoseconds.
    """

    place: Place
    count: int
    delay: int


@dataclass(frozen=True)
class Stack:
    """A stack as evidence.

    Attributes:
        frames: `function (file:line)`, leaf first.
        delay: Nanoseconds.
    """

    frames: tuple[str, ...]
    delay: int


@dataclass(frozen=True)
class Site:
    """A line that takes or releases a lock, in one profile.

    Attributes:
        reason: Which sort of lock.
        by: The function that takes or releases it, such as `sync.(*Mutex).Lock`.
        place: The line.
        count: Contentions.
        delay: Nanoseconds.
        samples: Samples of the profile.
        stack_count: Different stacks.
        callers: On whose behalf, heaviest first.
        holding: Functions behind the site that release a lock themselves.
        stacks: The heaviest ones.
    """

    reason: Reason
    by: str
    place: Place
    count: int
    delay: int
    samples: int
    stack_count: int
    callers: tuple[Part, ...] = ()
    holding: tuple[Part, ...] = ()
    stacks: tuple[Stack, ...] = ()


@dataclass(frozen=True)
class Lock:
    """A lock: one site that takes it with those that release it, or a site of which only one side is known.

    Attributes:
        site: The site whose numbers count, each wait once.
        waits: Whether that is where it is waited for.
        taken_at: Where it is waited for.
        released_at: Where it is released.
        waiters: Who waits, heaviest first.
        holders: Who holds it, heaviest first.
    """

    site: Site
    waits: bool
    taken_at: tuple[Part, ...] = ()
    released_at: tuple[Part, ...] = ()
    waiters: tuple[Part, ...] = ()
    holders: tuple[Part, ...] = ()
    stacks: tuple[Stack, ...] = field(default=(), repr=False)


def join(waits: Sequence[Site], holds: Sequence[Site]) -> list[Lock]:
    """Bring together where locks are waited for and where they are released.

    Args:
        waits: Sites of a block profile.
        holds: Sites of a mutex profile, of the same time.

    Returns:
        One lock for each site that waits, and for each site that releases and was not matched. So no wait
        counts twice. Unsorted.

    Source:
        Chosen. A lock is known to a profile only by the lines around it: the same function takes and
        releases it, or a function that only takes (a helper) is called by one that only releases. All
        release sites of a function count for each of its waits: which of several locks a line releases is
        not recorded. Where they explain less than `EXPLAINED` of the wait, all releases of the same type or
        package count: one function may hold the lock for long and others wait. Who waits to read waits for a
        writer and never for other readers (specified by sync.RWMutex), so what holds is a function of that
        type or package that releases the write lock.
    """
    takers = {(site.place.function, site.reason) for site in waits}
    releasers = _by_function(holds)
    owners: dict[tuple[str, Reason], list[Site]] = {}
    writers: dict[str, list[Site]] = {}
    for hold in holds:
        owners.setdefault((hold.place.owner, hold.reason), []).append(hold)
        if hold.reason == WRITE:
            writers.setdefault(hold.place.owner, []).append(hold)
    matched: set[Place] = set()
    locks: list[Lock] = []
    for site in waits:
        if site.reason == READ and site.place.owner in writers:
            found = writers[site.place.owner]
        else:
            found = list(releasers.get((site.place.function, site.reason), ()))
        if not found:
            for caller in {part.place.function: None for part in site.holding}:
                if (caller, site.reason) not in takers:
                    found.extend(releasers.get((caller, site.reason), ()))
        if sum(hold.delay for hold in found) < EXPLAINED * site.delay and site.place.owner:
            owned = owners.get((site.place.owner, site.reason), ())
            if sum(hold.delay for hold in owned) >= EXPLAINED * site.delay:
                found = list(owned)
        matched.update(hold.place for hold in found)
        found = sorted(found, key=lambda hold: (-hold.delay, hold.place))
        locks.append(
            Lock(
                site=site,
                waits=True,
                taken_at=(_whole(site),),
                released_at=tuple(map(_whole, found)),
                waiters=site.callers,
                holders=_together(found),
                stacks=site.stacks + tuple(stack for hold in found for stack in hold.stacks[:1]),
            )
        )
    locks.extend(
        Lock(
            site=site, waits=False, released_at=(_whole(site),), holders=_together([site]), stacks=site.stacks
        )
        for site in holds
        if site.place not in matched
    )
    return locks


def _by_function(sites: Sequence[Site]) -> Mapping[tuple[str, Reason], list[Site]]:
    found: dict[tuple[str, Reason], list[Site]] = {}
    for site in sites:
        found.setdefault((site.place.function, site.reason), []).append(site)
    return found


def _whole(site: Site) -> Part:
    return Part(site.place, site.count, site.delay)


def _together(sites: Sequence[Site]) -> tuple[Part, ...]:
    """Who releases, over several sites."""
    sums: dict[Place, tuple[int, int]] = {}
    for site in sites:
        for part in site.callers:
            count, delay = sums.get(part.place, (0, 0))
            sums[part.place] = (count + part.count, delay + part.delay)
    parts = [Part(place, count, delay) for place, (count, delay) in sums.items()]
    return tuple(sorted(parts, key=lambda part: (-part.delay, part.place)))

"""What pprof.contention_analysis answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pprof_mcp.results.base import Result, Row
from pprof_mcp.results.paging import LeftOut


class LockPart(Row):
    """Who waits for a lock, or who holds it."""

    columns = ("function", "location", "delay", "pct")

    function: str = Field(
        description="On whose behalf: the first function of the user's own code behind the site."
    )
    location: str | None = Field(description="`file:line` of its call; null when unknown.")
    delay: str = Field(description="Delay with its unit.")
    delay_ns: int = Field(description="The same in nanoseconds.")
    pct: float = Field(description="In percent of the delay of that side of the lock, 0-100.")


class LockPlace(Row):
    """A line that takes or releases a lock."""

    columns = ("location", "contentions", "delay")

    location: str = Field(description="`file:line`; the function when unknown.")
    contentions: int = Field(description="Waits recorded there.")
    delay: str = Field(description="Delay with its unit.")
    delay_ns: int = Field(description="The same in nanoseconds.")


class LockSite(Row):
    """One lock site. Every wait counts in one row only."""

    columns = (
        "source_location",
        "lock_type",
        "total_delay",
        "share_pct",
        "contentions",
        "avg_delay",
        "waiters_avg",
    )
    spare = ("waiters_avg", "lock_type")
    beneath = ("top_waiters", "top_holders")

    lock_site: str = Field(description="What takes or releases the lock, such as `sync.(*Mutex).Lock`.")
    lock_type: str = Field(description="Mutex, RWMutex write, RWMutex read, Once, runtime lock or lock.")
    function: str = Field(description="The function with the line.")
    source_location: str | None = Field(
        description="`file:line` that takes or releases it; null when unknown."
    )
    side: Literal["waits", "holds"] = Field(
        description="Whether the numbers are of those who wait or who release."
    )
    contentions: int = Field(description="Waits.")
    total_delay: str = Field(description="Time waited, all together, with its unit.")
    total_delay_ns: int = Field(description="The same in nanoseconds.")
    avg_delay: str | None = Field(description="Mean wait; null without contentions.")
    avg_delay_ns: float | None = Field(description="The same in nanoseconds.")
    share_pct: float = Field(description="In percent of the delay of all locks, 0-100.")
    waiters_avg: float | None = Field(
        description="Delay a second: how many wait on average; null without a duration."
    )
    contentions_per_second: float | None = Field(description="null without a duration.")
    error_pct: float | None = Field(description="How far off by chance, in percent: 1/sqrt(contentions).")
    stacks: int = Field(description="Different stacks.")
    released_at: list[LockPlace] = Field(
        description="Where its function releases such locks, at most 3 (mutex profile)."
    )
    top_waiters: list[LockPart] = Field(description="Who waits, at most 3; empty without a block profile.")
    top_holders: list[LockPart] = Field(description="Who holds it, at most 3; empty without a mutex profile.")


class ReasonRow(Row):
    """What all samples of a profile wait for."""

    columns = ("profile", "reason", "delay", "share_pct", "contentions")

    profile: Literal["mutex", "block"] = Field(description="Of which profile.")
    reason: str = Field(
        description="A lock type, channel receive, channel send, select, WaitGroup ... or other."
    )
    is_lock: bool = Field(description="Whether it counts as lock contention.")
    contentions: int = Field(description="Waits.")
    delay: str = Field(description="Delay with its unit.")
    delay_ns: int = Field(description="The same in nanoseconds.")
    share_pct: float = Field(description="In percent of all delay in that profile, 0-100.")


class Distribution(Row):
    """Whether a few sites have most of the delay."""

    columns = ("profile", "sites", "stacks", "sites_for_80_pct", "stacks_for_80_pct")

    profile: Literal["mutex", "block"] = Field(description="Of which profile; locks only.")
    sites: int = Field(description="Lock sites there are.")
    stacks: int = Field(description="Different stacks through them.")
    sites_for_50_pct: int = Field(description="Sites that have half of the delay.")
    sites_for_80_pct: int = Field(description="Sites that have 80 % of it.")
    sites_for_95_pct: int = Field(description="Sites that have 95 % of it.")
    stacks_for_50_pct: int = Field(description="Stacks that have half of the delay.")
    stacks_for_80_pct: int = Field(description="Stacks that have 80 % of it.")
    stacks_for_95_pct: int = Field(description="Stacks that have 95 % of it.")
    top_site_pct: float = Field(description="Percent of the delay at the heaviest site, 0-100.")


class PatternRow(Row):
    """Something that is wrong, with the stacks that show it."""

    columns = ("severity", "type", "lock", "description")

    type: Literal["hot_lock", "lock_convoy", "write_lock_for_reads", "lock_order"] = Field(
        description="Which pattern."
    )
    severity: Literal["low", "medium", "high"] = Field(description="low: a hint to check in the source.")
    lock: str = Field(description="`source_location` of the lock.")
    description: str = Field(description="What was seen, with its numbers.")
    evidence: list[str] = Field(
        description="Heaviest stacks that show it, leaf first, frames joined by ` < `."
    )


class LocksLeftOut(LeftOut):
    """Lock sites that are not among the rows."""

    columns = ("rows", "delay")

    delay: str = Field(description="Their delay with its unit.")
    delay_ns: int = Field(description="The same in nanoseconds.")


class ContentionResult(Result):
    """Lock contention."""

    profile: str = Field(description="What was given.")
    base: str | None = Field(description="The capture since which it counts; null for none.")
    profile_type: Literal["mutex", "block", "mutex+block"] = Field(
        description="What was found in it and used."
    )
    profiles: list[str] = Field(description="References of the profiles used.")
    duration_seconds: float | None = Field(description="Time covered; null when not known: then no rates.")
    total_contentions: int = Field(description="Waits for locks, each counted once.")
    total_delay: str = Field(description="Time waited for locks, with its unit.")
    total_delay_ns: int = Field(description="The same in nanoseconds.")
    waiters_avg: float | None = Field(description="Delay a second: how many wait for locks on average.")
    by_lock_site: list[LockSite] = Field(description="Lock sites, heaviest first.")
    left_out: LocksLeftOut = Field(description="Lock sites before and behind these.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next sites; null at the end.")
    by_reason: list[ReasonRow] = Field(description="All waits by what they are for, heaviest first.")
    distribution: list[Distribution] = Field(description="How the delay is spread, for each profile.")
    patterns: list[PatternRow] = Field(description="What is wrong, the gravest first; empty when nothing is.")
    recommendations: list[str] = Field(description="One for each pattern.")
    notes: list[str] = Field(description="How the numbers are to be read.")

"""What the analyses of goroutines answer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pprof_mcp.results.base import Result, Row
from pprof_mcp.results.paging import LeftOut


class WaitReason(Row):
    """Goroutines that wait for the same."""

    columns = ("count", "pct", "state", "reason")
    beneath = ("sample_stack",)

    reason: str = Field(description="In the runtime's words, such as `chan receive` or `sync.Mutex.Lock`.")
    state: Literal["running", "syscall", "waiting"] = Field(description="What they count as in by_state.")
    count: int = Field(description="How many.")
    pct: float = Field(description="In percent of all goroutines, 0-100.")
    sample_stack: str = Field(description="The stack that most of them have, leaf first.")


class PotentialLeak(Row):
    """Goroutines at one line that look as if they never go."""

    columns = ("severity", "count", "pct", "change", "wait_reason", "site")
    spare = ("pct", "change")
    beneath = ("evidence",)

    stack_signature: str = Field(description="Functions from the site on, leaf first.")
    site: str = Field(description="The line they wait at: function (file:line).")
    own_code: str | None = Field(description="The first line of the user's own code; null without one.")
    count: int = Field(description="How many.")
    pct: float = Field(description="In percent of all goroutines, 0-100.")
    severity: Literal["low", "medium", "high"] = Field(description="How sure and how bad it is.")
    proven: bool = Field(description="Whether the runtime itself found that nothing can wake them.")
    wait_reason: str = Field(description="What they wait for.")
    state: Literal["running", "syscall", "waiting"] = Field(description="Their state.")
    before: int | None = Field(description="How many there were in base; null without it.")
    change: int | None = Field(description="count minus before; null without base.")
    grows: bool | None = Field(description="Whether they grew by more than chance; null without base.")
    creators: list[str] = Field(description="Who started them; empty unless a dump of stacks says so.")
    oldest_minutes: int | None = Field(description="How long the oldest waits; null when no age is known.")
    aged: int = Field(description="How many are known to wait for a minute or longer.")
    evidence: list[str] = Field(description="Why it is listed.")


class GroupChange(Row):
    """How many goroutines at one line came or went since base."""

    columns = ("change", "before", "count", "wait_reason", "site")

    site: str = Field(description="The line they are at.")
    wait_reason: str = Field(description="What they wait for; empty when they run.")
    before: int = Field(description="How many there were.")
    count: int = Field(description="How many there are.")
    change: int = Field(description="The difference.")


class LeaksLeftOut(LeftOut):
    """Candidates that are not among the rows."""

    columns = ("rows", "goroutines")

    goroutines: int = Field(description="Their goroutines.")


class GoroutineAnalysisResult(Result):
    """Goroutines by state and reason, and which of them look like leaks."""

    profile: str = Field(description="The profile, as it was given.")
    base: str | None = Field(description="The snapshot before, as it was given; null without one.")
    total_goroutines: int = Field(description="All goroutines after filters.")
    before_goroutines: int | None = Field(description="All goroutines in base; null without one.")
    by_state: dict[str, int] = Field(
        description="Goroutines that run (or could), are in system calls, wait; `unknown` without names."
    )
    top_wait_reasons: list[WaitReason] = Field(description="What is waited for, most first; complete.")
    verdict: Literal["leak", "suspicious", "nothing_found"] = Field(
        description="leak: proven, or of high severity; suspicious: of medium or low severity."
    )
    growth: Literal["grows", "steady", "shrinks"] | None = Field(
        description="What the total did since base, beyond chance; null without base."
    )
    potential_leaks: list[PotentialLeak] = Field(description="Candidates, the surest first.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next candidates; null at the end.")
    left_out: LeaksLeftOut = Field(description="Candidates before and behind these rows.")
    changes: list[GroupChange] = Field(description="The largest changes since base, at most 5; else empty.")

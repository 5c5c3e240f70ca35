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
    advice: str = Field(description="What ends such waits.")


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


class GoroutineCategory(Row):
    """Goroutines that are there for the same purpose."""

    columns = ("count", "percent", "running", "syscall", "waiting", "name", "preset")
    beneath = ("sites",)

    name: str = Field(description="What they are for.")
    preset: str = Field(
        description="The group of rules; `custom` for the caller's own, `own_code` for the rest."
    )
    pattern: str = Field(description="The rule: a regex on function names; empty for own_code.")
    count: int = Field(description="How many.")
    percent: float = Field(description="In percent of all goroutines, 0-100.")
    running: int = Field(description="Of these, how many run or could run.")
    syscall: int = Field(description="Of these, how many are in system calls.")
    waiting: int = Field(description="Of these, how many wait.")
    sample_stack: str = Field(description="The stack that most of them have, leaf first, without plumbing.")
    sites: list[str] = Field(description="Where they came from: outermost functions with counts, at most 2.")


class UncategorizedStack(Row):
    """Goroutines that no rule knows."""

    columns = ("count", "signature")

    signature: str = Field(description="Functions, leaf first.")
    count: int = Field(description="How many.")


class GoroutineCategorizeResult(Result):
    """Goroutines by purpose; every goroutine counts once."""

    profile: str = Field(description="The profile, as it was given.")
    total_goroutines: int = Field(description="All goroutines after filters.")
    by_state: dict[str, int] = Field(description="All goroutines by state.")
    categories: list[GoroutineCategory] = Field(description="What they are for, most first; own_code too.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next categories; null at the end.")
    left_out: LeaksLeftOut = Field(description="Categories before and behind these rows.")
    uncategorized: int = Field(description="Goroutines that no rule and no own code explains.")
    top_uncategorized: list[UncategorizedStack] = Field(description="Their heaviest stacks, at most 10.")
    presets_used: list[str] = Field(description="Groups of rules that were applied, in their order.")


class TemporalSettings(Row):
    """Settings of the workers, as far as goroutines show them; several workers of a process are summed."""

    max_concurrent_activity_task_pollers: int = Field(description="Activity pollers that are there.")
    max_concurrent_workflow_task_pollers: int = Field(description="Workflow pollers that are there.")
    active_activities: int = Field(description="Activities that execute: a lower bound of the slots.")
    cached_workflows: int = Field(description="Goroutines of cached workflows: their coroutines.")
    active_local_activities: int = Field(description="Local activities that execute.")
    active_sessions: int = Field(description="Sessions.")
    notes: list[str] = Field(description="How these are to be read.")


class TemporalQueue(Row):
    """What goroutines with the label of one task queue do."""

    columns = ("task_queue", "goroutines", "activities_executing", "workflows_cached")

    task_queue: str = Field(description="The value of the label.")
    goroutines: int = Field(description="Goroutines of the SDK with it.")
    counts: dict[str, int] = Field(description="By role, as in counts.")
    activities_executing: int = Field(description="Activities that execute.")
    workflows_cached: int = Field(description="Goroutines of cached workflows.")


class TemporalWork(Row):
    """Goroutines of one workflow or activity."""

    columns = ("count", "state", "name")
    beneath = ("sample_stack",)

    name: str = Field(description="Its function.")
    count: int = Field(description="Goroutines in it.")
    state: str = Field(description="selector, awaiting_future or executing.")
    sample_stack: str = Field(description="The stack that most of them have, leaf first, without plumbing.")


class TemporalAdvice(Row):
    """Something to do, and why."""

    columns = ("advice", "evidence")

    advice: str = Field(description="What to do.")
    evidence: str = Field(description="The numbers that say so.")


class TemporalAnalysisResult(Result):
    """What Temporal workers of a process do."""

    profile: str = Field(description="The profile, as it was given.")
    has_temporal: bool = Field(description="Whether any goroutine runs code of the SDK.")
    total_goroutines: int = Field(description="All goroutines after filters.")
    temporal_goroutines: int = Field(description="Goroutines of the SDK, workflows and activities.")
    inferred_settings: TemporalSettings | None = Field(description="Settings; null without Temporal.")
    counts: dict[str, int] = Field(description="Goroutines by role, each once; zeros included.")
    workflow_breakdown: list[TemporalWork] = Field(description="Cached workflows by function, at most 10.")
    activity_breakdown: list[TemporalWork] = Field(
        description="Executing activities by function, at most 10."
    )
    task_queue_label: str | None = Field(description="The label that names task queues; null without one.")
    task_queues: list[TemporalQueue] = Field(description="By task queue; empty without such labels.")
    advice: list[TemporalAdvice] = Field(description="What to do; empty when nothing speaks for a change.")

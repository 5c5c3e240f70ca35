"""pprof.temporal_analysis: what Temporal workers of a process do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import Unpack

from pprof_mcp.filters import SampleFilters
from pprof_mcp.goroutines import check_kind, clip
from pprof_mcp.insight.goroutine_waits import is_plumbing
from pprof_mcp.insight.origin import is_own
from pprof_mcp.insight.temporal import (
    OUTSIDE,
    STATES,
    WORKFLOWS,
    advice,
    pollers,
    queue_label,
    role_of,
    roles,
    setting_notes,
    workflows,
)
from pprof_mcp.marking import OWN, PLUMBING, Marked
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows, exactly
from pprof_mcp.results import NextCall, next_call
from pprof_mcp.results.goroutine import (
    TemporalAdvice,
    TemporalAnalysisResult,
    TemporalQueue,
    TemporalSettings,
    TemporalWork,
)

MOST_WORK = 10
MOST_QUEUES = 10
MOST_GROUPS = 2_000
"""Groups by role and function that are looked at, largest first (chosen)."""


@tool(
    "pprof.temporal_analysis",
    title="Temporal workers",
    since="0.1",
    example={"profile": "handle:0123456789abcdef#goroutine"},
)
def temporal_analysis(profile: Profile, **filters: Unpack[SampleFilters]) -> TemporalAnalysisResult:
    """Tell what Temporal workers do: pollers, activities, cached workflows, sessions.

    Reads the goroutine profile of a worker: each goroutine has one role, workflows and activities are listed
    by function, settings are inferred, by task queue where a label names it, and advice has its numbers.
    Without the SDK it says so. For other goroutines use pprof.goroutine_categorize.
    """
    check_kind(profile)
    label = queue_label(key["key"] for key in profile.shared.meta["label_keys"] if not key["numeric"])
    marked = Marked(profile, filters)
    found = marked.groups(
        _mark,
        pick="least",
        site="root",
        limit=MOST_GROUPS,
        labels=[label] if label else [],
        names=MOST_QUEUES,
        max_depth=32,
    )
    index = found["sample_type"]["index"]
    names = ["", *(role.name for role in roles())]
    sums = {names[int(kind["kind"])]: int(kind["first"][index]) for kind in found["kinds"]}
    counts = {role.name: sums.get(role.name, 0) for role in roles()}
    ours = sum(count for name, count in counts.items() if name != OUTSIDE)
    groups: list[tuple[str, Rows]] = [
        (names[int(group["kind"])], group) for group in found["groups"] if group["kind"]
    ]
    warnings = list(found["warnings"])
    total = found["totals"][index]
    if total and not ours:
        warnings.append("no goroutine runs code of Temporal's or Cadence's SDK: this is no such worker")
    elif found["left_out"]["rows"]:
        warnings.append(f"{found['left_out']['rows']} smaller groups are in counts alone")
    return TemporalAnalysisResult(
        warnings=warnings,
        next=_next(profile, total, ours, groups),
        profile=profile.reference,
        has_temporal=ours > 0,
        total_goroutines=total,
        temporal_goroutines=ours,
        inferred_settings=_settings(counts) if ours else None,
        counts={**counts, "workflows_cached": workflows(counts)},
        workflow_breakdown=_work(groups, index, WORKFLOWS),
        activity_breakdown=_work(groups, index, ("activities_executing", "local_activities_executing")),
        task_queue_label=label,
        task_queues=_queues(groups),
        advice=[TemporalAdvice(advice=text, evidence=why) for text, why in advice(counts)] if ours else [],
    )


def _mark(name: str, file: str, runtime: str | None) -> int:
    kind = role_of(name)
    # The outermost frame of the user's own code is the workflow or activity itself.
    own = not kind and not is_plumbing(name, file) and is_own(name, file, runtime)
    return kind | (OWN if own else PLUMBING)


def _settings(counts: Mapping[str, int]) -> TemporalSettings:
    return TemporalSettings(
        max_concurrent_activity_task_pollers=pollers(counts, "activity"),
        max_concurrent_workflow_task_pollers=pollers(counts, "workflow"),
        active_activities=counts["activities_executing"],
        cached_workflows=workflows(counts),
        active_local_activities=counts["local_activities_executing"],
        active_sessions=counts["sessions_active"],
        notes=setting_notes(counts),
    )


def _work(groups: list[tuple[str, Rows]], index: int, wanted: tuple[str, ...]) -> list[TemporalWork]:
    rows = [
        TemporalWork(
            name=clip(group["site"]["function"]),
            count=group["values"][index],
            state=STATES.get(role, "executing"),
            sample_stack=_stack(group["stacks"][0]),
        )
        for role, group in groups
        if role in wanted and group["owners"]
    ]
    return sorted(rows, key=lambda row: (-row.count, row.name, row.state))[:MOST_WORK]


def _stack(stack: Rows) -> str:
    own = [frame["function"] for frame in stack["frames"] if frame["mark"] & OWN]
    return " < ".join(clip(name) for name in own[:4])


def _queues(groups: list[tuple[str, Rows]]) -> list[TemporalQueue]:
    queues: dict[str, dict[str, int]] = {}
    for role, group in groups:
        for label in group["labels"]:
            for value in label["values"]:
                counts = queues.setdefault(value["value"], {})
                counts[role] = counts.get(role, 0) + value["sum"]
    rows = [
        TemporalQueue(
            task_queue=queue,
            goroutines=sum(counts.values()),
            counts=dict(sorted(counts.items())),
            activities_executing=counts.get("activities_executing", 0),
            workflows_cached=workflows(counts),
        )
        for queue, counts in queues.items()
    ]
    return sorted(rows, key=lambda row: (-row.goroutines, row.task_queue))[:MOST_QUEUES]


def _next(profile: Profile, total: int, ours: int, groups: list[tuple[str, Any]]) -> list[NextCall]:
    reference = profile.reference
    calls: list[NextCall] = []
    for role, group in groups:
        if role == "activities_executing" and group["owners"]:
            why = "What these activities are at."
            focus = exactly(group["site"]["function"])
            calls.append(next_call("pprof.focus_paths", why, profile=reference, function=focus))
            break
    if total:
        name = "pprof.goroutine_analysis" if ours else "pprof.goroutine_categorize"
        why = "What goroutines wait for, and leaks." if ours else "What the goroutines are for instead."
        calls.append(next_call(name, why, profile=reference))
    return calls

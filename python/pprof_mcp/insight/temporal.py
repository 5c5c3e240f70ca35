"""What goroutines of Temporal workers do, and what their numbers suggest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pprof_mcp.insight.labels import canonical
from pprof_mcp.insight.packs import any_of, pack

QUEUE_LABELS: Final = (
    "task queue", "taskqueue", "temporal task queue", "temporal taskqueue", "task list", "tasklist",
)  # fmt: skip
"""Labels that name a task queue, as `canonical` spells them (chosen: programs set them, not the SDK)."""

DEFAULT_POLLERS: Final = 2
"""MaxConcurrentActivityTaskPollers and MaxConcurrentWorkflowTaskPollers of the SDK (specified)."""

DEFAULT_SLOTS: Final = 1_000
"""MaxConcurrentActivityExecutionSize of the SDK (specified)."""

DEFAULT_CACHE: Final = 10_000
"""Workflows that the SDK keeps in a process, the sticky cache (specified)."""

FEW: Final = 10
"""Workflows that execute at once, below which nothing is said: each does so for a moment (chosen)."""

NEAR: Final = 0.9
"""The share of a limit from which on it is said to be near (chosen)."""

WORKFLOWS: Final = ("workflows_in_selector", "workflows_awaiting_future", "workflows_executing")
STATES: Final[Mapping[str, str]] = dict(
    zip(WORKFLOWS, ("selector", "awaiting_future", "executing"), strict=True)
)
OUTSIDE: Final = "grpc_streams"
"""The one role that is no goroutine of the SDK: connections, of whomever."""


@dataclass(frozen=True)
class Role:
    """What a goroutine of a worker is.

    Attributes:
        name: As in the counts of the answer.
        functions: What a function on its stack begins with.
    """

    name: str
    functions: re.Pattern[str]


@cache
def roles() -> tuple[Role, ...]:
    """Give all roles, in the order of their rules."""
    rules = pack("temporal")
    found: list[Role] = []
    for rule in rules["role"]:
        pattern = any_of(rule["functions"])
        if pattern is not None:
            before = "" if rule.get("anywhere") else rules["sdk"]
            found.append(Role(rule["name"], re.compile(f"{before}(?:{pattern.pattern})")))
    return tuple(found)


def role_of(name: str) -> int:
    """Give the place of a function's role, from 1; 0 for none."""
    for kind, role in enumerate(roles(), 1):
        if role.functions.match(name):
            return kind
    return 0


def queue_label(keys: Iterable[str]) -> str | None:
    """Find the label that names task queues."""
    found = [key for key in keys if canonical(key) in QUEUE_LABELS]
    return min(found, key=lambda key: (QUEUE_LABELS.index(canonical(key)), key)) if found else None


def workflows(counts: Mapping[str, int]) -> int:
    """Count goroutines of cached workflows."""
    return sum(counts.get(role, 0) for role in WORKFLOWS)


def pollers(counts: Mapping[str, int], kind: str) -> int:
    """Count pollers of a kind; each is seen in its loop, in its call, or in both."""
    return max(counts.get(f"{kind}_pollers_do_poll", 0), counts.get(f"{kind}_pollers_in_grpc", 0))


def setting_notes(counts: Mapping[str, int]) -> list[str]:
    """Say how inferred settings are to be read."""
    notes = ["several workers of the process are summed; a poller that waits for a slot is of no known kind"]
    notes.extend(
        f"{DEFAULT_POLLERS} {kind} pollers are the default of one worker"
        for kind in ("activity", "workflow")
        if pollers(counts, kind) == DEFAULT_POLLERS
    )
    return notes


def advice(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Suggest changes of settings, each with the numbers that say so."""
    found: list[tuple[str, str]] = []
    waiting, executing = counts.get("pollers_waiting_for_slot", 0), counts.get("activities_executing", 0)
    polling = sum(pollers(counts, kind) for kind in ("activity", "workflow"))
    if waiting and executing and not polling:
        what = (
            "All slots seem to be taken: raise MaxConcurrentActivityExecutionSize, make activities shorter, "
            "or add workers. More pollers would not help."
        )
        found.append((what, f"{waiting} pollers wait for a slot, none polls, {executing} activities execute"))
    if executing >= NEAR * DEFAULT_SLOTS:
        what = (
            "Compare MaxConcurrentActivityExecutionSize with what executes: the default is "
            f"{DEFAULT_SLOTS} slots a worker."
        )
        found.append((what, f"{executing} activities execute"))
    cached = workflows(counts)
    if cached >= NEAR * DEFAULT_CACHE:
        what = (
            "Each cached workflow keeps its goroutines and memory: lower the sticky cache "
            "(SetStickyWorkflowCacheSize) if memory is short."
        )
        why = f"{cached} goroutines belong to cached workflows; {DEFAULT_CACHE} are kept by default"
        found.append((what, why))
    running = counts.get("workflows_executing", 0)
    if running >= FEW and 2 * running >= cached:
        what = (
            "Workflow code should only wait for futures and channels of the SDK: look for calls, locks or "
            "computations in these workflows."
        )
        found.append((what, f"{running} of {cached} goroutines of workflows are in none of the SDK's waits"))
    return found

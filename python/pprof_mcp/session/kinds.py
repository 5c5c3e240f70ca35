"""What kind a profile is, told by its sample types and never by its file name.

Source: the sample types are those the runtimes write (Go's runtime/pprof, gperftools, the Datadog tracers,
Node's and Java's agents; specified). How mutex and block profiles are told apart is chosen, and said at
`LEAVES_THAT_UNLOCK`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pprof_mcp import _native

CPU = "cpu"
WALL = "wall"
HEAP = "heap"
MUTEX = "mutex"
BLOCK = "block"
GOROUTINE = "goroutine"
THREADCREATE = "threadcreate"
EXCEPTIONS = "exceptions"
OTHER = "other"

KINDS = (CPU, WALL, HEAP, MUTEX, BLOCK, GOROUTINE, THREADCREATE, EXCEPTIONS, OTHER)
"""All kinds; a profile that is of several is called by the first. An allocs profile is a heap profile."""

_TYPES = {
    CPU: {"cpu", "cpu-time", "cpu-samples"},
    WALL: {"wall", "wall-time", "wall-samples"},
    HEAP: {
        "alloc_objects", "alloc_space", "inuse_objects", "inuse_space", "objects", "space", "allocations",
        "alloc-samples", "alloc-space", "alloc-size", "alloc-samples-unscaled", "inuse-objects",
        "inuse-space", "heap-space", "heap-live-samples", "heap-live-size",
    },
    MUTEX: {"lock-acquire", "lock-acquire-wait", "lock-release", "lock-release-hold", "lock-count",
    "lock-time"},
    GOROUTINE: {"goroutine", "goroutines", "goroutineleak"},
    THREADCREATE: {"threadcreate", "thread"},
    EXCEPTIONS: {"exception", "exceptions", "exception-samples"},
}  # fmt: skip

_CONTENTION = {"contentions", "delay"}

LEAVES_THAT_UNLOCK = r"Unlock\b|unlock|LostContended|semrelease"
"""Go records a mutex profile at the unlock: the leaf of every stack is an Unlock (sync, or the runtime's own
locks)."""

LEAVES_THAT_WAIT = (
    r"chanrecv|chansend|selectgo|blocksend|blockrecv|\)\.(?:R?Lock|Wait|lockSlow)\b|semacquire|notifyListWait"
)
"""Go records a block profile at the wait: a channel operation, a select, a Lock or a Wait."""


def kinds_of(types: Sequence[tuple[str, str]], period_type: str | None) -> tuple[str, ...]:
    """Tell the kinds from sample types, the main one first.

    Args:
        types: Type and unit of each sample type.
        period_type: The type of the period, such as `cpu`, if there is one.

    Returns:
        At least one kind; contention profiles say `mutex` here, see `contention_kind`.
    """
    names = {name for name, _ in types}
    found = {kind for kind, known in _TYPES.items() if names & known}
    if names & _CONTENTION:
        found.add(MUTEX)
    # Profilers that count only samples say in the period what a sample is.
    if not found and names & {"samples", "sample"} and period_type in ("cpu", "wall"):
        found.add(period_type)
    return tuple(kind for kind in KINDS if kind in found) or (OTHER,)


def phrase_of(kind: str) -> str:
    """Name a profile of a kind in a sentence, such as `a heap profile`."""
    if kind == OTHER:
        return "a profile of no known kind"
    return f"{'an' if kind == EXCEPTIONS else 'a'} {kind} profile"


def is_contention(types: Sequence[tuple[str, str]]) -> bool:
    """Whether it is one of the two that share the sample types contentions and delay."""
    return any(name in _CONTENTION for name, _ in types)


def contention_kind(leaves: Callable[[], Sequence[tuple[str, float]]], name: str = "") -> tuple[str, bool]:
    """Tell mutex from block profiles by what their stacks end in.

    Args:
        leaves: Gives leaf function names with their weights.
        name: Of the file, or its entry in a zip; asked only where the stacks say nothing.

    Returns:
        The kind, and whether the stacks decided it. Stacks that say nothing (empty, or not from Go) count as
        `mutex` unless the file is called block: other profilers record waits for locks under these types.
    """
    import re

    unlocking = waiting = 0.0
    for leaf, weight in leaves():
        if re.search(LEAVES_THAT_UNLOCK, leaf):
            unlocking += abs(weight)
        elif re.search(LEAVES_THAT_WAIT, leaf):
            waiting += abs(weight)
    if waiting > unlocking:
        return BLOCK, True
    if unlocking > 0:
        return MUTEX, True
    last = name.replace("\\", "/").rpartition("/")[2].lower()
    return (BLOCK if BLOCK in last and MUTEX not in last else MUTEX), False


def leaves_of(native: _native.Profile) -> list[tuple[str, float]]:
    """Give the functions in which most of a profile's stacks end, with their weights."""
    import json

    from pprof_mcp import _native

    options = {"limit": 50, "nodefraction": 0.0, "trim": False}
    rows = json.loads(_native.top(native, json.dumps(options)))["rows"]
    return [(row["function"] or row["name"], float(row["flat"])) for row in rows]

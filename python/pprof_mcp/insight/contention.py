"""Verdicts on locks, and what can be done about them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pprof_mcp.insight.frames import without_type_arguments
from pprof_mcp.insight.lock_order import Order, OrderHint
from pprof_mcp.insight.locks import Lock, Stack
from pprof_mcp.insight.units import duration_text
from pprof_mcp.insight.waits import READ, WRITE

HOT_WAITERS: Final = 0.1
"""Waiters on average from which on a lock is worth a look (chosen: a tenth of one request at any time)."""

ALWAYS_WAITED_FOR: Final = 1.0
"""Waiters on average from which on it is grave: the queue is never empty (chosen)."""

HOT_SHARE: Final = 25.0
"""Percent of all lock delay from which on one lock is hot, and not one of many (chosen)."""

SLOW_WAIT_NS: Final = 10_000_000
"""Mean wait from which on what happens under a lock is slow whatever others are waited for longer (chosen: a
turn of a thread of Linux and Go, 10 ms at most (specified), is no longer)."""

SLOW_SHARE: Final = 5.0
"""Percent of all lock delay that such a lock must have (chosen)."""

CONVOY_WAITERS: Final = 2.0
"""Waiters on average that make a convoy. By Little's law they wait, on average, for twice the longest
possible mean hold, which is the time between two contentions (derived); that it takes two is chosen."""

CONVOY_STACKS: Final = 3
"""Different stacks of at least `CONVOY_SHARE` percent each that make a convoy (chosen): one path that meets
itself is a hot lock, many paths behind one lock are a convoy."""

CONVOY_SHARE: Final = 5.0

LEAST_CONTENTIONS: Final = 16
"""Contentions below which nothing is said about a lock: they vary by more than a quarter (1/sqrt(n))."""

LONG_WAIT_NS: Final = 1_000_000
"""Mean wait from which on something slow happens under the lock (chosen: a millisecond is far more than
memory takes, and of the order of a disk, a network or a sleep)."""

LEAST_WITHOUT_DURATION: Final = 100
"""Contentions that are needed where no rate can be told, each of `LONG_WAIT_NS` on average (chosen)."""

_CHANGES: Final = re.compile(
    r"(?:set|put|add|update|write|store|save|delete|remove|insert|append|push|pop|reset|reload|refresh|clear|"
    r"register|close|open|start|stop|init|incr|decr|inc|dec|evict|expire|flush|swap|replace|create|new|apply|"
    r"commit|record|observe|mark|touch|lock|acquire|release|subscribe|publish|send|take|enqueue|dequeue|merge|"
    r"rotate|do|fill|load|build|make|compute|process|handle|reserve|allocate?|free|assign|attach|detach|edit|"
    r"change|rename|modify|mutate|submit|cancel|complete|finish|begin|end|run|work|serve|step|sweep|prune|trim|"
    r"drain|upsert|patch|sort|invalidate|warm|import|ingest|move|transfer|charge|pay|book|join|leave|enter|exit|"
    r"post|credit|debit|deposit|withdraw|accept|reject|ship|refund|settle|grow|shrink|bump|track|note|log|emit|sync|tick|on|with)(?![a-z])"
)
_CLOSURE: Final = re.compile(r"\.func\d+(?:\.\d+)*$")
"""Functions without a name, of which no word says what they do (specified by Go's compiler)."""

_READS: Final = re.compile(
    r"(?:get|look ?up|find|read|list|has|contains|is|count|len|peek|search|fetch|range|each|snapshot|"
    r"string|view|query|select|match|exists|all|keys|values|size|stats|dump)(?![a-z])"
)
"""Words of names that say whether a function changes what it guards (chosen)."""


@dataclass(frozen=True)
class Pattern:
    """Something that is wrong with a lock.

    Attributes:
        type: Which pattern.
        severity: How bad it is.
        lock: The lock; of a lock order, where the first function waits.
        description: A sentence with the numbers.
        advice: What to do.
        stacks: The stacks that show it.
    """

    type: Literal["hot_lock", "lock_convoy", "write_lock_for_reads", "lock_order"]
    severity: Literal["low", "medium", "high"]
    lock: str
    description: str
    advice: str
    stacks: tuple[Stack, ...]


def patterns(
    locks: Sequence[Lock], hints: Sequence[OrderHint], *, total: int, seconds: float | None
) -> list[Pattern]:
    """Judge locks.

    Args:
        locks: All locks, heaviest first.
        hints: Lock orders.
        total: Delay of all locks, in nanoseconds.
        seconds: The time the profile covers; None when not known.

    Returns:
        Patterns, the gravest first; none when nothing is wrong.
    """
    readers = {lock.site.place.owner for lock in locks if lock.site.reason.name == "RWMutex read"}
    found: list[Pattern] = []
    for lock in locks:
        waiters = lock.site.delay / (seconds * 1e9) if seconds else None
        if not _matters(lock, waiters):
            continue
        share = 100 * lock.site.delay / total if total else 0.0
        others: list[Pattern] = []
        if waiters is not None and waiters >= CONVOY_WAITERS:
            others += _convoy(lock, waiters)
        if lock.site.reason == WRITE:
            others += _write(lock, waiters, has_readers=lock.site.place.owner in readers)
        is_hidden = share >= SLOW_SHARE and not others and _is_slow(lock, waiters)
        if share >= HOT_SHARE or is_hidden:
            found.append(_hot(lock, waiters, share))
        found += others
    found.extend(map(_order, hints))
    grave = {"high": 0, "medium": 1, "low": 2}
    return sorted(found, key=lambda pattern: grave[pattern.severity])


def relative_error_pct(count: int) -> float | None:
    """How far a number of that many events is off by chance, in percent: 1/sqrt(n)."""
    return round(100 / math.sqrt(count), 1) if count > 0 else None


def _matters(lock: Lock, waiters: float | None) -> bool:
    site = lock.site
    if site.count < LEAST_CONTENTIONS:
        return False
    if waiters is None:
        return site.count >= LEAST_WITHOUT_DURATION and site.delay >= site.count * LONG_WAIT_NS
    return waiters >= HOT_WAITERS


def _is_slow(lock: Lock, waiters: float | None) -> bool:
    """Whether a lock is to be mended though another one is waited for much longer."""
    return (waiters is not None and waiters >= ALWAYS_WAITED_FOR) or _mean(lock) >= SLOW_WAIT_NS


def _name(lock: Lock) -> str:
    return f"the {lock.site.reason.name} in {lock.site.place.short}"


def _mean(lock: Lock) -> float:
    return lock.site.delay / lock.site.count


def _rate(waiters: float | None) -> str:
    return f"{waiters:.2g} waiters on average" if waiters is not None else "over an unknown time"


def _hot(lock: Lock, waiters: float | None, share: float) -> Pattern:
    site = lock.site
    released = lock.released_at[0].place if lock.released_at else None
    held = f", until {released.short}" if released and lock.waits else ""
    kept = "held for writing" if site.reason == READ else "held"
    if _mean(lock) >= LONG_WAIT_NS:
        advice = (
            f"Waits for {_name(lock)} take {duration_text(_mean(lock))} on average: something slow "
            f"happens while it is {kept}{held}. Move that out of the lock."
        )
    else:
        advice = (
            f"{_name(lock)} is taken often for a short time ({duration_text(_mean(lock))} a wait): split "
            f"what it "
            "guards by key, or take it less often."
        )
    return Pattern(
        "hot_lock",
        "high" if waiters is not None and waiters >= ALWAYS_WAITED_FOR else "medium",
        site.place.location or site.place.function,
        f"{_name(lock)} has {share:.0f}% of all lock delay: {duration_text(site.delay)} in {site.count} "
        f"contentions, "
        f"{_rate(waiters)}.",
        advice[:1].upper() + advice[1:],
        lock.stacks[:2],
    )


def _convoy(lock: Lock, waiters: float) -> list[Pattern]:
    site = lock.site
    heavy = [stack for stack in site.stacks if 100 * stack.delay >= CONVOY_SHARE * site.delay]
    if len(heavy) < CONVOY_STACKS:
        return []
    longest = site.delay / waiters / site.count
    return [
        Pattern(
            "lock_convoy",
            "high",
            site.place.location or site.place.function,
            f"{site.stack_count} different stacks queue at {_name(lock)}, {waiters:.2g} at any time: a "
            f"wait takes "
            f"{duration_text(_mean(lock))}, a hold {duration_text(longest)} at most on average.",
            f"Paths that have nothing else in common meet at {_name(lock)}: give each its own lock or its "
            f"own copy.",
            tuple(heavy),
        )
    ]


def _write(lock: Lock, waiters: float | None, *, has_readers: bool) -> list[Pattern]:
    # Who holds it is to be judged, not who waits: they may well have to write.
    place = lock.site.place
    if lock.waits and lock.released_at and lock.released_at[0].place.function != place.function:
        place = lock.released_at[0].place
    name = without_type_arguments(place.function).rpartition(".")[2]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
    if _CHANGES.match(words) or _CLOSURE.search(place.function) or has_readers:
        return []
    reads = _READS.match(words) is not None
    why = "its name says that it reads" if reads else "nothing in its name says that it writes"
    return [
        Pattern(
            "write_lock_for_reads",
            "medium" if reads else "low",
            lock.site.place.location or lock.site.place.function,
            f"{place.short} takes the write lock of a RWMutex, {why}, and nobody is seen waiting to read: "
            f"{duration_text(lock.site.delay)} in {lock.site.count} contentions, {_rate(waiters)}.",
            f"If {place.short} only reads, take RLock instead of Lock there: readers then pass side by side.",
            lock.stacks[:2],
        )
    ]


def _order(hint: OrderHint) -> Pattern:
    one, other = hint.one, hint.other
    if hint.nested:
        says = f"{_step(one)}; {_step(other)}. Each waits for the other's lock while it holds its own."
        advice = "Take the two locks in one order everywhere, or let the first go before the call."
    else:
        says = f"{_step(one)}; {_step(other)}. If both take both locks, they can deadlock."
        advice = (
            f"Look whether {one.holder.place.short} and {other.holder.place.short} take both "
            f"{one.site.place.short} and {other.site.place.short}; if so, use one order in both."
        )
    return Pattern(
        "lock_order",
        "medium" if hint.nested else "low",
        one.site.place.location or one.site.place.function,
        says,
        advice,
        (*one.site.stacks[:1], *other.site.stacks[:1]),
    )


def _step(order: Order) -> str:
    call, hold = order.call.place, order.holder.place
    return f"{call.short} waits in {order.site.place.short} and releases a lock at line {hold.line}"

"""Which groups of goroutines look like leaks, how bad, and why.

A goroutine profile counts every goroutine, so counts have no sampling error. What can mislead is that pools
and servers rest in the same waits as leaks: the judgement rests on what the wait is, how many are in it, what
share of all they are, how long they have been, whether such waits ever end, and whether they grew since an
earlier snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import Final, Literal

from pprof_mcp.insight.goroutine_waits import Wait

Severity = Literal["low", "medium", "high"]

MANY: Final = 1_000
"""Goroutines at one site that are flagged whatever else is known (specified: the project's backlog)."""

SEVERAL: Final = 100
"""Goroutines at one site that are more than a usual pool (chosen)."""

FEW: Final = 10
"""Below this nothing is said without proof (chosen)."""

ASLEEP: Final = 50
"""Goroutines at one line of which none ever woke that are more than an idle pool (chosen)."""

STUCK_SHARE: Final = 0.1
"""Waits that ended, a goroutine, below which those that wait did not just begin (chosen)."""

SHARE_PCT: Final = 10.0
"""A share of all goroutines that makes a site stand out (chosen)."""

OLD_MINUTES: Final = 10
"""A wait that is longer than requests take (chosen; the runtime prints whole minutes)."""

NOISE: Final = 3.0
"""Standard deviations of the difference of two counts that are no growth (chosen: 1 in 700 by chance)."""

CHANNELS: Final = frozenset({"receive", "send", "never"})

ALIKE: Final = 0.05
"""What part two groups may have grown apart by, to be of the same connections (chosen: snapshots are of one
moment, and few connections are just being made)."""

NETWORK: Final = "IO wait"
"""Waiting for a connection or a file (specified by Go's runtime)."""

CLIENT_READS: Final = "net/http.(*persistConn).readLoop"
CLIENT_WRITES: Final = "net/http.(*persistConn).writeLoop"
CLIENT_LOOPS: Final = (CLIENT_READS, CLIENT_WRITES)
"""Where net/http keeps the two goroutines of each connection of a client (specified by that package)."""

FINALIZING: Final = re.compile(r"runtime\.(?:runFinalizers|runfinq|runCleanups|\(\*cleanupQueue\)\..*)$")
"""Where the runtime runs finalizers and cleanups, one after the other (specified by Go 1.18 to 1.26)."""

BLOCKS: Final = frozenset({"never", "receive", "send", "lock", "other"})
"""Waits that a finalizer must not begin: they end when somebody else does something."""


@dataclass(frozen=True)
class Group:
    """Goroutines that wait for the same reason at the same site.

    Attributes:
        wait: For what.
        site: Function, file and line of the first frame that is not plumbing.
        count: How many.
        before: How many there were in the earlier snapshot; None without one.
        leaked: How many the runtime itself has found to be unreachable.
        aged: How many have a known age, of a minute or more.
        oldest: Minutes that the oldest has waited; None when no age is known.
        ages_known: Whether the input says ages at all.
        others_aged: Whether goroutines of other groups have waited for a minute or more.
        ended: Waits at this line that ended, by a block profile of the process; None without one.
        is_own: Whether there is own code in their stacks.
        connections: How many more connections the same package reads than before, if they grew alike; else 0.
        is_finalizing: Whether it is the runtime's own goroutine, in a finalizer.
        client: Which loop of a connection of a client of net/http most of them are in; empty for none.
    """

    wait: Wait
    site: tuple[str, str, int]
    count: int
    before: int | None = None
    leaked: int = 0
    aged: int = 0
    oldest: int | None = None
    ages_known: bool = False
    others_aged: bool = False
    ended: int | None = None
    is_own: bool = False
    connections: int = 0
    is_finalizing: bool = False
    client: str = ""

    @property
    def holds_body(self) -> bool:
        """Whether each waits for somebody to read or close the body of a response.

        Source: specified: a connection that is idle waits for bytes, one whose response was handed over
        selects until its body is read to the end or closed.
        """
        return self.client == CLIENT_READS and self.wait.lasting == "receive"

    @property
    def wakes(self) -> bool:
        """Whether each of them goes on some time.

        Source: as many waits ended here as there are now; or none is a minute old while others are (chosen).
        """
        is_young = self.ages_known and self.others_aged and not self.aged
        return is_young or (self.ended is not None and self.ended >= max(self.count, 1))

    @property
    def is_stuck(self) -> bool:
        """Whether next to none of the waits at this line ended."""
        return self.ended is not None and self.ended < STUCK_SHARE * self.count

    @property
    def change(self) -> int:
        """How many more there are than before; 0 without an earlier snapshot."""
        return 0 if self.before is None else self.count - self.before

    @property
    def is_steady(self) -> bool:
        """Whether an earlier snapshot says that it did not grow."""
        return self.before is not None and not self.grows

    @property
    def grows(self) -> bool:
        """Whether it grew by more than chance."""
        return grew(self.before, self.count)


@dataclass(frozen=True)
class Leak:
    """A group that looks like a leak.

    Attributes:
        group: The group.
        severity: How bad.
        is_proven: Whether the runtime found that nothing can wake them.
        evidence: Why, in sentences.
    """

    group: Group
    severity: Severity
    is_proven: bool
    evidence: list[str] = field(default_factory=list[str])


def grew(before: int | None, after: int) -> bool:
    """Tell growth from chance.

    Source:
        Chosen: `FEW` or more, and `NOISE` standard deviations of the difference of two Poisson counts.
    """
    if before is None:
        return False
    return after - before >= max(FEW, NOISE * sqrt(max(0, before) + max(0, after)))


def judge(group: Group, total: int, *, proven: bool) -> Leak | None:
    """Judge one group.

    Args:
        group: The group.
        total: All goroutines.
        proven: Whether the profile holds leaked goroutines alone.

    Returns:
        None when nothing speaks for a leak.
    """
    if proven or group.leaked:
        count = group.count if proven else group.leaked
        text = f"the runtime found {count} of them unreachable: nothing can wake them"
        return Leak(group, "high", is_proven=True, evidence=[text, *_evidence(group, total)])
    severity = _severity(group, total)
    return Leak(group, severity, is_proven=False, evidence=_evidence(group, total)) if severity else None


def _severity(group: Group, total: int) -> Severity | None:
    lasting, count = group.wait.lasting, group.count
    found: Severity | None
    if group.is_finalizing and lasting in BLOCKS:
        # Nothing is finalized meanwhile, and what waits for it is kept.
        found = "high" if group.before or group.aged else "medium"
    elif not lasting or count < FEW:
        found = None
    elif lasting == "idle" or group.client == CLIENT_WRITES:
        found = _idle(group)
    elif count >= MANY:
        found = "medium" if group.is_steady and lasting != "never" else "high"
    elif group.grows and group.connections:
        found = "low"
    elif group.grows:
        found = "high" if count >= SEVERAL else "medium"
    elif lasting == "never":
        found = "medium"
    elif lasting in ("send", "lock"):
        found = _needs_another(group)
    else:
        found = _may_be_a_pool(group, total)
    return found


def _needs_another(group: Group) -> Severity | None:
    """Senders and those who want a lock wait for somebody who should be at it already."""
    if group.wakes:
        return None
    if group.aged >= FEW or (group.before or 0) >= FEW or group.count >= SEVERAL:
        return "medium"
    return "low" if group.wait.lasting == "send" else None


def _may_be_a_pool(group: Group, total: int) -> Severity | None:
    """Receivers rest like this in pools: that none ever woke, or many, or old ones say something.

    Source: specified: a block profile records a wait when it ends. Those of a pool end with every job.
    """
    count = group.count
    if group.wakes:
        return None
    if group.is_stuck and count >= ASLEEP:
        return "low" if group.is_steady else "medium"
    if count >= SEVERAL and 100 * count >= SHARE_PCT * total:
        return None if group.is_steady else "medium"
    is_old = (group.oldest or 0) >= OLD_MINUTES and 2 * group.aged >= count
    return "low" if is_old and count >= SEVERAL else None


def _idle(group: Group) -> Severity | None:
    """Connections and sleepers rest like this by nature: only growth says something, or very many."""
    if group.grows and group.count >= SEVERAL:
        # More clients are as likely as connections that nobody closes.
        return "low" if group.is_own and group.wait.reason == NETWORK else "medium"
    return "low" if group.count >= MANY else None


def _evidence(group: Group, total: int) -> list[str]:
    wait, count = group.wait, group.count
    share = 100 * count / total if total else 0.0
    found = [f"{count} of {total} goroutines ({share:.1f} %) are in {wait.reason or 'code'} at one line"]
    if count >= MANY and wait.lasting in CHANNELS:
        found.append(f"{MANY} or more on one channel operation")
    found += _meaning(group)
    if group.before is not None:
        if group.grows:
            found.append(f"there were {group.before} before: {group.change:+d}, more than chance")
        elif group.before:
            found.append(f"there were {group.before} before ({group.change:+d}): no growth")
    if group.ended and not group.is_stuck:
        found.append(f"{group.ended} waits at this line ended")
    elif group.is_stuck:
        found.append(f"by the block profile {group.ended or 'none'} of the waits at this line ended")
    if group.oldest is not None:
        found.append(f"{group.aged} wait for a minute or longer, the oldest for {group.oldest} minutes")
    elif group.ages_known:
        # The runtime notes since when a goroutine waits at the next collection (specified: markroot).
        found.append("none is known to have waited for a minute (a wait counts from the next collection on)")
    return found


def _meaning(group: Group) -> Iterator[str]:
    if group.wait.lasting == "never":
        yield "this wait can not end"
    if group.wait.lasting == "send":
        yield "a sender waits only while nobody receives"
    if group.connections:
        yield f"the same package reads {group.connections} connections more than before: one each"
    if group.holds_body:
        yield "here net/http waits until the body of a response is read to its end or closed"
    if group.is_finalizing:
        yield "it is the goroutine that runs finalizers: nothing else is finalized meanwhile"


_ENDS: Final = {
    "chan receive": "See who should send on this channel or close it; let the wait end with a context.",
    "chan send": "See who should receive from this channel; let the send end with a context.",
    "select": "See which of its cases should come; add one for a context that ends.",
    "sync.WaitGroup.Wait": "See which Done never comes: behind an early return, or too much Add. Defer it.",
}
"""What ends a wait, by the runtime's words for it."""


_LOOPS: Final = (
    "They wake and wait again, so each is a loop that nobody ends: let it end with its request, by a context "
    "or a channel that is closed, and stop its ticker."
)
BODIES: Final = (
    "Bodies of responses are neither closed nor read to the end: `defer response.Body.Close()` behind each "
    "request that succeeded, also where the body is not wanted."
)
CLIENTS: Final = (
    "Connections of HTTP clients grow: share one http.Client and Transport instead of making them for each "
    "request, and set IdleConnTimeout."
)
_FINALIZERS: Final = (
    "A finalizer waits, and everything that is to be finalized behind it is kept: start a goroutine in it, "
    "or better give the type a Close."
)
SERVED: Final = (
    "Connections of clients grow: more clients came, or those that left are not closed. Set deadlines to "
    "reads and writes, and close the connection when either ends."
)
_POOL: Final = (
    "All of a pool are taken: give back what was taken on every way out (close rows, transactions, bodies), "
    "then see whether the pool is large enough."
)
"""What helps by what is known of the goroutines."""


_POOLS: Final = re.compile(
    r"database/sql\.\(\*DB\)\.conn|github\.com/jackc/puddle/|golang\.org/x/sync/semaphore\.\(\*Weighted\)"
    r"|github\.com/(?:redis/go-redis|go-redis/redis)/.*\(\*ConnPool\)\.|net/http\.\(\*Transport\)\.getConn"
)
"""Where goroutines wait for one of a limited number of things (specified by these packages)."""


def advice(group: Group) -> str:
    """Say what ends such waits."""
    reason = group.wait.reason.removesuffix(" (nil chan)").removesuffix(" (no cases)")
    if group.is_finalizing:
        return _FINALIZERS
    if group.client:
        return BODIES if group.holds_body else CLIENTS
    if _POOLS.match(group.site[0]):
        return _POOL
    if group.connections:
        return SERVED
    if group.grows and group.wakes and group.wait.lasting in ("receive", "idle"):
        return _LOOPS
    return _ENDS.get(reason, "See what should end this wait; give it a deadline or a context.")


_RANK: Final[dict[Severity, int]] = {"high": 0, "medium": 1, "low": 2}


def ranked(leaks: list[Leak]) -> list[Leak]:
    """Order leaks: proof, severity, count, then words."""
    return sorted(
        leaks,
        key=lambda leak: (
            not leak.is_proven, _RANK[leak.severity], -leak.group.count, leak.group.wait.reason,
            leak.group.site,
        ),
    )  # fmt: skip

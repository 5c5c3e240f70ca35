"""Which groups of goroutines look like leaks, how bad, and why.

A goroutine profile counts every goroutine, so counts have no sampling error. What can mislead is that pools
and servers rest in the same waits as leaks: the judgement rests on what the wait is, how many are in it, what
share of all they are, how long they have been, whether such waits ever end, and whether they grew since an
earlier snapshot.
"""

from __future__ import annotations

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
    if not lasting or count < FEW:
        found = None
    elif lasting == "idle":
        found = _idle(group)
    elif count >= MANY:
        found = "medium" if group.is_steady and lasting != "never" else "high"
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
        return "medium"
    return "low" if group.count >= MANY else None


def _evidence(group: Group, total: int) -> list[str]:
    wait, count = group.wait, group.count
    share = 100 * count / total if total else 0.0
    found = [f"{count} of {total} goroutines ({share:.1f} %) are in {wait.reason or 'code'} at one line"]
    if count >= MANY and wait.lasting in CHANNELS:
        found.append(f"{MANY} or more on one channel operation")
    if wait.lasting == "never":
        found.append("this wait can not end")
    if wait.lasting == "send":
        found.append("a sender waits only while nobody receives")
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

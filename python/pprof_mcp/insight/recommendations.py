"""What is worth doing about a process, from what its analyses found; no advice without the numbers behind it.

Each rule looks at one row of one analysis and either says nothing or gives a `Finding`. Findings about the
same line are one: a loop that encodes JSON costs CPU, allocates, and is mended once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from pprof_mcp.insight.amounts import amount_text
from pprof_mcp.insight.frames import go_package, short_name
from pprof_mcp.insight.goroutine_leaks import BODIES, CLIENTS, SERVED
from pprof_mcp.insight.overhead import HIGH_PCT, Role

if TYPE_CHECKING:
    from pprof_mcp.results.base import NextCall
    from pprof_mcp.results.contention import LockSite, PatternRow
    from pprof_mcp.results.goroutine import PotentialLeak
    from pprof_mcp.results.memory import Holder, SuspicionRow
    from pprof_mcp.results.overhead import Detection
    from pprof_mcp.results.storylines import Storyline

Severity = Literal["high", "medium", "low"]
Kind = Literal["cpu", "heap", "lock", "goroutine"]

SURE: Final = 2.0
"""Standard errors by which a share must be above a threshold (chosen: 1 in 40 by chance)."""

HOT_PCT: Final = 10.0
"""Percent of CPU time that own code must spend itself at the end of one way to be named (chosen: twice as
fast there saves a twentieth)."""

VERY_HOT_PCT: Final = 30.0
"""The same for high priority (chosen)."""

LEAST_SAVED: Final = 0.02
"""CPUs that one thing must take to be worth saving, however large a share it is (chosen)."""

_WORTH_PCT: Final[dict[Role, float]] = {
    "work": HIGH_PCT,
    "carrier": VERY_HOT_PCT,
    "observer": HOT_PCT,
    "idle": math.inf,
}
"""Percent of CPU time from which a category is worth work, surely (chosen)."""

HOLDS_PCT: Final = 25.0
"""Percent of memory in use from which one line is named as what a growing heap may be (chosen)."""

CAUSES_PCT: Final = 50.0
"""Percent of a cost that one line must cause to be named as its place (chosen: most of it)."""

MOST_EVIDENCE: Final = 4
"""Sentences of evidence of one finding (chosen: more are not read)."""

_FAMILIES: Final = {
    "alloc_churn": "allocating", "gc": "allocating", "allocation": "allocating",
    "compression": "compressing", "compression_buffers": "compressing",
    "cgo": "calling C", "cgo_copies": "calling C",
}  # fmt: skip
"""Areas in which the lines of one function are one thing to mend, by what that is (chosen)."""

_RANK: Final[dict[Severity, int]] = {"high": 0, "medium": 1, "low": 2}
_KINDS: Final[dict[Kind, int]] = {"cpu": 0, "lock": 1, "goroutine": 2, "heap": 3}


@dataclass(frozen=True)
class Finding:
    """Something worth doing.

    Attributes:
        kind: From which kind of profile.
        area: Stable name of what it is about.
        priority: How much it matters.
        suggestion: What to do.
        evidence: Why.
        function: Where; empty where it is no single function.
        location: `file:line`; empty when unknown.
        share_pct: Its share in percent of `share_of`; None where it has none.
        share_of: What of.
        saving: What it could save at most; None where no number says.
        unit: Unit of `saving`.
        per: Of `saving`, such as `/s`.
        how: How that is estimated.
        call: What shows it.
        cause: What it has in common with others that are mended with it; empty for nothing but its line.
    """

    kind: Kind
    area: str
    priority: Severity
    suggestion: str
    evidence: tuple[str, ...]
    function: str = ""
    location: str = ""
    share_pct: float | None = None
    share_of: str = ""
    saving: float | None = None
    unit: str = ""
    per: str = ""
    how: str = ""
    call: NextCall | None = None
    cause: str = ""

    @property
    def saving_text(self) -> str:
        """The saving with its unit."""
        if self.saving is None:
            return ""
        if self.unit == "goroutines":
            return f"{self.saving:.0f} goroutines"
        whole = int(self.saving) if self.saving.is_integer() else self.saving
        return f"{amount_text(whole, self.unit)}{self.per}"


def without_waits(way: Storyline, waits: Collection[str]) -> Storyline:
    """Take lines that only wait, and their time, out of a way.

    Args:
        way: A way through own code.
        waits: Lines as `file:line`.
    """
    lines = [line for line in way.hot_lines if line.location not in waits]
    less = sum(line.value for line in way.hot_lines) - sum(line.value for line in lines)
    work = [
        # Without a line that works, what is left is as likely charged to the wrong one.
        part.model_copy(update={"value": max(0, part.value - less) if lines else 0})
        if part.category == "own code"
        else part
        for part in way.work
    ]
    return way.model_copy(update={"hot_lines": lines, "work": work}) if less else way


def own_work(
    way: Storyline, total: int, unit: str, *, events: float, least: float, of: str = "CPU time"
) -> Finding | None:
    """Name own code that computes itself, other than by way of a library that a category knows.

    Args:
        way: A way through own code.
        total: CPU time of all samples.
        unit: Its unit.
        events: Samples that were recorded for all of it; a row of a profile stands for many.
        least: Value from which it is worth saving.
        of: What shares are of.
    """
    own = next((part for part in way.work if part.category == "own code"), None)
    if own is None or not total or own.value < least:
        return None
    pct = 100 * own.value / total
    samples = events * own.value / total
    sure = pct * (1 - SURE / math.sqrt(max(samples, 1.0)))
    if sure < HOT_PCT:
        return None
    last = way.call_chain[-1]
    line = way.hot_lines[0] if way.hot_lines else None
    where = last.location if line is None else line.location
    again = last.recursive
    leaf = _short(way.leaf_hotspot)
    suggestion = (
        f"{leaf} calls itself: keep what it computed, or visit each thing once."
        if again
        else f"The work is in {leaf} itself: look for a better algorithm, fewer calls, results to keep."
    )
    steps = " > ".join(f"{_short(step.function)} ({_line(step.location)})" for step in way.call_chain[-3:])
    spent = f"{amount_text(own.value, unit)} of {amount_text(total, unit)} {of}"
    evidence = [f"{spent}, about {samples:.0f} samples, by {steps}"]
    lines: dict[str, int] = {}
    for one in way.hot_lines:
        if one.location:
            # A closure may stand on the line of its function.
            lines[one.location] = lines.get(one.location, 0) + one.value
    if lines:
        told = (f"{_line(place)} {amount_text(value, unit)}" for place, value in lines.items())
        evidence.append(f"hot lines: {', '.join(told)}")
    return Finding(
        kind="cpu",
        area="own code",
        priority="high" if sure >= VERY_HOT_PCT else "medium",
        suggestion=suggestion,
        evidence=tuple(evidence),
        function=way.leaf_hotspot,
        location=where or "",
        share_pct=round(pct, 2),
        share_of=of,
        saving=float(own.value),
        unit=unit,
        how="all of it; twice as fast saves half",
    )


def overhead(
    row: Detection,
    total_text: str,
    unit: str,
    *,
    role: Role,
    place: tuple[str, str],
    of: str = "CPU time",
    least: float = 0.0,
) -> Finding | None:
    """Name a category of work that is worth work, and the own code that needs most of it.

    Args:
        row: The category.
        total_text: CPU time of all samples, with its unit.
        unit: Its unit.
        role: What it is to the program; of a carrier only what one own function causes counts.
        place: Where it comes from, as function and `file:line`; empty where it is no single place.
        of: What shares are of.
        least: Value from which it is worth saving.

    Source:
        Chosen. A server that does little else spends most of its time on HTTP, system calls and scheduling,
        and nothing is wrong with that; JSON or compression as large are each somebody's choice, and logging
        as large as own code that is hot serves nobody.
    """
    caller = row.callers[0] if row.callers else None
    share, value, samples = row.percentage, row.value, float(row.samples)
    if role == "carrier":
        if caller is None or not row.value:
            return None
        share, value = caller.pct, caller.value
        samples *= caller.value / row.value
    sure = share * (1 - SURE / math.sqrt(max(samples, 1.0)))
    if row.severity == "low" or not row.suggestion or sure < _WORTH_PCT[role] or value < least:
        return None
    error = "" if row.relative_error_pct is None else f" ± {row.relative_error_pct:g} %"
    evidence = [f"{row.value_text} of {total_text} {of}, {row.samples} samples{error}"]
    if caller is not None and caller.pct < row.percentage:
        told = ", ".join(f"{one.pct:g} % for {_short(one.function)}" for one in row.callers)
        evidence.append(f"of all {of} {told}")
    if row.top_functions:
        first = row.top_functions[0]
        evidence.append(f"most in {first.function} ({first.cum_pct:g} %)")
    function, location = place
    return Finding(
        kind="cpu",
        area=row.category,
        priority="medium" if role == "carrier" else row.severity,
        suggestion=row.suggestion,
        evidence=tuple(evidence),
        function=function,
        location=location,
        share_pct=share,
        share_of=of,
        saving=float(value),
        unit=unit,
        how="all of it, as if none were needed",
    )


@dataclass(frozen=True)
class Allocated:
    """What a line allocates.

    Attributes:
        pct: In percent of all allocations.
        value: Bytes.
        per_second: The same a second; None when the time is not known.
    """

    pct: float
    value: int
    per_second: float | None


def churn(row: SuspicionRow, function: str, site: Allocated | None) -> Finding:
    """Name a line that allocates and keeps nothing, or copies and compresses."""
    found = Finding(
        kind="heap",
        area=row.category,
        priority=row.severity,
        suggestion=row.advice,
        evidence=(row.description, *row.evidence),
        function=function,
        location=row.source_location or "",
        share_of="bytes allocated",
        unit="bytes",
        how="all it allocates, and the CPU time for that",
    )
    if site is None:
        return found
    if site.per_second is None:
        return replace(found, share_pct=site.pct, saving=float(site.value))
    return replace(found, share_pct=site.pct, saving=site.per_second, per="/s")


def growth(row: SuspicionRow, holder: Holder | None) -> Finding:
    """Name a line that keeps more and more, or that holds most of a heap that grows."""
    named = holder is not None and holder.function is not None
    if holder is None or not named or (not row.source_location and holder.inuse_pct < HOLDS_PCT):
        return Finding("heap", row.category, row.severity, row.advice, (row.description, *row.evidence))
    held = f"{holder.inuse_pct:g} % of memory in use ({holder.inuse_text}) is from {holder.source_location}"
    grown = holder.growth_bytes if row.source_location else None
    return Finding(
        kind="heap",
        area=row.category,
        priority=row.severity,
        suggestion=row.advice,
        evidence=(row.description, *(() if row.source_location else (held,)), *row.evidence),
        function=holder.function or "",
        location=holder.source_location or "",
        share_pct=holder.inuse_pct,
        share_of="bytes in use",
        saving=float(holder.inuse_bytes if grown is None else grown),
        unit="bytes",
        how="what it holds now" if grown is None else "what it grew by since base; it goes on",
    )


def collector(row: SuspicionRow, pct: float, function: str, location: str, site: Allocated | None) -> Finding:
    """Name who allocates most when collecting takes much CPU.

    Args:
        row: The suspicion.
        pct: CPU time of the collector, in percent.
        function: The function that allocates most; empty when unknown.
        location: Its line.
        site: What it allocates.
    """
    most = () if site is None or not function else (f"{site.pct:g} % of all allocations are at {location}",)
    return Finding(
        kind="cpu",
        area="gc",
        priority=row.severity,
        suggestion=row.advice,
        evidence=(row.description, *row.evidence, *most),
        function=function,
        location=location,
        share_pct=pct,
        share_of="CPU time",
        how="the share of the collector in CPU time; what is left of it goes with what is allocated",
    )


def elsewhere(row: SuspicionRow, saving: int | None, how: str) -> Finding:
    """Pass on a suspicion about memory that no line of a profile explains."""
    return Finding(
        kind="heap",
        area=row.category,
        priority=row.severity,
        suggestion=row.advice,
        evidence=(row.description, *row.evidence),
        location=row.source_location or "",
        saving=None if saving is None else float(saving),
        unit="" if saving is None else "bytes",
        how=how,
    )


def lock(pattern: PatternRow, advice: str, site: LockSite | None) -> Finding:
    """Name a lock that a pattern is about.

    Args:
        pattern: The pattern.
        advice: What to do.
        site: The lock's row; None when it has none.
    """
    found = Finding(
        kind="lock",
        area=pattern.type,
        priority=pattern.severity,
        suggestion=advice,
        evidence=(pattern.description,),
        location=pattern.lock,
        share_of="lock delay",
    )
    if site is None:
        return found
    found = replace(found, function=site.function, share_pct=site.share_pct)
    if pattern.type == "lock_order":
        return replace(found, evidence=(pattern.description, *pattern.evidence), how="a deadlock, not time")
    return replace(
        found,
        saving=float(site.total_delay_ns),
        unit="nanoseconds",
        how="all waiting for it: latency, not CPU time",
    )


def leak(row: PotentialLeak, function: str, location: str) -> Finding:
    """Name goroutines that look leaked.

    Args:
        row: The candidate.
        function: Where they stand, in own code if there is any.
        location: Its line.
    """
    creators = (f"started by {', '.join(row.creators[:2])}",) if row.creators else ()
    return Finding(
        kind="goroutine",
        area="goroutine_leak",
        priority=row.severity,
        suggestion=row.advice,
        evidence=(*row.evidence, *creators),
        function=function,
        location=location,
        share_pct=round(row.pct, 2),
        share_of="goroutines",
        saving=float(row.count),
        unit="goroutines",
        how="all at this line, with 2 KiB of stack or more each",
        cause=_connections(row, function),
    )


def _connections(row: PotentialLeak, function: str) -> str:
    """Say whose connections goroutines are for; empty where they are for none."""
    if row.advice in (BODIES, CLIENTS):
        return "connections of net/http"
    return f"connections of {go_package(function)}" if row.advice == SERVED else ""


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Join findings about the same line or cause, or about one sort of work of a function, weightiest first.

    Returns:
        By priority, then by share, then by words: a total order. What is saved of different kinds can be
        compared by how much of its kind it is, and by nothing else.
    """
    groups: list[list[Finding]] = []
    known: dict[tuple[str, str], list[Finding]] = {}
    for found in sorted(findings, key=_order):
        keys = [("line", found.location)] if ":" in found.location else []
        keys += [("cause", found.cause)] if found.cause else []
        keys += (
            [(_FAMILIES[found.area], found.function)] if found.area in _FAMILIES and found.function else []
        )
        group = next((known[key] for key in keys if key in known), None)
        if group is None:
            group = list[Finding]()
            groups.append(group)
        group.append(found)
        for key in keys:
            known.setdefault(key, group)
    return [_joined(group) for group in groups]


def _order(found: Finding) -> tuple[object, ...]:
    return (
        _RANK[found.priority], -(found.share_pct or 0.0), _KINDS[found.kind], found.area, found.location,
        found.function, found.suggestion,
    )  # fmt: skip


def _joined(group: Sequence[Finding]) -> Finding:
    first, *others = group
    told = [
        f"also {other.area} ({other.priority}): {other.evidence[0].removesuffix('.')}. {other.suggestion}"
        for other in others[: MOST_EVIDENCE - 1]
    ]
    return replace(first, evidence=(*first.evidence[: MOST_EVIDENCE - len(told)], *told))


def _short(function: str) -> str:
    return short_name(function)


def _line(location: str | None) -> str:
    return (location or "line unknown").rpartition("/")[2]


def summary(
    findings: Sequence[Finding], kinds: Sequence[str], missing: Sequence[str], *, is_whole: bool
) -> str:
    """Say in a sentence what was found; when it is nothing, that, and in what.

    Args:
        findings: As `ranked` gives them.
        kinds: Kinds that were looked at.
        missing: Kinds that were not there.
        is_whole: Whether all that is there could be judged.
    """
    without = f"; not there: {', '.join(missing)}" if missing else ""
    looked = ", ".join(kinds) or "nothing"
    if not findings:
        if not is_whole:
            return f"nothing was found, but not everything could be judged: looked at {looked}{without}"
        return f"nothing stands out: looked at {looked}{without}"
    counts = {name: sum(one.priority == name for one in findings) for name in _RANK}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    first = findings[0]
    share = "" if first.share_pct is None else f", {first.share_pct:g} % of {first.share_of}"
    where = f" at {_short(first.function)} ({_line(first.location)})" if first.function else ""
    things = "recommendation" if len(findings) == 1 else "recommendations"
    return (
        f"{len(findings)} {things} ({told}); first: {first.area}{where}{share}; looked at {looked}{without}"
    )

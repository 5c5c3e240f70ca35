"""pprof.contention_analysis: which locks are waited for, who holds them, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.contention import MOST_SITES, Contention, Grown, grown_since, read, types_of
from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.filters import SampleFilters
from pprof_mcp.insight.contention import Pattern, patterns, relative_error_pct
from pprof_mcp.insight.lock_order import order_hints
from pprof_mcp.insight.locks import Lock, Part, join
from pprof_mcp.insight.units import duration_text
from pprof_mcp.insight.waits import REASONS
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.reports import exactly
from pprof_mcp.results import Cursor, NextCall, next_call, page_of
from pprof_mcp.results.contention import (
    ContentionResult,
    Distribution,
    LockPart,
    LockPlace,
    LockSite,
    LocksLeftOut,
    PatternRow,
    ReasonRow,
)
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session

SHOWN_PARTS = 3
SHOWN_FRAMES = 5
MOST_PATTERNS = 12
MOST_NAME = 160
"""Characters of a frame in evidence; generated names are longer than anyone reads (chosen)."""

MOST_APART = 1.5
"""How many times as long one profile may be as the other before it is said (chosen)."""

Kind = Literal["mutex", "block"]


@tool(
    "pprof.contention_analysis",
    title="Lock contention",
    since="0.1",
    example={"profile": "handle:0123456789abcdef"},
)
def contention_analysis(
    profile: Annotated[
        Bundle, Field(description="Mutex or block profile, or better a bundle with both: path or handle.")
    ],
    *,
    base: Annotated[
        Bundle | None,
        Field(description="Earlier capture of the process: what counts since the start is told since then."),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="Lock sites at most.")] = 3,
    cursor: Cursor = "",
    session: Session = INJECTED,
    **filters: Unpack[SampleFilters],
) -> ContentionResult:
    """Find the locks that are waited for, by line of code, with who waits and who holds them.

    Waits for channels, selects, WaitGroups and conditions are told apart (by_reason) and never called locks.
    A mutex profile records holders, a block profile waiters: give a bundle with both for both, and for lock
    order. Patterns (hot_lock, lock_convoy, write_lock_for_reads, lock_order) come with their stacks; none
    means nothing is wrong. For goroutines that wait for ever use a goroutine profile; for plain rows
    pprof.top.
    """
    page = page_of(cursor, limit)
    used, warnings = _chosen(profile)
    since = _since(used, base, warnings)
    mutex = block = None
    if "mutex" in used:
        waits = _acquires(used["mutex"])
        mutex = read(used["mutex"], filters, waits=waits, only_locks=True, since=since.get("mutex"))
    holds = mutex.sites if mutex and not mutex.waits else ()
    holders = frozenset(site.place.function for site in holds)
    if "block" in used:
        block = read(
            used["block"], filters, waits=True, only_locks=False, holders=holders, since=since.get("block")
        )
    read_ones: list[tuple[Kind, Contention]] = []
    if mutex:
        read_ones.append(("mutex", mutex))
    if block:
        read_ones.append(("block", block))
    waiting = (*(mutex.sites if mutex and mutex.waits else ()), *(block.sites if block else ()))
    by_count = str(filters.get("sample_index", "")) in ("contentions", "lock-acquire", "lock-count")
    locks = sorted(
        join(waiting, holds),
        key=lambda lock: (
            -(lock.site.count if by_count else lock.site.delay), lock.site.place, lock.site.reason.name
        ),
    )  # fmt: skip
    seconds = next((one.seconds for _, one in reversed(read_ones) if one.seconds), None)
    total = sum(lock.site.delay for lock in locks)
    found = patterns(locks, order_hints(waiting, holds) if block else (), total=total, seconds=seconds)
    shown = locks[page.offset : page.offset + page.limit]
    left = total - sum(lock.site.delay for lock in shown)
    warnings += list(_warnings(read_ones, seconds, total))
    return ContentionResult(
        warnings=warnings,
        next=_next(read_ones, shown, session),
        profile=profile.reference,
        base=base.reference if base is not None and since else None,
        profile_type="mutex+block" if len(read_ones) == 2 else read_ones[0][0],
        profiles=[session.reference_of(one.profile.handle) for _, one in read_ones],
        duration_seconds=seconds,
        total_contentions=sum(lock.site.count for lock in locks),
        total_delay=duration_text(total),
        total_delay_ns=total,
        waiters_avg=_per_second(total / 1e9, seconds),
        by_lock_site=[_row(lock, total, seconds) for lock in shown],
        left_out=LocksLeftOut(rows=len(locks) - len(shown), delay=duration_text(left), delay_ns=left),
        cursor=page.cursor(len(shown), len(locks)),
        by_reason=[row for kind, one in read_ones for row in _reasons(kind, one)],
        distribution=[_distribution(kind, one) for kind, one in read_ones],
        patterns=[_pattern(pattern) for pattern in found[:MOST_PATTERNS]],
        recommendations=list(dict.fromkeys(pattern.advice for pattern in found[:MOST_PATTERNS])),
        notes=[_note(kind, one) for kind, one in read_ones],
    )


def _chosen(bundle: Bundle) -> tuple[dict[Kind, Profile], list[str]]:
    used: dict[Kind, Profile] = {}
    warnings: list[str] = []
    for kind in ("mutex", "block"):
        members = [member for member in bundle.of_kind(kind) if types_of(member.profile)]
        if not members:
            continue
        used[kind] = members[0].profile
        if len(members) > 1:
            others = ", ".join(member.name for member in members[1:4])
            warnings.append(f"{members[0].name} is used of {len(members)} {kind} profiles; others: {others}")
    if used:
        return used, warnings
    raise WrongProfileKindError(
        f"{bundle.reference} has no profile of lock contention; it has: {bundle.listing()}",
        hint="Give a mutex or block profile, or a bundle with one; pprof.top reads all other kinds.",
        details={"wanted": ["mutex", "block"], "available": list(bundle.kinds)},
    )


def _since(used: dict[Kind, Profile], base: Bundle | None, warnings: list[str]) -> dict[Kind, Grown]:
    """Find what came about since the base, of each profile; where it can not be told, say why."""
    found: dict[Kind, Grown] = {}
    if base is None:
        return found
    before, others = _chosen(base)
    warnings += [f"base: {other}" for other in others]
    for kind, profile in used.items():
        grown = grown_since(profile, before[kind]) if kind in before else f"base has no {kind} profile"
        if isinstance(grown, str):
            warnings.append(f"base is not used for the {kind} profile: {grown}")
        else:
            found[kind] = grown
    return found


def _acquires(profile: Profile) -> bool:
    """Whether a profile of kind mutex is recorded where locks are waited for: all but Go's."""
    types = {item["type"] for item in profile.shared.meta["sample_types"]}
    return "delay" not in types or not profile.shared.kind_is_certain


def _row(lock: Lock, total: int, seconds: float | None) -> LockSite:
    site = lock.site
    mean = site.delay / site.count if site.count else None
    return LockSite(
        lock_site=site.by or site.place.function,
        lock_type=site.reason.name,
        function=site.place.function,
        source_location=site.place.location,
        side="waits" if lock.waits else "holds",
        contentions=site.count,
        total_delay=duration_text(site.delay),
        total_delay_ns=site.delay,
        avg_delay=None if mean is None else duration_text(mean),
        avg_delay_ns=None if mean is None else round(mean, 1),
        share_pct=_pct(site.delay, total),
        waiters_avg=_per_second(site.delay / 1e9, seconds),
        contentions_per_second=_per_second(site.count, seconds),
        error_pct=relative_error_pct(site.count),
        stacks=site.stack_count,
        released_at=[_where(part) for part in lock.released_at[:SHOWN_PARTS]] if lock.waits else [],
        top_waiters=_parts(lock.waiters, site.delay),
        top_holders=_parts(lock.holders, sum(part.delay for part in lock.released_at)),
    )


def _where(part: Part) -> LockPlace:
    return LockPlace(
        location=part.place.location or part.place.function,
        contentions=part.count,
        delay=duration_text(part.delay),
        delay_ns=part.delay,
    )


def _parts(parts: Sequence[Part], whole: int) -> list[LockPart]:
    return [
        LockPart(
            function=part.place.function,
            location=part.place.location,
            delay=duration_text(part.delay),
            delay_ns=part.delay,
            pct=_pct(part.delay, whole),
        )
        for part in parts[:SHOWN_PARTS]
    ]


def _reasons(kind: Kind, one: Contention) -> list[ReasonRow]:
    rows: list[ReasonRow] = []
    whole = one.sums(one.found["totals"])[1]
    for item in one.found["kinds"]:
        count, delay = one.sums(item["first"])
        reason = REASONS[int(item["kind"])]
        if not (item["samples"] and (count or delay)):
            continue
        rows.append(
            ReasonRow(
                profile=kind,
                reason=reason.name,
                is_lock=reason.is_lock or (not item["kind"] and (kind == "mutex")),
                contentions=count,
                delay=duration_text(delay),
                delay_ns=delay,
                share_pct=_pct(delay, whole),
            )
        )
    return sorted(rows, key=lambda row: (-row.delay_ns, row.reason))


def _distribution(kind: Kind, one: Contention) -> Distribution:
    sites, stacks = one.found["group_spread"], one.found["stack_spread"]
    whole = sum(site.delay for site in one.sites) + one.sums(one.found["left_out"]["values"])[1]
    return Distribution(
        profile=kind,
        sites=one.found["group_count"],
        stacks=one.found["grouped_stacks"],
        sites_for_50_pct=sites["half"],
        sites_for_80_pct=sites["most"],
        sites_for_95_pct=sites["nearly_all"],
        stacks_for_50_pct=stacks["half"],
        stacks_for_80_pct=stacks["most"],
        stacks_for_95_pct=stacks["nearly_all"],
        top_site_pct=_pct(one.sites[0].delay, whole) if one.sites else 0.0,
    )


def _pattern(pattern: Pattern) -> PatternRow:
    return PatternRow(
        type=pattern.type,
        severity=pattern.severity,
        lock=pattern.lock,
        description=pattern.description,
        evidence=[
            " < ".join(frame[:MOST_NAME] for frame in stack.frames[:SHOWN_FRAMES]) for stack in pattern.stacks
        ],
    )


def _note(kind: Kind, one: Contention) -> str:
    if kind == "block":
        return (
            "block profile: stacks of those who wait; waits shorter than its rate are sampled and scaled up"
        )
    if one.waits:
        return "mutex profile: stacks of those who wait for a lock"
    return (
        "mutex profile: stacks of those who release a lock, with the delay of those who waited; of every "
        "`fraction` events one is recorded and scaled up"
    )


def _warnings(
    read_ones: Sequence[tuple[Kind, Contention]], seconds: float | None, total: int
) -> Iterator[str]:
    kinds = {kind for kind, _ in read_ones}
    for kind, one in read_ones:
        yield from one.found["warnings"]
        if not one.found["samples"]:
            yield f"the {kind} profile has no samples that are looked at"
        if not one.profile.shared.kind_is_certain and one.found["samples"]:
            yield f"its stacks do not tell a mutex from a block profile; taken for {kind}"
        if one.found["left_out"]["rows"]:
            sites = one.found["group_count"]
            yield f"only the {MOST_SITES} heaviest of {sites} lock sites of the {kind} profile are looked at"
    if "block" not in kinds and not any(one.waits for _, one in read_ones):
        yield "who waits is not known, only who releases: a block profile of the same time tells"
    if "mutex" not in kinds:
        yield "who holds the locks is not known, only who waits: a mutex profile of the same time tells"
    if seconds is None and total:
        yield (
            "how long it covers is not known (since the start?): no rates, and only long waits are judged; "
            "an earlier capture as base gives rates"
        )
    times = [one.seconds for _, one in read_ones if one.seconds]
    if len(times) > 1 and max(times) > MOST_APART * min(times):
        yield "the two profiles cover different times; rates are of the block profile's"


def _next(
    read_ones: Sequence[tuple[Kind, Contention]], shown: Sequence[Lock], session: Session
) -> list[NextCall]:
    calls: list[NextCall] = []
    by_side = {one.waits: session.reference_of(one.profile.handle) for _, one in read_ones}
    for lock in shown[:1]:
        reference = by_side[lock.waits]
        pattern = exactly(lock.site.place.function)
        why = "Every way to this lock with its share."
        if lock.site.place.function:
            calls.append(next_call("pprof.focus_paths", why, profile=reference, function=pattern))
        if lock.waits and lock.released_at and False in by_side:
            pattern = exactly(lock.released_at[0].place.function)
            calls.append(next_call("pprof.peek", "Who holds it.", profile=by_side[False], regex=pattern))
    if read_ones and not shown:
        why = "What the profile has besides locks."
        calls.append(next_call("pprof.top", why, profile=next(iter(by_side.values())), cum=True))
    return calls


def _pct(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _per_second(value: float, seconds: float | None) -> float | None:
    return round(value / seconds, 4) if seconds else None

"""pprof.goroutine_analysis: what goroutines wait for, and which of them never go."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.filters import SampleFilters
from pprof_mcp.goroutines import Found, Goroutines, check_kind, compared, joined, read, with_ends, with_others
from pprof_mcp.insight.goroutine_leaks import MANY, Leak, advice, grew, judge, ranked
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import exactly
from pprof_mcp.results import Cursor, NextCall, next_call, page_of
from pprof_mcp.results.goroutine import (
    GoroutineAnalysisResult,
    GroupChange,
    LeaksLeftOut,
    PotentialLeak,
    WaitReason,
)

MOST_CHANGES = 5


@tool(
    "pprof.goroutine_analysis",
    title="Goroutines and leaks",
    since="0.1",
    example={"profile": "handle:0123456789abcdef#goroutine", "base": "handle:fedcba9876543210#goroutine"},
)
def goroutine_analysis(
    profile: Profile,
    *,
    base: Annotated[
        Profile | None,
        Field(description="Earlier snapshot of the process (path, `handle:...`): tells growth from pools."),
    ] = None,
    stacks: Annotated[
        Profile | None,
        Field(description="Dump (debug=2; path, `handle:...`) of the same moment: adds ages, creators."),
    ] = None,
    block: Annotated[
        Profile | None,
        Field(description="Block profile of the process (path, `handle:...`): which waits ever end."),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="Candidates at most.")] = 5,
    cursor: Cursor = "",
    **filters: Unpack[SampleFilters],
) -> GoroutineAnalysisResult:
    """Tell what goroutines wait for and which of them look leaked, with the evidence.

    Takes goroutine and goroutineleak profiles, dumps of stacks (`debug=2`) and output of a panic; dumps also
    tell ages and creators. The best evidence are growth since an earlier snapshot (base) and a block profile:
    waits of a pool end, those of a leak never. What goroutines are for tells pprof.goroutine_categorize; how
    long waits take, from a block or mutex profile, pprof.contention_analysis.
    """
    for name, given in (("base", base), ("stacks", stacks)):
        if given is not None:
            check_kind(given, name)
    page = page_of(cursor, limit)
    now = read(profile, filters)
    warnings = now.warnings
    if stacks is not None:
        dump = read(stacks, filters)
        now = joined(now, dump)
        if not dump.ages_known:
            warnings.append("stacks is no dump (debug=2), so it adds neither ages nor creators")
    before = None if base is None else read(base, filters)
    if before is not None:
        now = compared(now, before)
    if block is not None:
        now = with_ends(now, block)
    now = with_others(now)
    by_leak = {found.group: found for found in now.groups}
    judged = (judge(found.group, now.total, proven=now.is_leak_profile) for found in now.groups)
    leaks = ranked([leak for leak in judged if leak is not None])
    shown = leaks[page.offset : page.offset + page.limit]
    count = sum(leak.group.count for leak in leaks)
    warnings += _warnings(now, before, leaks)
    return GoroutineAnalysisResult(
        warnings=warnings,
        next=_next(profile, base, now, shown),
        profile=profile.reference,
        base=None if base is None else base.reference,
        total_goroutines=now.total,
        before_goroutines=None if before is None else before.total,
        by_state=now.by_state,
        top_wait_reasons=_reasons(now),
        verdict=_verdict(leaks),
        growth=None if before is None else _growth(before.total, now.total),
        potential_leaks=[_leak(leak, by_leak[leak.group], now.total) for leak in shown],
        cursor=page.cursor(len(shown), len(leaks)),
        left_out=LeaksLeftOut(
            rows=len(leaks) - len(shown), goroutines=count - sum(leak.group.count for leak in shown)
        ),
        changes=[] if before is None else _changes(now, before),
    )


def _pct(count: int, total: int) -> float:
    return 100 * count / total if total else 0.0


def _place(site: tuple[str, str, int]) -> str:
    function, file, line = site
    if not file:
        return function
    return f"{function} ({file}:{line})" if line else f"{function} ({file})"


def _reasons(now: Goroutines) -> list[WaitReason]:
    if not now.is_named and not now.ages_known:
        return []
    stacks: dict[str, str] = {}
    for found in now.groups:
        stacks.setdefault(found.group.wait.reason, found.stack)
    rows = [
        WaitReason(
            reason=wait.reason,
            state=wait.state,
            count=count,
            pct=_pct(count, now.total),
            sample_stack=stacks.get(wait.reason, ""),
        )
        for wait, count in now.by_wait.items()
        if wait.reason
    ]
    return sorted(rows, key=lambda row: (-row.count, row.reason))


def _leak(leak: Leak, found: Found, total: int) -> PotentialLeak:
    group = leak.group
    return PotentialLeak(
        stack_signature=found.signature,
        site=_place(group.site),
        own_code=found.owner,
        count=group.count,
        pct=_pct(group.count, total),
        severity=leak.severity,
        proven=leak.is_proven,
        wait_reason=group.wait.reason,
        state=group.wait.state,
        before=group.before,
        change=None if group.before is None else group.change,
        grows=None if group.before is None else group.grows,
        creators=list(found.creators),
        oldest_minutes=group.oldest,
        aged=group.aged,
        evidence=leak.evidence,
        advice=advice(group),
    )


def _verdict(leaks: list[Leak]) -> Literal["leak", "suspicious", "nothing_found"]:
    if any(leak.severity == "high" for leak in leaks):
        return "leak"
    return "suspicious" if leaks else "nothing_found"


def _growth(before: int, after: int) -> Literal["grows", "steady", "shrinks"]:
    if grew(before, after):
        return "grows"
    return "shrinks" if grew(after, before) else "steady"


def _changes(now: Goroutines, before: Goroutines) -> list[GroupChange]:
    rows = [
        GroupChange(
            site=_place(found.group.site),
            wait_reason=found.group.wait.reason,
            before=found.group.before or 0,
            count=found.group.count,
            change=found.group.change,
        )
        for found in now.groups
        if found.group.change
    ]
    known = {(found.group.wait, found.group.site) for found in now.groups}
    rows += [
        GroupChange(
            site=_place(found.group.site),
            wait_reason=found.group.wait.reason,
            before=found.group.count,
            count=0,
            change=-found.group.count,
        )
        for found in before.groups
        if (found.group.wait, found.group.site) not in known
    ]
    rows.sort(key=lambda row: (-abs(row.change), row.site, row.wait_reason))
    return rows[:MOST_CHANGES]


def _warnings(now: Goroutines, before: Goroutines | None, leaks: list[Leak]) -> list[str]:
    found: list[str] = []
    if now.total and not now.is_named:
        found.append(
            "the profile has no function names (a debug=1 text has addresses only), so reasons to wait can "
            "not be told: take the profile without debug, or with debug=2"
        )
    rows, goroutines = now.left_out
    if rows:
        found.append(f"{rows} smaller groups with {goroutines} goroutines were not judged")
    if before is not None and before.left_out[0]:
        found.append(f"{before.left_out[0]} smaller groups of base were not compared")
    found += [
        f"{leak.group.count} goroutines are in {leak.group.wait.reason} at {_place(leak.group.site)}"
        for leak in leaks
        if leak.group.count >= MANY
    ][:3]
    return found


def _next(profile: Profile, base: Profile | None, now: Goroutines, shown: list[Leak]) -> list[NextCall]:
    reference = profile.reference
    calls: list[NextCall] = []
    if shown and shown[0].group.site[0] and now.is_named:
        function = shown[0].group.site[0]
        why = "The whole stacks of these goroutines."
        calls.append(next_call("pprof.traces_head", why, profile=reference, focus=exactly(function)))
    if base is not None:
        why = "Everything that changed between the snapshots."
        calls.append(next_call("pprof.diff_top", why, before=base.reference, after=reference, cum=True))
    if now.total:
        why = "What the goroutines are for."
        calls.append(next_call("pprof.goroutine_categorize", why, profile=reference))
    return calls

"""pprof.alloc_paths: which lines of the user's own code allocate, how, and how fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.filters import SampleFilters
from pprof_mcp.insight.allocation import (
    NOISY_PCT,
    Accumulation,
    Counted,
    accumulation,
    counted,
    rate_text,
    relative_error_pct,
    sampling,
)
from pprof_mcp.insight.sizes import size_text
from pprof_mcp.marking import OWN, PLUMBING, OwnSites
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows, exactly, place
from pprof_mcp.results import Cursor, LeftOut, NextCall, Result, Row, SampleType, next_call, page_of
from pprof_mcp.session.kinds import phrase_of

CHAIN = 8
"""Frames of a chain that are shown (specified: what users of alloc_paths know)."""
DEEPEST = 256
PROOF = 300
"""Sites whose holdings are looked at, to tell deltas from totals; the heaviest are enough (chosen)."""


class AllocPath(Row):
    """A site that allocates."""

    columns = (
        "alloc_bytes_str",
        "alloc_pct",
        "alloc_rate",
        "relative_error_pct",
        "alloc_site",
        "source_location",
    )
    spare = ("relative_error_pct", "alloc_site")
    beneath = ("caller_chain",)

    alloc_site: str = Field(
        description="Function that allocates on the heaviest stack: the first frame not of the runtime."
    )
    source_location: str | None = Field(
        description="`file:line` of the first frame of own code; null where no frame is own."
    )
    first_app_frame: str | None = Field(description="Function of that line.")
    alloc_bytes: int = Field(description="Bytes.")
    alloc_bytes_str: str = Field(description="alloc_bytes with unit.")
    alloc_pct: float = Field(description="In percent of total_alloc, 0-100.")
    alloc_rate: str | None = Field(
        description="Per minute; null when it is not known what the profile covers."
    )
    alloc_bytes_per_second: float | None = Field(description="The same rate as a number, in bytes a second.")
    objects: int | None = Field(description="Objects; null when the profile does not count them.")
    avg_bytes: float | None = Field(description="Mean size of an object.")
    events: int | None = Field(description="Allocations that were really recorded; null when not known.")
    relative_error_pct: float | None = Field(
        description="Error of alloc_bytes from that, 1/sqrt(events), in percent."
    )
    stacks: int = Field(description="Different stacks that lead here.")
    chain_pct: float = Field(description="Share of the heaviest of them, in percent of this row.")
    caller_chain: list[str] = Field(
        description="That stack: allocating frame first, own code, and its callers."
    )
    chain_cut: int = Field(description="Frames of it that are not shown.")


class AllocLeftOut(LeftOut):
    """Sites that are not among the rows."""

    columns = ("rows", "alloc_bytes_str", "alloc_pct")

    alloc_bytes: int = Field(description="What they allocate.")
    alloc_bytes_str: str = Field(description="alloc_bytes with unit.")
    alloc_pct: float = Field(description="In percent of total_alloc.")


class AllocPathsResult(Result):
    """Sites, heaviest first."""

    profile: str = Field(description="The profile, as it was given.")
    profile_kind: str = Field(description="Its kind.")
    sample_type: SampleType = Field(description="What alloc_bytes counts.")
    total_alloc: int = Field(description="What percentages are of, in bytes.")
    total_alloc_str: str = Field(description="total_alloc with unit.")
    total_rate: str | None = Field(description="total_alloc per minute; null when not known.")
    total_bytes_per_second: float | None = Field(description="The same as a number.")
    duration_secs: float | None = Field(description="What the values cover, in seconds; null when not known.")
    counted_since: Literal["start", "interval", "instant"] = Field(
        description="start: cumulative; interval: delta over the duration; instant: what is in use now."
    )
    counted_since_certain: bool = Field(description="Whether the content proves that.")
    counted_since_why: str = Field(description="How it was told.")
    period_bytes: int | None = Field(description="Mean bytes between two samples; null when not known.")
    repo_prefixes: list[str] = Field(description="What counts as own code, besides package main in Go.")
    own_code_how: str = Field(description="How that was found.")
    without_own_pct: float = Field(
        description="Share of stacks without own code, in percent; they have rows, too."
    )
    sites: int = Field(description="Sites there are.")
    paths: list[AllocPath] = Field(description="The sites.")
    left_out: AllocLeftOut = Field(description="Sites before and behind these, or below min_percent.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next rows; null at the end.")


@tool(
    "pprof.alloc_paths",
    title="Allocation sites",
    since="0.1",
    example={"profile": "handle:0123456789abcdef#heap", "min_percent": 1.0},
)
def alloc_paths(
    profile: Profile,
    *,
    min_percent: Annotated[
        float, Field(ge=0, le=100, description="Leave out sites below this share of the total, in percent.")
    ] = 1.0,
    max_paths: Annotated[int, Field(ge=1, le=500, description="Sites at most.")] = 6,
    repo_prefixes: Annotated[
        list[Annotated[str, Field(max_length=300)]],
        Field(
            max_length=50,
            description="What is own code, such as `example.com/shop`; found from the profile when empty.",
        ),
    ] = [],  # noqa: B006 - read only
    group_by_source: Annotated[
        bool,
        Field(
            description="One row a line of own code; false: one a line that calls the allocator, whoever's."
        ),
    ] = True,
    duration_seconds: Annotated[
        float,
        Field(ge=0, le=1e10, description="What the profile covers when it does not say: uptime, for rates."),
    ] = 0.0,
    cursor: Cursor = "",
    **filters: Unpack[SampleFilters],
) -> AllocPathsResult:
    """Show which lines of your own code allocate memory, through which calls, and how fast.

    For a heap or allocs profile: `file:line`, bytes, objects, rate and sampling error of each site, with the
    heaviest stack down to the allocation. Says whether values count since the start or over an interval. For
    what keeps memory alive give sample_index="inuse_space"; for leaks pprof.memory_sanity, for two captures
    pprof.diff_top.
    """
    page = page_of(cursor, max_paths)
    meta = profile.shared.meta
    pair = _pair(profile, filters)
    options: dict[str, object] = {**filters, "sample_index": pair.space}
    sites = OwnSites(profile, options, repo_prefixes)
    how_sampled = sampling(meta, pair)
    found = sites.grouped(
        site="own" if group_by_source else "behind",
        lines=True,
        any_kind=True,
        offset=page.offset,
        limit=page.limit,
        names=1,
        stacks=1,
        max_depth=DEEPEST,
        sampling=how_sampled,
    )
    index, total = pair.space_index, found["total"]
    since = accumulation(
        meta,
        pair,
        runtime=sites.runtime,
        pairs=_allocated_and_live(sites, meta, pair),
        given_seconds=duration_seconds,
    )
    least = abs(total) * min_percent / 100
    kept = [group for group in found["groups"] if abs(group["values"][index]) >= least]
    rows = [_row(group, pair, total, since, is_sampled=how_sampled is not None) for group in kept]
    left = found["totals"][index] - sum(row.alloc_bytes for row in rows)
    per_second = _per_second(total, since)
    warnings = [*found["warnings"], *_warnings(pair, since, rows)]
    if found["groups"] and not kept:
        warnings.append(
            f"none of {found['group_count']} sites reaches {min_percent:g} %: lower min_percent to see them"
        )
    all_kept = len(kept) == len(found["groups"])
    return AllocPathsResult(
        warnings=warnings,
        next=_next(profile, pair, rows),
        profile=profile.reference,
        profile_kind=profile.kind,
        sample_type=found["sample_type"],
        total_alloc=total,
        total_alloc_str=size_text(total),
        total_rate=None if per_second is None else rate_text(per_second),
        total_bytes_per_second=per_second,
        duration_secs=since.seconds,
        counted_since=since.since,
        counted_since_certain=since.certain,
        counted_since_why=since.why,
        period_bytes=meta["period"] if how_sampled else None,
        repo_prefixes=list(sites.own.prefixes),
        own_code_how=sites.own.how,
        without_own_pct=_pct(found["without_owner"][index], total),
        sites=found["group_count"],
        paths=rows,
        left_out=AllocLeftOut(
            rows=found["group_count"] - len(rows),
            alloc_bytes=left,
            alloc_bytes_str=size_text(left),
            alloc_pct=_pct(left, total),
        ),
        cursor=page.cursor(len(rows), found["group_count"]) if all_kept else None,
    )


def _pair(profile: Profile, filters: Mapping[str, object]) -> Counted:
    """Choose the sample types: those asked for, else what was allocated, else what is in use."""
    meta = profile.shared.meta
    asked = str(filters.get("sample_index") or "")
    pairs = [pair for live in (False, True) if (pair := counted(meta, live=live)) is not None]
    if asked:
        at = profile.native.sample_index(asked)
        pairs = [pair for pair in pairs if at in (pair.space_index, pair.objects_index)]
    if pairs:
        return pairs[0]
    types = [str(item["type"]) for item in meta["sample_types"]]
    what = f"its sample type {asked!r} is no memory" if asked else f"it is {phrase_of(profile.kind)}"
    raise WrongProfileKindError(
        f"{profile.name} can not show allocations: {what}; it has {', '.join(types)}",
        hint="Give a heap or allocs profile (alloc_space, inuse_space); for this one use pprof.top.",
        details={"kind": profile.kind, "wanted": ["heap"], "available": types},
    )


def _allocated_and_live(sites: OwnSites, meta: Mapping[str, Any], pair: Counted) -> list[tuple[int, int]]:
    live = counted(meta, live=True)
    if pair.is_live or live is None:
        return []
    found = sites.grouped(
        sample_index=live.space, site="own", lines=True, any_kind=True, limit=PROOF, names=0, stacks=0
    )
    return [
        (group["values"][pair.space_index], group["values"][live.space_index]) for group in found["groups"]
    ]


def _row(group: Rows, pair: Counted, total: int, since: Accumulation, *, is_sampled: bool) -> AllocPath:
    value = group["values"][pair.space_index]
    objects = group["values"][pair.objects_index] if pair.objects_index >= 0 else None
    stack = group["stacks"][0]
    frames: list[Rows] = stack["frames"]
    own = next((at for at, frame in enumerate(frames) if frame["mark"] & OWN), None)
    site = next((frame for frame in frames if not frame["mark"] & PLUMBING), frames[0] if frames else None)
    chain, cut = _chain(frames, stack["depth"], own)
    per_second = _per_second(value, since)
    return AllocPath(
        alloc_site=site["function"] if site else "[unknown]",
        source_location=None if own is None else place(frames[own]),
        first_app_frame=None if own is None else frames[own]["function"],
        alloc_bytes=value,
        alloc_bytes_str=size_text(value),
        alloc_pct=_pct(value, total),
        alloc_rate=None if per_second is None else rate_text(per_second),
        alloc_bytes_per_second=per_second,
        objects=objects,
        avg_bytes=round(value / objects, 1) if objects else None,
        events=round(group["events"]) if is_sampled else None,
        relative_error_pct=relative_error_pct(group["events"]) if is_sampled else None,
        stacks=group["stack_count"],
        chain_pct=_pct(stack["values"][pair.space_index], value),
        caller_chain=chain,
        chain_cut=cut,
    )


def _chain(frames: Sequence[Rows], depth: int, own: int | None) -> tuple[list[str], int]:
    """Choose the frames to show: from the allocation to own code, and on; of a long way the two ends."""
    if own is None or own < CHAIN - 1:
        shown = list(frames[:CHAIN])
    else:
        shown = [*frames[: CHAIN - 3], *frames[own : own + 3]]
    return [_frame_text(frame) for frame in shown], depth - len(shown)


def _frame_text(frame: Rows) -> str:
    """Write a frame: the function and, if known, file name and line."""
    name, line = str(frame["function"]), frame["line"]
    base = str(frame["file"]).replace("\\", "/").rpartition("/")[2]
    if base in ("", "."):
        return name
    return f"{name} {base}:{line}" if line else f"{name} {base}"


def _per_second(value: int, since: Accumulation) -> float | None:
    return round(value / since.seconds, 1) if since.seconds else None


def _pct(value: float, total: float) -> float:
    return round(100 * value / total, 2) if total else 0.0


def _warnings(pair: Counted, since: Accumulation, rows: Sequence[AllocPath]) -> list[str]:
    warnings: list[str] = []
    if since.since == "instant":
        warnings.append(f"{pair.space} is what is in use now, not what was allocated, so there are no rates")
    elif since.seconds is None:
        what = "count since the process started" if since.since == "start" else "are a difference"
        warnings.append(
            f"allocations {what} and the profile has no duration: no rates without duration_seconds"
        )
    noisy = [row for row in rows if row.relative_error_pct is None or row.relative_error_pct > NOISY_PCT]
    if rows and rows[0].events is not None and noisy:
        warnings.append(
            f"{len(noisy)} of {len(rows)} rows stand on so few recorded events that they may be off by more "
            f"than {NOISY_PCT:.0f} % (relative_error_pct)"
        )
    return warnings


def _next(profile: Profile, pair: Counted, rows: Sequence[AllocPath]) -> list[NextCall]:
    reference = profile.reference
    calls: list[NextCall] = []
    first = next((row.first_app_frame for row in rows if row.first_app_frame), None)
    if first is not None:
        why = f"On whose behalf {first[:100]} runs."
        calls.append(
            next_call(
                "pprof.focus_paths", why, profile=reference, function=exactly(first), sample_index=pair.space
            )
        )
    live = None if pair.is_live else counted(profile.shared.meta, live=True)
    if live is not None:
        why = "What keeps memory alive."
        calls.append(next_call("pprof.alloc_paths", why, profile=reference, sample_index=live.space))
    return calls

"""pprof.goroutine_categorize: what goroutines are for."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.filters import MAX_PATTERN, SampleFilters
from pprof_mcp.goroutines import Goroutines, check_kind, clip, marking, read
from pprof_mcp.insight.goroutine_purposes import CUSTOM, OWN, Purpose, chosen, is_known
from pprof_mcp.insight.goroutine_purposes import presets as known_presets
from pprof_mcp.insight.goroutine_waits import in_system_calls
from pprof_mcp.marking import KIND, PLUMBING, Marked, Marking
from pprof_mcp.marking import OWN as OWN_MARK
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows, ask, exactly
from pprof_mcp.results import Cursor, NextCall, next_call, page_of
from pprof_mcp.results.goroutine import (
    GoroutineCategorizeResult,
    GoroutineCategory,
    LeaksLeftOut,
    UncategorizedStack,
)

MOST_STACKS = 10
MOST_RULE = 120
"""Characters of a rule that are shown (chosen)."""

MOST_CUSTOM = 50
"""Categories of the caller, at most; the core has room for 255 kinds."""


@tool(
    "pprof.goroutine_categorize",
    title="Goroutines by purpose",
    since="0.1",
    example={"profile": "handle:0123456789abcdef#goroutine"},
)
def goroutine_categorize(
    profile: Profile,
    *,
    presets: Annotated[
        list[str],
        Field(
            max_length=20,
            description="Groups of rules: temporal, kubernetes, messaging, database, observability, grpc, "
            "http, runtime; all when this and categories are empty.",
        ),
    ] = [],  # noqa: B006 - never changed; the schema shows it
    categories: Annotated[
        list[str],
        Field(
            max_length=MOST_CUSTOM,
            description="Own categories, `name=regex` on functions; they come first.",
        ),
    ] = [],  # noqa: B006 - never changed; the schema shows it
    limit: Annotated[int, Field(ge=1, le=200, description="Categories at most.")] = 10,
    cursor: Cursor = "",
    **filters: Unpack[SampleFilters],
) -> GoroutineCategorizeResult:
    """Count goroutines by what they are for: HTTP, gRPC, databases, queues, own code.

    Rules are ordered and each goroutine counts once, by the first rule that matches any function on its
    stack; what none explains is listed by stack. What goroutines wait for, and leaks, tells
    pprof.goroutine_analysis; workers of Temporal pprof.temporal_analysis.
    """
    check_kind(profile)
    rules = chosen(_known(presets), [_custom(profile, text) for text in categories])
    page = page_of(cursor, limit)
    now = read(profile, filters)
    marked = Marked(profile, filters)
    mark = _marking(rules, marked.kept(marking))
    found = _grouped(marked, mark)
    index = found["sample_type"]["index"]
    states = _by_state(marked, mark, is_dump=now.ages_known)
    rows = [_row(group, index, now.total, rules, states) for group in found["groups"] if group["kind"]]
    rows.sort(key=lambda row: (-row.count, row.preset, row.name))
    shown = rows[page.offset : page.offset + page.limit]
    rest = next((group for group in found["groups"] if not group["kind"]), None)
    left = sum(row.count for row in rows) - sum(row.count for row in shown)
    return GoroutineCategorizeResult(
        warnings=now.warnings,
        next=_next(profile, now, shown, rest),
        profile=profile.reference,
        total_goroutines=now.total,
        by_state=now.by_state,
        categories=shown,
        cursor=page.cursor(len(shown), len(rows)),
        left_out=LeaksLeftOut(rows=len(rows) - len(shown), goroutines=left),
        uncategorized=rest["values"][index] if rest else 0,
        top_uncategorized=_stacks(rest, index),
        presets_used=list(dict.fromkeys(rule.preset for rule in rules)),
    )


def _known(wanted: list[str]) -> list[str]:
    for name in wanted:
        if name not in known_presets():
            raise InvalidArgumentError(
                f"presets: there is no group of rules {name[:60]!r}",
                hint=f"There are: {', '.join(known_presets())}; waits are told by pprof.goroutine_analysis.",
                details={"argument": "presets", "available": list(known_presets())},
            )
    return wanted


def _custom(profile: Profile, text: str) -> Purpose:
    name, _, pattern = text.partition("=")
    if not name or not pattern or len(text) > MAX_PATTERN:
        raise InvalidArgumentError(
            f"categories: {text[:60]!r} is no category",
            hint="Write name=regex, such as workers=^example\\.com/app\\.work.",
            details={"argument": "categories"},
        )
    # The core's expressions take time in proportion to the names, whatever the pattern.
    names = ask(_native.paths, profile, {}, function=pattern, limit=0)["functions"]
    return Purpose(name, CUSTOM, pattern, names=frozenset(names))


def _marking(rules: tuple[Purpose, ...], waits: Marking) -> Marking:
    """Give what marks a function by the first rule that it fits, and remembers it.

    Args:
        rules: The rules.
        waits: Marks it by what is waited for in it.
    """

    @cache
    def mark(name: str, file: str, runtime: str | None) -> int:
        kept = waits(name, file, runtime) & ~KIND
        known = is_known(name)
        for kind, rule in enumerate(rules, 1):
            if (known or rule.preset == CUSTOM) and rule.fits(name):
                return kept | kind
        # A library that rules know is nobody's own code, also when its rules were not asked for.
        is_own = kept & OWN_MARK and not known
        return kept | (len(rules) + 1 if is_own else 0)

    return mark


def _grouped(marked: Marked, mark: Marking) -> Rows:
    return marked.groups(mark, pick="least", stacks=MOST_STACKS, names=2, max_depth=24)


def _by_state(marked: Marked, mark: Marking, *, is_dump: bool) -> dict[str, dict[int, int]]:
    """Count goroutines by category in the states that can be picked out; the third is what is left.

    A parked goroutine is in `runtime.gopark`, and no other is (specified: Go's scheduler); a dump says it.
    """
    if is_dump:
        picked = {
            "running": marked.profile.filter(tagfocus="state=^(?:running|runnable)$"),
            "syscall": marked.profile.filter(tagfocus="state=^syscall$"),
        }
    else:
        waiting = r"^runtime\.gopark$"
        picked = {
            "waiting": marked.profile.filter(focus=waiting),
            "syscall": marked.profile.filter(focus=in_system_calls(), ignore=waiting),
        }
    counts: dict[str, dict[int, int]] = {}
    for state, part in picked.items():
        found = _grouped(Marked(part, marked.filters, marked.runtime), mark)
        index = found["sample_type"]["index"]
        counts[state] = {kind["kind"]: kind["first"][index] for kind in found["kinds"]}
    return counts


def _row(
    group: Rows, index: int, total: int, rules: tuple[Purpose, ...], states: dict[str, dict[int, int]]
) -> GoroutineCategory:
    kind, count = int(group["kind"]), int(group["values"][index])
    rule = rules[kind - 1] if kind <= len(rules) else Purpose(OWN, OWN, "")
    known = {state: counts.get(kind, 0) for state, counts in states.items()}
    rest = count - sum(known.values())
    return GoroutineCategory(
        name=rule.name,
        preset=rule.preset,
        pattern=rule.told if len(rule.told) <= MOST_RULE else f"{rule.told[: MOST_RULE - 3]}...",
        count=count,
        percent=100 * count / total if total else 0.0,
        sample_stack=_signature(group["stacks"][0]),
        sites=[f"{clip(part['function'])} ({part['values'][index]})" for part in group["roots"]],
        running=known.get("running", rest),
        syscall=known.get("syscall", rest),
        waiting=known.get("waiting", rest),
    )


def _signature(stack: Rows) -> str:
    frames = stack["frames"]
    worth = [frame for frame in frames if not frame["mark"] & PLUMBING] or frames
    return " < ".join(clip(frame["function"]) for frame in worth[:4])


def _stacks(rest: Rows | None, index: int) -> list[UncategorizedStack]:
    if rest is None:
        return []
    counts: dict[str, int] = {}
    for stack in rest["stacks"]:
        signature = _signature(stack)
        counts[signature] = counts.get(signature, 0) + stack["values"][index]
    rows = [UncategorizedStack(signature=signature, count=count) for signature, count in counts.items()]
    return sorted(rows, key=lambda row: (-row.count, row.signature))


def _next(
    profile: Profile, now: Goroutines, shown: list[GoroutineCategory], rest: Rows | None
) -> list[NextCall]:
    reference = profile.reference
    calls: list[NextCall] = []
    if now.total:
        why = "What they wait for, and which of them leak."
        calls.append(next_call("pprof.goroutine_analysis", why, profile=reference))
    if any(row.preset == "temporal" for row in shown):
        why = "Pollers, workflows and activities of the Temporal workers."
        calls.append(next_call("pprof.temporal_analysis", why, profile=reference))
    if rest is not None and rest["roots"] and rest["roots"][0]["file"]:
        why = "Stacks that no rule explains."
        focus = exactly(rest["roots"][0]["function"])
        calls.append(next_call("pprof.traces_head", why, profile=reference, focus=focus))
    return calls

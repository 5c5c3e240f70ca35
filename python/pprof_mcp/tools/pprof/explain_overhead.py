"""pprof.explain_overhead: why a category of overhead costs much, and what helps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.filters import MAX_PATTERN, SampleFilters
from pprof_mcp.insight.allocation import relative_error_pct
from pprof_mcp.insight.amounts import amount_text, share_pct
from pprof_mcp.insight.overhead import Category, Entry, Knowledge, Overhead, overhead_knowledge
from pprof_mcp.overhead import Cost, Costs, by_default, is_memory, measure
from pprof_mcp.profile import Profile
from pprof_mcp.registry import Cli, tool
from pprof_mcp.reports import exactly
from pprof_mcp.results import NextCall, Result, Row, next_call
from pprof_mcp.results.overhead import OverheadCaller, OverheadFunction, Way


class InYourProfile(Row):
    """What the category costs in the profile: the figures of pprof.overhead_report."""

    columns = ("value_text", "total_pct", "disjoint_pct", "inclusive_pct", "samples")
    beneath = ("top_contributors", "callers")

    value: int = Field(description="Values of samples where it works for own code, or for nobody.")
    value_text: str = Field(description="value with its unit.")
    total_pct: float = Field(description="value in percent of the total: `percentage` of the report.")
    disjoint_pct: float = Field(description="Samples that are its own.")
    inclusive_pct: float = Field(description="Samples it is anywhere in.")
    samples: int = Field(description="Samples that total_pct rests on.")
    relative_error_pct: float | None = Field(description="Standard error of total_pct, in percent of it.")
    top_contributors: list[OverheadFunction] = Field(description="Its functions by cum, at most 3.")
    callers: list[OverheadCaller] = Field(description="Own code that needs it, at most 3.")


class ExplainOverheadResult(Result):
    """What is known of a category."""

    category: str = Field(description="Its short name.")
    title: str = Field(description="Its name.")
    summary: str = Field(description="What it is.")
    is_overhead: bool = Field(description="False for waiting, which costs nothing.")
    function: str | None = Field(description="The function that was asked for; null without one.")
    explanations: list[Way] = Field(
        description="By runtime: of the profile's, of the one asked for, else of all."
    )
    in_your_profile: InYourProfile | None = Field(description="Its share; null without a profile.")


@tool(
    "pprof.explain_overhead",
    title="Explain a category of overhead",
    since="0.1",
    example={"category": "json", "profile": "handle:0123456789abcdef"},
)
def explain_overhead(
    category: Annotated[
        str,
        Cli(positional=True),
        Field(
            max_length=100, description="Short name or title, as in pprof.overhead_report; or give function."
        ),
    ] = "",
    *,
    function: Annotated[
        str,
        Field(max_length=MAX_PATTERN, description="A function whose category is wanted, by its full name."),
    ] = "",
    runtime: Annotated[
        str, Field(max_length=20, description="go, java, python, node, dotnet, ruby, php or native.")
    ] = "",
    profile: Profile | None = None,
    **filters: Unpack[SampleFilters],
) -> ExplainOverheadResult:
    """Say why a category of overhead costs much, and what helps.

    With a profile its share there is told too. Name a category of pprof.overhead_report, or a function of the
    profile. Every category of every runtime is explained, by the data that recognises it. For who calls a
    function pprof.peek.
    """
    knowledge = overhead_knowledge()
    costs = measure(profile, by_default(profile, filters)) if profile is not None else None
    wanted = _runtime(knowledge, runtime, costs)
    chosen = _category(knowledge, category, function, wanted, costs)
    entries = _entries(knowledge, chosen, wanted)
    found = next((row for row in costs.rows if row.category == chosen), None) if costs else None
    return ExplainOverheadResult(
        warnings=_warnings(costs, chosen, found),
        next=_next(profile, costs, found),
        category=chosen.id,
        title=chosen.title,
        summary=chosen.summary,
        is_overhead=not chosen.idle,
        function=function or None,
        explanations=[_way(pack, entry, few=len(entries) > 2) for pack, entry in entries],
        in_your_profile=_share(costs, found) if costs else None,
    )


def _runtime(knowledge: Knowledge, given: str, costs: Costs | None) -> str | None:
    if given and given not in knowledge.packs:
        raise InvalidArgumentError(
            f"runtime: there is no {given!r}",
            hint=f"There are {', '.join(sorted(knowledge.packs))}; leave it out for all.",
            details={"argument": "runtime", "available": sorted(knowledge.packs)},
        )
    return given or (costs.marked.runtime if costs else None)


def _category(
    knowledge: Knowledge, given: str, function: str, runtime: str | None, costs: Costs | None
) -> Category:
    names = [one.id for one in knowledge.categories]
    if given:
        found = knowledge.category(given)
        if found is None:
            raise InvalidArgumentError(
                f"category: there is no {given!r}",
                hint=f"There are {', '.join(names)}.",
                details={"argument": "category", "available": names},
            )
        return found
    if not function:
        raise InvalidArgumentError(
            "neither a category nor a function was given",
            hint=f"Categories are {', '.join(names)}; a function is named as the profile names it.",
            details={"argument": "category", "available": names},
        )
    for name, file in _frames(function, costs):
        for pack in [runtime] if runtime in knowledge.packs else sorted(knowledge.packs):
            found = Overhead(knowledge, pack)(name, file)
            category = knowledge.category(found) if found else None
            if category is not None:
                return category
    raise InvalidArgumentError(
        f"function: no rule knows {function[:200]!r}, so it is not counted as overhead",
        hint="Give its full name as pprof.top shows it, with the profile for its file; or name a category.",
        details={"argument": "function", "available": names},
    )


def _frames(function: str, costs: Costs | None) -> list[tuple[str, str]]:
    """Give the functions of that name in the profile; the name alone when there are none."""
    found: set[tuple[str, str]] = set()
    if costs is not None:
        pairs = zip(costs.marked.functions["name"], costs.marked.functions["file"], strict=True)
        found = {(name, file) for name, file in pairs if name == function}
    return sorted(found) or [(function, "")]


def _entries(knowledge: Knowledge, category: Category, runtime: str | None) -> list[tuple[str, Entry]]:
    every = [
        (pack, entry)
        for pack, entries in sorted(knowledge.packs.items())
        for entry in entries
        if entry.category == category.id
    ]
    # Native frames are below every runtime.
    fitting = [pair for pair in every if pair[0] in (runtime, "native")]
    mine = [pair for pair in fitting if pair[0] == runtime]
    return (mine or fitting) if runtime and fitting else every


def _way(pack: str, entry: Entry, *, few: bool) -> Way:
    return Way(
        runtime=pack,
        causes=list(entry.causes),
        ways_out=list(entry.ways_out),
        examples=[rule.example for rule in entry.rules][: 1 if few else 5],
    )


def _share(costs: Costs, row: Cost | None) -> InYourProfile:
    total, unit = costs.total, costs.found["sample_type"]["unit"]
    value = row.below if row else 0
    return InYourProfile(
        value=value,
        value_text=amount_text(value, unit),
        total_pct=share_pct(value, total),
        disjoint_pct=share_pct(row.first, total) if row else 0.0,
        inclusive_pct=share_pct(row.within, total) if row else 0.0,
        samples=round(row.events) if row else 0,
        relative_error_pct=relative_error_pct(row.events) if row else None,
        top_contributors=[
            OverheadFunction(function=name, cum=cum, cum_pct=share_pct(cum, total))
            for name, cum in (row.functions if row else ())
        ],
        callers=[
            OverheadCaller(
                function=one.function,
                file=one.file or None,
                line=one.line or None,
                value=one.value,
                pct=share_pct(one.value, total),
            )
            for one in (row.callers if row else ())
        ],
    )


def _warnings(costs: Costs | None, category: Category, row: Cost | None) -> list[str]:
    if costs is None:
        return []
    warnings = list(costs.found["warnings"])
    if row is None and costs.found["samples"]:
        why = f"no sample of the profile is of {category.id}"
        if is_memory(costs.found["sample_type"]["type"]) and category.id in ("allocation", "gc"):
            why += ": a heap profile is all allocation, pprof.top shows where"
        warnings.append(why)
    return warnings


def _next(profile: Profile | None, costs: Costs | None, row: Cost | None) -> list[NextCall]:
    if profile is None or costs is None:
        return []
    index = costs.found["sample_type"]["type"]
    calls = [
        next_call(
            "pprof.overhead_report",
            "All categories side by side.",
            profile=profile.reference,
            sample_index=index,
        )
    ]
    if row is not None and row.functions:
        name = row.functions[0][0]
        why = f"Ways to {name[:100]}."
        calls.append(
            next_call(
                "pprof.focus_paths",
                why,
                profile=profile.reference,
                function=exactly(name),
                sample_index=index,
            )
        )
    return calls

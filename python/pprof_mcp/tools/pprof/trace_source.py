"""pprof.trace_source: the heaviest way through a function, each step beside its source."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import MAX_PATTERN, Filters
from pprof_mcp.insight.origin import Origin, Whose, origin_of
from pprof_mcp.insight.runtime import runtime_of
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.reports import Rows, ask, exactly
from pprof_mcp.results import NextCall, Row, next_call
from pprof_mcp.results.analysis import Analysis
from pprof_mcp.results.listing import SourceLine, SourcePaths, TrimPath, source_lines
from pprof_mcp.session.session import Session
from pprof_mcp.sources.code import CodeFinder


class TracedFunction(Row):
    """One step of the way."""

    columns = ("cum_text", "cum_pct", "flat_text", "origin", "function", "file", "line")
    beneath = ("lines",)

    function: str = Field(description="Its name.")
    file: str | None = Field(description="Its source file, as the profile has it; null when unknown.")
    line: int = Field(description="Its heaviest line among these samples; 0 when unknown.")
    is_target: bool = Field(description="Whether it is the function that was asked for.")
    origin: Origin = Field(description="Whose code it is.")
    package: str | None = Field(description="Module or package of third-party code; null for other code.")
    version: str | None = Field(description="Its version, where the path says it.")
    calls: int = Field(description="How often it stands in a row on the way: more than once is recursion.")
    flat: int = Field(description="What arose in it, of the samples through the function asked for.")
    cum: int = Field(description="What passed through it, of those samples.")
    flat_text: str = Field(description="flat with its unit.")
    cum_text: str = Field(description="cum with its unit.")
    flat_pct: float = Field(description="In percent of the total.")
    cum_pct: float = Field(description="In percent of the total.")
    found_at: str | None = Field(description="Where its source was found; null when it was not.")
    source_error: str | None = Field(description="Why there is no source; null when there is.")
    lines: list[SourceLine] = Field(description="Its heaviest lines among these samples.")


class TraceSourceResult(Analysis):
    """The heaviest way from the root through the function and on to where the cost arises."""

    functions: list[str] = Field(description="Names that match the pattern, at most 10.")
    matched: int = Field(description="Samples through any of them, each once.")
    matched_pct: float = Field(description="matched in percent of the total.")
    path_value: int = Field(description="Samples that come this way to its end, and on.")
    path_pct_of_matched: float = Field(description="path_value in percent of matched.")
    own: int = Field(description="Steps in the user's own code.")
    third_party: int = Field(description="Steps in third-party code.")
    standard: int = Field(description="Steps in the standard library or runtime.")
    steps_left_out: int = Field(description="Steps that are not shown: those farthest from the function.")
    without_source: int = Field(description="Steps shown whose source was not found.")
    call_chain: list[TracedFunction] = Field(description="The steps, root first.")


@tool(
    "pprof.trace_source",
    title="Source along a path",
    since="0.1",
    toolset="sources",
    example={"profile": "handle:0123456789abcdef", "function": "pricing\\.weakHash"},
)
def trace_source(
    profile: Profile,
    function: Annotated[
        str,
        Field(min_length=1, max_length=MAX_PATTERN, description="Which function, by a regex on its name."),
        Cli(positional=True),
    ],
    *,
    source_paths: SourcePaths = [],  # noqa: B006 - read only
    trim_path: TrimPath = "",
    max_depth: Annotated[
        int, Field(ge=1, le=200, description="Steps shown at most, around the function.")
    ] = 8,
    show_vendor: Annotated[bool, Field(description="Show steps in third-party code, too.")] = True,
    lines: Annotated[int, Field(ge=1, le=50, description="Lines shown of each step, at most.")] = 2,
    context_lines: Annotated[
        int, Field(ge=0, le=20, description="Lines around each that are shown without samples.")
    ] = 1,
    session: Session = INJECTED,
    **filters: Unpack[Filters],
) -> TraceSourceResult:
    """Follow the heaviest call path through a function, each step with its source and costs.

    Use it to read the code that leads to a cost: callers above the function, the heaviest callees below it,
    recursion folded. Costs are those of the samples through the function. Sources are read under the allowed
    folders only. For every line of one function use pprof.list; for all paths pprof.focus_paths.
    """
    way = ask(_native.way, profile, filters, function=function)
    runtime = runtime_of((step["file"], step["cum"]) for step in way["steps"])
    steps = [(step, origin_of(step["function"], step["file"], runtime)) for step in way["steps"]]
    kinds = [whose.origin for _, whose in steps]
    if not show_vendor:
        steps = [pair for pair in steps if pair[1].origin != "third_party" or pair[0]["is_target"]]
    target = next((at for at, (step, _) in enumerate(steps) if step["is_target"]), 0)
    # The function itself, then as many above it as below.
    first = max(0, min(target - max_depth // 2, len(steps) - max_depth))
    shown = steps[first : first + max_depth]
    finder = CodeFinder(session.fence, source_paths or ["."], [trim_path])
    chain = [_row(step, whose, finder, lines=lines, context=context_lines) for step, whose in shown]
    missing = [row for row in chain if row.source_error is not None]
    return TraceSourceResult(
        warnings=[*way["warnings"], *_warnings(chain, missing)],
        next=_next(profile, chain, way),
        profile=profile.reference,
        sample_type=way["sample_type"],
        unit=way["unit"],
        total=way["total"],
        total_text=way["total_text"],
        functions=way["functions"][:10],
        matched=way["matched"],
        matched_pct=way["matched_pct"],
        path_value=way["value"],
        path_pct_of_matched=way["pct_of_matched"],
        own=kinds.count("own"),
        third_party=kinds.count("third_party"),
        standard=kinds.count("standard"),
        steps_left_out=len(steps) - len(shown),
        without_source=len(missing),
        call_chain=chain,
    )


def _row(step: Rows, whose: Whose, finder: CodeFinder, *, lines: int, context: int) -> TracedFunction:
    code = finder.find(step["file"])
    shown, _ = source_lines(step["lines"], code, context=context, limit=lines)
    kept = {key: step[key] for key in TracedFunction.model_fields if key in step and key != "lines"}
    kept["file"] = step["file"] or None
    hottest = max(step["lines"], key=lambda line: (abs(line["cum"]), abs(line["flat"]), -line["line"]))
    return TracedFunction(
        **kept,
        line=hottest["line"],
        origin=whose.origin,
        package=whose.package,
        version=whose.version,
        found_at=None if code.path is None else str(code.path),
        source_error=code.reason or None,
        lines=shown,
    )


def _warnings(chain: list[TracedFunction], missing: list[TracedFunction]) -> list[str]:
    if not missing:
        return []
    what = missing[0].file or missing[0].function
    return [f"no source for {len(missing)} of {len(chain)} steps, such as {what}: {missing[0].source_error}"]


def _next(profile: Profile, chain: list[TracedFunction], way: Rows) -> list[NextCall]:
    own = [row for row in chain if row.origin == "own"]
    if not own:
        return []
    return [
        next_call(
            "pprof.list",
            "Every line of the last step in the user's own code.",
            profile=profile.reference,
            function=exactly(own[-1].function),
            sample_index=way["sample_type"]["type"],
        )
    ]

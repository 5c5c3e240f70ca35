"""pprof.storylines: the heaviest ways through the user's own code, with what is done there."""

from __future__ import annotations

import json
from typing import Annotated, Any, cast

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import SampleFilters, spec
from pprof_mcp.insight.allocation import relative_error_pct
from pprof_mcp.insight.amounts import amount_text, share_pct
from pprof_mcp.insight.frames import folded, language_of
from pprof_mcp.insight.overhead import Category
from pprof_mcp.marking import Marked, packed
from pprof_mcp.overhead import by_default, is_memory, marker, marks_of
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows, exactly, place
from pprof_mcp.results import NextCall, next_call
from pprof_mcp.results.overhead import RepoPrefixes
from pprof_mcp.results.storylines import Storyline, StorylinesResult, StorySource, StoryStep, StoryWork

MOST_STEPS = 6
"""Functions of a way that are shown, from its end (chosen: four ways stay short)."""

SHOWN_LINES = 2
"""Lines of a way that are named, and steps beyond its end (chosen: four ways stay short)."""

MOST_NAME = 160
"""Characters of a name that are shown; generated names are longer than anyone reads (chosen)."""


@tool(
    "pprof.storylines",
    title="Heaviest ways through own code",
    since="0.1",
    example={"profile": "handle:0123456789abcdef", "n": 4},
)
def storylines(
    profile: Profile,
    *,
    n: Annotated[int, Field(ge=1, le=12, description="Storylines at most.")] = 4,
    min_pct: Annotated[
        float, Field(ge=0, le=100, description="Least share of a storyline, in percent of the total.")
    ] = 1.0,
    repo_prefixes: RepoPrefixes = [],  # noqa: B006 - read only
    **filters: Unpack[SampleFilters],
) -> StorylinesResult:
    """Follow the heaviest ways through the user's own code, each sample in one at most.

    Frames of libraries are left out, closures belong to their function, recursion is one step. Each way comes
    with its hot lines and with what is done below it (json, allocation ...). Own code is found from the
    profile. For work of libraries pprof.overhead_report, for one function pprof.focus_paths.
    """
    given = by_default(profile, filters)
    marked = Marked(profile, given)
    overhead, ownership, categories = marker(marked, repo_prefixes)
    # Memory is always allocated; what for is the question.
    skipped = (
        frozenset({"allocation", "gc"})
        if is_memory(marked.functions["sample_type"]["type"])
        else frozenset[str]()
    )
    table = marks_of(overhead, ownership, categories, skipped)
    marks = marked.marks(lambda name, file, _: table[name, file])
    folds, names = _folds(marked)
    query = spec(given, limit=n, least=min_pct / 100, lines=SHOWN_LINES)
    found = cast("Rows", json.loads(_native.storylines(profile.native, query, marks, packed("I", folds))))
    unit, total = found["sample_type"]["unit"], found["total"]
    teller = _Teller(categories, names, unit, total)
    rows = [teller.storyline(row) for row in found["storylines"]]
    return StorylinesResult(
        warnings=[*found["warnings"], *_warnings(found, rows, marked)],
        next=_next(profile, found, rows),
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=unit,
        total=total,
        total_text=amount_text(total, unit),
        runtime=marked.runtime,
        own_code=list(ownership.modules[:5]),
        own_code_how=ownership.how,
        storylines=rows,
        own=found["own"],
        own_pct=share_pct(found["own"], total),
        without_own_pct=share_pct(found["without_own"], total),
        left_pct=share_pct(found["left"], total),
    )


def _folds(marked: Marked) -> tuple[list[int], list[str]]:
    """Give for each function the row that stands for it, and its name: the first of those that fold alike."""
    names: list[str] = []
    rows: dict[tuple[str, str], int] = {}
    folds: list[int] = []
    functions = zip(marked.functions["name"], marked.functions["file"], strict=True)
    for row, (name, file) in enumerate(functions):
        language = language_of(name, file, marked.runtime)
        names.append(folded(name, language))
        # Names of Go are whole, and what the compiler wraps may lie in another file.
        folds.append(rows.setdefault((names[-1], "" if language == "go" else file), row))
    return folds, names


class _Teller:
    """Puts an answer of the core into words."""

    def __init__(self, categories: list[Category], names: list[str], unit: str, total: int) -> None:
        self.categories = categories
        self.names = [name if len(name) <= MOST_NAME else f"{name[:MOST_NAME]}..." for name in names]
        self.unit = unit
        self.total = total

    def storyline(self, row: Rows) -> Storyline:
        steps = cast("list[dict[str, Any]]", row["steps"])
        value = row["value"]
        return Storyline(
            leaf_hotspot=self._name(steps[-1]),
            cum=value,
            cum_text=amount_text(value, self.unit),
            cum_pct=share_pct(value, self.total),
            flat=row["flat"],
            flat_pct=share_pct(row["flat"], self.total),
            samples=row["samples"],
            relative_error_pct=relative_error_pct(row["samples"]),
            stacks=row["stacks"],
            call_chain=[self._step(step) for step in steps[-MOST_STEPS:]],
            steps_left_out=max(0, len(steps) - MOST_STEPS),
            hot_lines=[
                self._source(line["function"], place(line), line["value"], value) for line in row["lines"]
            ],
            work=[self._work(part, value) for part in row["kinds"]],
            goes_on=[self._source(self._name(part), None, part["value"], value) for part in row["next"]],
        )

    def _name(self, part: dict[str, Any]) -> str:
        row: int = part["function"]
        return self.names[row]

    def _step(self, step: dict[str, Any]) -> StoryStep:
        return StoryStep(
            function=self._name(step),
            location=place(step["line"]) if step["line"] else None,
            cum=step["cum"],
            cum_pct=share_pct(step["cum"], self.total),
            recursive=step["recursive"],
        )

    def _source(self, function: str, location: str | None, value: int, whole: int) -> StorySource:
        return StorySource(
            function=function[:MOST_NAME],
            location=location,
            value=value,
            value_text=amount_text(value, self.unit),
            pct=share_pct(value, whole),
        )

    def _work(self, part: dict[str, Any], whole: int) -> StoryWork:
        kind: int = part["kind"]
        return StoryWork(
            category=self.categories[kind - 1].id if kind else "own code",
            value=part["value"],
            value_text=amount_text(part["value"], self.unit),
            pct=share_pct(part["value"], whole),
        )


def _warnings(found: Rows, rows: list[Storyline], marked: Marked) -> list[str]:
    if not found["samples"]:
        return []
    if not found["total"]:
        return [f"all values of {found['sample_type']['type']} are zero; sample_index takes other types"]
    if not any(marked.functions["name"]):
        return ["no function has a name, so no code can be told to be own: symbolize the profile first"]
    if not found["own"]:
        return ["no sample is in own code; name its modules or folders with repo_prefixes"]
    return [] if rows else ["no way through own code has min_pct of the total: lower it"]


def _next(profile: Profile, found: Rows, rows: list[Storyline]) -> list[NextCall]:
    reference, index = profile.reference, found["sample_type"]["type"]
    calls: list[NextCall] = []
    line = next((one for row in rows for one in row.hot_lines), None)
    if line is not None:
        why = f"What each line of {line.function[:100]} costs."
        calls.append(
            next_call(
                "pprof.list", why, profile=reference, function=exactly(line.function), sample_index=index
            )
        )
    if rows:
        why = "The work of libraries and the runtime by category."
    else:
        why = "No own code is heavy: what libraries and the runtime cost."
    calls.append(next_call("pprof.overhead_report", why, profile=reference, sample_index=index))
    return calls

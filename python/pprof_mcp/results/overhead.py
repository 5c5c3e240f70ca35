"""What libraries and runtimes cost, as rows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pprof_mcp.registry.arguments import Cli
from pprof_mcp.results.analysis import Analysis
from pprof_mcp.results.base import Row
from pprof_mcp.results.paging import LeftOut

RepoPrefixes = Annotated[
    list[str],
    Cli(("--repo-prefix",)),
    Field(
        max_length=50, description="What own code begins with: modules, packages, folders; found when empty."
    ),
]


class OverheadFunction(Row):
    """A function of a category."""

    columns = ("cum_pct", "function")

    function: str = Field(description="Its name.")
    cum: int = Field(description="Values of samples that it is in.")
    cum_pct: float = Field(description="In percent of the total.")


class OverheadCaller(Row):
    """A function of the user's own that needed a category."""

    columns = ("pct", "function", "file", "line")

    function: str = Field(description="The first function of own code above the work.")
    file: str | None = Field(description="Its source file; null when unknown.")
    line: int | None = Field(description="Its line that does most of it; null when unknown.")
    value: int = Field(description="What it had done.")
    pct: float = Field(description="In percent of the total.")


class Detection(Row):
    """A category of work that libraries and runtimes do."""

    columns = ("severity", "percentage", "disjoint_pct", "inclusive_pct", "exclusive_pct", "category")
    spare = ("exclusive_pct", "inclusive_pct")
    beneath = ("top_functions", "callers")

    category: str = Field(description="Its short name, for pprof.explain_overhead.")
    description: str = Field(description="What it is.")
    value: int = Field(description="Values of samples where it works for own code, or for nobody.")
    value_text: str = Field(description="value with its unit.")
    percentage: float = Field(
        description="value in percent of the total: what it does, not what it hosts. May overlap."
    )
    inclusive_pct: float = Field(description="Samples it is anywhere in: a server is in all it serves.")
    exclusive_pct: float = Field(description="Samples at whose leaf it is.")
    disjoint_pct: float = Field(
        description="Samples that are its own: it is the first category, or own code, from the leaf. Adds up."
    )
    samples: int = Field(description="Events recorded for percentage: samples, or allocations.")
    relative_error_pct: float | None = Field(
        description="Its standard error in percent of it: 1/sqrt(samples)."
    )
    severity: Literal["high", "medium", "low"] = Field(
        description="By percentage less two standard errors: high from 15, medium from 5."
    )
    top_functions: list[OverheadFunction] = Field(description="Its functions by cum, at most 3.")
    callers: list[OverheadCaller] = Field(description="Own code that needs it, at most 3.")
    suggestion: str | None = Field(description="What helps first; null when low.")


class OverheadLeftOut(LeftOut):
    """Categories that are not among the rows."""

    columns = ("rows", "disjoint_pct")

    disjoint_pct: float = Field(description="What is theirs, in percent of the total.")


class OverheadResult(Analysis):
    """What libraries and runtimes cost."""

    profile_kind: str = Field(description="The profile's kind: cpu, heap ...")
    runtime: str | None = Field(description="Whose rules were asked; null: unknown, names alone decided.")
    samples: int = Field(description="Rows of the profile that this rests on.")
    detections: list[Detection] = Field(description="Categories, heaviest percentage first.")
    left_out: OverheadLeftOut = Field(description="Categories before and behind these, or below min_pct.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next rows; null at the end.")
    total_overhead: int = Field(description="What all categories have for their own, waiting excepted.")
    total_overhead_text: str = Field(description="total_overhead with its unit.")
    total_overhead_pct: float = Field(
        description="Sum of all disjoint shares, waiting excepted: at most 100."
    )
    own_pct: float = Field(description="Samples in own code, and in what it calls that is of no category.")
    idle_pct: float = Field(description="Samples that wait for something to do.")
    other_pct: float = Field(description="Samples with neither own code nor a category.")
    own_code: list[str] = Field(description="What counts as own code, at most 5.")
    hints: list[str] = Field(description="What stands out, in words; empty when nothing does.")


class Way(Row):
    """What is known of a category in one runtime."""

    columns = ("runtime",)
    beneath = ("causes", "ways_out", "examples")

    runtime: str = Field(description="go, java, python, node, dotnet, ruby, php or native.")
    causes: list[str] = Field(description="Why it may cost much.")
    ways_out: list[str] = Field(description="What helps.")
    examples: list[str] = Field(description="Frames that count as it: `function`, or `function @ file`.")

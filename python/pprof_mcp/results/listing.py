"""Source lines with what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from pprof_mcp.registry.arguments import Cli
from pprof_mcp.results.analysis import Analysis
from pprof_mcp.results.base import Row
from pprof_mcp.results.paging import LeftOut
from pprof_mcp.sources.code import Code

MOST_CODE = 200
"""Characters of a source line that are shown (chosen: wider than any style guide allows)."""


class SourceLine(Row):
    """One line of a source file."""

    columns = ("line", "flat_text", "cum_text", "code")

    line: int = Field(description="Its number; 0 when the profile does not say it.")
    flat: int = Field(description="What arose on this line.")
    cum: int = Field(description="What passed this line, calls included.")
    flat_text: str = Field(description="flat with its unit; empty for a line without samples.")
    cum_text: str = Field(description="cum with its unit; empty for a line without samples.")
    cum_pct: float = Field(description="cum in percent of the total.")
    samples: int = Field(description="Samples that pass here: few of them say little.")
    code: str | None = Field(description="The line itself; null when the file was not found.")


SourcePaths = Annotated[
    list[str],
    Cli(("--source-path",)),
    Field(max_length=20, description="Folders with sources; the working folder when none is given."),
]
TrimPath = Annotated[str, Field(max_length=1_000, description="Beginning to cut off the profile's paths.")]


class ListedFunction(Row):
    """A function with its lines."""

    columns = ("flat_text", "flat_pct", "cum_text", "cum_pct", "samples", "function", "file")
    beneath = ("lines",)

    function: str = Field(description="Its name.")
    file: str | None = Field(description="Its source file, as the profile has it; null when unknown.")
    found_at: str | None = Field(description="Where that file was found; null when it was not.")
    reason: str | None = Field(description="Why there is no source; null when there is.")
    flat: int = Field(description="What arose in it.")
    cum: int = Field(description="What passed through it, each sample once.")
    flat_text: str = Field(description="flat with its unit.")
    cum_text: str = Field(description="cum with its unit.")
    flat_pct: float = Field(description="In percent of the total.")
    cum_pct: float = Field(description="In percent of the total.")
    samples: int = Field(description="Samples that it is in.")
    lines: list[SourceLine] = Field(description="Its lines with samples, and those around them.")
    lines_left_out: int = Field(description="Lines with samples that are not shown: the lightest.")


class ListResult(Analysis):
    """Functions line by line, the largest cum first."""

    matched: int = Field(description="Samples through any of the functions, each once.")
    matched_pct: float = Field(description="matched in percent of the total.")
    without_source: int = Field(description="Of the functions shown, those whose source was not found.")
    without_source_pct: float = Field(description="Their cum together, in percent of the total.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next functions; null at the end.")
    functions: list[ListedFunction] = Field(description="The functions.")
    left_out: LeftOut = Field(description="Functions before and behind these.")


def source_lines(
    rows: Sequence[dict[str, Any]], code: Code, *, context: int, limit: int
) -> tuple[list[SourceLine], int]:
    """Put lines of code beside their costs.

    Args:
        rows: Lines with samples, ascending, as the core gives them.
        code: The file.
        context: Lines without samples shown before and behind each with samples.
        limit: Lines with samples shown, at most: the heaviest.

    Returns:
        Lines, ascending, and how many with samples are not among them.
    """
    heaviest = sorted(rows, key=lambda row: (-abs(row["cum"]), -abs(row["flat"]), row["line"]))[:limit]
    costs = {row["line"]: row for row in heaviest}
    numbers = set(costs)
    if code.path is not None:
        for line in list(costs):
            near = range(max(1, line - context), min(len(code.lines), line + context) + 1)
            numbers.update(near if line > 0 else ())
    made: list[SourceLine] = []
    for number in sorted(numbers):
        text = code.line(number)
        shown = None if text is None else text[:MOST_CODE]
        row = costs.get(number)
        made.append(
            SourceLine(
                line=number, flat=0, cum=0, flat_text="", cum_text="", cum_pct=0, samples=0, code=shown
            )
            if row is None
            else SourceLine(code=shown, **{key: row[key] for key in SourceLine.model_fields if key != "code"})
        )
    return made, len(rows) - len(heaviest)

"""pprof.list: what each line of a function costs, beside its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import MAX_PATTERN, Filters
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.reports import Rows, ask, exactly
from pprof_mcp.results import Cursor, LeftOut, NextCall, next_call, page_of
from pprof_mcp.results.listing import ListedFunction, ListResult, SourcePaths, TrimPath, source_lines
from pprof_mcp.session.session import Session
from pprof_mcp.sources.code import CodeFinder


@tool(
    "pprof.list",
    title="Lines of a function",
    since="0.1",
    toolset="core",
    example={"profile": "handle:0123456789abcdef", "function": "pricing\\.weakHash"},
)
def list(
    profile: Profile,
    function: Annotated[
        str,
        Field(
            min_length=1, max_length=MAX_PATTERN, description="Which functions, by a regex on their names."
        ),
        Cli(positional=True),
    ],
    *,
    source_paths: SourcePaths = [],  # noqa: B006 - read only
    trim_path: TrimPath = "",
    limit: Annotated[int, Field(ge=1, le=100, description="Functions at most.")] = 3,
    lines: Annotated[
        int, Field(ge=1, le=1_000, description="Lines with samples of each function at most: the heaviest.")
    ] = 12,
    context: Annotated[
        int, Field(ge=0, le=50, description="Lines around each that are shown without samples.")
    ] = 1,
    cursor: Cursor = "",
    session: Session = INJECTED,
    **filters: Unpack[Filters],
) -> ListResult:
    """Show what each line of a function costs, with its source where that can be found.

    Use it when the function is known and the line is not. Sources are read under the allowed folders only:
    name them as source_paths. Without sources the numbers of the lines are there all the same. For callers
    and callees use pprof.peek.
    """
    page = page_of(cursor, limit)
    found = ask(_native.lines, profile, filters, function=function)
    finder = CodeFinder(session.fence, source_paths or ["."], [trim_path])
    every = found["functions"]
    chosen = every[page.offset : page.offset + page.limit]
    rows = [_row(row, finder, lines=lines, context=context) for row in chosen]
    missing = [row for row in rows if row.reason is not None]
    return ListResult(
        warnings=[*found["warnings"], *_warnings(missing)],
        next=[*_next(profile, rows, found)],
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=found["unit"],
        total=found["total"],
        total_text=found["total_text"],
        matched=found["matched"],
        matched_pct=found["matched_pct"],
        without_source=len(missing),
        without_source_pct=round(sum(row.cum_pct for row in missing), 4),
        cursor=page.cursor(len(rows), len(every)),
        functions=rows,
        left_out=LeftOut(rows=len(every) - len(rows)),
    )


def _row(row: Rows, finder: CodeFinder, *, lines: int, context: int) -> ListedFunction:
    code = finder.find(row["file"])
    shown, left_out = source_lines(row["lines"], code, context=context, limit=lines)
    kept = {key: row[key] for key in ListedFunction.model_fields if key in row and key != "lines"}
    kept["file"] = row["file"] or None
    return ListedFunction(
        **kept,
        found_at=None if code.path is None else str(code.path),
        reason=code.reason or None,
        lines=shown,
        lines_left_out=left_out,
    )


def _warnings(missing: Sequence[ListedFunction]) -> Sequence[str]:
    if not missing:
        return []
    one = missing[0]
    what = one.file or one.function
    return [f"no source for {len(missing)} of the functions shown, such as {what}: {one.reason}"]


def _next(profile: Profile, rows: Sequence[ListedFunction], found: Rows) -> Sequence[NextCall]:
    if not rows:
        return []
    return [
        next_call(
            "pprof.peek",
            f"Who calls {rows[0].function[:100]}, and what it calls.",
            profile=profile.reference,
            regex=exactly(rows[0].function),
            sample_index=found["sample_type"]["type"],
        )
    ]

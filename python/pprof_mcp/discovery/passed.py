"""What earlier calls answered, as a part of a page or as a page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from pprof_mcp.earlier import Earlier
from pprof_mcp.render.document import Table, document
from pprof_mcp.render.markdown import blocks_under, code, escape
from pprof_mcp.results.base import NextCall, Result

MOST_ADVICE: Final = 3
"""Pieces of advice of one answer that the summary names (chosen: as many as a page about a capture)."""


def page_of(earlier: Sequence[Earlier], *, title: str, version: str) -> str:
    """Write a page about nothing else.

    Args:
        earlier: The answers.
        title: Heading; empty: a plain one.
        version: Of this program.
    """
    blocks = [
        f"# {escape(title or 'Profile report')}\n",
        f"## Summary\n\n{summaries(earlier)}",
        *sections(earlier),
        f"## Where this comes from\n\n{provenance(earlier)}, pprof-mcp {escape(version)}.\n",
    ]
    return "\n".join(blocks)


def summaries(earlier: Sequence[Earlier]) -> str:
    """Say of each answer what it comes to and what it advises."""
    lines: list[str] = []
    for one in earlier:
        says_no = "**failed**: " if one.result.failed else ""
        lines.append(f"- {_name(one)}: {says_no}{escape(gist(one.result))}.")
        lines.extend(f"  - {escape(text)}" for text in advice(one.result)[:MOST_ADVICE])
    return "".join(f"{line}\n" for line in lines)


def sections(earlier: Sequence[Earlier]) -> Iterator[str]:
    """Show each answer whole, but for the calls it suggests: what was asked next is beside it."""
    for one in earlier:
        shown = one.result.model_copy(update={"next": []})
        yield f"## {_name(one)}\n"
        yield blocks_under(document(shown, _written), level=2)


def provenance(earlier: Sequence[Earlier]) -> str:
    """Say which answers were given."""
    return f"Earlier answers as they were given: {', '.join(code(one.spec.name) for one in earlier)}"


def gist(result: Result) -> str:
    """Say in a line what an answer comes to: its own words, or its first row."""
    own: Any = getattr(result, "summary", None)
    if isinstance(own, str) and own:
        return own.rstrip(".")
    for block in document(result.model_copy(update={"next": [], "warnings": []}), _written):
        if isinstance(block, Table) and block.rows and any(block.columns):
            cells = zip(block.columns, block.rows[0], strict=True)
            first = ", ".join(f"{name} {value}" for name, value in cells if value)
            return f"first of {block.title}: {first}" if block.title else first
    return "nothing was found"


def advice(result: Result) -> list[str]:
    """Give what an answer recommends, as texts."""
    rows: Any = getattr(result, "recommendations", [])
    if not isinstance(rows, list):
        return []
    return [
        row if isinstance(row, str) else str(getattr(row, "suggestion", ""))
        for row in cast("list[object]", rows)
        if isinstance(row, str) or getattr(row, "suggestion", "")
    ]


def _name(one: Earlier) -> str:
    return f"{escape(one.spec.title)} ({code(one.spec.name)})"


def _written(call: NextCall) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
    return f"{call.tool.replace('_', '.', 1)}({given})"

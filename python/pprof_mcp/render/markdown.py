"""A document as Markdown; every cell is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pprof_mcp.render.clean import clean
from pprof_mcp.render.document import Block, Facts, Notes, Table, Text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~&@]|:(?=//)|(?<=www)\.)")
"""What Markdown, and GitHub's of tables, links and mentions, reads as more than text (specified)."""

_FIRST = re.compile(r"^(\d{0,9})([-+=.)])(?=[ =-]|$)")
"""What would begin a list or a heading."""

_DEEPEST = 6
"""Level of the smallest heading (specified)."""

_PLAIN_CODE = re.compile(r"[^`|\\]+")
"""What means the same in code as in a table's cell; the rest is escaped instead."""


def markdown(title: str, blocks: Sequence[Block]) -> str:
    """Write blocks as Markdown.

    Args:
        title: Heading of the whole.
        blocks: The document.
    """
    return f"# {escape(title)}\n\n" + blocks_under(blocks, level=1)


def blocks_under(blocks: Sequence[Block], *, level: int) -> str:
    """Write blocks without a heading of their own.

    Args:
        blocks: The document.
        level: Of the heading they stand under.
    """
    return "\n".join(_block(block, level) for block in blocks)


def escape(text: str) -> str:
    """Make a text safe to stand in a line or a table cell."""
    return _FIRST.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", " ".join(clean(text).split())))


def code(text: str) -> str:
    """Set a name off as code, in which nothing but its end has a meaning; in a cell, what would end that."""
    shown = " ".join(clean(text).split())
    return f"`{shown}`" if _PLAIN_CODE.fullmatch(shown) else escape(shown)


def code_line(text: str) -> str:
    """Set anything off as code; not for a cell."""
    shown = " ".join(clean(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return f"{fence} {shown} {fence}" if "`" in shown else f"`{shown}`" if shown else ""


def grid(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """Write a table of cells that are Markdown already."""
    marks = ["---:" if right else "---" for right in numeric]
    return "".join(f"| {' | '.join(line)} |\n" for line in (columns, marks, *rows))


def _block(block: Block, level: int) -> str:
    if isinstance(block, Facts):
        return "".join(
            f"- **{escape(name)}**: {escape(value)}\n" if name else f"  - {escape(value)}\n"
            for name, value in block.pairs
        )
    if isinstance(block, Text):
        fence = "```"
        while fence in block.body:
            fence += "`"
        return f"{fence}text\n{block.body.rstrip()}\n{fence}\n"
    if isinstance(block, Notes):
        return f"**{escape(block.title)}**\n\n" + "".join(f"- {escape(line)}\n" for line in block.lines)
    return _table(block, level)


def _table(table: Table, level: int) -> str:
    marks = "#" * min(_DEEPEST, 1 + level + table.depth)
    heading = f"{marks} {escape(table.title)}\n\n" if table.title else ""
    if not any(table.columns):
        return heading + "".join(f"{at}. {escape(row[0])}\n" for at, row in enumerate(table.rows, 1))
    columns, *rows = ([escape(cell) for cell in line] for line in (table.columns, *table.rows))
    return heading + grid(columns, rows, table.numeric)

"""A document as Markdown; every cell is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pprof_mcp.render.document import Block, Facts, Notes, Table, Text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def markdown(title: str, blocks: Sequence[Block]) -> str:
    """Write blocks as Markdown.

    Args:
        title: Heading of the whole.
        blocks: The document.
    """
    return f"# {escape(title)}\n\n" + "\n".join(_block(block) for block in blocks)


def escape(text: str) -> str:
    """Make a text safe to stand in a line or a table cell."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _block(block: Block) -> str:
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
    return _table(block)


def _table(table: Table) -> str:
    heading = f"{'#' * (2 + table.depth)} {escape(table.title)}\n\n" if table.title else ""
    if not any(table.columns):
        return heading + "".join(f"{at}. {escape(row[0])}\n" for at, row in enumerate(table.rows, 1))
    marks = ["---:" if right else "---" for right in table.numeric]
    lines = [table.columns, *table.rows]
    text = [f"| {' | '.join(escape(cell) for cell in line)} |\n" for line in lines]
    text.insert(1, f"| {' | '.join(marks)} |\n")
    return heading + "".join(text)

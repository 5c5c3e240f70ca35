"""A document as plain text with aligned columns: for pipes and files. Nothing is cut."""

from __future__ import annotations

from collections.abc import Sequence

from pprof_mcp.render import lines
from pprof_mcp.render.clean import on_one_line
from pprof_mcp.render.document import Block, Facts, Notes, Text


def plain(blocks: Sequence[Block]) -> str:
    """Write blocks as text."""
    return "\n".join(_block(block) for block in blocks).rstrip("\n") + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Facts):
        indent = "    " * block.depth
        pairs = block.pairs if not indent else [(name, on_one_line(value)) for name, value in block.pairs]
        return lines.facts(pairs, indent)
    if isinstance(block, Text):
        return block.body if block.body.endswith("\n") else block.body + "\n"
    if isinstance(block, Notes):
        return lines.notes(block.title, block.lines)
    rows = [tuple(on_one_line(cell) for cell in row) for row in block.rows]
    return lines.table(block.title, block.columns, rows, block.numeric, "    " * block.depth)

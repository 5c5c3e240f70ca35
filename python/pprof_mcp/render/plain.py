"""A document as plain text with aligned columns: for pipes and files. Nothing is cut."""

from __future__ import annotations

from collections.abc import Sequence

from pprof_mcp.render.document import Block, Facts, Notes, Table, Text, on_one_line


def plain(blocks: Sequence[Block]) -> str:
    """Write blocks as text."""
    return "\n".join(_block(block) for block in blocks).rstrip("\n") + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Facts):
        width = max(len(name) for name, _ in block.pairs)
        return "".join(f"{name + ':':<{width + 1}} {value}\n" for name, value in block.pairs)
    if isinstance(block, Text):
        return block.body if block.body.endswith("\n") else block.body + "\n"
    if isinstance(block, Notes):
        return f"{block.title}:\n" + "".join(f"  - {line}\n" for line in block.lines)
    return _table(block)


def _table(table: Table) -> str:
    indent = "    " * table.depth
    rows = [tuple(on_one_line(cell) for cell in row) for row in table.rows]
    widths = [max(len(line[at]) for line in (table.columns, *rows)) for at in range(len(table.columns))]
    lines = [f"{indent}{table.title}\n"] if table.title else []
    if any(table.columns):
        lines.append(indent + _line(table.columns, widths, table.numeric))
    lines.extend(indent + _line(row, widths, table.numeric) for row in rows)
    return "".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    parts = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return "  ".join(parts).rstrip() + "\n"

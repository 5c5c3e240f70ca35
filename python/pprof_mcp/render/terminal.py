"""A document on a terminal: tables that fit its width, colours where it has some."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text as RichText

from pprof_mcp.render.clean import on_one_line
from pprof_mcp.render.document import Block, Facts, Notes, Table, Text

_GAP = 3
"""Columns of a terminal between two columns of a table."""


def show(blocks: Sequence[Block], console: Console) -> None:
    """Write blocks to a terminal."""
    for block in blocks:
        if isinstance(block, Facts):
            _facts(block, console)
        elif isinstance(block, Text):
            console.print(RichText(block.body), soft_wrap=True)
        elif isinstance(block, Notes):
            _notes(block, console)
        else:
            _table(block, console)


def _facts(facts: Facts, console: Console) -> None:
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.pairs:
        grid.add_row(RichText(name), RichText(value))
    console.print(Padding(grid, (0, 0, 0, 4 * facts.depth)))


def _notes(notes: Notes, console: Console) -> None:
    style = {"warnings": "yellow", "next": "dim"}.get(notes.title, "")
    console.print(RichText(notes.title, style="bold"))
    for line in notes.lines:
        console.print(RichText(f"  {line}", style=style))


def _table(table: Table, console: Console) -> None:
    shown = RichTable(
        box=box.SIMPLE_HEAD if table.depth == 0 else None,
        title=table.title or None,
        title_justify="left",
        title_style="bold" if table.depth == 0 else "dim",
        show_header=any(table.columns) and table.depth == 0,
        pad_edge=False,
        collapse_padding=True,
    )
    kept = _fitting(table, console.width - 4 * table.depth)
    for at in kept:
        right = table.numeric[at]
        # Names are what is long; they wrap, numbers never do.
        shown.add_column(
            RichText(table.columns[at]), justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    for row in table.rows:
        shown.add_row(*(RichText(on_one_line(row[at])) for at in kept))
    console.print(Padding(shown, (0, 0, 0, 4 * table.depth)))


def _fitting(table: Table, room: int) -> list[int]:
    """Choose columns: spare ones go until the rest fits without wrapping."""
    widths = [
        max(cell_len(line[at]) for line in (table.columns, *table.rows)) for at in range(len(table.columns))
    ]
    kept = list(range(len(widths)))
    for at in table.spare:
        if sum(widths[column] + _GAP for column in kept) <= room:
            break
        kept.remove(at)
    return kept

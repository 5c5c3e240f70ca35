"""Any result as a document: facts, tables and texts, in the order of its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from pprof_mcp.render.clean import clean
from pprof_mcp.results.base import NextCall, Result, Row


@dataclass(frozen=True)
class Facts:
    """Names with single values; a name that is empty goes on with the one before.

    Attributes:
        pairs: Names and values.
        depth: How deep they lie in a row.
    """

    pairs: tuple[tuple[str, str], ...]
    depth: int = 0


@dataclass(frozen=True)
class Table:
    """Rows with columns.

    Attributes:
        title: What the rows are.
        columns: Column names.
        rows: Cells as text.
        numeric: For each column whether it is set flush right.
        spare: Columns that a narrow terminal leaves out, by position, the first one first.
        depth: How deep it lies in another row.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    spare: tuple[int, ...] = ()
    depth: int = 0


@dataclass(frozen=True)
class Text:
    """A text that is shown as it is."""

    body: str


@dataclass(frozen=True)
class Notes:
    """Sentences under a title."""

    title: str
    lines: tuple[str, ...]


Block = Facts | Table | Text | Notes
Suggestion = Callable[[NextCall], str]

_LAST = ("hints", "warnings", "next")
"""Fields that stand at the end whatever their place in the model: they are about the rest."""

_SILENT = frozenset({"raw_meta"})


def document(result: Result, suggestion: Suggestion) -> list[Block]:
    """Turn a result into blocks.

    Args:
        result: Any result.
        suggestion: Writes a suggested call.

    Returns:
        Facts first, then tables and texts, then hints, warnings and suggestions. What is null or empty is
        left out.
    """
    facts: list[tuple[str, str]] = []
    body: list[Block] = []
    for name in type(result).model_fields:
        value: Any = getattr(result, name)
        if f"{name}_text" in type(result).model_fields:
            # People read the text; the number beside it is for programs.
            continue
        if name in _LAST or name in _SILENT or (name.endswith("left_out") and _says_nothing(value)):
            continue
        if name == "raw" and value is not None:
            body.append(Text(clean(str(value))))
        elif isinstance(value, Row):
            facts.append((_heading(name), _row_in_words(value)))
            body.extend(_beneath(value, words(name), facts, suggestion))
        elif _is_rows(value):
            body.extend(_tables(words(name), cast("list[Row]", value), 0, suggestion))
        elif isinstance(value, list):
            body.extend(_listed(words(name), cast("list[object]", value), facts))
        elif value not in (None, ""):
            facts.append((_heading(name), _short(value)))
    blocks: list[Block] = [Facts(tuple(facts))] if facts else []
    return [*blocks, *body, *_notes(result, suggestion)]


def _beneath(row: Row, name: str, facts: list[tuple[str, str]], suggestion: Suggestion) -> list[Block]:
    """Give the tables of a row that stands alone; those of a row in it, too."""
    blocks: list[Block] = []
    for part in row.beneath:
        value: Any = getattr(row, part)
        if isinstance(value, Row):
            facts.append((f"{name} {words(part)}", _row_in_words(value)))
            blocks.extend(_beneath(value, f"{name} {words(part)}", facts, suggestion))
        elif _is_rows(value):
            title = words(part)
            blocks.extend(_tables(title, cast("list[Row]", value), 0, suggestion))
    return blocks


def _says_nothing(value: object) -> bool:
    if isinstance(value, Row):
        return not any(getattr(value, name) for name in type(value).model_fields)
    return not value


def _short(value: object) -> str:
    text = cell(value)
    return text.rstrip("0").rstrip(".") if isinstance(value, float) and "." in text else text


def words(name: str) -> str:
    """Spell a field name for people."""
    return name.replace("_", " ")


def cell(value: Any) -> str:
    """Write one value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 1e15 else f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(cell(item) for item in cast("list[Any]", value))
    if isinstance(value, dict):
        return ", ".join(f"{cell(key)} {cell(item)}" for key, item in cast("dict[Any, Any]", value).items())
    return _row_in_words(value) if isinstance(value, Row) else clean(str(value))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Row) for item in cast("list[Any]", value)[:1])


def _listed(title: str, values: list[object], facts: list[tuple[str, str]]) -> list[Block]:
    if not values:
        return []
    if all(isinstance(item, str) and len(item) < 60 for item in values) and len(values) <= 8:
        facts.append((title, ", ".join(cell(item) for item in values)))
        return []
    return [Notes(title, tuple(cell(item) for item in values))]


def _shown_columns(row: Row) -> tuple[str, ...]:
    if row.columns:
        return row.columns
    return tuple(name for name in type(row).model_fields if not isinstance(getattr(row, name), (list, Row)))


def _row_in_words(row: Row) -> str:
    parts = [(name, getattr(row, name)) for name in _shown_columns(row)]
    if {name for name, _ in parts} <= {"type", "unit"}:
        return "/".join(cell(value) for _, value in parts)
    return ", ".join(f"{_heading(name)} {_short(value)}" for name, value in parts if value is not None)


def _tables(title: str, rows: list[Row], depth: int, suggestion: Suggestion) -> list[Block]:
    """Give one table for plain rows; rows that hold rows or texts get a table each, with theirs beneath."""
    if not rows[0].beneath:
        return [_table(title, rows, depth), *_remarks(rows)]
    blocks: list[Block] = []
    for number, row in enumerate(rows):
        blocks.append(_table(title if number == 0 else "", [row], depth))
        if any(isinstance(getattr(row, name), (str, NextCall)) for name in row.beneath):
            blocks.append(Facts(tuple(_texts(row, suggestion)), depth + 1))
            continue
        for name in row.beneath:
            children: list[Any] = getattr(row, name)
            if _is_rows(children):
                blocks.extend(_tables(words(name), children, depth + 1, suggestion))
            elif children:
                lines = tuple((cell(item),) for item in children)
                blocks.append(Table(words(name), ("",), lines, (False,), depth=depth + 1))
    return blocks


def _texts(row: Row, suggestion: Suggestion) -> Iterator[tuple[str, str]]:
    """Give the texts that belong to a row, each with its name."""
    for name in row.beneath:
        value: Any = getattr(row, name)
        if isinstance(value, NextCall):
            yield words(name), clean(suggestion(value))
        elif value:
            lines = cast("list[Any]", value) if isinstance(value, list) else [value]
            for at, line in enumerate(lines):
                yield "" if at else words(name), cell(line)


def _remarks(rows: list[Row]) -> list[Block]:
    """Give the lists of texts that rows hold besides their columns, each said of its row."""
    blocks: list[Block] = []
    first = _shown_columns(rows[0])[0]
    for name in type(rows[0]).model_fields:
        if name in rows[0].columns or not isinstance(getattr(rows[0], name), list):
            continue
        lines = tuple(
            f"{cell(getattr(row, first))}: {cell(item)}" for row in rows for item in getattr(row, name)
        )
        if lines:
            blocks.append(Notes(words(name), lines))
    return blocks


def _table(title: str, rows: list[Row], depth: int) -> Table:
    columns = _shown_columns(rows[0])
    cells = tuple(tuple(cell(getattr(row, name)) for name in columns) for row in rows)
    # A column that is empty everywhere says nothing.
    kept = [at for at in range(len(columns)) if any(line[at] for line in cells)]
    return Table(
        title=title,
        columns=tuple(_heading(columns[at]) for at in kept),
        rows=tuple(tuple(line[at] for at in kept) for line in cells),
        numeric=tuple(_is_number(rows, columns[at]) for at in kept),
        spare=tuple(kept.index(columns.index(name)) for name in rows[0].spare if columns.index(name) in kept),
        depth=depth,
    )


def _heading(name: str) -> str:
    if name.endswith("_pct"):
        return words(name.removesuffix("_pct")) + "%"
    return words(name.removesuffix("_text"))


def _is_number(rows: list[Row], name: str) -> bool:
    if name.endswith(("_text", "_pct")):
        return True
    value: Any = getattr(rows[0], name)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _notes(result: Result, suggestion: Suggestion) -> list[Block]:
    blocks: list[Block] = []
    hints: Any = getattr(result, "hints", [])
    if hints:
        blocks.append(Notes("hints", tuple(cell(hint) for hint in hints)))
    if result.warnings:
        blocks.append(Notes("warnings", tuple(cell(warning) for warning in result.warnings)))
    if result.next:
        blocks.append(Notes("next", tuple(clean(f"{call.why} {suggestion(call)}") for call in result.next)))
    return blocks

"""Plain text with aligned columns, from names, cells and sentences. Loads nothing, for the quick commands."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def facts(pairs: Sequence[tuple[str, str]], indent: str = "") -> str:
    """Write names with single values."""
    width = max(len(name) for name, _ in pairs)
    return "".join(f"{indent}{name + ':' if name else '':<{width + 1}} {value}\n" for name, value in pairs)


def notes(title: str, sentences: Sequence[str]) -> str:
    """Write sentences under a title."""
    return f"{title}:\n" + "".join(f"  - {sentence}\n" for sentence in sentences)


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    indent: str = "",
) -> str:
    """Write rows with columns; numeric ones are set flush right."""
    widths = [max(len(line[at]) for line in (columns, *rows)) for at in range(len(columns))]
    lines = [f"{indent}{title}\n"] if title else []
    if any(columns):
        lines.append(indent + _line(columns, widths, numeric))
    lines.extend(indent + _line(row, widths, numeric) for row in rows)
    return "".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    parts = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return "  ".join(parts).rstrip() + "\n"

"""Lists that say what they leave out, and cursors to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.results.base import Row

Cursor = Annotated[str, Field(max_length=20, description="`cursor` of the last answer.")]
"""The argument that goes on with a list; see `page_of`."""


class LeftOut(Row):
    """Rows that exist but are not in this answer."""

    columns = ("rows",)

    rows: int = Field(description="How many rows there are besides those shown.")


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for.

    Attributes:
        offset: Rows before it.
        limit: Rows at most.
    """

    offset: int
    limit: int

    def cursor(self, shown: int, total: int) -> str | None:
        """Give the cursor that goes on behind the rows shown, or None when none are left."""
        end = self.offset + shown
        return str(end) if shown > 0 and end < total else None


def page_of(cursor: str, limit: int) -> Page:
    """Read a cursor.

    Args:
        cursor: The `cursor` of an earlier answer, or empty for the beginning.
        limit: Rows at most.

    Raises:
        InvalidArgumentError: It is no cursor of ours.
    """
    if not cursor:
        return Page(0, limit)
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 12):
        raise InvalidArgumentError(
            f"cursor: {cursor[:40]!r} is not a cursor",
            hint="Pass the cursor of the last answer unchanged, or leave it out to start at the beginning.",
            details={"argument": "cursor"},
        )
    return Page(int(cursor), limit)

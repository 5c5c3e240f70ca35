"""Makes an answer smaller when fewer rows are not enough.

Names in a profile may have any length, and so may lists that no parameter bounds. Texts are cut in their
middle, where generated names differ least, then lists at their end; a warning says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, TypeVar, cast

from pprof_mcp.results.base import Result

R = TypeVar("R", bound=Result)

TEXTS = (1_000, 400, 150)
"""Lengths tried for texts, in characters (chosen: the first keeps all names but the generated, the last still
tells them apart)."""
LISTS = (100, 30, 10, 3)
"""Lengths tried for lists, in entries (chosen)."""
_CUT = "…"


def shorter(result: R, *, kept: Collection[str], lists: bool) -> Iterator[R]:
    """Give the same result with less in it, then with still less.

    Args:
        result: The result.
        kept: Texts that stay whole: what the caller gave, such as a path.
        lists: Whether lists may be cut, too.
    """
    sizes: list[tuple[int, int | None]] = [(length, None) for length in TEXTS]
    if lists:
        sizes += [(TEXTS[-1], entries) for entries in LISTS]
    given = result.model_dump(exclude={"next"})
    for length, entries in sizes:
        scissors = _Scissors(length, entries, kept)
        fields = scissors.cut(given)
        fields["warnings"] = [*fields["warnings"], *scissors.told()]
        # A call whose arguments are cut would ask for something else.
        calls = [call for call in result.next if not scissors.is_long(list(call.arguments.values()))]
        fields["next"] = [call.model_dump() for call in calls]
        yield type(result).model_validate(fields)


class _Scissors:
    def __init__(self, length: int, entries: int | None, kept: Collection[str]) -> None:
        self.length, self.entries, self.kept = length, entries, kept
        self.texts = 0
        self.lists: dict[str, int] = {}

    def is_long(self, value: object) -> bool:
        if isinstance(value, list):
            return any(self.is_long(item) for item in cast("list[object]", value))
        return isinstance(value, str) and len(value) > self.length and value not in self.kept

    def cut(self, value: Any, field: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self.cut(item, name) for name, item in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            items = cast("list[Any]", value)
            if self.entries is not None and len(items) > self.entries:
                self.lists[field] = max(len(items), self.lists.get(field, 0))
                items = items[: self.entries]
            return [self.cut(item, field) for item in items]
        if not self.is_long(value):
            return value
        self.texts += 1
        start = self.length * 2 // 3
        return f"{value[:start]}{_CUT}{value[start - self.length :]}"

    def told(self) -> list[str]:
        found: list[str] = []
        if self.texts:
            found.append(f"texts of more than {self.length} characters are cut in the middle, at {_CUT}")
        if self.lists:
            names = ", ".join(f"{name} ({count})" for name, count in self.lists.items())
            found.append(f"lists of more than {self.entries} entries are cut: {names}")
        return found

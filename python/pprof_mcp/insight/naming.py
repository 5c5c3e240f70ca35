"""Which names someone may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

MatchType = Literal["exact", "prefix", "normalized", "contains", "similar", "any"]

_EXACT, _CASE, _PREFIX, _BARE, _BARE_PREFIX, _WITHIN, _BARE_WITHIN, _SIMILAR = (
    1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.65, 0.6,
)  # fmt: skip
"""Scores, the surest first; that of similar names is multiplied by how much of them is equal.

Source: those of the system whose users this program serves.
"""
FEW_EDITS, MANY_EDITS, LONG = 2, 3, 8
"""Edits at most: of names shorter than `LONG`, and of others. Source: the same."""


@dataclass(frozen=True)
class Match:
    """A name that may have been meant.

    Attributes:
        name: The name.
        score: How surely, 0 to 1.
        kind: What they have in common.
    """

    name: str
    score: float
    kind: MatchType


def rank(wanted: str, names: Iterable[str]) -> list[Match]:
    """Give the names that may have been meant, the likeliest first.

    Equal ones, then those that begin so, are equal but for separators and case, contain it, differ by a few
    signs. What is wanted has to have a letter or digit.
    """
    found = [match for name in set(names) if (match := _match(wanted.strip(), name)) is not None]
    return sorted(found, key=lambda match: (-match.score, match.name))


def bare(name: str) -> str:
    """Give a name without case and separators."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _match(wanted: str, name: str) -> Match | None:
    short, there = bare(wanted), bare(name)
    if not short or not there:
        return None
    low, folded = wanted.casefold(), name.casefold()
    rules: tuple[tuple[bool, float, MatchType], ...] = (
        (wanted == name, _EXACT, "exact"),
        (low == folded, _CASE, "exact"),
        (folded.startswith(low), _PREFIX, "prefix"),
        (short == there, _BARE, "normalized"),
        (there.startswith(short), _BARE_PREFIX, "normalized"),
        (low in folded, _WITHIN, "contains"),
        (short in there, _BARE_WITHIN, "contains"),
    )
    for holds, score, kind in rules:
        if holds:
            return Match(name, score, kind)
    most = MANY_EDITS if len(short) >= LONG else FEW_EDITS
    edits = _edits(short, there, most)
    # Of very short names, nearly every other is that few edits away.
    if edits is None or edits * 2 > min(len(short), len(there)):
        return None
    return Match(name, round((1 - edits / max(len(short), len(there))) * _SIMILAR, 3), "similar")


def _edits(first: str, second: str, most: int) -> int | None:
    """Count the insertions, deletions and replacements between two texts (Levenshtein); None above `most`."""
    if abs(len(first) - len(second)) > most:
        return None
    row = list(range(len(second) + 1))
    for place, sign in enumerate(first, 1):
        above, row = row, [place]
        for at, other in enumerate(second, 1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (sign != other)))
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None

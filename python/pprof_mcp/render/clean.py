"""Texts as they may be shown: names in a profile, and of files, may hold anything."""

from __future__ import annotations

_CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
"""Characters that move the cursor or turn the direction of a line."""


def clean(text: str) -> str:
    """Show control characters instead of sending them."""
    if text.isascii() and text.isprintable():
        return text
    import re

    return re.sub(_CONTROL, lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def on_one_line(text: str) -> str:
    """Show line breaks and tabs instead of making them: a row of a table is one line."""
    return text.replace("\n", "\\n").replace("\t", "\\t")

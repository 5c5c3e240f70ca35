"""What makes a profile less trustworthy than it looks, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

RATED = frozenset({"cpu", "wall", "mutex", "block"})
"""Kinds whose values grow with the time they cover; the others are pictures of a moment, or since the
start."""


NO_DURATION: Final = "it does not say how long it covers, so nothing can be told per second"


def quality_notes(meta: Mapping[str, Any], kinds: Collection[str]) -> list[str]:
    """Say what is wrong with a profile.

    Args:
        meta: What the core says about it.
        kinds: What it is.

    Returns:
        Sentences, the gravest first; empty for a good profile.

    Source:
        Chosen: everything that changes how numbers are to be read, and nothing else.
    """
    notes: list[str] = []
    quality = meta["quality"]
    if not meta["samples"]:
        notes.append("it has no samples")
    elif all(not item["total"] for item in meta["sample_types"]):
        notes.append("all its values are zero")
    unnamed, locations = quality["unsymbolized_locations"], meta["locations"]
    if unnamed:
        share = "none" if unnamed >= locations else f"{locations - unnamed} of {locations}"
        notes.append(f"{share} of its locations have function names; the others show as addresses")
    if quality["truncated_stacks"]:
        depth = quality["max_depth"]
        notes.append(
            f"{quality['truncated_stacks']} stacks are {depth} frames deep, where profilers cut them off; "
            "cum values near the root are too small"
        )
    if quality["empty_stacks"]:
        notes.append(f"{quality['empty_stacks']} samples have no stack")
    if quality["negative_values"]:
        notes.append(f"{quality['negative_values']} values are negative, as in a difference of two profiles")
    if not meta["duration_nanos"] and meta["samples"] and RATED & set(kinds):
        notes.append(NO_DURATION)
    notes.extend(note["detail"] for note in meta["notes"])
    return notes

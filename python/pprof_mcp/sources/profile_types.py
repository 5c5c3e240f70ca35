"""Which profile types of a continuous profiler are fetched.

Pyroscope and Parca keep each sample type as a profile type of its own,
`name:type:unit:period type:period unit`, and answer with one of them at a time. Source: the query definitions
of both; Parca adds `:delta` to those that cover a duration.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.session.kinds import BLOCK, HEAP, KINDS, MUTEX, kinds_of

_FORM = re.compile(r"[^:{}\s]+(?::[^:{}\s]*){4}(?::delta)?")

FIRST = ("cpu", "wall", "inuse_space", "alloc_space", "delay", "goroutine", "goroutines")
"""Of several types of a kind, the one that is taken: what it costs, not how often it happens (chosen)."""
_CONTENTION = {"mutex": MUTEX, "block": BLOCK}


def is_type(text: str) -> bool:
    """Whether a text has the form of a profile type."""
    return bool(_FORM.fullmatch(text))


def kind_of(profile_type: str) -> str:
    """Give the kind of a profile type."""
    name, sample, unit, period, *_ = profile_type.split(":")
    if name in _CONTENTION:
        return _CONTENTION[name]
    # Agents that push only what is in use call it memory; the sample type says the rest.
    return HEAP if name == "memory" else kinds_of([(sample, unit)], period)[0]


def chosen(there: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Choose profile types.

    Args:
        there: Types that exist in the window.
        wanted: Kinds and types that are wanted; one type of each kind when empty.

    Returns:
        The types, sorted.

    Raises:
        InvalidArgumentError: One does not exist.
    """
    found: set[str] = set()
    for one in wanted or _kinds(there):
        if is_type(one):
            fitting = [known for known in there if one in (known, known.removesuffix(":delta"))]
        else:
            fitting = sorted((known for known in there if kind_of(known) == one), key=_rank)[:1]
        if not fitting:
            kinds = _kinds(there)
            raise InvalidArgumentError(
                f"there is no {one[:120]!r} profile; there are kinds {', '.join(kinds) or 'none'}",
                hint=f"Choose a kind, or a type: {', '.join(sorted(there)[:12]) or 'none in this window'}.",
                details={"argument": "kinds", "available": [*kinds, *sorted(there)[:50]]},
            )
        found.update(fitting[:1])
    return sorted(found)


def _kinds(there: Sequence[str]) -> list[str]:
    found = {kind_of(one) for one in there}
    return [kind for kind in KINDS if kind in found]


def _rank(profile_type: str) -> tuple[int, str]:
    sample = profile_type.split(":")[1]
    return (FIRST.index(sample) if sample in FIRST else len(FIRST), profile_type)

"""How much of several kinds of cost one function has, as one number."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

LEAST_PCT: Final = 1.0
"""Impact in percent from which on a function counts as hot in a kind (chosen)."""

LEAST_FLAT_PCT: Final = 0.5
"""Percent that it must cause itself to be called hot, however much passes through it (chosen)."""

LEAST_EVENTS: Final = 16
"""Events below which a function is not called hot: they vary by more than a quarter (1/sqrt(n))."""


@dataclass(frozen=True)
class Cost:
    """What a function costs in one profile.

    Attributes:
        folded: Values of samples whose first frame of the user's own code it is: its own work, and that of
            the runtime and of libraries on its behalf. Disjoint: over all functions they are the total at
            most.
        cum: Values of samples that it is in.
        events: Events behind `folded`; None when the profile does not count any.
    """

    folded: int
    cum: int
    events: int | None


@dataclass(frozen=True)
class Share:
    """A function in one kind.

    Attributes:
        flat_pct: `Cost.folded` in percent of the total.
        cum_pct: `Cost.cum` in percent of the total.
        impact_pct: Geometric mean of the two.
        score: Impact in relation to the largest in this kind, 0-1.
        rank: By impact, from 1; 0 for no impact.
        value: `Cost.folded`.
        is_hot: Whether it has `LEAST_PCT` and `LEAST_FLAT_PCT`, and more than chance.
    """

    flat_pct: float
    cum_pct: float
    impact_pct: float
    score: float
    rank: int
    value: int
    is_hot: bool


def shares(costs: Mapping[str, Cost], total: int) -> dict[str, Share]:
    """Tell what each function has of a kind.

    Args:
        costs: By name.
        total: Of all samples.

    Source:
        Chosen. The impact is sqrt(flat share * cum share): what a function causes itself, weighted up by
        what passes through it; `main` passes everything on and causes nothing, so it has none. It is never
        above the cum share.
    """
    if not total:
        return {}
    impact = {
        name: 100 * math.sqrt(max(0.0, cost.folded / total) * max(0.0, cost.cum / total))
        for name, cost in costs.items()
    }
    order = sorted((name for name in impact if impact[name]), key=lambda name: (-impact[name], name))
    ranks = {name: rank for rank, name in enumerate(order, 1)}
    most = impact[order[0]] if order else 0.0
    return {
        name: Share(
            flat_pct=100 * cost.folded / total,
            cum_pct=100 * cost.cum / total,
            impact_pct=impact[name],
            score=impact[name] / most if most else 0.0,
            rank=ranks.get(name, 0),
            value=cost.folded,
            is_hot=impact[name] >= LEAST_PCT
            and 100 * cost.folded / total >= LEAST_FLAT_PCT
            and (cost.events is None or cost.events >= LEAST_EVENTS),
        )
        for name, cost in costs.items()
    }


DIMENSIONS: Final = (("cpu",), ("heap",), ("mutex", "block"))
"""What is correlated. A mutex and a block profile show the same waits from two sides: one dimension."""


def combined(of: Mapping[str, Share | None]) -> float:
    """Combine the kinds of one function into a score of 0-1: the mean over all dimensions there are.

    Args:
        of: A share for each kind of the bundle; None where the function does not occur.

    Source:
        Chosen: 1 is the largest impact in every dimension; what the bundle does not have is left out.
    """
    scores = [
        max((share.score for kind in kinds if (share := of.get(kind))), default=0.0)
        for kinds in DIMENSIONS
        if any(kind in of for kind in kinds)
    ]
    return sum(scores) / len(scores) if scores else 0.0


def dimensions(kinds: Collection[str]) -> int:
    """Count the dimensions of some kinds."""
    return sum(any(kind in kinds for kind in dimension) for dimension in DIMENSIONS)


_WORDS: Final = {"cpu": "CPU", "heap": "allocations", "mutex": "lock holding", "block": "lock waiting"}


def insight(hot: Mapping[str, Share]) -> str:
    """Say in words what a function is hot in.

    Args:
        hot: Shares by kind, of the kinds it is hot in; of two dimensions at least.
    """
    told = [f"{_WORDS[kind]} ({share.flat_pct:.1f}%)" for kind, share in hot.items()]
    text = f"High in {', '.join(told[:-1])} and {told[-1]}"
    if {"mutex", "block"} & hot.keys():
        return f"{text}: what it does while others wait for its lock costs twice; do it outside."
    return f"{text}: allocating less also saves CPU, here and in the collector."

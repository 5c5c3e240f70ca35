"""What the numbers of a heap profile mean: what is counted, since when, and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

_ALLOCATED = (
    ("alloc_space", "alloc_objects"),
    ("alloc-space", "alloc-samples"),
    ("alloc-size", "alloc-samples"),
    ("alloc_in_new_tlab_bytes", "alloc_in_new_tlab_objects"),
    ("alloc_size", "alloc"),
)
_LIVE = (
    ("inuse_space", "inuse_objects"),
    ("inuse-space", "inuse-objects"),
    ("heap-space", "heap-live-samples"),
    ("heap-live-size", "heap-live-samples"),
    ("space", "objects"),
)
"""Sample types in bytes with those that count the same in objects.

Source: specified by Go, the Datadog tracers, Node's and Java's agents, gperftools.
"""

_SCALED = frozenset(("alloc_space", "inuse_space"))
"""Types that profilers sample by bytes and scale up.

Source: specified by Go, and by V8, whose values Node's profiler records.
"""

NOISY_PCT = 30.0
"""Relative error in percent from which a row says little: about ten recorded events (chosen)."""


@dataclass(frozen=True)
class Counted:
    """A pair of sample types.

    Attributes:
        space: Name of the type in bytes.
        space_index: Its position.
        objects: Name of the type that counts objects; empty when there is none.
        objects_index: Its position; -1 when there is none.
        is_live: Whether it counts what is in use now, not what was allocated.
    """

    space: str
    space_index: int
    objects: str
    objects_index: int
    is_live: bool


def counted(meta: Mapping[str, Any], *, live: bool) -> Counted | None:
    """Find the sample types of what was allocated, or of what is in use; None when the profile has none.

    Args:
        meta: What the core says about the profile.
        live: Whether those of memory in use are wanted.
    """
    names = [str(item["type"]) for item in meta["sample_types"]]
    for space, objects in _LIVE if live else _ALLOCATED:
        if space in names:
            at = names.index(objects) if objects in names else -1
            return Counted(space, names.index(space), objects if at >= 0 else "", at, live)
    return None


def sampling(meta: Mapping[str, Any], pair: Counted) -> dict[str, float] | None:
    """Say how the values were sampled, in the core's terms; None when that is not known.

    Source:
        Specified: the period of a heap profile is the mean number of bytes between two samples
        (runtime.MemProfileRate, V8's sampleInterval).
    """
    period_type = meta["period_type"]
    in_bytes = period_type is not None and period_type["unit"] == "bytes"
    if pair.space not in _SCALED or pair.objects_index < 0 or not in_bytes or meta["period"] < 1:
        return None
    return {"objects": pair.objects_index, "bytes": pair.space_index, "period": float(meta["period"])}


def relative_error_pct(events: float) -> float | None:
    """Give the relative error in percent of a sum of so many recorded events; None without any.

    Source: the standard deviation of a Poisson count, 1/sqrt(n) (specified).
    """
    return round(100.0 / math.sqrt(events), 1) if events >= 0.5 else None


Since = Literal["start", "interval", "instant"]


@dataclass(frozen=True)
class Accumulation:
    """Since when values were counted.

    Attributes:
        since: `start`: since the process started; `interval`: within the duration; `instant`: what is there.
        certain: Whether the content proves it.
        seconds: What the values cover, in seconds; None when that is not known.
        why: How it was told, as a sentence.
    """

    since: Since
    certain: bool
    seconds: float | None
    why: str


def accumulation(
    meta: Mapping[str, Any],
    pair: Counted,
    *,
    runtime: str | None,
    pairs: Sequence[tuple[int, int]],
    given_seconds: float = 0.0,
) -> Accumulation:
    """Tell since when values were counted.

    Args:
        meta: What the core says about the profile.
        pair: The sample types that are looked at.
        runtime: Where the profile comes from.
        pairs: Bytes allocated and in use of some sites.
        given_seconds: What the user says the profile covers; 0 for nothing.

    Source:
        Specified: Go counts allocations since the start and writes a duration only into what it recorded over
        an interval (runtime/pprof, net/http/pprof with seconds). A site can not hold more than it has
        allocated, so one that does proves that earlier allocations were subtracted.
    """
    duration = meta["duration_nanos"] / 1e9
    seconds = given_seconds or (duration if duration > 0 else None)
    said = " (the duration was given)" if given_seconds else ""
    if pair.is_live:
        return Accumulation(
            "instant", certain=True, seconds=None, why="memory in use is what is there at one moment"
        )
    if meta["quality"]["negative_values"]:
        return Accumulation("interval", True, seconds, f"values below zero: one profile less another{said}")
    if any(live > allocated for allocated, live in pairs):
        return Accumulation(
            "interval",
            True,
            seconds,
            f"a site holds more than it allocated here, so earlier allocations are not in it{said}",
        )
    if duration > 0:
        what = (
            "Go writes a duration only into a heap profile over an interval"
            if runtime == "go"
            else "it has a duration"
        )
        return Accumulation("interval", False, seconds, what + said)
    return Accumulation(
        "start", False, seconds, f"no duration, so allocations count since the process started{said}"
    )


def rate_text(per_second: float) -> str:
    """Write a rate a minute, as `55.62MB/min`."""
    from pprof_mcp.insight.sizes import size_text

    return f"{size_text(per_second * 60)}/min"

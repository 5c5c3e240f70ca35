"""Aggregating profiles on the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.fake_datadog.messages import BadRequestError
from tests.fake_datadog.pprofs import Frame, decode
from tests.fake_datadog.store import Profile

PROFILE_TYPES: dict[str, dict[str, tuple[str, str, str]]] = {
    "go": {
        "cpu-time": ("cpu.pprof", "cpu", "nanoseconds"),
        "alloc-bytes": ("delta-heap.pprof", "alloc_space", "bytes"),
        "heap-live-size": ("delta-heap.pprof", "inuse_space", "bytes"),
        "goroutine": ("goroutines.pprof", "goroutine", "count"),
    },
    "python": {
        "cpu-time": ("profile.pprof", "cpu-time", "nanoseconds"),
        "wall-time": ("profile.pprof", "wall-time", "nanoseconds"),
        "alloc-bytes": ("profile.pprof", "alloc-space", "bytes"),
    },
    "node": {
        "cpu-time": ("wall.pprof", "cpu", "nanoseconds"),
        "wall-time": ("wall.pprof", "wall", "nanoseconds"),
    },
    "ruby": {"cpu-time": ("profile.pprof", "cpu-time", "nanoseconds")},
}
"""Family and profile type to file, sample type and unit. That Ruby has no `alloc-bytes` is known [C]; other
names are [D]."""


def types_of(profiles: Sequence[Profile]) -> list[str]:
    """Give the profile types that some of these profiles have."""
    return sorted({name for profile in profiles for name in PROFILE_TYPES.get(profile.runtime, {})})


def folded(profiles: Sequence[Profile], profile_type: str) -> tuple[Counter[tuple[Frame, ...]], str]:
    """Add up the stacks of profiles.

    Returns:
        Values by stack, root first, and their unit.

    Raises:
        BadRequestError: There are profiles, but none has this type: 400 [C].
    """
    if profiles and profile_type not in types_of(profiles):
        raise BadRequestError(f"profile type {profile_type[:40]!r} is not available")
    total: Counter[tuple[Frame, ...]] = Counter()
    unit = ""
    for profile in profiles:
        known = PROFILE_TYPES.get(profile.runtime, {}).get(profile_type)
        if known is None:
            continue
        file, sample_type, unit = known
        read = decode(profile.files[file])
        place = [name for name, _ in read.types].index(sample_type)
        for stack, values in read.samples:
            if values[place]:
                total[stack] += values[place]
    return total, unit

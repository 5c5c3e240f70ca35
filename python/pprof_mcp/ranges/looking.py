"""What a downloaded bundle holds of a kind: found by decoding, told as facts, kept on disk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, PprofMcpError, WrongProfileKindError
from pprof_mcp.ranges.writing import Shape, between, lasting, timed
from pprof_mcp.session import kinds
from pprof_mcp.session.opening import apart
from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.datadog.spreading import span_of
from pprof_mcp.sources.foreign import HEAD, foreign

ANY: Final = "any"
"""Stands for the kind that most bundles hold."""

CUMULATIVE: Final = frozenset({kinds.HEAP, kinds.MUTEX, kinds.BLOCK})
"""Kinds whose values Go counts since the start of the process; Datadog's profiler for Go sends what was
added since the last profile, but for the first of a process, which holds everything."""

_OF_ONE_REQUEST = r"^(local[ ._]root[ ._])?span[ ._]id$|^(end[ ._])?timestamp[ ._]ns$"
"""Labels with a value for each request or moment: with them, nothing in many profiles would be equal.

Source: the labels of Datadog's profilers.
"""
_GO_DELTAS = ({"alloc_space", "inuse_space"}, {"contentions", "delay"})
_WHOLE_NAMES = ("heap.pprof", "mutex.pprof", "block.pprof")
"""What Datadog's profiler for Go calls these files when it is told to send no deltas."""

MAIN_TYPES: Final = {
    kinds.CPU: ("cpu", "cpu-time", "cpu-samples"),
    kinds.WALL: ("wall", "wall-time", "wall-samples"),
    kinds.HEAP: (
        "inuse_space", "heap-space", "heap-live-size", "inuse-space", "space", "alloc_space", "alloc-space",
        "alloc-size", "alloc-samples",
    ),
    kinds.MUTEX: ("delay", "lock-acquire-wait", "lock-time"),
    kinds.BLOCK: ("delay",),
    kinds.GOROUTINE: ("goroutine", "goroutines"),
}  # fmt: skip
"""The sample types of each kind, that to be looked at first before the others.

Source: chosen, as pprof does for Go: time before counts, what is in use before what was allocated.
"""
_OF_A_MOMENT = (kinds.GOROUTINE, kinds.THREADCREATE)


@dataclass(frozen=True)
class Looked:
    """One profile of a bundle that lies on disk.

    Attributes:
        candidate: What the list told about the bundle.
        path: The bundle.
        entry: Name of the profile in it.
        kinds: What it is, the main kind first.
        shape: What it measures.
        duration_nanos: What it says it covers; 0 when nothing.
        samples: Its samples.
        size: Its bytes in the bundle.
        labels: Keys of labels that are of single requests.
        time_nanos: Its time, since 1970; 0 when it says none.
        since: The profile before it of its process, when it counts since the start and only what came about
            after that one is meant.
    """

    candidate: Candidate
    path: Path
    entry: str
    kinds: tuple[str, ...]
    shape: Shape
    duration_nanos: int
    samples: int
    size: int
    labels: tuple[str, ...]
    time_nanos: int = 0
    since: Looked | None = None

    @property
    def types(self) -> set[str]:
        """Names of its sample types."""
        return {name for name, _ in self.shape[0]}

    @property
    def can_be_first(self) -> bool:
        """Whether the first of its process would hold everything since the start."""
        return any(types <= self.types for types in _GO_DELTAS)

    @property
    def is_first(self) -> bool:
        """Whether it holds everything since the start of its process, unlike those that follow."""
        number = self.candidate.tag("profile_seq")
        is_delta = self.can_be_first and not self.is_whole
        return is_delta and (number == "0" if number else not self.duration_nanos)

    @property
    def is_whole(self) -> bool:
        """Whether it is no delta at all: everything since the start, like all others of its process."""
        is_named = self.entry.rpartition("/")[2] in _WHOLE_NAMES
        # Go gives such profiles a time, but no duration.
        return self.can_be_first and is_named and not self.duration_nanos

    @property
    def moment(self) -> float:
        """When it was taken, in seconds since 1970: what it says, else what the list says; 0 for neither."""
        if self.time_nanos:
            return self.time_nanos / 1e9
        span = span_of(self.candidate)
        return span.end if span else 0.0

    @property
    def seconds(self) -> float:
        """What it covers: what it says, else what the list says; 0 when it is of a moment or a whole life."""
        if self.since is not None:
            return self.moment - self.since.moment
        if self.is_whole:
            return 0.0
        if self.duration_nanos or self.kinds[0] in _OF_A_MOMENT:
            return self.duration_nanos / 1e9
        return 0.0 if self.is_first else self.candidate.duration_seconds or 0.0


def look(path: Path, candidate: Candidate, kind: str, limits: Mapping[str, int]) -> list[Looked]:
    """Find the profile of a kind in a bundle.

    Args:
        path: The bundle, a zip that was checked.
        candidate: What the list told about it.
        kind: The kind, or `ANY` for the best profile of each kind.
        limits: Limits of the core that were set.

    Raises:
        WrongProfileKindError: There is none; the error says what there is.
        PprofMcpError: The bundle can not be read.
        OSError: The same.
    """
    found: list[tuple[tuple[bool, bool, bool, str], Looked]] = []
    others: list[str] = []
    broken: PprofMcpError | None = None
    for name, content in _likely_first(_entries(path, limits), kind):
        base = name.rpartition("/")[2]
        reason = foreign(base, content[:HEAD])
        if reason is not None:
            others.append(f"{base[:60]}: {reason}")
            continue
        try:
            native = _native.Profile.decode(content, dict(limits) or None)
        except CancelledError:
            raise
        except PprofMcpError as problem:
            broken = broken or problem
            others.append(f"{base[:60]}: {problem.message[:120]}")
            continue
        one, is_certain = _looked(native, path, candidate, name, len(content))
        found.append(((not is_certain, "goroutineleak" in one.types, not one.samples, name), one))
        if is_certain and one.kinds[0] == kind and "goroutineleak" not in one.types:
            break
    if kind == ANY and found:
        return [chosen for each in kinds.KINDS if (chosen := _best(found, each)) is not None]
    chosen = _best(found, kind)
    if chosen is not None:
        return [chosen]
    if broken is not None and not found:
        raise broken
    held: list[str] = [each for each in kinds.KINDS if any(each in one.kinds for _, one in found)]
    raise WrongProfileKindError(
        f"it holds no {'pprof' if kind == ANY else kind} profile; it holds: "
        f"{', '.join(held) or '; '.join(sorted(others)[:3]) or 'nothing'}",
        hint="Ask for a kind that is there, or for profile_type any.",
        details={"asked": kind, "available": held},
    )


def content(looked: Looked, limits: Mapping[str, int]) -> bytes | _native.Profile:
    """Give what is to be merged: the profile with its length, without labels of single requests.

    Raises:
        PprofMcpError: It can not be read any more.
        OSError: The same.
    """
    data = dict(_entries(looked.path, limits))[looked.entry]
    if looked.since is not None:
        before = dict(_entries(looked.since.path, limits))[looked.since.entry]
        data = _native.unpack(data, dict(limits) or None)
        nanos = looked.time_nanos or round(looked.moment * 1e9)
        data = between(before, data if looked.time_nanos else timed(data, nanos), looked.shape, limits, nanos)
    if looked.seconds and not looked.duration_nanos:
        data = lasting(_native.unpack(data, dict(limits) or None), round(looked.seconds * 1e9))
    if not looked.labels:
        return data
    native = _native.Profile.decode(data, dict(limits) or None)
    return native.filter(json.dumps({"taghide": _OF_ONE_REQUEST}))[0]


def decoded(looked: Looked, limits: Mapping[str, int]) -> _native.Profile:
    """Give the profile as `content` does, decoded.

    Raises:
        PprofMcpError: As `content`.
        OSError: The same.
    """
    found = content(looked, limits)
    return (
        found if isinstance(found, _native.Profile) else _native.Profile.decode(found, dict(limits) or None)
    )


def negatives(found: bytes | _native.Profile) -> bool:
    """Whether values of a profile are below zero."""
    native = found if isinstance(found, _native.Profile) else _native.Profile.decode(found)
    return bool(json.loads(native.meta())["quality"]["negative_values"])


def _entries(path: Path, limits: Mapping[str, int]) -> list[tuple[str, bytes]]:
    return list(apart(_native.zip_entries(path.read_bytes(), dict(limits))))


def _likely_first(entries: Sequence[tuple[str, bytes]], kind: str) -> list[tuple[str, bytes]]:
    """Put first what is called like the kind: its content decides, but it is decoded first."""
    return sorted(entries, key=lambda entry: (kind not in entry[0].rpartition("/")[2], entry[0]))


def _looked(
    native: _native.Profile, path: Path, candidate: Candidate, name: str, size: int
) -> tuple[Looked, bool]:
    meta: dict[str, Any] = json.loads(native.meta())
    types = tuple((str(item["type"]), str(item["unit"])) for item in meta["sample_types"])
    period = meta["period_type"]
    of = kinds.kinds_of(types, period["type"] if period else None)
    is_certain = True
    if kinds.is_contention(types):
        contention, is_certain = kinds.contention_kind(partial(kinds.leaves_of, native), name)
        of = tuple(contention if each == kinds.MUTEX else each for each in of)
    keys = [str(label["key"]) for label in meta["label_keys"]]
    labels = tuple(sorted(key for key in keys if re.search(_OF_ONE_REQUEST, key)))
    shape: Shape = (types, (str(period["type"]), str(period["unit"])) if period else None)
    looked = Looked(
        candidate,
        path,
        name,
        of,
        shape,
        int(meta["duration_nanos"]),
        int(meta["samples"]),
        size,
        labels,
        int(meta["time_nanos"]),
    )
    return looked, is_certain


def _best(found: Sequence[tuple[tuple[bool, bool, bool, str], Looked]], kind: str) -> Looked | None:
    """Give the profile that is chiefly of a kind, of several the one that is surely so, with samples."""
    fitting = [(one.kinds[0] != kind, order, one) for order, one in found if kind in one.kinds]
    return min(fitting, key=lambda item: item[:2])[2] if fitting else None

"""Downloads bundles side by side, and keeps of them what can be merged."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import (
    CancelledError,
    ForbiddenError,
    NotConfiguredError,
    PprofMcpError,
    RateLimitedError,
    UnauthorizedError,
    UnreadableError,
    WrongHostError,
)
from pprof_mcp.progress import WATCH
from pprof_mcp.ranges.looking import ANY, Looked, look
from pprof_mcp.session import kinds
from pprof_mcp.sources.net.together import together

if TYPE_CHECKING:
    from pprof_mcp.ranges.writing import Shape
    from pprof_mcp.sources.datadog.decoding import Candidate
    from pprof_mcp.sources.remote import Remote

HOPELESS: Final = (
    UnauthorizedError, ForbiddenError, NotConfiguredError, WrongHostError, RateLimitedError,
)  # fmt: skip
"""Errors after which no other download would do better: the rest is not asked for."""

TRIES: Final = 3
"""How often a download is read that is not there any more. Source: chosen; others may need its room."""
NO_ROOM: Final = "the download was removed again and again before it could be read"
MAKE_ROOM: Final = "Let more downloads be kept (PPROF_MCP_CACHE_BYTES), or make room on the disk."

FIRST: Final = "first_of_process"
"""Reason for leaving out the first delta of a process."""
OTHER_TYPES: Final = "incompatible_profiles"
"""Reason for leaving out what measures other things."""


@dataclass(frozen=True)
class Failure:
    """A profile that is not part of what came out.

    Attributes:
        candidate: Which.
        code: Stable name of the reason.
        message: The reason.
        problem: The error, if it was one.
    """

    candidate: Candidate
    code: str
    message: str
    problem: PprofMcpError | None = None


@dataclass(frozen=True)
class Fetched:
    """What can be merged, and what can not.

    Attributes:
        kind: The kind, also where any was asked for.
        looked: Profiles of the kind, in the order they were asked for.
        failures: The others, in the same order.
        warnings: What limits it.
    """

    kind: str
    looked: tuple[Looked, ...]
    failures: tuple[Failure, ...]
    warnings: tuple[str, ...] = ()


class Progress:
    """Tells whoever watches this call how many downloads are done.

    Args:
        total: How many there will be, of all sides together.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._before = self._done = 0
        self._bytes = self._failed = 0
        self._lock = threading.Lock()
        self._watch = WATCH.get()

    def add(self, size: int, *, failed: bool) -> None:
        """Count a bundle; any thread may."""
        with self._lock:
            self._bytes += size
            self._failed += failed

    def told(self, done: int) -> None:
        """Tell how many of this side are done; the thread of the call does."""
        self._done = self._before + done
        if self._watch is not None:
            self._watch(self._done, self._total, self._bytes, self._failed, "downloads")

    def next_side(self) -> None:
        """Go on counting behind those that are done."""
        self._before = self._done


def fetch(
    remote: Remote, candidates: Sequence[Candidate], kind: str, *, site: str = "", progress: Progress
) -> Fetched:
    """Download bundles and find the profiles of a kind in them.

    Args:
        remote: The sources.
        candidates: Which bundles.
        kind: The kind, or `looking.ANY`.
        site: The site; the configured one when empty.
        progress: Told about each.

    Raises:
        CancelledError: The call was cancelled. What was downloaded by then is kept, and not asked for again.
    """
    limits = remote.settings.limits
    hopeless: list[PprofMcpError] = []

    def downloaded(candidate: Candidate) -> tuple[int, list[Looked]]:
        for _ in range(TRIES):
            kept = remote.profiles.download(candidate, site=site)
            with contextlib.suppress(FileNotFoundError):
                return kept.path.stat().st_size, look(kept.path, candidate, kind, limits)
        raise UnreadableError(NO_ROOM, hint=MAKE_ROOM)

    def job(candidate: Candidate) -> list[Looked]:
        size = 0
        is_good = False
        try:
            if hopeless:
                raise hopeless[0]
            size, found = downloaded(candidate)
            is_good = True
            return found
        except HOPELESS as problem:
            hopeless.append(problem)
            raise
        except OSError as problem:
            raise UnreadableError(f"the download can not be read: {problem.strerror or problem}") from problem
        finally:
            progress.add(size, failed=not is_good)

    outcomes = together([lambda one=one: job(one) for one in candidates], done=progress.told)
    progress.next_side()
    found: list[tuple[Candidate, list[Looked] | PprofMcpError]] = []
    for candidate, outcome in zip(candidates, outcomes, strict=True):
        if isinstance(outcome, CancelledError):
            raise outcome
        found.append((candidate, outcome))
    chosen = _most_held(found) if kind == ANY else kind
    looked: list[Looked] = []
    failures: list[Failure] = []
    for candidate, outcome in found:
        if isinstance(outcome, PprofMcpError):
            failures.append(Failure(candidate, outcome.code, outcome.message, outcome))
            continue
        fitting = next((one for one in outcome if chosen in one.kinds), None)
        if fitting is None:
            held = ", ".join(sorted({each for one in outcome for each in one.kinds}))
            failures.append(
                Failure(candidate, "wrong_profile_kind", f"it holds no {chosen} profile, only {held}")
            )
        else:
            looked.append(fitting)
    return _comparable(Fetched(chosen, tuple(looked), tuple(failures)))


def _most_held(found: Sequence[tuple[Candidate, list[Looked] | PprofMcpError]]) -> str:
    """Give the kind that most bundles hold, of several the first by `kinds.KINDS`."""
    counts = Counter(
        kind
        for _, outcome in found
        if not isinstance(outcome, PprofMcpError)
        for kind in {one.kinds[0] for one in outcome}
    )
    return min(counts, key=lambda kind: (-counts[kind], kinds.KINDS.index(kind)), default=ANY)


def _comparable(fetched: Fetched) -> Fetched:
    """Leave out what must not be added to the others."""
    found = _without_first(fetched)
    kept, shared = _alike(found.looked, found.kind)
    failures = [*found.failures]
    comparable = {id(one) for one in kept}
    for one in found.looked:
        if id(one) not in comparable:
            types = ", ".join(sorted(one.types))
            told = f"it measures other things than most: {types}"
            failures.append(Failure(one.candidate, OTHER_TYPES, told))
    warnings = [*found.warnings]
    dropped = sorted({name for one in kept for name in one.types} - shared)
    if dropped:
        warnings.append(f"not all profiles have the sample types {', '.join(dropped)}: they were left out")
    unknown = sum(not (one.seconds or one.is_first or one.is_whole) for one in kept)
    if unknown and found.kind != kinds.GOROUTINE:
        warnings.append(f"{unknown} profiles do not say how long they cover, so rates are too high")
    order = {id(one): at for at, one in enumerate(fetched.looked)}
    looked = sorted(kept, key=lambda one: order[id(one)])
    return replace(found, looked=tuple(looked), failures=tuple(failures), warnings=tuple(warnings))


def _without_first(fetched: Fetched) -> Fetched:
    first = [one for one in fetched.looked if one.is_first]
    if not first:
        return fetched
    if len(first) == len(fetched.looked):
        told = (
            f"all {len(first)} profiles are the first of their process: they count what grows since its "
            "start, so sums and rates of it mean little"
        )
        return replace(fetched, warnings=(*fetched.warnings, told))
    message = "the first of its process holds everything since the start"
    failures = [Failure(one.candidate, FIRST, message) for one in first]
    return replace(
        fetched,
        looked=tuple(one for one in fetched.looked if not one.is_first),
        failures=(*fetched.failures, *failures),
    )


def _alike(looked: Sequence[Looked], kind: str) -> tuple[list[Looked], set[str]]:
    """Keep those that share sample types of the kind, the most frequent shape first; and give these types."""
    shapes: dict[Shape, list[Looked]] = {}
    for one in looked:
        shapes.setdefault(one.shape, []).append(one)
    kept: list[Looked] = []
    shared: set[tuple[str, str]] = set()
    for shape, those in sorted(shapes.items(), key=lambda item: (-len(item[1]), repr(item[0]))):
        types, period = shape
        both = shared & set(types) if kept else set(types)
        found = kinds.kinds_of(sorted(both), period[0] if period else None) if both else ()
        # Mutex and block profiles have the same types.
        if both and (kind in found or kind in (kinds.BLOCK, kinds.OTHER) or not kept):
            kept += those
            shared = both
    return kept, {name for name, _ in shared}

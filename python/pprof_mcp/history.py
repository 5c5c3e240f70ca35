"""What functions cost in each of several captured profiles: downloaded side by side, measured one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, PprofMcpError, UnreadableError, WrongProfileKindError
from pprof_mcp.hotspots import sample_type_of
from pprof_mcp.profile import Profile, Shared
from pprof_mcp.progress import WATCH
from pprof_mcp.reports import ask
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.foreign import HEAD, foreign
from pprof_mcp.sources.net import patience
from pprof_mcp.sources.net.together import together

CapturedKind = Literal["cpu", "wall", "heap", "mutex", "block", "goroutine", "exceptions"]
GROWING: Final = ("heap", "mutex", "block")
"""Kinds whose first profile of a process holds everything since its start. Source: Datadog's Go profiler."""
_TIMES: Final[Mapping[str, tuple[str, ...]]] = {
    "cpu": ("cpu", "cpu-time", "cpu-samples"),
    "wall": ("wall", "wall-time", "wall-samples"),
    "goroutine": ("goroutine", "goroutines"),
}
"""Sample types that say what a kind costs, where one profile is of several kinds; the best first (chosen)."""
_SNAPSHOTS: Final = ("inuse", "heap-live", "heap-space", "goroutine", "threadcreate", "thread")
"""Beginnings of the sample types that are of one moment, so that nothing of them is per second."""
_REASONS: Final = 3
_NAMED: Final = 5


@dataclass(frozen=True)
class Point:
    """What the functions cost in one profile.

    Attributes:
        candidate: The profile, as it was listed.
        when: When it is of.
        path: Its bundle.
        sample_type: What values count.
        index: Place of that sample type in the profile.
        unit: Their unit.
        total: What shares are of.
        flat: Own cost of the functions.
        cum: Their cost with callees, each sample once.
        functions: How many functions match.
        seconds: Time it covers; None when nobody says it, and for what is of one moment.
    """

    candidate: Candidate
    when: datetime
    path: Path
    sample_type: str
    index: int
    unit: str
    total: int
    flat: int
    cum: int
    functions: int
    seconds: float | None

    def value(self, metric: str) -> int:
        """Give flat or cum."""
        return self.flat if metric == "flat" else self.cum

    def percent(self, metric: str) -> float:
        """Give flat or cum in percent of the total."""
        return round(100 * self.value(metric) / self.total, 4) if self.total else 0.0

    def per_second(self, metric: str) -> float | None:
        """Give flat or cum a second."""
        return None if self.seconds is None else float(f"{self.value(metric) / self.seconds:.6g}")


@dataclass(frozen=True)
class Question:
    """What is measured.

    Attributes:
        function: Regex on function names.
        kind: Of which profiles of a bundle.
        filters: The shared options.
        site: The site; the configured one when empty.
    """

    function: str
    kind: CapturedKind
    filters: Mapping[str, object]
    site: str = ""


def measure(
    session: Session, candidates: Sequence[Candidate], question: Question, warnings: list[str]
) -> list[Point]:
    """Download profiles and measure the functions in each.

    Args:
        session: Where downloads come from; its limits.
        candidates: Profiles with times and both ids.
        question: What to measure.
        warnings: Gets what limits the answer, profiles that can not be had among it.

    Returns:
        One point for each profile that could be measured, in the order given; none when no bundle has the
        kind.

    Raises:
        PprofMcpError: None can be had; the reason of the first.
    """
    # A pattern that is none is told before anything is downloaded.
    _native.match_names(question.function, [])
    watch = WATCH.get()
    sizes: list[int] = []
    failed: list[Candidate] = []

    def one(candidate: Candidate) -> Point:
        try:
            return _point(session, candidate, question, sizes)
        except PprofMcpError:
            failed.append(candidate)
            raise

    def told(done: int) -> None:
        if watch is not None:
            watch(done, len(candidates), sum(sizes), len(failed))

    answers = together([partial(one, candidate) for candidate in candidates], done=told)
    points = [answer for answer in answers if isinstance(answer, Point)]
    problems = [answer for answer in answers if isinstance(answer, PprofMcpError)]
    others = [problem for problem in problems if not isinstance(problem, WrongProfileKindError)]
    if others and not points:
        raise others[0]
    if problems:
        reasons = Counter(problem.message[:200] for problem in problems)
        named = "; ".join(sorted(reasons, key=lambda reason: (-reasons[reason], reason))[:_REASONS])
        warnings.append(f"{len(problems)} of {len(candidates)} profiles are left out: {named}")
    return _of_one_type(points, warnings)


def _point(session: Session, candidate: Candidate, question: Question, sizes: list[int]) -> Point:
    if candidate.timestamp is None:
        raise AssertionError("profiles without a time are not chosen")
    # One that waited for its turn must not begin when the call is over.
    patience.check_cancelled()
    kept = session.remote.profiles.download(candidate, site=question.site)
    try:
        data = kept.path.read_bytes()
    except OSError as problem:
        raise UnreadableError(f"the download of a profile is gone: {problem.strerror}") from problem
    sizes.append(len(data))
    profile = _of_kind(session, data, question.kind)
    named = str(question.filters.get("sample_index", "")) or _sample_type(profile, question.kind)
    filters = {**question.filters, "sample_index": named}
    found = ask(_native.matching, profile, filters, patterns=[question.function], limit=1)
    (row,) = found["patterns"]
    sample_type = str(found["sample_type"]["type"])
    seconds = profile.shared.meta["duration_nanos"] / 1e9 or candidate.duration_seconds
    is_first = question.kind in GROWING and candidate.tag("profile_seq") == "0"
    if sample_type.startswith(_SNAPSHOTS) or is_first:
        seconds = None
    return Point(
        candidate=candidate,
        when=candidate.timestamp,
        path=kept.path,
        sample_type=sample_type,
        index=found["sample_type"]["index"],
        unit=found["unit"],
        total=found["total"],
        flat=row["flat"],
        cum=row["cum"],
        functions=row["function_count"],
        seconds=seconds or None,
    )


def _sample_type(profile: Profile, kind: str) -> str:
    types = {item["type"] for item in profile.shared.meta["sample_types"]}
    best = next((name for name in _TIMES.get(kind, ()) if name in types), "")
    return best or sample_type_of(profile, kind)


def _of_kind(session: Session, data: bytes, kind: str) -> Profile:
    """Decode the one profile of a bundle that is meant, and as few others as can be.

    Raises:
        WrongProfileKindError: There is none.
        PprofMcpError: The bundle, or all of its profiles, can not be read.
    """
    limits = dict(session.settings.limits) or None
    entries = _native.zip_entries(data, limits)
    # The kind is told by content; names only say where to look first.
    entries.sort(key=lambda entry: (kind not in entry[0].lower(), entry[0]))
    there: set[str] = set()
    problems: list[PprofMcpError] = []
    second: Profile | None = None
    for name, content in entries:
        if foreign(name.rpartition("/")[2], content[:HEAD]) is not None:
            continue
        try:
            shared = Shared(_native.Profile.decode(content, limits), session.new_key())
        except CancelledError:
            raise
        except PprofMcpError as problem:
            problems.append(problem)
            continue
        profile = Profile(shared, session, name)
        if profile.kind == kind:
            return profile
        there.update(profile.kinds)
        if kind in profile.kinds and second is None:
            second = profile
    if second is not None:
        return second
    if problems and not there:
        raise problems[0]
    listed = ", ".join(sorted(there)) or "no pprof profile"
    raise WrongProfileKindError(
        f"there is no {kind} profile, but {listed}",
        hint="Choose another kind.",
        details={"asked": kind, "available": sorted(there)},
    )


def _of_one_type(points: list[Point], warnings: list[str]) -> list[Point]:
    """Keep the points that count the same."""
    by_type = Counter((point.sample_type, point.unit) for point in points)
    if len(by_type) < 2:
        return points
    kept = min(by_type, key=lambda key: (-by_type[key], key))
    others = ", ".join(sorted(name for name, _ in by_type if (name, _) != kept)[:_NAMED])
    left_out = len(points) - by_type[kept]
    warnings.append(f"{left_out} profiles count {others} and are left out: name sample_index")
    return [point for point in points if (point.sample_type, point.unit) == kept]

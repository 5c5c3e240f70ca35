"""What functions cost in each profile of a range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pprof_mcp import _native
from pprof_mcp.profile import Profile, Shared
from pprof_mcp.reports import ask
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.spreading import span_of

if TYPE_CHECKING:
    from pprof_mcp.ranges.range import Range
    from pprof_mcp.session.session import Session
    from pprof_mcp.sources.datadog.decoding import Candidate

_OF_A_MOMENT: Final = ("inuse", "heap-live", "heap-space", "goroutine", "thread")
"""Beginnings of the sample types that are of one moment, so that nothing of them is per second."""


@dataclass(frozen=True)
class Point:
    """What the functions cost in one profile.

    Attributes:
        candidate: The profile, as it was listed.
        when: When it is of.
        path: Its bundle.
        entry: Name of the profile in it.
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
    entry: str
    sample_type: str
    index: int
    unit: str
    total: int
    flat: int
    cum: int
    functions: int
    seconds: float | None

    @property
    def is_found(self) -> bool:
        """Whether the functions have samples."""
        return bool(self.flat or self.cum)

    def value(self, metric: str) -> int:
        """Give flat or cum."""
        return self.flat if metric == "flat" else self.cum

    def percent(self, metric: str) -> float:
        """Give flat or cum in percent of the total."""
        return round(100 * self.value(metric) / self.total, 4) if self.total else 0.0

    def per_second(self, metric: str) -> float | None:
        """Give flat or cum a second."""
        return None if self.seconds is None else float(f"{self.value(metric) / self.seconds:.6g}")


def check_pattern(function: str) -> None:
    """Refuse a pattern that is none, before anything is downloaded.

    Raises:
        InvalidPatternError: It is none.
    """
    _native.match_names(function, [])


def measure(session: Session, asked: Range, function: str, filters: Mapping[str, object]) -> list[Point]:
    """Measure functions in each profile of a range.

    Args:
        session: Whose keys profiles get while they are looked at.
        asked: The profiles.
        function: Regex on function names.
        filters: The shared options; the main sample type of the kind when none is named.

    Returns:
        Points by time; profiles without a time are not among them.

    Raises:
        PprofMcpError: As the core says; a profile can not be read any more.
    """
    named = {**filters, "sample_index": filters.get("sample_index") or asked.sample_type}
    points: list[Point] = []
    for looked, native in asked.each():
        span = span_of(looked.candidate)
        if span is None:
            continue
        profile = Profile(Shared(native, session.new_key()), session, looked.entry)
        found = ask(_native.matching, profile, named, patterns=[function], limit=1)
        (row,) = found["patterns"]
        sample_type = str(found["sample_type"]["type"])
        rate = not sample_type.startswith(_OF_A_MOMENT) and looked.seconds > 0
        points.append(
            Point(
                candidate=looked.candidate,
                when=looked.candidate.timestamp or times.from_epoch(span.end),
                path=looked.path,
                entry=looked.entry,
                sample_type=sample_type,
                index=found["sample_type"]["index"],
                unit=found["unit"],
                total=found["total"],
                flat=row["flat"],
                cum=row["cum"],
                functions=row["function_count"],
                seconds=looked.seconds if rate else None,
            )
        )
    return sorted(points, key=lambda point: (point.when, point.candidate.event_id))

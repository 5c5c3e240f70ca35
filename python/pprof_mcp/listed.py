"""Candidates of a source as rows, and where a list goes on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.results import NextCall, next_call
from pprof_mcp.results.capture import CandidateRow
from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.times import Window, from_epoch, text

_CURSOR = re.compile(r"(\d{12,14})\.(\d{12,14})\.(\d{1,6})", re.ASCII)
_TICK = timedelta(milliseconds=1)
MOST_FIELDS = 8
"""Measures of one row. Source: chosen; profilers send fewer."""


@dataclass(frozen=True)
class Place:
    """Where in a list that is sorted by time, the newest first.

    Attributes:
        window: What is left of the window.
        skip: Profiles of its last millisecond that were shown before.
    """

    window: Window
    skip: int = 0


def row_of(candidate: Candidate) -> CandidateRow:
    """Give a candidate as a row."""
    return CandidateRow(
        profile_id=candidate.profile_id,
        event_id=candidate.event_id,
        timestamp=None if candidate.timestamp is None else text(candidate.timestamp),
        version=candidate.version or None,
        host=candidate.host or None,
        runtime=candidate.runtime or None,
        duration_seconds=candidate.duration_seconds,
        numeric_fields=dict(list(candidate.metrics.items())[:MOST_FIELDS]),
    )


def download_of(candidate: Candidate, why: str) -> NextCall:
    """Suggest to download a candidate."""
    ids = {"profile_id": candidate.profile_id, "event_id": candidate.event_id}
    return next_call("profiles.download_latest_bundle", why, **ids)


def place_of(cursor: str, window: Window) -> Place:
    """Read a cursor.

    Args:
        cursor: Of an earlier answer; empty for the beginning.
        window: As it is asked for now; a cursor has its own.

    Raises:
        InvalidArgumentError: It is none of ours.
    """
    if not cursor:
        return Place(window)
    found = _CURSOR.fullmatch(cursor)
    since, until = (from_epoch(int(found[at]) / 1_000) for at in (1, 2)) if found else (None, None)
    if found is None or since is None or until is None or since > until:
        raise InvalidArgumentError(
            f"cursor: {cursor[:40]!r} is not a cursor",
            hint="Pass the cursor of the last answer unchanged, or leave it out to start at the beginning.",
            details={"argument": "cursor"},
        )
    return Place(Window(since, until + _TICK), int(found[3]))


def cursor_behind(shown: Sequence[Candidate], place: Place) -> str | None:
    """Give the cursor that goes on behind what was shown; None when that can not be told."""
    last = shown[-1].timestamp if shown else None
    if last is None:
        return None
    same = sum(one.timestamp is not None and _millis(one.timestamp) == _millis(last) for one in shown)
    before = place.skip if _millis(last) == _millis(place.window.end - _TICK) else 0
    return f"{_millis(place.window.start)}.{_millis(last)}.{same + before}"


def _millis(time: datetime) -> int:
    return (time - from_epoch(0)) // _TICK

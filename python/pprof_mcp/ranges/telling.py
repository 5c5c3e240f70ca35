"""What a range is, in the words of results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from pprof_mcp.captured import part_of_name, write_once
from pprof_mcp.errors import CancelledError, PprofMcpError
from pprof_mcp.ranges.fetching import FIRST
from pprof_mcp.ranges.growing import BASE
from pprof_mcp.ranges.range import covered
from pprof_mcp.reports import exactly
from pprof_mcp.results import NextCall, next_call
from pprof_mcp.results.base import ArgumentValue
from pprof_mcp.results.ranges import CombinedType, How, MissingProfile, RangeSide, TimeRange, time_range
from pprof_mcp.sources.times import Window, text

if TYPE_CHECKING:
    from pprof_mcp.ranges.comparing import Compared, Part
    from pprof_mcp.ranges.fetching import Failure
    from pprof_mcp.ranges.looking import Looked
    from pprof_mcp.ranges.merging import Merged
    from pprof_mcp.ranges.range import Range
    from pprof_mcp.session.session import Session

SHOWN_FAILURES: Final = 5
SHOWN_NAMES: Final = 15
SHOWN_OF_SIDE: Final = 4
"""Missing profiles of one answer; hosts, and versions, of one, and of each side of one.

Source: chosen, so that an answer about many hosts is short; all are counted.
"""
MOST_MESSAGE: Final = 200
_MEANT: Final = (FIRST, BASE)
"""Reasons for leaving out a profile that is not missed."""


def counted_by_name(looked: Sequence[Looked], most: int = SHOWN_NAMES) -> dict[str, Any]:
    """Count profiles by host and by version: the names with the most profiles, and how many are left out."""
    hosts = Counter(one.candidate.host for one in looked if one.candidate.host)
    versions = Counter(one.candidate.version for one in looked if one.candidate.version)
    return {
        "hosts": _most(hosts, most),
        "hosts_left_out": max(0, len(hosts) - most),
        "versions": _most(versions, most),
        "versions_left_out": max(0, len(versions) - most),
    }


def seconds_text(seconds: float) -> str:
    """Write a length of time, such as `610.5s`."""
    return f"{seconds:.1f}s"


def window_told(window: Window) -> TimeRange:
    """Give a window as a result has it."""
    return time_range(text(window.start), text(window.end))


def covered_told(looked: Sequence[Looked]) -> TimeRange | None:
    """Give from when to when profiles are, as a result has it; None when none says it."""
    found = covered(looked)
    return time_range(text(found[0]), text(found[1])) if found else None


def combined_told(merged: Merged) -> list[CombinedType]:
    """Give what was done with each sample type."""
    return [
        CombinedType(type=one.type, unit=one.unit, is_snapshot=one.is_snapshot, how=cast("How", one.how))
        for one in merged.combined
    ]


def failures_told(failures: Sequence[Failure]) -> list[MissingProfile]:
    """Give the first missing profiles; those that are left out on purpose are not among them."""
    return [
        MissingProfile(
            profile_id=one.candidate.profile_id[:80],
            timestamp=text(one.candidate.timestamp) if one.candidate.timestamp else None,
            host=one.candidate.host or None,
            code=one.code,
            message=one.message[:MOST_MESSAGE],
        )
        for one in failures
        if one.code not in _MEANT
    ][:SHOWN_FAILURES]


def failed_count(asked: Range, merged: Merged) -> int:
    """Count missing profiles."""
    return sum(one.code not in _MEANT for one in (*asked.failures, *merged.failures))


def side_told(asked: Range, merged: Merged, handle: str | None) -> RangeSide:
    """Give one side of a comparison."""
    seconds = merged.duration_nanos / 1e9
    return RangeSide(
        handle=handle,
        from_ts=text(asked.chosen.listing.window.start),
        to_ts=text(asked.chosen.listing.window.end),
        profiles_merged=len(merged.looked),
        profiles_found=len(asked.chosen.listing.candidates),
        total_duration=seconds_text(seconds),
        total_duration_seconds=seconds,
        processes=merged.processes,
        **counted_by_name(merged.looked, SHOWN_OF_SIDE),
        failed_count=failed_count(asked, merged),
    )


@contextmanager
def of_side(side: str) -> Generator[None, None, None]:
    """Name the side in errors.

    Raises:
        PprofMcpError: As within.
    """
    try:
        yield
    except CancelledError:
        raise
    except PprofMcpError as problem:
        raise type(problem)(
            f"{side}: {problem.message}", hint=problem.hint, details={**problem.details, "side": side}
        ) from problem


def warnings_of(side: str, part: Part) -> list[str]:
    """Give what limits one side, with its name before it."""
    return [f"{side}: {warning}" for warning in (*part.asked.warnings, *part.merged.warnings)]


def next_of(compared: Compared, before: str | None, after: str | None) -> list[NextCall]:
    """Suggest to look closer at what differs; nothing where handles do not last."""
    if before is None or after is None:
        return []
    both: dict[str, ArgumentValue] = {
        "before": before,
        "after": after,
        "normalize": compared.normalize,
        "sample_index": compared.found["sample_type"]["type"],
    }
    calls = [next_call("pprof.diff_top", "All functions that differ, with filters.", **both)]
    name = next((name for name in compared.names if name), "")
    if name:
        why = f"On which ways it came to {name[:100]}."
        calls.append(next_call("pprof.diff_paths", why, **both, focus=exactly(name)))
    return calls


def kept(session: Session, asked: Range, merged: Merged, service: str) -> str | None:
    """Keep a merged profile; None where handles do not last.

    Returns:
        Its handle.
    """
    if not session.lasting:
        return None
    window = asked.chosen.listing.window
    made_by = (
        f"{len(merged.looked)} {asked.kind} profiles of {service[:100]}, "
        f"{text(window.start)} to {text(window.end)}"
    )
    return session.add(merged.native, made_by).handle


def written(
    session: Session, out_dir: str, asked: Range, merged: Merged, given: Mapping[str, object]
) -> str | None:
    """Write a merged profile to a folder, under a name of what it is; None when no folder is given.

    Raises:
        PprofMcpError: It can not be written, or another file has the name.
    """
    if not out_dir:
        return None
    window = asked.chosen.listing.window
    parts = [str(given.get("service", "")), str(given.get("env", "")), asked.kind]
    parts += [end.strftime("%Y%m%dT%H%M%SZ") for end in (window.start, window.end)]
    name = "_".join(part_of_name(part) for part in parts if part)
    return write_once(session, out_dir, f"{name}.pb.gz", merged.native.encode())


def _most(counts: Mapping[str, int], most: int) -> dict[str, int]:
    names = sorted(counts, key=lambda name: (-counts[name], name))[:most]
    return {name: counts[name] for name in sorted(names)}

"""What counts since the start of a process -> what came about between two of its profiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, PprofMcpError
from pprof_mcp.ranges.fetching import Failure
from pprof_mcp.ranges.looking import negatives
from pprof_mcp.sources.datadog.spreading import process_of
from pprof_mcp.sources.net.patience import check_cancelled

if TYPE_CHECKING:
    from pprof_mcp.ranges.looking import Looked
    from pprof_mcp.ranges.writing import Shape

BASE: Final = "base_of_process"
"""Reason for leaving out a profile that counts since the start: it is where others begin to count."""
_SWITCH: Final = "DD_PROFILING_DELTA is off"


@dataclass(frozen=True)
class Grown:
    """Profiles of which each holds what came about since the one before.

    Attributes:
        looked: The profiles.
        failures: Those that are left out.
        warnings: What was done, or could not be.
    """

    looked: tuple[Looked, ...]
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()


def grown(looked: Sequence[Looked], read: Callable[[Looked], bytes | _native.Profile]) -> Grown:
    """Turn profiles that count since the start of their process into those of the time in between.

    What each counts is its own minus that of the profile before it of the same process; what is there
    (`inuse_*`) is its own. Added up, that is the last minus the first.

    Args:
        looked: Profiles of one kind; those that are deltas already stay as they are.
        read: Gives the content of one.

    Raises:
        CancelledError: The call was cancelled.
    """
    processes: dict[tuple[str, Shape], list[Looked]] = {}
    for one in looked:
        if one.is_whole:
            processes.setdefault((process_of(one.candidate), one.shape), []).append(one)
    if not processes:
        return Grown(tuple(looked))
    made: dict[int, Looked] = {}
    failures: dict[int, Failure] = {}
    restarts = 0
    for those in processes.values():
        ordered = sorted(those, key=lambda one: (one.moment, one.candidate.event_id))
        failures[id(ordered[0])] = _base(ordered[0], "where the others begin to count")
        for before, after in pairwise(ordered):
            check_cancelled()
            pair = replace(after, since=before)
            try:
                is_same = _went_on(pair, read)
            except CancelledError:
                raise
            except PprofMcpError as problem:
                failures[id(after)] = Failure(after.candidate, problem.code, problem.message, problem)
                continue
            if is_same:
                made[id(after)] = pair
            else:
                restarts += 1
                failures[id(after)] = _base(
                    after, "its counts are below those before: the process began anew"
                )
    whole = sum(len(those) for those in processes.values())
    if not made:
        alone = (
            f"{whole} profiles are no deltas ({_SWITCH}), and no two of one process could be told apart: "
            "each counts what grows since the start of its process, so sums of it are too large; a larger "
            "limit, or a host, gives more of a process"
        )
        broken = {at: one for at, one in failures.items() if one.problem is not None}
        return Grown(
            tuple(one for one in looked if id(one) not in broken),
            tuple(broken.values()),
            (alone,),
        )
    told = (
        f"{whole} profiles are no deltas ({_SWITCH}): of what grows since the start of a process, what came "
        f"about between two of its profiles was taken; {len(failures)}, where that begins, are left out"
    )
    if restarts:
        told += f", {restarts} of them since the process had begun anew"
    kept = [made.get(id(one), one) for one in looked if id(one) not in failures]
    return Grown(
        tuple(kept),
        tuple(failures[id(one)] for one in looked if id(one) in failures),
        (told,),
    )


def _base(looked: Looked, why: str) -> Failure:
    return Failure(looked.candidate, BASE, f"it counts since the start of its process: {why}")


def _went_on(pair: Looked, read: Callable[[Looked], bytes | _native.Profile]) -> bool:
    """Whether nothing is counted less often than before, as it would be after a restart."""
    return pair.seconds > 0 and not negatives(read(pair))

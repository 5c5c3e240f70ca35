"""The merge itself, and what is told about it."""

from __future__ import annotations

import time

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, PprofMcpError, by_code
from pprof_mcp.merging.inputs import listed
from pprof_mcp.merging.options import combination
from pprof_mcp.progress import WATCH
from pprof_mcp.session import kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pprof_mcp.merging.inputs import Inputs

SHOWN_FAILURES = 20
"""Failures that a result lists; it counts all. Source: chosen."""

SHOWN_TYPES = 40
"""Sample types that a result lists; it counts the others. Source: chosen, more than any profiler writes."""

APART = 120
"""Seconds between the first and the last profile from which they are not of one time.

Source: chosen, twice the usual 60 s between two profiles of one process.
"""

NOTHING_KEPT = "nothing was kept: the profile ends with this command; name a file with -o"
NEXT = "The functions that cost most in all of them."


class Merged:
    """A merge that is done.

    Attributes:
        native: The profile.
        facts: What is told about it, by the names of the fields of the tool's result.
    """

    __slots__ = ("facts", "native")

    def __init__(self, native: _native.Profile, facts: dict[str, Any]) -> None:
        self.native = native
        self.facts = facts

    def encoded(self) -> bytes:
        """Give the file: gzip-compressed protobuf."""
        return self.native.encode()


def merge(
    inputs: Inputs,
    *,
    keep_going: bool,
    intersect_types: bool,
    over_time: bool,
    snapshots: str,
    limits: Mapping[str, int],
) -> Merged:
    """Merge.

    Args:
        inputs: What goes in.
        keep_going: Merge the rest when some fail.
        intersect_types: Merge the sample types that all share.
        over_time: They are of one process, one after the other.
        snapshots: `auto`, `sum`, `mean` or `last`.
        limits: Limits of each input that were set.

    Raises:
        PprofMcpError: An input can not be merged, or with `keep_going` none can; sample types differ.
    """
    inputs.check()
    how = combination(snapshots, over_time=over_time)
    native, outcome = _native.merge_inputs(
        inputs.named,
        intersect_types=intersect_types,
        snapshots=how,
        keep_going=keep_going,
        limits=dict(limits) or None,
        watch=WATCH.get(),
    )
    failures = outcome["failures"]
    if native is None:
        raise _all_failed(failures)
    types = [(item["type"], item["unit"]) for item in outcome["combined"]]
    found = kinds.kinds_of(types, outcome["period_type"] or None)
    if kinds.is_contention(types):
        contention, _ = kinds.contention_kind(lambda: kinds.leaves_of(native))
        found = tuple(contention if kind == kinds.MUTEX else kind for kind in found)
    first, last = outcome["times"]
    facts = {
        "kind": found[0],
        "input_count": outcome["inputs"],
        "failed_count": len(failures),
        "failures": failures[:SHOWN_FAILURES],
        "samples": outcome["samples"],
        "sample_types": outcome["combined"][:SHOWN_TYPES],
        "sample_types_left_out": max(0, len(outcome["combined"]) - SHOWN_TYPES),
        "types_differ": outcome["types_differ"],
        "duration_nanos": outcome["duration_nanos"],
        "first_time": _moment(first),
        "last_time": _moment(last),
        "warnings": _warnings(inputs, outcome, how),
    }
    return Merged(native, facts)


def _all_failed(failures: list[Any]) -> PprofMcpError:
    """Say that nothing is left; the class is that of the first failure."""
    first = failures[0]
    cls = by_code().get(first["code"], PprofMcpError)
    if cls is CancelledError:
        return CancelledError(first["message"])
    return cls(
        f"none of {len(failures)} inputs can be merged; the first: {_failed(first)}",
        details={"inputs": [item["name"] for item in failures[:SHOWN_FAILURES]], "failed": len(failures)},
    )


def _failed(failure: Any) -> str:
    name, message = failure["name"], failure["message"]
    return message if name in message else f"{name}: {message}"


def _moment(nanos: int) -> str | None:
    """Write a time in UTC; None when it is not known."""
    if not nanos:
        return None
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(nanos // 1_000_000_000))
    except (OverflowError, ValueError, OSError):
        return None


def _warnings(inputs: Inputs, outcome: Any, how: str) -> list[str]:
    warnings: list[str] = []
    failures = outcome["failures"]
    if failures:
        named = "; ".join(_failed(one) for one in failures[:3]) + ("; ..." if len(failures) > 3 else "")
        warnings.append(f"{len(failures)} of {len(inputs.named)} inputs were left out: {named}")
    if inputs.skipped:
        warnings.append(f"{len(inputs.skipped)} files were no profiles: {listed(inputs.skipped)}")
    if inputs.empty:
        warnings.append(f"there is nothing in {', '.join(inputs.empty[:5])}")
    if inputs.repeated:
        warnings.append(
            f"{inputs.repeated} of {len(inputs.named)} inputs were given more than once and added again"
        )
    if outcome["types_differ"]:
        warnings.append("the inputs have different sample types; only those that all share are kept")
    types = len(outcome["combined"])
    if types > SHOWN_TYPES:
        warnings.append(f"{SHOWN_TYPES} of {types} sample types are listed; pprof.meta lists all")
    warnings.extend(_about_snapshots(outcome, how))
    warnings.extend(outcome["notes"])
    return warnings


def _about_snapshots(outcome: Any, how: str) -> list[str]:
    snapshots = [item["type"] for item in outcome["combined"] if item["is_snapshot"]]
    first, last = outcome["times"]
    if not snapshots or outcome["inputs"] < 2:
        return []
    names = ", ".join(snapshots[:SHOWN_TYPES]) + (", ..." if len(snapshots) > SHOWN_TYPES else "")
    seconds = (last - first) // 1_000_000_000
    if how == "sum" and first and seconds > APART:
        what = f"{names}: snapshots were added up, over profiles from {seconds} s"
        return [f"{what}; if they are of one process, over_time gives the mean instead"]
    if how == "last" and not last:
        return [f"{names}: no profile says its time, so all count as the last and were added up"]
    return []

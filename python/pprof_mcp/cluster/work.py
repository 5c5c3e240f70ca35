"""What runs on workers: inputs into a part of the merge, and parts into one.

Both are pure: what a lost worker had is computed again, and comes out the same. The core does the work with
the interpreter released.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pprof_mcp import _native
from pprof_mcp.cluster.engine import watch_of_task

if TYPE_CHECKING:
    from pprof_mcp.merging.inputs import Source

_UNBOUNDED = dict.fromkeys(_native.default_limits(), 2**63 - 1)
"""Limits are for inputs. A part was made of inputs within them and may hold more, as the local merge may."""


@dataclass(frozen=True)
class Options:
    """How inputs are merged.

    Attributes:
        intersect_types: Merge the sample types that all share.
        snapshots: `sum`, `mean` or `last`.
        keep_going: Merge the rest when an input fails.
        limits: Limits of each input that were set.
    """

    intersect_types: bool
    snapshots: str
    keep_going: bool
    limits: dict[str, int]


@dataclass(frozen=True)
class Chunk:
    """Inputs that are merged by one task.

    Attributes:
        inputs: Names with sources; sources are read one at a time.
        options: How.
    """

    inputs: Sequence[tuple[str, Source]]
    options: Options


@dataclass(frozen=True)
class Part:
    """A part of the merge.

    Attributes:
        partial: The core's partial merge.
        failures: Inputs that could not be merged: `name`, `code` and `message` of each, in their order.
    """

    partial: bytes
    failures: list[dict[str, str]]


def dask_setup(_: object) -> None:
    """Prepare a worker process of a local cluster, which Dask has import this module.

    Ctrl-C in a terminal reaches all processes; the one that was called decides, and ends the others.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def fold(chunk: Chunk) -> Part:
    """Merge the inputs of a chunk on one thread: the scheduler gives each of its threads a task.

    Raises:
        PprofMcpError: That of the first input that can not be merged, unless the merge keeps going.
    """
    options = chunk.options
    partial, failures = _native.merge_partly(
        chunk.inputs,
        intersect_types=options.intersect_types,
        snapshots=options.snapshots,
        keep_going=options.keep_going,
        threads=1,
        limits=options.limits,
        watch=watch_of_task(),
    )
    return Part(partial, json.loads(failures))


def combine(parts: Sequence[Part]) -> Part:
    """Make one part of several."""
    partial = _native.combine_partials([part.partial for part in parts], _UNBOUNDED)
    return Part(partial, [failure for part in parts for failure in part.failures])


def finish(part: Part) -> tuple[_native.Profile, dict[str, Any]]:
    """Give the merged profile, and how it came out.

    Raises:
        IncompatibleProfilesError: Sample types differ, or there is no profile.
    """
    native, outcome = _native.finish_partials([part.partial], _UNBOUNDED)
    return native, json.loads(outcome)

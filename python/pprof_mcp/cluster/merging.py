"""The merge on a cluster, from what a caller names to a profile."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pprof_mcp.cluster import work
from pprof_mcp.cluster.engine import connected, threads
from pprof_mcp.cluster.inputs import Urls, gather
from pprof_mcp.cluster.job import Job
from pprof_mcp.errors import InvalidArgumentError, PprofMcpError, UnreadableError, by_code
from pprof_mcp.merging.options import combination
from pprof_mcp.profile import Profile, Shared
from pprof_mcp.session.session import default_session

if TYPE_CHECKING:
    from distributed import Client

    from pprof_mcp.tools.pprof.merge import MergedType, MergeFailure

Told = Callable[[int, int], object]
"""Told inputs done and all inputs."""

MOST_IN_A_CHUNK = 64
"""Inputs of one task at most.

Source: chosen; 100,000 inputs are 1,563 tasks, and little is lost with a worker.
"""

ROUNDS = 4
"""Tasks for each thread when inputs are few. Source: chosen, so that all threads end at about one time."""


@dataclass(frozen=True)
class MergeOutcome:
    """What came of a merge.

    Attributes:
        profile: The merged profile.
        input_count: Profiles that went in.
        failures: Inputs that were left out, with `keep_going`, in order.
        skipped: What lies in folders and zips but is no profile: names with reasons.
        sample_types: The sample types, and whether values were added up, averaged, or are the last ones.
        types_differ: Whether the inputs had sample types that not all share.
        times: Times of the earliest and the latest input in nanoseconds since 1970; 0 when none says it.
        notes: What is odd about the inputs or the sums.
    """

    profile: Profile
    input_count: int
    failures: tuple[MergeFailure, ...]
    skipped: tuple[tuple[str, str], ...]
    sample_types: tuple[MergedType, ...]
    types_differ: bool
    times: tuple[int, int]
    notes: tuple[str, ...]


def show(done: int, total: int) -> None:
    """Show how far it is, on one line of standard error; nothing where that is no terminal."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{done}/{total} files" + ("\n" if done == total else ""))
        sys.stderr.flush()


def merge(
    urls: Urls,
    *,
    client: Client | str | None = None,
    keep_going: bool = False,
    intersect_types: bool = False,
    over_time: bool = False,
    snapshots: Literal["auto", "sum", "mean", "last"] = "auto",
    limits: Mapping[str, int] | None = None,
    chunk: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: Told | None = show,
) -> MergeOutcome:
    """Merge profiles on the workers of a Dask cluster; the bytes are those of the local merge.

    Inputs are read by the workers, with their file systems, networks and credentials: a caller who may choose
    `urls` or `storage_options` may make them read anything they can. So this is a function for trusted
    callers, and no tool.

    A worker that is lost costs what it was doing and the parts it held, which others do again.

    Args:
        urls: One path, folder, glob or URL, or any number of them. Paths must lead to the same files here and
            on the workers. URLs are those of fsspec (`s3://`, `gs://`, `https://` ...); one that ends with
            `/` stands for the files in it, one with `*` for those that match. The order does not matter.
        client: A `dask.distributed.Client`, which stays open; the address of a scheduler; or None for a
            cluster of processes on this machine, one for each core, that ends with the call. Then, as
            wherever processes are started, a script needs `if __name__ == "__main__":`.
        keep_going: Merge the rest when an input is missing or broken.
        intersect_types: Merge the sample types that all inputs share; without it, others are an error.
        over_time: The profiles are of one process, one after the other.
        snapshots: What becomes of values that are snapshots; `auto` is `mean` with over_time, else `sum`.
        limits: Limits of each input by the names in `pprof_mcp.settings.LIMIT_NAMES`; those of the
            environment here when not given.
        chunk: Inputs of one task; chosen by their number and the workers' threads when not given.
        storage_options: Options of the URLs' file systems, sent to the workers as they are.
        progress: Told inputs done and all inputs when some are done, and at least once a second; by default
            a line on a terminal. What it raises ends the merge.

    Returns:
        The profile, and what was left out.

    Raises:
        PprofMcpError: An input can not be merged, the first by its position; with `keep_going`, none can.
        IncompatibleProfilesError: Sample types differ, or with `intersect_types` have none in common.
        ClusterError: Dask is not installed; the scheduler does not answer or was lost; workers have another
            version of this package; several workers died over the same inputs.
        InvalidArgumentError: There is no input; an option has a value it can not have.
    """
    session = default_session()
    options = work.Options(
        intersect_types=intersect_types,
        snapshots=combination(snapshots, over_time=over_time),
        keep_going=keep_going,
        limits=dict(session.settings.limits if limits is None else limits),
    )
    # Merging nothing says, before anything is started, whether the options are good.
    work.fold(work.Chunk((), options))
    if chunk is not None and chunk < 1:
        raise InvalidArgumentError(
            f"chunk is {chunk}; it must be 1 or more", details={"argument": "chunk", "given": chunk}
        )
    found = gather(urls, keep_going=keep_going, limits=options.limits, storage_options=storage_options or {})
    total = len(found.named)
    with connected(client, total) as cluster:
        size = chunk or min(MOST_IN_A_CHUNK, math.ceil(total / (threads(cluster) * ROUNDS)))
        chunks = [work.Chunk(found.named[at : at + size], options) for at in range(0, total, size)]
        with Job(cluster, work.fold, work.combine, chunks) as job:
            part = job.result(_counted(progress, chunks, total))
    if len(part.failures) == total:
        raise _all_failed(part.failures)
    native, facts = work.finish(part)
    return _outcome(Profile(Shared(native, session.new_key()), session), part, facts, found.skipped)


def _counted(progress: Told | None, chunks: Sequence[work.Chunk], total: int) -> Callable[[int | None], None]:
    done = 0

    def tell(chunk: int | None) -> None:
        nonlocal done
        if chunk is not None:
            done += len(chunks[chunk].inputs)
        if progress is not None:
            progress(done, total)

    tell(None)
    return tell


def _all_failed(failures: Sequence[Mapping[str, str]]) -> PprofMcpError:
    """Say that nothing is left; the class is that of the first failure."""
    name, message = failures[0]["name"], failures[0]["message"]
    first = message if name in message else f"{name}: {message}"
    return by_code().get(failures[0]["code"], UnreadableError)(
        f"none of {len(failures)} inputs can be merged; the first: {first}",
        details={"inputs": [failure["name"] for failure in failures[:20]], "failed": len(failures)},
    )


def _outcome(
    profile: Profile, part: work.Part, facts: Mapping[str, Any], skipped: Sequence[tuple[str, str]]
) -> MergeOutcome:
    from pprof_mcp.tools.pprof.merge import MergedType, MergeFailure

    first, last = facts["times"]
    return MergeOutcome(
        profile=profile,
        input_count=facts["inputs"],
        failures=tuple(MergeFailure(**failure) for failure in part.failures),
        skipped=tuple(skipped),
        sample_types=tuple(MergedType(**item) for item in facts["combined"]),
        types_differ=facts["types_differ"],
        times=(first, last),
        notes=tuple(facts["notes"]),
    )

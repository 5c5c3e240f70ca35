"""Dask, which has no types to rely on: whatever is said to it is said here.

The scheduler places tasks, notices lost workers and computes again what they had. What is decided here: the shape
of the tree, in which order its tasks run, and what is made of errors.
"""

from __future__ import annotations

import logging
import math
import queue
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from typing_extensions import TypeVar

from pprof_mcp.errors import CancelledError, ClusterError, InvalidArgumentError, PprofMcpError

if TYPE_CHECKING:
    from types import TracebackType

    from distributed import Client

    from pprof_mcp.cluster.work import Chunk

T = TypeVar("T")

FAN_IN = 8
"""Parts that one task makes one. Source: chosen; a worker holds so many at a time, and 100,000 inputs need four levels."""

TICK = 0.5
"""Seconds between two looks at the clock while nothing ends. Source: chosen, so that progress is told twice a second."""

BATCH = 256
"""Tasks that go to the scheduler in one message. Source: chosen; thousands at once are past the size it warns of."""

CONNECT = 10
"""Seconds to wait for a scheduler. Source: chosen."""

LOST = 30
"""Seconds to wait for a scheduler that was there. Source: chosen, that of Dask's own communication timeout."""

_ROOT = -1


def missing_extra(error: ImportError) -> ClusterError:
    """Say what to install."""
    return ClusterError(
        f"merging on a cluster needs Dask, which is not installed ({error})",
        hint="Install it: pip install 'pprof-mcp[cluster]'",
    )


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise missing_extra(error) from error


@contextmanager
def connected(client: Client | str | None, inputs: int) -> Generator[Any, None, None]:
    """Give a client whose workers can merge.

    Args:
        client: One that is there, which stays as it is; the address of a scheduler; None for processes of this
            machine, one for each core, that end with the block.
        inputs: How many there are; more workers are not started.

    Raises:
        ClusterError: The scheduler does not answer, or workers have another version of this package.
        InvalidArgumentError: It is no client, or one that can not be used from here.
    """
    distributed = _distributed()
    if client is None:
        with _local(distributed, inputs) as cluster, distributed.Client(cluster) as own:
            yield own
    elif isinstance(client, str):
        with _to(distributed, client) as own:
            _check_versions(own)
            yield own
    else:
        _check_client(distributed, client)
        _check_versions(client)
        yield client


def _local(distributed: Any, inputs: int) -> Any:
    cores = int(import_module("dask.system").CPU_COUNT)
    return distributed.LocalCluster(
        host="127.0.0.1",
        n_workers=max(1, min(cores, inputs)),
        threads_per_worker=1,
        processes=True,
        # Its web server can not be left out, but it has no pages to serve and a port that nobody else wants.
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        preload="pprof_mcp.cluster.work",
        # An input that is no profile is told once, by the error.
        silence_logs=logging.CRITICAL,
        # Who can talk to a scheduler can run code as its user, and other users reach the loopback too.
        security=True,
    )


def _to(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"the scheduler at {address} does not answer: {error}",
            hint="Check the address and that the scheduler runs; for TLS give a Client made with security=.",
            details={"address": address},
        ) from error


def _check_client(distributed: Any, client: Any) -> None:
    if not isinstance(client, distributed.Client):
        what, hint = (
            f"{type(client).__name__} is no dask.distributed.Client",
            "Give Client(...) or an address.",
        )
    elif client.asynchronous:
        what, hint = (
            "the client is asynchronous",
            "Give one without asynchronous=True, from a thread of its own.",
        )
    elif client.status != "running":
        what, hint = f"the client is {client.status}", "Give one that is connected to its scheduler."
    else:
        return
    raise InvalidArgumentError(what, hint=hint, details={"argument": "client"})


def _check_versions(client: Any) -> None:
    """Compare the versions of all workers that there are with the one here: partial merges have a form of their own."""
    name = "pprof-mcp"
    own = metadata.version(name)
    # A function of the standard library, since a worker may have no pprof_mcp to look into.
    found: dict[str, Any] = client.run(metadata.version, name, on_error="return")
    other = {address: version for address, version in sorted(found.items()) if version != own}
    if other:
        told = [
            f"{address} has {version if isinstance(version, str) else 'none'}"
            for address, version in other.items()
        ]
        more = f" and {len(told) - 3} more" if len(told) > 3 else ""
        raise ClusterError(
            f"{name} is {own} here, but of {len(found)} workers {', '.join(told[:3])}{more}",
            hint=f"Install {name} {own} on the workers, and start them again.",
            details={"version": own, "workers": told},
        )


def threads(client: Any) -> int:
    """Give the number of tasks that run at a time, 1 when no worker is there yet."""
    return max(1, sum(client.nthreads().values()))


def watch_of_task() -> Callable[[int, int, int, int], None] | None:
    """Give what ends the work of the task that runs here once nobody wants it any more; None outside of tasks.

    Dask lets such tasks run to their end, which may be far: an input that does not come keeps its worker.
    """
    try:
        worker = _distributed().get_worker()
    except (ClusterError, ValueError):
        return None
    key = worker.get_current_task()

    def watch(*_: int) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled" or worker.status.name.startswith("clos"):
            raise CancelledError("nobody waits for this part of the merge any more")

    return watch


class Job(Generic[T]):
    """The tasks of one merge: a leaf for each chunk, and a tree of combinations above them.

    Leaving the block cancels what is left of them.

    Args:
        client: Where they run.
        fold: Makes a part of a chunk.
        combine: Makes a part of parts.
        chunks: What is to be merged, at least one.
    """

    def __init__(
        self,
        client: Any,
        fold: Callable[[Chunk], T],
        combine: Callable[[Sequence[T]], T],
        chunks: Sequence[Chunk],
    ) -> None:
        self._client = client
        self._chunks = chunks
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        # Names nobody has: the files may have changed since an earlier merge.
        token = uuid.uuid4().hex
        leaves = client.map(
            fold,
            chunks,
            key=[(f"pprof-fold-{token}", at) for at in range(len(chunks))],
            pure=False,
            batch_size=BATCH,
        )
        self._leaves: dict[int, Any] = dict(enumerate(leaves))
        self._inner: list[Any] = []
        level, height = leaves, 0
        while len(level) > 1:
            height += 1
            level = [
                client.submit(
                    combine,
                    level[at * FAN_IN : (at + 1) * FAN_IN],
                    key=(f"pprof-combine-{token}", height, at),
                    # Combining first frees the parts that wait for it.
                    priority=height,
                    pure=False,
                )
                for at in range(math.ceil(len(level) / FAN_IN))
            ]
            self._inner.extend(level)
        self._root = level[0]
        for at, leaf in self._leaves.items():
            self._tell_end(leaf, at)
        self._tell_end(self._root, _ROOT)

    def __enter__(self) -> Job[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cancel([*self._leaves.values(), *self._inner, self._root])
        self._leaves.clear()
        self._inner.clear()

    def result(self, tell: Callable[[int | None], object]) -> T:
        """Wait for the end.

        Args:
            tell: Called with the number of each chunk that is done, and with None while none ends.

        Raises:
            PprofMcpError: That of the first input, by its position, that can not be merged.
            ClusterError: Workers or the scheduler were lost for good.
        """
        failed: PprofMcpError | None = None
        while self._leaves:
            at = self._next()
            if at in self._leaves:
                problem = self._problem(self._leaves[at], at)
                if problem is None:
                    # Held no longer here, a part lives until it is combined, and is made again if it is lost.
                    del self._leaves[at]
                    tell(at)
                    continue
                if isinstance(problem, ClusterError):
                    raise problem
                failed = problem
                self._drop(at)
            elif at == _ROOT and failed is None:
                # What is wrong with a leaf is told by the leaf, whose place is known.
                problem = self._problem(self._root, None)
                if isinstance(problem, ClusterError):
                    raise problem
            tell(None)
        if failed is not None:
            raise failed
        while not self._root.done():
            self._next()
            tell(None)
        problem = self._problem(self._root, None)
        if problem is not None:
            raise problem
        return self._root.result()

    def _drop(self, first: int) -> None:
        """Give up the chunks from one on: whatever they hold, an earlier one has failed."""
        unwanted = [self._leaves.pop(at) for at in sorted(self._leaves) if at >= first]
        self._cancel([*unwanted, *self._inner])
        self._inner.clear()

    def _cancel(self, futures: Sequence[Any]) -> None:
        if self._client.status == "running":
            self._client.cancel(futures, force=True)

    def _tell_end(self, future: Any, at: int) -> None:
        def ended(_: Any) -> None:
            self._ended.put(at)

        future.add_done_callback(ended)

    def _next(self) -> int | None:
        """Give the number of what has ended; None when nothing has for a moment."""
        try:
            return self._ended.get(timeout=TICK)
        except queue.Empty:
            self._check_connection()
            return None

    def _check_connection(self) -> None:
        until = time.monotonic() + LOST
        while self._client.status != "running":
            if self._client.status in ("closing", "closed") or time.monotonic() > until:
                self._lost()
            time.sleep(TICK)

    def _lost(self) -> NoReturn:
        raise ClusterError(
            "the connection to the scheduler was lost, and the merge with it",
            hint="Nothing was written; see why the scheduler ended, and merge again.",
        )

    def _problem(self, future: Any, at: int | None) -> PprofMcpError | None:
        """Say what is wrong with a task that has ended; ClusterError where no input is to blame."""
        if future.status == "finished":
            return None
        if future.status != "error":
            return ClusterError(
                f"the scheduler gave up the merge: its tasks are {future.status}",
                hint="The scheduler was started again, or somebody cancelled them; merge again.",
            )
        error = future.exception()
        if isinstance(error, PprofMcpError):
            return error
        return self._explained(error, at)

    def _explained(self, error: BaseException, at: int | None) -> ClusterError:
        what = "combining partial merges"
        if at is not None:
            inputs = self._chunks[at].inputs
            what = f"merging {len(inputs)} inputs from {inputs[0][0]} to {inputs[-1][0]}"
        if type(error).__name__ == "KilledWorker":
            return ClusterError(
                f"{what}: {getattr(error, 'allowed_failures', 3) + 1} workers died over it, one after the other",
                hint="Most often a worker passed its memory limit and was ended: give workers more memory "
                "(memory_limit), or fewer inputs to a task (chunk). The workers' logs tell.",
            )
        if isinstance(error, MemoryError):
            return ClusterError(
                f"{what}: a worker ran out of memory", hint="Give workers more memory, or a smaller chunk."
            )
        if isinstance(error, ImportError):
            return ClusterError(
                f"{what}: a worker lacks a module: {error}",
                hint="Install on all workers what is installed here: pprof-mcp in the same version, and the fsspec "
                "file systems of the URLs.",
            )
        return ClusterError(
            f"{what}: a worker failed with {type(error).__name__}: {error}",
            hint="The workers' logs tell more.",
        )

"""The tasks of one merge, as Dask's scheduler is given them.

The scheduler places tasks, notices lost workers and computes again what they had. What is decided here: the
shape of the tree, in which order its tasks run, and what is made of errors.
"""

from __future__ import annotations

import math
import queue
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from typing_extensions import TypeVar

from pprof_mcp.errors import ClusterError, PprofMcpError

if TYPE_CHECKING:
    from types import TracebackType

    from pprof_mcp.cluster.work import Chunk

T = TypeVar("T")

FAN_IN = 8
"""Parts that one task makes one.

Source: chosen; a worker holds so many at a time, and 100,000 inputs need four levels.
"""

TICK = 0.5
"""Seconds after which progress is told though nothing ended. Source: chosen; once a second is promised."""

BATCH = 256
"""Tasks that go to the scheduler in one message. Source: chosen; Dask warns of messages over 10 MB."""

LOST = 30
"""Seconds to wait for a scheduler that was there. Source: chosen, as Dask's own timeout of connections."""

_ROOT = -1


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
        leaves: list[Any] = client.map(
            fold,
            chunks,
            key=[(f"pprof-fold-{token}", at) for at in range(len(chunks))],
            pure=False,
            batch_size=BATCH,
        )
        self._leaves = dict(zip(range(len(chunks)), leaves, strict=True))
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
            what = f"merging {inputs[0][0]}"
            if len(inputs) > 1:
                what = f"merging {len(inputs)} inputs from {inputs[0][0]} to {inputs[-1][0]}"
        if type(error).__name__ == "KilledWorker":
            died = getattr(error, "allowed_failures", 3) + 1
            return ClusterError(
                f"{what}: {died} worker{'s' * (died > 1)} died over it, one after the other",
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
                hint="Install on all workers what is installed here: pprof-mcp in the same version, and the "
                "fsspec file systems of the URLs.",
            )
        return ClusterError(
            f"{what}: a worker failed with {type(error).__name__}: {error}",
            hint="The workers' logs tell more.",
        )

"""Several requests side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, PprofMcpError
from pprof_mcp.sources.net import patience
from pprof_mcp.sources.net.limiter import MOST_AT_ONCE

T = TypeVar("T")


def together(
    jobs: Sequence[Callable[[], T]],
    *,
    workers: int = MOST_AT_ONCE,
    done: Callable[[int], object] | None = None,
) -> list[T | PprofMcpError]:
    """Do jobs side by side; one that fails stops no other.

    Args:
        jobs: What to do; each looks for cancellations by itself, as all requests do.
        workers: Jobs under way at most.
        done: Told after each job how many are done.

    Returns:
        What each job gave, or the error it ended with, in the order of the jobs.

    Raises:
        CancelledError: The call was cancelled; jobs under way end soon, others never begin.
    """
    # A call that nobody can cancel still ends its jobs when it is interrupted by itself.
    cancellation = _native.Cancellation.current() or _native.Cancellation()

    def run(job: Callable[[], T]) -> T | PprofMcpError:
        # One that waited for a thread must not begin when the call is over.
        if cancellation.is_cancelled:
            raise CancelledError("cancelled while a source was asked")
        try:
            return cancellation.run(job)
        except CancelledError:
            raise
        except PprofMcpError as problem:
            return problem

    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(jobs)))) as pool:
        futures: list[Future[T | PprofMcpError]] = [pool.submit(run, job) for job in jobs]
        waiting = set(futures)
        try:
            while waiting:
                if cancellation.is_cancelled:
                    raise CancelledError("cancelled while a source was asked")
                finished, waiting = wait(waiting, timeout=patience.SLICE, return_when=FIRST_COMPLETED)
                if finished and done is not None:
                    done(len(futures) - len(waiting))
            return [future.result() for future in futures]
        except BaseException:
            cancellation.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
            raise

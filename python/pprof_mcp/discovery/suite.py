"""Runs analyses side by side: each fails alone, all stop together, and who waits hears how far they are."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, InternalError, PprofMcpError
from pprof_mcp.progress import WATCH
from pprof_mcp.results.base import Result

WORKERS: Final = 4
"""Analyses at once, at most (chosen: each walks a whole profile, and memory is what they wait for)."""

LOOK: Final = 0.1
"""Seconds between two looks at whether the call was cancelled (chosen: it is to be heard within 0.2)."""

Outcome = Result | PprofMcpError


def run_all(jobs: Mapping[str, Callable[[], Result]]) -> dict[str, Outcome]:
    """Run jobs in threads; the core releases the interpreter in each.

    Args:
        jobs: By name, in the order in which they are started: the longest first.

    Returns:
        What came of each, by name in that order. A job that fails is no reason for others to.

    Raises:
        CancelledError: The call was cancelled. The jobs were told to stop.
    """
    outer = _native.Cancellation.current()
    inner = _native.Cancellation()
    workers = min(WORKERS, os.cpu_count() or 1, len(jobs) or 1)
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="analysis") as pool:
        futures = {pool.submit(_one, name, job, inner): name for name, job in jobs.items()}
        try:
            _attend(futures, outer)
        except BaseException:
            # Ctrl-C too: leaving the pool waits for its threads.
            inner.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {name: future.result() for future, name in futures.items()}


def _attend(futures: Mapping[Future[Outcome], str], outer: _native.Cancellation | None) -> None:
    watch = WATCH.get()
    pending = set(futures)
    while pending:
        if outer is not None and outer.is_cancelled:
            raise CancelledError("cancelled during the analyses")
        if watch is not None:
            done = [future for future in futures if future not in pending]
            failed = sum(isinstance(future.result(), PprofMcpError) for future in done)
            running = [name for future, name in futures.items() if future.running()]
            under_way = ", ".join(name.rpartition(".")[2] for name in running)
            watch(len(done), len(futures), 0, failed, f"analyses: {under_way}")
        _, pending = wait(pending, timeout=LOOK, return_when=FIRST_COMPLETED)


def _one(name: str, job: Callable[[], Result], cancellation: _native.Cancellation) -> Outcome:
    try:
        return cancellation.run(job)
    except CancelledError:
        raise
    except PprofMcpError as problem:
        return problem
    except Exception:  # noqa: BLE001 - its text may hold anything, and the other analyses still answer
        # The answer says that it failed; where, is for whoever mends it, as with a tool called alone.
        traceback.print_exc(file=sys.stderr)
        return InternalError(f"something went wrong inside {name}")

"""Work for one request, in a thread: the client hears how far it is, and what it cancels stops."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import anyio.from_thread
import anyio.to_thread
from mcp.server.context import ServerRequestContext

from pprof_mcp import _native
from pprof_mcp.progress import WATCH

T = TypeVar("T")

EVERY = 0.5
"""Seconds between two reports of progress. Source: chosen; a client is to hear something every second."""


async def in_thread(context: ServerRequestContext[Any], call: Callable[[], T]) -> T:
    """Call a function in a thread; a cancelled request is answered at once, and the core stops soon after."""
    cancellation = _native.Cancellation()
    token = WATCH.set(_Reports(context, cancellation))
    try:
        return await anyio.to_thread.run_sync(cancellation.run, call, abandon_on_cancel=True)
    finally:
        # Whoever still works under it has lost its request.
        cancellation.cancel()
        WATCH.reset(token)


class _Reports:
    """Reports progress from the thread; nothing is sent to a client that did not ask for it."""

    def __init__(self, context: ServerRequestContext[Any], cancellation: _native.Cancellation) -> None:
        self._context = context
        self._cancellation = cancellation
        self._last = time.monotonic() - EVERY

    def __call__(self, done: int, total: int, size: int, failed: int, what: str = "", /) -> None:
        now = time.monotonic()
        if self._cancellation.is_cancelled or now - self._last < EVERY:
            return
        self._last = now
        missing = f", {failed} failed" if failed else ""
        counted = what or f"profiles, {size / 1e6:.1f} MB"
        text = f"{done} of {total} {counted}{missing}"
        anyio.from_thread.run(self._context.session.report_progress, done, total, text)

"""The pace at which sources are asked: so many at once, so many a second, and as they announce."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from pprof_mcp.sources.net import patience

MOST_AT_ONCE = 4
"""Requests under way. Source: chosen, below the 5 that Datadog's own client of these routes allows itself."""
PER_SECOND = 2.0
BURST = 4
"""Source: the rate and burst of the system whose users this program serves."""


class Limiter:
    """One for all calls of a process. Safe to use from several threads.

    Args:
        at_once: Requests under way at most.
        per_second: Requests a second in the long run; 0 for no bound.
        burst: Requests that may come at once after a rest.
        clock: Seconds; only differences matter.
        sleep: Waits.
    """

    def __init__(
        self,
        *,
        at_once: int = MOST_AT_ONCE,
        per_second: float = PER_SECOND,
        burst: int = BURST,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = patience.sleep,
    ) -> None:
        self._slots = threading.Semaphore(at_once)
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = self._burst
        self._counted = clock()
        self._names: dict[str, str] = {}
        self._resets: dict[str, float] = {}

    @contextmanager
    def slot(self) -> Generator[None, None, None]:
        """Hold one of the places for requests under way.

        Raises:
            CancelledError: The call was cancelled while it waited.
        """
        while not self._slots.acquire(timeout=patience.SLICE):
            patience.check_cancelled()
        try:
            yield
        finally:
            self._slots.release()

    def turn(self) -> None:
        """Wait for the turn of one request.

        Raises:
            CancelledError: The call was cancelled while it waited.
        """
        if self._per_second <= 0:
            return
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._counted) * self._per_second)
            self._counted = now
            # Taken at once, below zero if need be: so everyone who waits has a turn of his own.
            self._tokens -= 1
            wait = -self._tokens / self._per_second
        if wait > 0:
            self._sleep(wait)

    def note(self, route: str, headers: Mapping[str, str], now: float) -> None:
        """Learn from an answer which limit a route has, and whether it is used up.

        Args:
            route: What was asked; routes may share a limit.
            headers: Of the answer, names in lower case.
            now: Seconds since 1970.
        """
        name = headers.get("x-ratelimit-name", "") or route
        reset = patience.announced_wait(headers, now)
        with self._lock:
            self._names[route] = name
            if headers.get("x-ratelimit-remaining", "").strip() == "0" and reset is not None:
                self._resets[name] = self._clock() + reset

    def limit_of(self, route: str) -> str:
        """Give the name of the limit a route was last seen under; the route itself when none was."""
        with self._lock:
            return self._names.get(route, route)

    def pause(self, route: str) -> float:
        """Give the seconds until the limit of a route is renewed; 0 when it is not used up."""
        with self._lock:
            name = self._names.get(route, route)
            left = self._resets.get(name, 0.0) - self._clock()
            if left <= 0:
                self._resets.pop(name, None)
            return max(0.0, left)

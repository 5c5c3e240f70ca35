"""Rate limits that are really counted."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.fake_datadog.clock import Clock
from tests.fake_datadog.messages import Response, error
from tests.fake_datadog.variants import Variants


@dataclass(frozen=True)
class Limit:
    """So many calls in each period.

    Attributes:
        name: Name of the limit, as its header tells it.
        limit: Calls.
        period: Seconds; periods begin at multiples of themselves [A].
        routes: Names of the routes that share it; all when there are none.
    """

    name: str
    limit: int
    period: int = 60
    routes: tuple[str, ...] = ()


@dataclass
class Limits:
    """All limits; those of the real profiling routes are not published [?], so by default there are none."""

    clock: Clock
    limits: list[Limit] = field(default_factory=list[Limit])
    _used: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, limit: int, period: int = 60, routes: tuple[str, ...] = ()) -> None:
        """Limit some routes from now on."""
        self.limits.append(Limit(name, limit, period, routes))

    def count(self, route: str, variants: Variants) -> tuple[Response | None, dict[str, str]]:
        """Count a call.

        Returns:
            The 429, or `None` when the call may go on, and the headers for its answer.
        """
        limit = next((one for one in self.limits if not one.routes or route in one.routes), None)
        if limit is None:
            return None, {}
        window, passed = divmod(self.clock(), limit.period)
        with self._lock:
            self._used[limit.name, int(window)] += 1
            left = limit.limit - self._used[limit.name, int(window)]
        headers = rate_headers(limit, max(left, 0), limit.period - int(passed), variants.rate_headers)
        if left >= 0:
            return None, {} if variants.rate_headers == "none" else headers
        refusal = error(429, "Too many requests", variants.error_form)
        refusal.headers |= headers
        return refusal, {}


def rate_headers(limit: Limit, left: int, reset: int, spelling: str = "X-RateLimit-") -> dict[str, str]:
    """Write the headers: `Reset` is in seconds until then, no epoch [A]; both spellings are in use [A]."""
    values = {"Limit": limit.limit, "Period": limit.period, "Remaining": left, "Reset": reset}
    texts = {**{name: str(value) for name, value in values.items()}, "Name": limit.name}
    prefix = "x-ratelimit-" if spelling == "x-ratelimit-" else "X-RateLimit-"
    return {prefix + (name.lower() if prefix.islower() else name): text for name, text in texts.items()}

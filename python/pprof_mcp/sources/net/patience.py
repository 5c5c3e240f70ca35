"""Waiting that a cancelled call ends, and how long to wait before asking again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError

SLICE = 0.1
"""Seconds between two looks for a cancellation. Source: chosen; it is to be heard within 200 ms."""

FIRST_DELAY = 0.3
"""Seconds of the first back-off, doubled each time. Source: chosen; the whole is jitter."""

LOOKS_LIKE_AN_EPOCH = 1e8
"""Seconds (three years) above which a waiting time is a point in time. Source: chosen."""


def check_cancelled() -> None:
    """Stop here when whoever asked wants no answer any more.

    Raises:
        CancelledError: That is so.
    """
    cancellation = _native.Cancellation.current()
    if cancellation is not None and cancellation.is_cancelled:
        raise CancelledError("cancelled while a source was asked")


def sleep(seconds: float) -> None:
    """Sleep, looking for a cancellation meanwhile.

    Raises:
        CancelledError: The call was cancelled.
    """
    end = time.monotonic() + seconds
    while True:
        check_cancelled()
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, SLICE))


def announced_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Read how long a server asks to wait.

    `X-RateLimit-Reset` comes first: Datadog announces with it, in seconds until the reset, and mostly without
    `Retry-After` (specified). A value that looks like an epoch is taken for one.

    Args:
        headers: Of the answer, names in lower case.
        now: The time in seconds since 1970, for points in time.

    Returns:
        Seconds, above 0; None when nothing usable is announced.
    """
    for name in ("x-ratelimit-reset", "retry-after"):
        seconds = _seconds(headers.get(name, ""), server_time(headers, now))
        if seconds is not None:
            return seconds
    return None


def server_time(headers: Mapping[str, str], default: float) -> float:
    """Give the time a server says it is, in seconds since 1970."""
    return _date(headers.get("date", "")) or default


def back_off(attempt: int, random: Callable[[], float]) -> float:
    """Give the seconds before the next try, with full jitter.

    Args:
        attempt: Tries made so far, 1 or more.
        random: Gives numbers in [0, 1).
    """
    return random() * FIRST_DELAY * 2.0 ** (attempt - 1)


def _seconds(text: str, now: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        date = _date(text)
        if date is None:
            return None
        value = date - now
    else:
        if value > LOOKS_LIKE_AN_EPOCH:
            value = (value / 1_000 if value > LOOKS_LIKE_AN_EPOCH * 1_000 else value) - now
    return value if math.isfinite(value) and value > 0 else None


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

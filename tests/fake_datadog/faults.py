"""What goes wrong, on which call."""

from __future__ import annotations

import gzip
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fake_datadog.broken import BROKEN
from tests.fake_datadog.limits import Limit, rate_headers
from tests.fake_datadog.messages import HTML, LOGIN, Response, error, json_response
from tests.fake_datadog.server import WIRE, Delivery


@dataclass
class Fault:
    """One fault.

    Attributes:
        kind: What happens; see `KINDS`.
        route: Name of the route that it hits, `*` for all.
        nth: Which call it hits first, 1 being the next one after it was set.
        times: How many calls it hits from there on; 0 for all.
        probability: With which chance it hits each of them.
        seed: Fixes which.
        status: Status code, for `status` and `redirect`.
        headers: Headers that are added, for `status`.
        body: Body, for `status`; a text goes out as it is, HTML when it begins with `<`, everything else as
            JSON.
        form: Which headers a `rate_limited` has; see `RATE_LIMITED`.
        at: Bytes of the body that still go out, for faults in its middle; half of them by default.
        every: Seconds between two bytes, for `drip`.
    """

    kind: str
    route: str = "*"
    nth: int = 1
    times: int = 1
    probability: float = 1.0
    seed: int = 0
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    form: str = "reset"
    at: int | None = None
    every: float = 0.05
    _calls: int = 0
    _source: random.Random = field(default_factory=random.Random, repr=False)
    _released: threading.Event = field(default_factory=threading.Event, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.form not in RATE_LIMITED:
            raise ValueError(f"no form {self.form!r}; there are: {', '.join(RATE_LIMITED)}")
        self._source.seed(self.seed)

    def hits(self, route: str) -> bool:
        """Count a call and say whether it is hit."""
        if self.route not in ("*", route):
            return False
        self._calls += 1
        is_due = self._calls >= self.nth and (not self.times or self._calls < self.nth + self.times)
        return is_due and (self.probability >= 1 or self._source.random() < self.probability)

    def release(self) -> None:
        """Let go what `hold` holds."""
        self._released.set()

    def played(self, response: Response, now: float, elsewhere: str) -> Delivery:
        """Give what goes out.

        Args:
            response: What would have gone out.
            now: Epoch seconds.
            elsewhere: URL to which a redirect leads.
        """
        at = len(response.body) // 2 if self.at is None else self.at
        if self.kind in WIRE:
            return Delivery(response, self.kind, at, self.every, self._released)
        if self.kind in BROKEN:
            return Delivery(Response(response.status, BROKEN[self.kind](response.body), response.headers))
        return Delivery(_STRANGE[self.kind](self, response, now, elsewhere))


@dataclass
class Faults:
    """All faults that are set; of several that hit one call the first set is played."""

    faults: list[Fault] = field(default_factory=list[Fault])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, route: str) -> Fault | None:
        """Count a call and give the fault that hits it."""
        with self._lock:
            hits = [fault for fault in self.faults if fault.hits(route)]
        return hits[0] if hits else None


_LIMIT = Limit("profiles_api", 100, 60)
RATE_LIMITED: dict[str, Callable[[float], dict[str, str]]] = {
    "reset": lambda _: rate_headers(_LIMIT, 0, 7),
    "lower_case": lambda _: rate_headers(_LIMIT, 0, 7, "x-ratelimit-"),
    "reset_and_retry_after": lambda _: {**rate_headers(_LIMIT, 0, 7), "Retry-After": "3"},
    "retry_after": lambda _: {"Retry-After": "3"},
    "neither": lambda _: {},
    "zero": lambda _: rate_headers(_LIMIT, 0, 0),
    "negative": lambda _: rate_headers(_LIMIT, 0, -5),
    "text": lambda _: {**rate_headers(_LIMIT, 0, 7), "X-RateLimit-Reset": "soon"},
    "epoch": lambda now: rate_headers(_LIMIT, 0, int(now) + 7),
}
"""Headers of a 429. `Reset` alone is usual [A]; the others must be coped with [?]."""


def _status(fault: Fault, _response: Response, _now: float, _elsewhere: str) -> Response:
    """Any status, with any headers and body."""
    if isinstance(fault.body, str):
        kind = HTML if fault.body.startswith("<") else "text/plain"
        return Response(fault.status, fault.body.encode(), {"Content-Type": kind, **fault.headers})
    body: object = {"errors": [Response(fault.status).reason]} if fault.body is None else fault.body
    answer = json_response(body, fault.status)
    answer.headers |= fault.headers
    return answer


def _rate_limited(fault: Fault, _response: Response, now: float, _elsewhere: str) -> Response:
    """429 with one set of headers."""
    answer = error(429, "Too many requests")
    answer.headers |= RATE_LIMITED[fault.form](now)
    return answer


def _redirect(fault: Fault, _response: Response, _now: float, elsewhere: str) -> Response:
    """To another origin, which must never see a key."""
    status = fault.status if 300 <= fault.status < 400 else 302
    return Response(status, b"<html><body>Moved</body></html>", {"Location": elsewhere, "Content-Type": HTML})


def _wrong_type(_fault: Fault, response: Response, _now: float, _elsewhere: str) -> Response:
    """The right body under a wrong name."""
    is_json = "json" in response.headers.get("Content-Type", "")
    wrong = "application/octet-stream" if is_json else "application/json"
    return Response(response.status, response.body, {**response.headers, "Content-Type": wrong})


def _gzip_body(_fault: Fault, response: Response, _now: float, _elsewhere: str) -> Response:
    """Compressed on the way, as `Accept-Encoding` allows."""
    body = gzip.compress(response.body, mtime=0)
    return Response(response.status, body, {**response.headers, "Content-Encoding": "gzip"})


def _html_login(_fault: Fault, _response: Response, _now: float, _elsewhere: str) -> Response:
    """200 and a page for people."""
    return Response(200, LOGIN, {"Content-Type": HTML})


def _empty(_fault: Fault, response: Response, _now: float, _elsewhere: str) -> Response:
    """The right status, no body."""
    return Response(response.status, b"", response.headers)


def _invalid_json(_fault: Fault, response: Response, _now: float, _elsewhere: str) -> Response:
    """A body that ends too early for JSON though not for HTTP."""
    return Response(response.status, response.body[:-1] or b"{", response.headers)


def _errors_in_200(_fault: Fault, _response: Response, _now: float, _elsewhere: str) -> Response:
    """200 with errors; the reference client checks for it [C]."""
    return json_response({"errors": ["the query could not be run"]})


def _expired(_fault: Fault, _response: Response, _now: float, _elsewhere: str) -> Response:
    """Listed, but its file is gone; that this is a 404 is assumed [D]."""
    return error(404, "Profile not found")


_STRANGE: dict[str, Callable[[Fault, Response, float, str], Response]] = {
    "status": _status,
    "rate_limited": _rate_limited,
    "redirect": _redirect,
    "wrong_type": _wrong_type,
    "gzip_body": _gzip_body,
    "html_login": _html_login,
    "empty": _empty,
    "invalid_json": _invalid_json,
    "errors_in_200": _errors_in_200,
    "expired": _expired,
}
KINDS = (*_STRANGE, *WIRE, *BROKEN)
"""All kinds of faults."""

"""What goes wrong, on which call."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fake_datadog.messages import HTML, Response, json_response
from tests.fake_datadog.server import Delivery


@dataclass
class Fault:
    """One fault.

    Attributes:
        kind: What happens: `status`, a wire fault, a strange body or a broken zip; see `KINDS`.
        route: Name of the route that it hits, `*` for all.
        nth: Which call it hits first, 1 being the next one after it was set.
        times: How many calls it hits from there on; 0 for all.
        probability: With which chance it hits each of them.
        seed: Fixes which.
        status: Status code, for `status` and `redirect`.
        headers: Headers that are added.
        body: Body, for `status`; JSON when it is no text.
        at: Bytes of the body that still go out, for the faults in the middle; a negative number counts from
            its end.
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
    at: int = -1
    every: float = 0.05
    _calls: int = 0
    _source: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are: {', '.join(KINDS)}")
        self._source.seed(self.seed)

    def hits(self, route: str) -> bool:
        """Count a call and say whether it is hit."""
        if self.route not in ("*", route):
            return False
        self._calls += 1
        is_due = self._calls >= self.nth and (not self.times or self._calls < self.nth + self.times)
        return is_due and (self.probability >= 1 or self._source.random() < self.probability)


WIRE = ("drip", "reset_before_headers", "reset_mid_body", "stall_before_headers", "stall_mid_body",
        "short_body", "cut_chunked", "no_length")  # fmt: skip
KINDS = ("status", *WIRE)


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


def played(fault: Fault, response: Response) -> Delivery:
    """Give what goes out instead of a response."""
    if fault.kind == "status":
        answer = _status(fault)
        return Delivery(answer)
    at = fault.at if fault.at >= 0 else max(0, len(response.body) + fault.at)
    return Delivery(response, fault.kind, at, fault.every)


def _status(fault: Fault) -> Response:
    if isinstance(fault.body, str):
        kind = HTML if fault.body.startswith("<") else "text/plain"
        return Response(fault.status, fault.body.encode(), {"Content-Type": kind, **fault.headers})
    body = {"errors": [Response(fault.status).reason]} if fault.body is None else fault.body
    answer = json_response(body, fault.status)
    answer.headers |= fault.headers
    return answer

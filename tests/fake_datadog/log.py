"""What clients did: for tests to assert how often, how fast and with which headers they called."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fake_datadog.messages import Request

SECRET = ("dd-api-key", "dd-application-key", "authorization", "proxy-authorization", "cookie")


@dataclass
class Entry:
    """One request.

    Attributes:
        method: Its method.
        path: Path as sent.
        query: Parameters, decoded.
        headers: By name in small letters, keys replaced by their index.
        body: Its bytes.
        time: When it came, by the server's clock, epoch seconds.
        route: Name of its route, `""` for none.
        status: Status of the answer; 0 when none was sent whole.
        fault: Kind of the fault that was played, `""` for none.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    time: float
    route: str = ""
    status: int = 0
    fault: str = ""


@dataclass
class Log:
    """All requests, in the order in which they came.

    Attributes:
        clock: Gives epoch seconds.
        name_key: Turns the name and value of a secret header into what may be written down.
    """

    clock: Callable[[], float] = field(repr=False)
    name_key: Callable[[str, str], str] = field(repr=False)
    requests: list[Entry] = field(default_factory=list[Entry])
    peak_concurrency: int = 0
    _under_way: int = 0
    _lock: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, request: Request) -> Entry:
        """Write a request down before it is answered."""
        headers = {
            name: self.name_key(name, value) if name in SECRET else value
            for name, value in request.headers.items()
        }
        entry = Entry(request.method, request.path, request.query, headers, request.body, self.clock())
        with self._lock:
            self.requests.append(entry)
            self._under_way += 1
            self.peak_concurrency = max(self.peak_concurrency, self._under_way)
            self._lock.notify_all()
        return entry

    def end(self) -> None:
        """Say that a request is over, however that went."""
        with self._lock:
            self._under_way -= 1
            self._lock.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many requests are under way, such as those that a fault holds.

        Raises:
            AssertionError: They never are.
        """
        with self._lock:
            assert self._lock.wait_for(lambda: self._under_way == count, timeout=30), self._under_way

    @property
    def under_way(self) -> int:
        """Requests that are being answered."""
        return self._under_way

    def of(self, route: str) -> list[Entry]:
        """Give the requests to one route."""
        return [entry for entry in self.requests if entry.route == route]

    def per_second(self) -> dict[int, int]:
        """Count requests by the whole second of the server's clock in which they came."""
        return dict(Counter(int(entry.time) for entry in self.requests))

    def clear(self) -> None:
        """Forget what was; what is under way goes on counting."""
        with self._lock:
            self.requests.clear()
            self.peak_concurrency = self._under_way

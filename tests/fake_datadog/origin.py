"""A second origin, to which redirects lead: keys that reach it were sent where they must not go."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from tests.fake_datadog.clock import Clock
from tests.fake_datadog.messages import Request, json_response
from tests.fake_datadog.server import Delivery, Server


@dataclass
class SecondOrigin:
    """Answers everything with an empty list and writes it down, headers as they came."""

    clock: Clock
    requests: list[Request] = field(default_factory=list[Request])
    _server: Server | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it listens; it begins to when this is asked for."""
        with self._lock:
            if self._server is None:
                self._server = Server(self._answer, self.clock.date)
            return f"http://127.0.0.1:{self._server.port}"

    def keys_seen(self) -> list[str]:
        """Names of the headers with keys that it was sent."""
        return [
            name
            for request in self.requests
            for name in request.headers
            if name.startswith("dd") or name == "authorization"
        ]

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _answer(self, request: Request) -> Delivery:
        self.requests.append(request)
        return Delivery(json_response({"data": []}))

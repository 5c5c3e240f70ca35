"""The imitation server as a whole: what tests hold in hand."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from typing_extensions import Self

from tests.fake_datadog.auth import Keys
from tests.fake_datadog.clock import Clock
from tests.fake_datadog.faults import Fault, Faults
from tests.fake_datadog.hosts import answer_of, host_of
from tests.fake_datadog.limits import Limits
from tests.fake_datadog.log import Entry, Log
from tests.fake_datadog.messages import BadRequestError, Request, Response, error
from tests.fake_datadog.origin import SecondOrigin
from tests.fake_datadog.routes import Call, Route, all_routes
from tests.fake_datadog.scenario import Scenario, read
from tests.fake_datadog.server import Delivery, Server
from tests.fake_datadog.store import Store
from tests.fake_datadog.variants import Variants
from tests.fake_datadog.world import World


class FakeDatadog:
    """An imitation of Datadog's API on loopback, between `with` and its end.

    Args:
        scenario: What it holds: `default`, `empty`, `runtimes`, the path of a file, what such a file holds,
            or a `Scenario`.
        faults: What goes wrong from the start; see `fault`.
        clock: Its time; stands still at a fixed moment by default.
        variants: Settings of doubtful facts, by name; see `Variants`.
        port: Where it listens; any free port by default.
    """

    def __init__(
        self,
        scenario: Scenario | str | Path | Mapping[str, Any] = "default",
        faults: Iterable[Fault] = (),
        clock: Clock | None = None,
        variants: Mapping[str, Any] | None = None,
        port: int = 0,
    ) -> None:
        chosen = scenario if isinstance(scenario, Scenario) else read(scenario)
        self.clock = clock or chosen.clock or Clock()
        self.keys = Keys(chosen.site)
        self.store = Store(self.clock)
        chosen.fill(self.store)
        self.variants = Variants()
        self.variants.set(**{**chosen.variants, **(variants or {})})
        self.limits = Limits(self.clock, list(chosen.limits))
        self.log = Log(self.clock, self.keys.name)
        self.faults = Faults([*chosen.faults, *faults])
        self.second = SecondOrigin(self.clock)
        self._world = World(self.clock, self.keys, self.store, self.variants)
        self._routes = all_routes()
        self._port = port
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen."""
        self._server = Server(self._answer, self.clock.date, self._port)
        self._port = self._server.port

    def stop(self) -> None:
        """Listen no more.

        Raises:
            AssertionError: The server itself failed at something, so that no test rests on its failure.
        """
        if self._server is not None:
            self._server.close()
            failures, self._server = self._server.failures, None
            self.second.stop()
            assert not failures, failures

    @contextlib.contextmanager
    def refusing(self) -> Generator[None]:
        """Refuse connections for a while; afterwards the port is the same."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def url(self) -> str:
        """Base URL, without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_key(self) -> str:
        """An API key that is good."""
        return self.keys.api[0]

    @property
    def app_key(self) -> str:
        """An application key that is good for everything."""
        return next(iter(self.keys.app))

    def fault(self, **given: Any) -> Fault:
        """Let something go wrong; the arguments are those of `Fault`."""
        fault = Fault(**given)
        self.faults.faults.append(fault)
        return fault

    def _answer(self, request: Request) -> Delivery:
        host = host_of(request.headers.get("host", ""))
        request = replace(request, site=host.site, host_role=host.role)
        entry = self.log.begin(request)
        try:
            delivery = self._delivery(request, entry)
        except Exception as problem:  # noqa: BLE001 - the client must get an answer, the test the reason
            assert self._server is not None
            self._server.failures.append(f"{request.method} {request.path}: {problem!r}")
            delivery = Delivery(error(500, "the imitation server itself failed"))
        entry.status = 0 if delivery.form.endswith("before_headers") else delivery.response.status
        delivery.end = self.log.end
        return delivery

    def _delivery(self, request: Request, entry: Entry) -> Delivery:
        response = answer_of(request)
        if response is None:
            route, parts = self._route(request)
            if route is None:
                response = error(404, "Not found")
            else:
                entry.route = route.name
                response = self._routed(route, Call(self._world, request, parts))
        fault = self.faults.next(entry.route)
        if fault is None:
            return Delivery(response)
        entry.fault = fault.kind
        elsewhere = self.second.url + request.path if fault.kind == "redirect" else ""
        return fault.played(response, self.clock(), elsewhere)

    def _route(self, request: Request) -> tuple[Route | None, tuple[str, ...]]:
        for route in self._routes:
            parts = route.match(request)
            if parts is not None:
                return route, parts
        return None, ()

    def _routed(self, route: Route, call: Call) -> Response:
        refused = self.keys.refusal(call.request, route.scope, self.variants, takes_tokens=route.takes_tokens)
        if refused is not None:
            return refused
        limited, headers = self.limits.count(route.name, self.variants)
        if limited is not None:
            return limited
        try:
            response = route.answer(call)
        except BadRequestError as problem:
            response = error(400, str(problem), self.variants.error_form)
        response.headers |= headers
        return response

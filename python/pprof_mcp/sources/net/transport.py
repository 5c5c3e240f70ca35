"""Connections that look up while a server is silent, so that a cancelled call ends at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2
from typing_extensions import override

from pprof_mcp.sources.net.patience import SLICE

if TYPE_CHECKING:
    import ssl

    from pprof_mcp.sources.net.secret import Secret

Watch = Callable[[], bool]
"""Whether the time is over; raises when the call was cancelled."""

MOST_CONNECTIONS = 20
"""Source: chosen; never reached, since fewer requests are under way."""
KEPT_SECONDS = 30
"""Seconds an idle connection is kept. Source: chosen."""


class WatchedTransport(httpx2.BaseTransport):
    """HTTP/1.1 over connections that are watched.

    Args:
        trust: Whom to trust.
        proxy: The proxy to go through, or None.
        watch: Asked every tenth of a second while a server is silent.
    """

    def __init__(self, trust: ssl.SSLContext, proxy: Secret | None, watch: Watch) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=trust,
            proxy=None if proxy is None else _proxy(proxy),
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Backend(watch),
        )

    @override
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and read the head of its answer."""
        url = request.url
        body = request.stream
        if not isinstance(body, httpx2.SyncByteStream):
            raise TypeError("this client is synchronous")
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=body,
            extensions=request.extensions,
        )
        found = _translated(lambda: self._pool.handle_request(sent))
        return httpx2.Response(
            found.status, headers=found.headers, stream=_Body(found), extensions=found.extensions
        )

    @override
    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response
        self._chunks = response.iter_stream()

    @override
    def __iter__(self) -> Iterator[bytes]:
        while (chunk := _translated(lambda: next(self._chunks, None))) is not None:
            yield chunk

    @override
    def close(self) -> None:
        self._response.close()


class _Backend(httpcore2.NetworkBackend):
    """Makes watched connections."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._plain = httpcore2.SyncBackend()

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        made = self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(made, self._watch)


class _Stream(httpcore2.NetworkStream):
    """A connection on which no wait is longer than a slice without a look."""

    def __init__(self, plain: httpcore2.NetworkStream, watch: Watch) -> None:
        self._plain = plain
        self._watch = watch

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = SLICE if end is None else end - time.monotonic()
            if self._watch():
                raise httpcore2.ReadTimeout("the time for everything is over")
            try:
                return self._plain.read(max_bytes, max(0.001, min(SLICE, left)))
            except httpcore2.ReadTimeout:
                if left <= SLICE and end is not None:
                    raise

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, timeout)

    @override
    def close(self) -> None:
        self._plain.close()

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, timeout), self._watch)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


def _proxy(address: Secret) -> httpcore2.Proxy:
    given = httpx2.Proxy(address.reveal())
    url = given.url
    return httpcore2.Proxy(
        httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        auth=given.raw_auth,
    )


def _translated(call: Callable[[], Any]) -> Any:
    """Give errors of the connection the class that the client knows; both libraries call them alike."""
    try:
        return call()
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        cls: type[httpx2.HTTPError] = getattr(httpx2, type(error).__name__, httpx2.TransportError)
        raise cls(str(error)) from error

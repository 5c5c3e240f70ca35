"""HTTP/1.1 at the socket: reading requests, sending what was decided, badly where a fault says so."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any

from typing_extensions import override

from tests.fake_datadog.messages import Request, Response

LARGEST_BODY = 4 << 20
"""Chosen: bytes of a request; the answer to more is 413."""


WIRE = (
    "drip", "hold", "reset_before_headers", "reset_mid_body", "stall_before_headers", "stall_mid_body",
    "short_body", "cut_chunked", "no_length",
)  # fmt: skip
"""What can go wrong below HTTP: bytes one by one, all only when released; a reset or silence before the
headers or within the body; fewer bytes than announced, a chunk that is cut, no length at all and an early
end."""


@dataclass
class Delivery:
    """How a response goes out.

    Attributes:
        response: What goes out.
        form: `plain`, or one of `WIRE`.
        at: Bytes of the body before something happens.
        every: Seconds between two bytes of a drip.
        released: What a hold waits for.
        end: Called when the request is over.
    """

    response: Response
    form: str = "plain"
    at: int = 0
    every: float = 0.05
    released: threading.Event | None = None
    end: Callable[[], None] = field(default=lambda: None)


Answer = Callable[[Request], Delivery]


class Server(socketserver.ThreadingTCPServer):
    """Serves on loopback in threads until it is closed."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, answer: Answer, date: Callable[[], str], port: int = 0) -> None:
        self.answer = answer
        self.date = date
        self.stopping = threading.Event()
        self.failures: list[str] = []
        self._connections: set[socket.socket] = set()
        self._resets: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Connection)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def close(self) -> None:
        """Take no more connections, end those there are."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def reset(self, connection: socket.socket) -> None:
        """Let the connection end with a reset instead of a farewell."""
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        )
        with self._lock:
            self._resets.add(connection)

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    @override
    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
            is_reset = request in self._resets
            self._resets.discard(request)
        if is_reset:
            # Saying goodbye first would let the client see an orderly end.
            self.close_request(request)
        else:
            super().shutdown_request(request)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        kind, problem, _ = sys.exc_info()
        if not isinstance(problem, OSError):  # a client that went away is no failure of the server
            self.failures.append(f"{kind}: {problem}")


class Connection(BaseHTTPRequestHandler):
    """One connection and its requests."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - no other makes connections
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_any(self) -> None:
        """Read a request, have it answered, send the answer."""
        body = self._body()
        if body is None:
            return
        headers = {name.lower(): value for name, value in self._headers().items()}
        delivery = self.server.answer(Request(self.command, self.path, headers, body))
        try:
            self.deliver(delivery)
        except OSError:
            self.close_connection = True
        finally:
            delivery.end()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_any  # noqa: N815 - its caller's names

    def deliver(self, delivery: Delivery) -> None:
        """Send a response in the form that is wanted."""
        form, response, at = delivery.form, delivery.response, delivery.at
        body = response.body
        if form in ("reset_before_headers", "stall_before_headers"):
            self._stay_or_go(form)
            return
        while form == "hold" and delivery.released and not self.server.stopping.is_set():
            if delivery.released.wait(0.02):
                break
        head = self._head(response, form, len(body))
        if self.command == "HEAD":
            self.connection.sendall(head)
            return
        if form in ("plain", "hold"):
            self.connection.sendall(head + body)
        elif form == "drip":
            self.connection.sendall(head)
            for place in range(len(body)):
                if self.server.stopping.wait(delivery.every):
                    break
                self.connection.sendall(body[place : place + 1])
        elif form == "cut_chunked":
            chunk = f"{at:x}\r\n".encode() + body[:at] + b"\r\n"
            self.connection.sendall(head + chunk + f"{len(body) - at:x}\r\n".encode())
            self.close_connection = True
        else:
            self.connection.sendall(head + body[:at])
            self._stay_or_go(form)

    def _stay_or_go(self, form: str) -> None:
        """End the connection, at once or when the client or the server has had enough."""
        self.close_connection = True
        if form.startswith("reset"):
            self.server.reset(self.connection)
        elif form.startswith("stall"):
            self.connection.settimeout(0.05)
            while not self.server.stopping.is_set():
                try:
                    if not self.connection.recv(1):
                        return
                except TimeoutError:
                    continue

    def _head(self, response: Response, form: str, length: int) -> bytes:
        headers = {"Date": self.server.date(), **response.headers}
        if form == "cut_chunked":
            headers["Transfer-Encoding"] = "chunked"
        elif form == "no_length":
            headers["Connection"] = "close"
        else:
            headers["Content-Length"] = str(length)
        lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _headers(self) -> Message:
        return self.headers

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self._refuse(411)
        elif not (length.isascii() and length.isdigit()):
            self._refuse(400)
        elif int(length) > LARGEST_BODY:
            self._refuse(413)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
            self.close_connection = True
        return None

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self.connection.sendall(self._head(Response(status), "plain", 0))

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: the log is data."""

"""A real HTTP server on loopback whose answers a test decides, faults of the connection included."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import Self, override


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        method: `GET` or `POST`.
        path: Without the query.
        query: Each name with its last value.
        headers: Names in lower case.
        body: What was sent.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        body: The content.
        status: The HTTP status.
        headers: More headers.
        length: What Content-Length claims; None for the truth.
        silent: Says nothing until the server stops.
        copies: How often the body is sent; 0 for as long as the other side reads.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    length: int | None = None
    silent: bool = False
    copies: int = 1

    @classmethod
    def json(cls, content: object, status: int = 200) -> Reply:
        """An answer in JSON."""
        return cls(json.dumps(content).encode(), status, {"Content-Type": "application/json"})


Answering = Callable[[Asked], Reply]

LOGIN = Reply(
    b"<!DOCTYPE html><html><body>Please sign in</body></html>", headers={"Content-Type": "text/html"}
)
SILENCE = Reply(silent=True)
CUT = Reply(b"\x1f\x8b\x08", length=100_000)
FLOOD = Reply(bytes(1 << 16), copies=0)


def redirect(target: str, status: int = 302) -> Reply:
    """An answer that sends elsewhere."""
    return Reply(status=status, headers={"Location": target})


class Served:
    """A server as long as the block lasts.

    Args:
        answer: Gives the answer to a request.

    Attributes:
        url: Its address, without a path.
        asked: All requests so far.
        faults: Answers by path that come first; the key `*` is for every path.
        answers: Answers by path that depend on what is asked; they come before all others.
    """

    def __init__(self, answer: Answering) -> None:
        self.asked: list[Asked] = []
        self.faults: dict[str, Reply] = {}
        self.answers: dict[str, Answering] = {}
        self._answer = answer
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, asked: Asked) -> Reply:
        """Give the answer to a request, faults first."""
        self.asked.append(asked)
        if asked.path in self.answers:
            return self.answers[asked.path](asked)
        fault = self.faults.get(asked.path) or self.faults.get("*")
        return fault or self._answer(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                size = int(self.headers.get("Content-Length", "0"))
                asked = Asked(
                    self.command,
                    parts.path,
                    {
                        name: values[-1]
                        for name, values in parse_qs(parts.query, keep_blank_values=True).items()
                    },
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(size),
                )
                self.send(served.reply(asked))

            do_POST = do_HEAD = do_GET  # noqa: N815 - names of the library

            def send(self, reply: Reply) -> None:
                if reply.silent:
                    served._stopping.wait()
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.copies:
                    real = len(reply.body) * reply.copies
                    self.send_header("Content-Length", str(real if reply.length is None else reply.length))
                else:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = not reply.copies or reply.length is not None
                sent = 0
                try:
                    while self.command != "HEAD" and (not reply.copies or sent < reply.copies):
                        if served._stopping.is_set():
                            return
                        self.wfile.write(reply.body)
                        sent += 1
                except OSError:
                    self.close_connection = True

            @override
            def log_message(self, format: str, *args: Any) -> None:
                return

        return Handler

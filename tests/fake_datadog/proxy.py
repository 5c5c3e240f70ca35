"""A proxy in front of the imitation server, with and without a password.

It knows one place alone: whatever host a client asks it for, the imitation server answers. So a client may
believe that it talks to `api.datadoghq.com`, and the server sees that name in its `Host` header.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from typing_extensions import Self, override


@dataclass(frozen=True)
class Asked:
    """One request to the proxy.

    Attributes:
        method: `CONNECT`, or that of a request to pass on.
        target: Host and port, or a whole URL.
        had_credentials: Whether it came with the right ones, or none were asked for.
        headers: By name in small letters; credentials are replaced.
    """

    method: str
    target: str
    had_credentials: bool
    headers: dict[str, str] = field(default_factory=dict[str, str])


class Proxy:
    """Takes `CONNECT` and whole URLs, between `with` and its end.

    Args:
        upstream: Port of the imitation server on loopback.
        user: User name; without one nothing is asked for.
        password: Password.
    """

    def __init__(self, upstream: int, user: str = "", password: str = "") -> None:
        self.upstream = upstream
        self.requests: list[Asked] = []
        self.user, self.password = user, password
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def url(self) -> str:
        """URL of the proxy, with the credentials that it wants."""
        assert self._server is not None
        credentials = f"{self.user}:{self.password}@" if self.user else ""
        return f"http://{credentials}127.0.0.1:{self._server.server_address[1]}"

    def takes(self, header: str) -> bool:
        """Whether a `Proxy-Authorization` will do."""
        wanted = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return not self.user or header == f"Basic {wanted}"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.open: list[socket.socket] = []
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Tunnel(socketserver.StreamRequestHandler):
    @override
    def handle(self) -> None:
        server = cast("_Server", self.server)
        proxy, source = server.proxy, cast("BinaryIO", self.rfile)
        line = source.readline(8192).decode("latin-1").split()
        if len(line) != 3:
            return
        method, target, version = line
        headers = _headers(source)
        is_known = proxy.takes(headers.pop("proxy-authorization", ""))
        proxy.requests.append(Asked(method, target, is_known, headers))
        if not is_known:
            self._say(407, "Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="proxy"\r\n')
            return
        if method != "CONNECT" and not target.startswith("http://"):
            self._say(400, "Bad Request")
            return
        with socket.create_connection(("127.0.0.1", proxy.upstream)) as upstream:
            server.open += [self.connection, upstream]
            if method == "CONNECT":
                self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                # One request a connection: the next may be for another host.
                path = "/" + target.removeprefix("http://").partition("/")[2]
                lines = [f"{method} {path} {version}", *(f"{name}: {text}" for name, text in headers.items())]
                lines = [text for text in lines if not text.startswith(("connection:", "proxy-connection:"))]
                upstream.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1"))
            forward = threading.Thread(target=_pump, args=(source, upstream), daemon=True)
            forward.start()
            _pump(cast("BinaryIO", upstream.makefile("rb", buffering=0)), self.connection)

    def _say(self, status: int, reason: str, header: str = "") -> None:
        self.connection.sendall(f"HTTP/1.1 {status} {reason}\r\n{header}Content-Length: 0\r\n\r\n".encode())


def _headers(source: BinaryIO) -> dict[str, str]:
    found: dict[str, str] = {}
    while line := source.readline(65_536).decode("latin-1").strip():
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found


def _pump(source: BinaryIO, target: socket.socket) -> None:
    """Move bytes until one side ends."""
    read = getattr(source, "read1", source.read)
    with contextlib.suppress(OSError, ValueError):
        while piece := read(65_536):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)

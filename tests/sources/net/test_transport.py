"""The client over real connections on this machine: servers that stall, drip, cut and lie."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, NetworkError, PprofMcpError, TimedOutError
from pprof_mcp.sources.net.asking import Request
from pprof_mcp.sources.net.client import Http
from pprof_mcp.sources.net.limiter import Limiter
from pprof_mcp.sources.net.proxies import read_proxies

Talk = Callable[[socket.socket, bytes], None]


@contextmanager
def server(talk: Talk) -> Generator[str, None, None]:
    """Gives every connection to a function, with what came first."""
    listening = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            open_ones.append(connection)
            threading.Thread(target=hear, args=(connection,), daemon=True).start()

    def hear(connection: socket.socket) -> None:
        try:
            while first := connection.recv(65_536):
                talk(connection, first)
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for connection in open_ones:
            connection.close()


def at_once(_: float) -> None:
    """Waits no time."""


@contextmanager
def client(**more: object) -> Generator[Http, None, None]:
    http = Http(limiter=Limiter(per_second=0), **more)  # pyright: ignore[reportArgumentType]
    yield http
    http.close()


def test_connections_are_used_again() -> None:
    heard: list[int] = []

    def talk(connection: socket.socket, _: bytes) -> None:
        heard.append(connection.fileno())
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with server(talk) as url, client() as http:
        for _ in range(3):
            assert http.fetch(Request(url, "it")).json() == {}
    assert len(heard) == 3
    assert len(set(heard)) == 1


@pytest.mark.parametrize(
    "begin", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"]
)
def test_a_cancelled_call_ends_while_the_server_is_silent(begin: bytes) -> None:
    cancellation = _native.Cancellation()

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begin)
        cancellation.cancel()

    with server(talk) as url, client() as http, pytest.raises(CancelledError):
        cancellation.run(lambda: http.fetch(Request(url, "it")))


def test_a_head_that_never_ends_runs_into_the_time_for_everything() -> None:
    ticks = iter(range(10_000))

    def talk(connection: socket.socket, _: bytes) -> None:
        for _i in range(10_000):
            connection.sendall(b"H")

    # The clock runs while the server drips: each look at it is a second.
    with server(talk) as url, client(clock=lambda: float(next(ticks))) as http:
        with pytest.raises(PprofMcpError) as caught:
            http.fetch(Request(url, "it", tries=1))
        assert isinstance(caught.value, (TimedOutError, NetworkError))


def test_silence_has_an_end_and_is_tried_again() -> None:
    heard: list[bytes] = []
    with (
        server(lambda _, first: heard.append(first)) as url,
        client(sleep=at_once) as http,
        pytest.raises(TimedOutError, match="silence for 0 s"),
    ):
        http.fetch(Request(url, "it", read_seconds=0.05, tries=2))
    assert len(heard) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"\x16\x03\x01 this is not HTTP\r\n\r\n",
    ],
)
def test_broken_answers_are_tried_again_and_then_told(answer: bytes) -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket, first: bytes) -> None:
        heard.append(first)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with server(talk) as url, client(sleep=at_once) as http, pytest.raises(NetworkError):
        http.fetch(Request(url, "it", tries=3))
    assert len(heard) == 3


def test_nobody_there_is_told_with_the_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        client(sleep=at_once) as http,
        pytest.raises(NetworkError, match=f"127.0.0.1:{port} could not"),
    ):
        http.fetch(Request(f"http://127.0.0.1:{port}/a?b=c", "it"))


def test_a_proxy_is_told_the_target_and_its_own_password_alone() -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket, first: bytes) -> None:
        heard.append(first)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with server(talk) as url:
        address = url.replace("://", "://me:geheim@")
        with (
            client(proxies=read_proxies({"PPROF_MCP_PROXY": address})) as http,
            pytest.raises(NetworkError, match="the proxy refused") as caught,
        ):
            http.fetch(Request("https://api.datadoghq.eu/private", "it"))
    assert heard[0].startswith(b"CONNECT api.datadoghq.eu:443 ")
    assert b"Proxy-Authorization: Basic bWU6Z2VoZWlt" in heard[0]
    assert b"private" not in heard[0]
    assert "geheim" not in caught.value.message + repr(caught.value.details)
    assert len(heard) == 1

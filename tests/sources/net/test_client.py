"""The client of all sources: what it repeats, how long it waits, and what it never does."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from pprof_mcp import _native
from pprof_mcp.errors import (
    BadAnswerError,
    CancelledError,
    NetworkError,
    PprofMcpError,
    ProfileGoneError,
    RateLimitedError,
    SourceFailedError,
    TimedOutError,
    UnauthorizedError,
    WrongHostError,
)
from pprof_mcp.sources.net.asking import Request
from pprof_mcp.sources.net.client import Http
from pprof_mcp.sources.net.limiter import Limiter
from pprof_mcp.sources.net.saving import save
from pprof_mcp.sources.net.secret import Secret
from typing_extensions import override

from tests.support import Clock

CANARY = "canary0123456789abcdefcanary98765"
URL = "https://source.example/x?private=1"
NOW = 1_700_000_000.0
Reply = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


class Waits:
    """Remembers waits and moves the clock by them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(round(seconds, 3))
        self.clock.forward(seconds)


class Server:
    """Answers in turn; the last answer stays."""

    def __init__(self, *replies: Reply) -> None:
        self.replies: list[Reply] = list(replies)
        self.seen: list[httpx2.Request] = []
        self.clock = Clock()
        self.waits = Waits(self.clock)
        self.http = Http(
            transport=httpx2.MockTransport(self._answer),
            limiter=Limiter(per_second=0, clock=self.clock, sleep=self.waits),
            clock=self.clock,
            wall=lambda: NOW,
            sleep=self.waits,
            random=lambda: 0.5,
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply


def asked(url: str = URL, **more: object) -> Request:
    return Request(url, "the list", secrets={"X-Key": Secret(CANARY)}, **more)  # pyright: ignore[reportArgumentType]


def ok(text: str = '{"data": []}', **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(200, text=text, headers=headers)


def no(status: int, text: str = "", **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx2.Response(status, text=text, headers=names)


def streamed(stream: httpx2.SyncByteStream) -> Reply:
    return lambda _: httpx2.Response(200, stream=stream)


PASSING: dict[str, Reply] = {
    "500": no(500),
    "502": no(502, "<html>bad gateway</html>"),
    "503": no(503),
    "504": no(504),
    "408": no(408),
    "refused": httpx2.ConnectError("refused"),
    "reset": httpx2.ReadError("reset"),
    "silent": httpx2.ReadTimeout("silent"),
    "cut": httpx2.RemoteProtocolError("cut"),
}


@pytest.mark.parametrize("name", list(PASSING))
def test_faults_that_pass_are_tried_again_with_growing_waits(name: str) -> None:
    fault = PASSING[name]
    server = Server(fault, fault, fault, ok())
    assert server.http.fetch(asked()).json() == {"data": []}
    assert len(server.seen) == 4
    assert server.waits.taken == [0.15, 0.3, 0.6]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("503", SourceFailedError),
        ("refused", NetworkError),
        ("silent", TimedOutError),
        ("408", TimedOutError),
    ],
)
def test_faults_that_stay_end_after_the_last_try(fault: str, error: type[PprofMcpError]) -> None:
    server = Server(PASSING[fault])
    with pytest.raises(error) as caught:
        server.http.fetch(asked())
    assert len(server.seen) == 4
    assert "source.example" in caught.value.message
    assert "private" not in caught.value.message


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X_RateLimit_Reset": "7"}, 7.15),
        ({"x_ratelimit_reset": "7", "Retry_After": "3"}, 7.15),
        ({"X_RateLimit_Reset": "soon", "Retry_After": "3"}, 3.15),
        ({"X_RateLimit_Reset": "0", "Retry_After": "-2"}, 0.15),
        ({"X_RateLimit_Reset": "nan"}, 0.15),
        ({"X_RateLimit_Reset": "1e999"}, 0.15),
        ({"X_RateLimit_Reset": str(NOW + 9)}, 9.15),
        ({"X_RateLimit_Reset": str((NOW + 9) * 1_000)}, 9.15),
        ({"X_RateLimit_Reset": str(NOW - 9)}, 0.15),
        ({"Retry_After": "Tue, 14 Nov 2023 22:13:25 GMT"}, 5.15),
        ({"Retry_After": "Tue, 14 Nov 2023 22:13:25 GMT", "Date": "Tue, 14 Nov 2023 22:13:15 GMT"}, 10.15),
        ({}, 0.15),
    ],
)
def test_the_announced_wait_is_kept_and_rubbish_is_not_believed(headers: dict[str, str], wait: float) -> None:
    server = Server(no(429, **headers), ok())
    assert server.http.fetch(asked()).is_good
    assert server.waits.taken == [wait]


def test_a_wait_that_is_too_long_is_told_instead_of_kept() -> None:
    server = Server(no(429, X_RateLimit_Reset="61", X_RateLimit_Name="profiles"))
    with pytest.raises(RateLimitedError, match="limit profiles, resets in 61 s") as caught:
        server.http.fetch(asked())
    assert caught.value.details["resets_in_seconds"] == 61
    assert (len(server.seen), server.waits.taken) == (1, [])


def test_waits_end_with_the_time_for_everything() -> None:
    server = Server(no(429, X_RateLimit_Reset="50"))
    with pytest.raises(RateLimitedError):
        server.http.fetch(asked())
    assert server.waits.taken == [50.15, 50.15]


def test_a_limit_that_is_used_up_is_not_asked_again_before_its_reset() -> None:
    used = ok("{}", **{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "20", "X-RateLimit-Name": "n"})
    server = Server(used, ok(), ok())
    server.http.fetch(asked(route="list"))
    server.http.fetch(asked(route="other"))
    assert server.waits.taken == []
    server.http.fetch(asked(route="list"))
    assert server.waits.taken == [20]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_refusals_are_not_repeated(status: int) -> None:
    server = Server(no(status, '{"errors":["no"]}'))
    assert server.http.fetch(asked()).status == status
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_that_shows_the_host_alone(status: int) -> None:
    server = Server(no(status, location="https://user:pw@evil.example/login?next=secret"))
    with pytest.raises(WrongHostError, match=r"sends the list on to evil\.example") as caught:
        server.http.fetch(asked())
    assert "login" not in caught.value.message
    assert len(server.seen) == 1


def test_keys_are_in_no_error_also_not_behind_it() -> None:
    echo = f'{{"errors":["api key {CANARY} is bad, token=abcdefghij0123456789"]}}'
    faults: list[Reply] = [
        no(403, echo), no(500, echo), no(429, echo), no(400, echo), no(401, f"bad {CANARY}"),
        httpx2.ConnectError(f"can not send {CANARY}"), httpx2.ReadTimeout(CANARY), no(302, location=CANARY),
        httpx2.LocalProtocolError(f"Illegal header value {CANARY!r}"),
    ]  # fmt: skip
    for fault in faults:
        with pytest.raises(PprofMcpError) as caught:
            Server(fault).http.fetch(asked()).checked()
        problem = caught.value
        told = [problem.message, problem.hint, repr(problem.details), repr(asked())]
        assert "canary" not in "".join([*told, *traceback.format_exception(problem)])
        assert "abcdefghij" not in problem.message
        assert problem.__cause__ is None
        assert problem.__context__ is None


@pytest.mark.parametrize("value", ["", "two words", "a\nb", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_an_error_before_anything_is_sent(value: str) -> None:
    server = Server(ok())
    with pytest.raises(UnauthorizedError) as caught:
        server.http.fetch(Request(URL, "the list", secrets={"X-Key": Secret(value)}))
    assert not server.seen
    assert not value or value not in caught.value.message


def test_spaces_quotes_and_line_ends_around_a_key_are_from_pasting() -> None:
    server = Server(ok())
    server.http.fetch(Request(URL, "the list", secrets={"X-Key": Secret(' "abc123"\n')}))
    assert server.seen[0].headers["x-key"] == "abc123"


def test_bodies_are_bounded_and_read_whatever_they_are_called() -> None:
    with pytest.raises(BadAnswerError, match="more than 10 bytes"):
        Server(ok("x" * 11)).http.fetch(asked(most_bytes=10))
    assert Server(ok("\ufeff[1]", **{"content-type": "text/plain"})).http.fetch(asked()).json() == [1]
    assert Server(ok("")).http.fetch(asked()).json() is None
    with pytest.raises(BadAnswerError, match="no JSON"):
        Server(ok("{")).http.fetch(asked()).json()
    with pytest.raises(BadAnswerError):
        Server(ok("[" * 100_000)).http.fetch(asked()).json()
    with pytest.raises(WrongHostError, match="login"):
        Server(ok("<!DOCTYPE html><p>log in")).http.fetch(asked()).json()


def test_what_a_server_says_is_told_in_one_line() -> None:
    said = '{"errors":[{"title":"Forbidden","detail":"Need the\\n permission p"}]}'
    with pytest.raises(PprofMcpError, match="Forbidden; Need the permission p"):
        Server(no(403, said)).http.fetch(asked()).checked()
    with pytest.raises(ProfileGoneError):
        Server(no(404, '{"errors":["Not found"]}')).http.fetch(asked()).checked()


class Drip(httpx2.SyncByteStream):
    """Bytes that come slower than the call may last."""

    def __init__(self, clock: Clock, then: Callable[[], None] = lambda: None) -> None:
        self.clock = clock
        self.then = then

    @override
    def __iter__(self) -> Iterator[bytes]:
        for _ in range(1_000):
            self.clock.forward(1)
            self.then()
            yield b"x"


def test_a_body_that_never_ends_runs_into_the_time_for_everything() -> None:
    server = Server(ok())
    server.replies = [streamed(Drip(server.clock))]
    with pytest.raises(TimedOutError, match="not done within 120 s"):
        server.http.fetch(asked())
    assert len(server.seen) == 1


def test_a_cancelled_call_stops_reading() -> None:
    server = Server(ok())
    cancellation = _native.Cancellation()
    server.replies = [streamed(Drip(server.clock, cancellation.cancel))]
    with pytest.raises(CancelledError):
        cancellation.run(lambda: server.http.fetch(asked()))
    assert server.clock.now == 1_001


def test_a_download_is_whole_under_its_name_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "cache" / "a"
    cut = httpx2.RemoteProtocolError("peer closed")

    def half(_: httpx2.Request) -> httpx2.Response:
        class Cut(httpx2.SyncByteStream):
            @override
            def __iter__(self) -> Iterator[bytes]:
                yield b"half of it"
                raise cut

        return httpx2.Response(200, stream=Cut())

    server = Server(half, ok("whole"))
    assert save(server.http, asked(), target).size == 5
    assert target.read_text() == "whole"
    assert (target.stat().st_mode & 0o777, target.parent.stat().st_mode & 0o777) == (0o600, 0o700)

    def refuse(_: Path) -> None:
        raise BadAnswerError("broken")

    with pytest.raises(BadAnswerError, match="broken"):
        save(Server(ok("other")).http, asked(), target, check=refuse)
    assert save(Server(no(404)).http, asked(), target).status == 404
    with pytest.raises(NetworkError):
        save(Server(half).http, asked(), target)
    assert [path.name for path in target.parent.iterdir()] == ["a"]
    assert target.read_text() == "whole"


def test_what_is_downloaded_into_a_file_is_emptied_before_each_try() -> None:
    file = io.BytesIO(b"old and long")
    answer = Server(ok("new")).http.fetch(asked(), file)
    assert (file.getvalue(), answer.body, answer.size) == (b"new", b"", 3)

"""The HTTP client of all sources: no redirects, bounded in time and size, patient where a server asks."""

from __future__ import annotations

import itertools
import random
import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from pprof_mcp.errors import (
    BadAnswerError,
    NetworkError,
    RateLimitedError,
    SourceError,
    TimedOutError,
    UnauthorizedError,
    WrongHostError,
)
from pprof_mcp.sources.net import patience
from pprof_mcp.sources.net.asking import CONNECT_SECONDS, MOST_SHOWN, Answer, Request, host_of, refusal
from pprof_mcp.sources.net.limiter import Limiter
from pprof_mcp.sources.net.proxies import Proxies
from pprof_mcp.sources.net.secret import Secret, scrubbed

if TYPE_CHECKING:
    import ssl

    import httpx2

MOST_REFUSAL = 64 << 10
"""Bytes that are read of an answer that says no. Source: chosen; they are a sentence, or a page."""
LONGEST_WAIT = 60.0
"""Seconds that one announced wait may take; for longer ones the caller is told. Source: chosen."""
_REPEATED = frozenset({408, 429, 500, 502, 503, 504, *range(505, 600)})
"""Statuses of faults that pass. Source: the HTTP standard, and Datadog's own client for 408 and 429."""


@dataclass(frozen=True)
class _Failure:
    """What went wrong, and whether another try is of no use."""

    problem: SourceError
    is_final: bool


class _Watch(threading.local):
    """Whether the time of what this thread asks is over; it knows its client not, which may so be dropped."""

    end = float("inf")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def __call__(self) -> bool:
        """Look.

        Raises:
            CancelledError: The call was cancelled.
        """
        patience.check_cancelled()
        return self._clock() >= self.end


def _close(clients: dict[Secret | None, httpx2.Client]) -> None:
    for client in clients.values():
        client.close()
    clients.clear()


class Http:
    """Asks sources. Safe to use from several threads; calls block, and end when they are cancelled.

    Args:
        limiter: The pace of all requests.
        proxies: Which proxy is asked for which host.
        user_agent: Who asks.
        transport: Answers instead of the network, for tests.
        clock: Seconds; only differences matter.
        wall: Seconds since 1970.
        sleep: Waits.
        random: Gives numbers in [0, 1).
    """

    def __init__(
        self,
        *,
        limiter: Limiter | None = None,
        proxies: Proxies | None = None,
        user_agent: str = "pprof-mcp",
        transport: httpx2.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = patience.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self.limiter = limiter or Limiter(clock=clock, sleep=sleep)
        self.wall = wall
        self._proxies = proxies or Proxies()
        self._user_agent = user_agent
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._lock = threading.Lock()
        self._watch = _Watch(clock)
        self._clients: dict[Secret | None, httpx2.Client] = {}
        # Connections that are kept end with whoever kept them, without waiting for the collector.
        weakref.finalize(self, _close, self._clients)
        self._trust: ssl.SSLContext | None = None

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            _close(self._clients)

    def fetch(self, request: Request, into: BinaryIO | None = None) -> Answer:
        """Ask, as often as the request allows.

        Args:
            request: What to ask.
            into: Where a good answer goes, emptied before each try; kept in memory when not given.

        Returns:
            The answer: good, or a refusal (4xx) that the caller explains, mostly by `Answer.checked`.

        Raises:
            WrongHostError: A redirect: keys are not carried to another place.
            RateLimitedError: It asks for a longer wait than a call has.
            SourceFailedError: It failed (5xx) until the last try.
            NetworkError: It can not be reached, or the connection broke until the last try.
            TimedOutError: The time is over.
            BadAnswerError: The answer is larger than it may be.
            CancelledError: The call was cancelled.
        """
        _check_sendable(request)
        route = request.route or request.host
        with self.limiter.slot():
            end = self._watch.end = self._clock() + request.total_seconds
            for attempt in itertools.count(1):
                self._await_limit(request, route, end)
                self.limiter.turn()
                outcome = self._once(request, into, end)
                wait = None
                if isinstance(outcome, Answer):
                    self.limiter.note(route, outcome.headers, self.wall())
                    if outcome.status not in _REPEATED:
                        return outcome
                    wait = patience.announced_wait(outcome.headers, self.wall())
                    outcome = _Failure(self._repeated(outcome, route, wait), is_final=False)
                if outcome.is_final or attempt >= request.tries:
                    raise outcome.problem
                self._wait(wait, attempt, end, outcome.problem)
        raise AssertionError("the loop ends by itself")

    def _await_limit(self, request: Request, route: str, end: float) -> None:
        pause = self.limiter.pause(route)
        if pause > min(LONGEST_WAIT, end - self._clock()):
            raise self._limited(request, route, pause)
        if pause > 0:
            self._sleep(pause)

    def _wait(self, wait: float | None, attempt: int, end: float, problem: SourceError) -> None:
        # What was announced is told to many at once: a little more spreads them.
        spread = patience.back_off(1, self._random)
        seconds = patience.back_off(attempt, self._random) if wait is None else wait + spread
        if (wait or 0) > LONGEST_WAIT or self._clock() + seconds >= end:
            raise problem
        self._sleep(seconds)

    def _repeated(self, answer: Answer, route: str, wait: float | None) -> SourceError:
        if answer.status == 429:
            return self._limited(answer.request, route, wait)
        return refusal(answer)

    def _limited(self, request: Request, route: str, wait: float | None) -> RateLimitedError:
        name = self.limiter.limit_of(route)
        when = "" if wait is None else f", resets in {wait:.0f} s"
        return RateLimitedError(
            f"{request.host} limits the rate of {request.what}: limit {name}{when}",
            details={"host": request.host, "limit": name, "resets_in_seconds": wait},
        )

    def _once(self, request: Request, into: BinaryIO | None, end: float) -> Answer | _Failure:
        import httpx2

        # Errors of the library know the request with its keys: none gets out, not even as a cause.
        *others, last = request.addresses or ("",)
        try:
            for address in others:
                with (
                    suppress(httpx2.ConnectError, httpx2.ConnectTimeout),
                    self._stream(request, end, address) as one,
                ):
                    return self._read(request, one, into, end)
            with self._stream(request, end, last) as response:
                return self._read(request, response, into, end)
        except httpx2.TimeoutException as error:
            return _Failure(self._too_late(request, type(error).__name__), is_final=self._clock() >= end)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            return _broken(request, error)

    @contextmanager
    def _stream(self, request: Request, end: float, address: str) -> Generator[httpx2.Response, None, None]:
        import httpx2

        left = max(0.001, end - self._clock())
        headers = {
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            **request.headers,
            **{name: secret.sent() for name, secret in request.secrets.items()},
        }
        url = httpx2.URL(request.url)
        extensions: dict[str, str] = {}
        if address and self._proxies.for_url(request.url) is None:
            # The certificate is still that of the name.
            headers["Host"] = url.netloc.decode("ascii")
            extensions["sni_hostname"] = url.host
            url = url.copy_with(host=address)
        with self._client(request.url).stream(
            request.method,
            url,
            headers=headers,
            content=request.body,
            extensions=extensions,
            timeout=httpx2.Timeout(
                connect=min(CONNECT_SECONDS, left),
                read=min(request.read_seconds, left),
                write=min(request.read_seconds, left),
                pool=left,
            ),
        ) as response:
            yield response

    def _read(self, request: Request, response: httpx2.Response, into: BinaryIO | None, end: float) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        status = response.status_code
        if 300 <= status < 400:
            target = host_of(headers.get("location", "")) if "//" in headers.get("location", "") else "itself"
            raise WrongHostError(
                f"{request.host} sends {request.what} on to {target}, which is not followed",
                details={"host": request.host, "status": status, "target": target},
            )
        is_good = 200 <= status < 300
        chunks: list[bytes] = []
        size = 0
        if into is not None:
            into.seek(0)
            into.truncate()
        for chunk in response.iter_bytes():
            patience.check_cancelled()
            if self._clock() >= end:
                raise self._too_late(request, "Total")
            size += len(chunk)
            if is_good and size > request.most_bytes:
                raise BadAnswerError(
                    f"{request.host} answered {request.what} with more than {request.most_bytes} bytes",
                    hint="Ask for less at once; nothing of it was kept.",
                    details={"host": request.host, "limit": request.most_bytes},
                )
            if is_good and into is not None:
                into.write(chunk)
            elif is_good or size <= MOST_REFUSAL:
                chunks.append(chunk)
            else:
                break
        return Answer(request, status, headers, b"".join(chunks), size, self.wall())

    def _too_late(self, request: Request, phase: str) -> TimedOutError:
        doing = {
            "ConnectTimeout": f"no connection within {CONNECT_SECONDS:.0f} s",
            "ReadTimeout": f"silence for {request.read_seconds:.0f} s",
        }.get(phase, f"not done within {request.total_seconds:.0f} s")
        return TimedOutError(
            f"{request.host} did not answer {request.what} in time: {doing}", details={"host": request.host}
        )

    def _client(self, url: str) -> httpx2.Client:
        import httpx2

        from pprof_mcp.sources.net.transport import WatchedTransport

        proxy = self._proxies.for_url(url)
        with self._lock:
            client = self._clients.get(proxy)
            if client is None:
                if self._trust is None:
                    self._trust = httpx2.create_ssl_context()
                # Proxies are chosen here, and nothing else of the environment concerns these requests.
                client = self._clients[proxy] = httpx2.Client(
                    verify=self._trust,
                    trust_env=False,
                    follow_redirects=False,
                    transport=self._transport or WatchedTransport(self._trust, proxy, self._watch),
                )
            return client


def _check_sendable(request: Request) -> None:
    for name, secret in request.secrets.items():
        if not secret.is_sendable:
            raise UnauthorizedError(
                f"what is to be sent as {name} is empty, or holds signs that no key has",
                hint="Set the key again, without spaces or line ends in it.",
                details={"header": name},
            )


def _broken(request: Request, error: Exception) -> _Failure:
    """Explain what the library met."""
    text = scrubbed(str(error), request.secrets.values())[:MOST_SHOWN]
    kind = type(error).__name__
    told = {"host": request.host, "cause": kind}
    if kind in ("InvalidURL", "UnsupportedProtocol", "LocalProtocolError"):
        address = WrongHostError(f"{request.host} can not be asked for {request.what}: {text}", details=told)
        return _Failure(address, is_final=True)
    if kind == "DecodingError":
        what = f"{request.host} answered {request.what} with content that can not be decompressed"
        return _Failure(BadAnswerError(what, details=told), is_final=False)
    is_distrusted = "CERTIFICATE_VERIFY_FAILED" in text
    distrusted = "The certificate is not trusted here: name that of your organisation in SSL_CERT_FILE."
    is_plain = "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text
    plain = "What listens there speaks no TLS: write http://, or check the port."
    doing = "the proxy refused" if kind == "ProxyError" else "the connection failed"
    problem = NetworkError(
        f"{request.host} could not be asked for {request.what}: {doing} ({text or kind})",
        hint=distrusted if is_distrusted else plain if is_plain else None,
        details=told,
    )
    return _Failure(problem, is_final=is_distrusted or is_plain or kind == "ProxyError")

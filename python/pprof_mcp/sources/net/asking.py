"""What is asked of a source, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pprof_mcp.errors import (
    BadAnswerError,
    Detail,
    ForbiddenError,
    NetworkError,
    ProfileGoneError,
    RefusedError,
    SourceError,
    SourceFailedError,
    TimedOutError,
    UnauthorizedError,
    WrongHostError,
)
from pprof_mcp.sources.net.secret import Secret, scrubbed

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 120.0
"""Source: chosen; connecting, waiting for the next bytes, and everything together with all tries."""
TRIES = 4
"""Source: chosen; with the back-off, a fault of about two seconds passes unseen."""
MOST_BODY = 32 << 20
"""Bytes of an answer that is kept in memory. Source: chosen; a page of 1,000 profiles takes about 2 MB."""
MOST_SHOWN = 300
"""Characters of a server's own words that go into an error. Source: chosen."""


@dataclass(frozen=True)
class Request:
    """One read of a source. Reads may be repeated, also those that are a POST.

    Attributes:
        url: Where, complete with its query.
        what: What is asked for, to be named in errors: `the list of profiles`.
        method: `GET` or `POST`.
        headers: Without secrets.
        secrets: Headers that carry keys, tokens or passwords.
        body: What is sent along.
        route: Requests of one route share a rate limit; the host when empty.
        most_bytes: Bytes of the answer at most, decompressed.
        read_seconds: Longest silence of the server.
        total_seconds: Longest time for everything, all tries together.
        tries: How often it is tried at most.
        addresses: What to connect to, the next when the one before does not listen, where the name of the
            host was looked up before; a proxy looks it up by itself.
    """

    url: str
    what: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, Secret] = field(default_factory=dict[str, Secret])
    body: bytes | None = None
    route: str = ""
    most_bytes: int = MOST_BODY
    read_seconds: float = READ_SECONDS
    total_seconds: float = TOTAL_SECONDS
    tries: int = TRIES
    addresses: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Host and port: all of a URL that errors show, since its path and query may hold what is private."""
        return host_of(self.url)

    @classmethod
    def post(cls, url: str, what: str, content: object, **more: Any) -> Request:
        """Make a request that sends JSON and wants JSON."""
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            **more.pop("headers", {}),
        }
        return cls(url, what, method="POST", headers=headers, body=json.dumps(content).encode(), **more)


@dataclass(frozen=True)
class Answer:
    """What came back: 2xx, or a 4xx that the caller may know better.

    Attributes:
        request: What was asked.
        status: The HTTP status.
        headers: Names in lower case.
        body: The content; empty when it went to a file.
        size: Bytes of the content.
        received: When it came, in seconds since 1970.
    """

    request: Request
    status: int
    headers: Mapping[str, str]
    body: bytes
    size: int
    received: float

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for."""
        return 200 <= self.status < 300

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people."""
        head = self.body[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
        return head.startswith((b"<!doctype html", b"<html"))

    def checked(self) -> Answer:
        """Give it back if it is good.

        Raises:
            SourceError: It is not; see `refusal`.
        """
        if self.is_good:
            return self
        raise refusal(self)

    def json(self) -> Any:
        """Read it as JSON: None when it is empty, whatever type it calls itself.

        Raises:
            WrongHostError: It is a page for people.
            BadAnswerError: It is no JSON, or nested too deeply.
        """
        if self.is_html:
            raise wrong_host(self, "a page for people, such as a login")
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            raise BadAnswerError(
                f"{self.request.host} answered {self.request.what} with something that is no JSON",
                details=facts(self),
            ) from None

    @property
    def words(self) -> str:
        """What the server says, in one line without secrets; empty when it says nothing readable."""
        return words_of(self.body, self.request.secrets.values())


def refusal(answer: Answer) -> SourceError:  # noqa: PLR0911 - one return a status
    """Give the error for an answer that is no good, by its status alone."""
    said = f": {answer.words}" if answer.words else ""
    host, what = answer.request.host, answer.request.what
    told = facts(answer)
    if answer.status == 401:
        return UnauthorizedError(
            f"{host} does not accept the credentials for {what} (401){said}", details=told
        )
    if answer.status == 403:
        return ForbiddenError(f"{host} does not allow {what} (403){said}", details=told)
    if answer.status == 404 and answer.is_html:
        return wrong_host(answer, "a page for people")
    if answer.status in (404, 410):
        return ProfileGoneError(f"{host} has not {what} ({answer.status}){said}", details=told)
    if answer.status == 407:
        return NetworkError(f"the proxy before {host} does not accept its credentials (407)", details=told)
    if answer.status == 408:
        return TimedOutError(f"{host} did not get to {what} in time (408){said}", details=told)
    if answer.status >= 500:
        return SourceFailedError(f"{host} failed at {what} ({answer.status}){said}", details=told)
    return RefusedError(f"{host} refused {what} ({answer.status}){said}", details=told)


def wrong_host(answer: Answer, found: str) -> WrongHostError:
    """Say that something else than the source answers."""
    return WrongHostError(
        f"{answer.request.host} answered {answer.request.what} with {found}", details=facts(answer)
    )


def facts(answer: Answer) -> dict[str, Detail]:
    """Give what may be told about an answer, as data."""
    return {"host": answer.request.host, "status": answer.status}


def host_of(url: str) -> str:
    """Give host and port of a URL."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.hostname or 'an address without a host'}{port}"


def words_of(body: bytes, secrets: Iterable[Secret] = ()) -> str:
    """Give what an error body says in one line.

    Known forms: `{"errors": ["text"]}`, `{"errors": [{"title", "detail"}]}`, `{"error": "text"}`,
    `{"message": "text"}`, plain text. Pages for people say nothing.
    """
    text = body[:20_000].decode("utf-8", "replace").lstrip("\ufeff").strip()
    if text.startswith("<"):
        return ""
    if text.startswith(("{", "[")):
        try:
            text = "; ".join(_texts(json.loads(text)))
        except (ValueError, RecursionError):
            return ""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    shown = scrubbed(line, secrets)
    return shown if len(shown) <= MOST_SHOWN else f"{shown[: MOST_SHOWN - 3]}..."


def _texts(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if depth > 4:
        return []
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return [text for item in items[:5] for text in _texts(item, depth + 1)]
    if isinstance(value, dict):
        fields: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        found = [
            _texts(fields.get(key), depth + 1) for key in ("title", "detail", "errors", "error", "message")
        ]
        return list(dict.fromkeys(text for texts in found for text in texts))
    return []

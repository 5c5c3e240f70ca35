"""Requests and responses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

LOGIN = b"<!DOCTYPE html><html><head><title>Datadog: Log In</title></head><body><form></form></body></html>"
HTML = "text/html; charset=utf-8"


class BadRequestError(Exception):
    """What a request says wrongly; the server answers 400 with the text."""


@dataclass(frozen=True)
class Request:
    """One request, read to its end.

    Attributes:
        method: In capitals.
        target: As sent.
        headers: By name in small letters.
        body: Its bytes.
        site: The site of the `Host` header, `None` when that is no host of Datadog.
        host_role: `api`, `app` or `bare`; `api` for a host that is none of Datadog's.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    site: str | None = None
    host_role: str = "api"

    @property
    def path(self) -> str:
        """Path as sent, still percent-encoded."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """Parameters, decoded; of several with one name the last."""
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in found.items()}

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            BadRequestError: It is none.
        """
        try:
            body = json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadRequestError("the body is no JSON") from None
        return as_object(body, "the body")


@dataclass
class Response:
    """One response.

    Attributes:
        status: Status code.
        body: Its bytes.
        headers: Besides `Date`, `Content-Length` and `Connection`.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def reason(self) -> str:
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Unknown"


def json_response(body: object, status: int = 200, form: str = "plain") -> Response:
    """Answer in JSON, in one of the forms of `Variants.json_form`."""
    types = {"vnd": "application/vnd.api+json", "text": "text/plain; charset=utf-8"}
    text = b"\xef\xbb\xbf" * (form == "bom") + json.dumps(body, ensure_ascii=False).encode()
    return Response(status, text, {"Content-Type": types.get(form, "application/json")})


def error(status: int, text: str, form: str = "strings") -> Response:
    """Say no, in one of the forms of `Variants.error_form`."""
    if form == "html":
        return Response(
            status, f"<html><body><h1>{status}</h1></body></html>".encode(), {"Content-Type": HTML}
        )
    if form == "empty":
        return Response(status)
    if form == "message":
        return json_response({"message": text}, status)
    if form in ("objects", "text"):
        return json_response({"errors": [{"title": text}]}, status, form)
    if form == "jsonapi":
        details = {"status": str(status), "title": Response(status).reason, "detail": text}
        return json_response({"errors": [details]}, status, "vnd")
    return json_response({"errors": [text]}, status)


def as_object(value: object, what: str) -> dict[str, Any]:
    """Insist on a JSON object.

    Raises:
        BadRequestError: It is none.
    """
    if not isinstance(value, dict):
        raise BadRequestError(f"{what} must be an object")
    return cast(dict[str, Any], value)


def as_list(value: object, what: str) -> list[Any]:
    """Insist on a JSON list.

    Raises:
        BadRequestError: It is none.
    """
    if not isinstance(value, list):
        raise BadRequestError(f"{what} must be a list")
    return cast(list[Any], value)


def as_text(value: object, what: str, choices: Sequence[str] = ()) -> str:
    """Insist on a text, one of some where these are given.

    Raises:
        BadRequestError: It is none.
    """
    if not isinstance(value, str) or (choices and value not in choices):
        expected = f"one of {', '.join(choices)}" if choices else "a string"
        raise BadRequestError(f"{what} must be {expected}")
    return value


def as_count(value: object, what: str) -> int:
    """Insist on a whole number from 1 on; digits as text do, as in a URL.

    Raises:
        BadRequestError: It is none.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRequestError(f"{what} must be a positive integer")
    return value

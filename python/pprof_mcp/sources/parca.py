"""Parca: which profile types there are, and merged profiles of a window.

Source: `parca.query.v1alpha1.QueryService` as published, asked by gRPC-Web below `/api` as Parca's own pages
do: each message behind a frame of five bytes, the state in a last frame or, when nothing else is said, in the
headers. Its REST twins say the same but give no profile over 4 MB.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from pprof_mcp.errors import (
    BadAnswerError,
    ForbiddenError,
    InvalidArgumentError,
    ProfileGoneError,
    RefusedError,
    SourceError,
    SourceFailedError,
    UnauthorizedError,
)
from pprof_mcp.sources import profile_types
from pprof_mcp.sources.gate import Gate
from pprof_mcp.sources.net.asking import Answer
from pprof_mcp.sources.protobuf import MalformedError, fields, message, submessage, texts

SERVICE = "api/parca.query.v1alpha1.QueryService"
MODE_MERGE = 2
REPORT_PPROF = 1
PPROF = 6
"""The field of the answer that holds a profile."""
TRAILER = 0x80
COMPRESSED = 1
OK, INVALID_ARGUMENT, NOT_FOUND, DENIED, UNAUTHENTICATED = 0, 3, 5, 7, 16
PASSING = frozenset({4, 8, 13, 14})
"""States of faults on its side: out of time, out of something, internal, not there."""


@dataclass(frozen=True)
class Parca:
    """A Parca.

    Attributes:
        gate: Asks.
        base: Its address, without `/api`.
    """

    gate: Gate
    base: str

    def types(self, _window: tuple[int, int]) -> list[str]:
        """Give the profile types, sorted; it knows them for all times together.

        Raises:
            SourceError: It can not be asked, or does not answer as Parca does.
        """
        what = "the profile types"
        answer = self._call("ProfileTypes", what, b"")
        found: set[str] = set()
        try:
            for number, row in fields(answer):
                if number == 1 and isinstance(row, bytes):
                    parts = [(texts(row, field) or [""])[-1] for field in range(1, 6)]
                    delta = ":delta" if dict(fields(row)).get(6) else ""
                    found.add(":".join(parts) + delta)
        except MalformedError:
            raise self._strange(what) from None
        return sorted(one for one in found if profile_types.is_type(one))

    def services(self, _window: tuple[int, int]) -> list[str]:
        """Give the values of `job`, for all times together.

        Raises:
            SourceError: As `types`.
        """
        what = "the values of job"
        try:
            return sorted(texts(self._call("Values", what, message((1, "job"))), 1))
        except MalformedError:
            raise self._strange(what) from None

    def profile(self, profile_type: str, selector: str, start: int, end: int) -> bytes:
        """Give the merged profile of a window.

        Args:
            profile_type: `name:type:unit:period type:period unit`, with `:delta` where it is one.
            selector: Labels in braces: `{job="shop"}`.
            start: Milliseconds since 1970.
            end: The same.

        Returns:
            The profile as compressed bytes; none when the answer holds none.

        Raises:
            InvalidArgumentError: The query is not understood.
            ProfileGoneError: Nothing matched.
            SourceError: As `types`.
        """
        what = f"the profile {profile_type}"
        query = f"{profile_type}{selector}"
        merge = message((1, query), (2, _timestamp(start)), (3, _timestamp(end)))
        answer = self._call("Query", what, message((1, MODE_MERGE), (3, merge), (5, REPORT_PPROF)))
        try:
            return submessage(answer, PPROF) or b""
        except MalformedError:
            raise self._strange(what) from None

    def save(self, profile_type: str, selector: str, window: tuple[int, int], target: Path) -> None:
        """Write the merged profile of a window to a file.

        Raises:
            ProfileGoneError: Nothing matched.
            PprofMcpError: As `profile`.
        """
        content = self.profile(profile_type, selector, *window)
        if not content:
            raise self._gone(f"the profile {profile_type}", selector)
        target.write_bytes(content)

    def _call(self, method: str, what: str, content: bytes) -> bytes:
        headers = {
            "Content-Type": "application/grpc-web+proto",
            "Accept": "application/grpc-web+proto",
            "X-Grpc-Web": "1",
        }
        request = self.gate.request(
            f"{self.base}/{SERVICE}/{method}",
            what,
            method="POST",
            headers=headers,
            body=struct.pack(">BI", 0, len(content)) + content,
        )
        answer = self.gate.checked(self.gate.ask(request))
        if answer.is_html:
            answer.json()
        state = dict(answer.headers)
        received = b""
        for flag, frame in self._frames(answer):
            if flag & TRAILER:
                state.update(_state(frame))
            elif flag & COMPRESSED:
                raise self._strange(what)
            else:
                received += frame
        if "grpc-status" not in state:
            raise self._strange(what)
        if state["grpc-status"].strip() != str(OK):
            raise self._refusal(state, what, answer.request.host)
        return received

    def _frames(self, answer: Answer) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        body, at = answer.body, 0
        while at < len(body):
            if at + 5 > len(body):
                raise self._strange(answer.request.what)
            flag, size = struct.unpack_from(">BI", body, at)
            at += 5
            if at + size > len(body):
                raise self._strange(answer.request.what)
            found.append((flag, body[at : at + size]))
            at += size
        return found

    def _refusal(self, state: dict[str, str], what: str, host: str) -> Exception:
        from pprof_mcp.sources.net.asking import words_of

        text = words_of(unquote(state.get("grpc-message", "")).encode())
        code = int(state["grpc-status"]) if state["grpc-status"].strip().isdigit() else -1
        said = f": {text}" if text else ""
        told = {"host": host, "grpc_status": code}
        if code == INVALID_ARGUMENT:
            return InvalidArgumentError(
                f"Parca does not understand the query for {what}{said}",
                hint='Labels are written as {job="shop", namespace=~"eu-.*"}.',
                details={"argument": "query"},
            )
        if code == NOT_FOUND:
            return self._gone(what, "the query")
        classes: dict[int, type[SourceError]] = {DENIED: ForbiddenError, UNAUTHENTICATED: UnauthorizedError}
        cls = classes.get(code, SourceFailedError if code in PASSING else RefusedError)
        return cls(f"{host} refused {what} (gRPC {code}){said}", details=told)

    def _gone(self, what: str, selector: str) -> ProfileGoneError:
        return ProfileGoneError(
            f"{self.base} has not {what} for {selector} in the window",
            hint="Widen the window, or check the labels.",
            details={"url": self.base},
        )

    def _strange(self, what: str) -> BadAnswerError:
        return BadAnswerError(
            f"{self.base} answered {what} with something that Parca does not say",
            hint="Check the address: it is the one before /api, with the port 7070 by itself.",
            details={"url": self.base},
        )


def _timestamp(millis: int) -> bytes:
    """A `google.protobuf.Timestamp`."""
    return message((1, millis // 1_000), (2, millis % 1_000 * 1_000_000))


def _state(frame: bytes) -> dict[str, str]:
    lines = frame.decode("utf-8", "replace").split("\r\n")
    return {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
        if name
    }

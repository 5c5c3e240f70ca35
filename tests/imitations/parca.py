"""An imitation of Parca's query side.

Source: the service `parca.query.v1alpha1.QueryService` and its messages as published, over gRPC-Web below
`/api`, as Parca's own pages ask it: a frame of five bytes before each message, a last frame with the state.
"""

from __future__ import annotations

import gzip
import re
import struct
from collections.abc import Sequence
from urllib.parse import quote

from pprof_mcp.sources.protobuf import fields, message, submessage, texts

from tests.imitations.serving import Asked, Reply, Served
from tests.imitations.stored import BadQueryError, Stored, matches, merged

SERVICE = "/api/parca.query.v1alpha1.QueryService/"
SINGLE, MERGE = 0, 2
PPROF = 1
INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED, UNAUTHENTICATED = 3, 5, 12, 16


class Parca(Served):
    """A Parca.

    Args:
        profiles: What was scraped; Go's counters are deltas, as Parca keeps those with a duration.
        authorization: The header that is wanted, as a proxy before it may do.
        in_headers: Refusals say their state in the headers alone, with no frame behind.
    """

    def __init__(
        self, profiles: Sequence[Stored], *, authorization: str = "", in_headers: bool = False
    ) -> None:
        super().__init__(self._reply)
        self.profiles = list(profiles)
        self.authorization = authorization
        self.in_headers = in_headers

    def _reply(self, asked: Asked) -> Reply:
        if not asked.path.startswith(SERVICE) or not asked.headers.get("content-type", "").startswith(
            "application/grpc-web"
        ):
            return Reply(b"<!doctype html><title>Parca</title>", headers={"Content-Type": "text/html"})
        if self.authorization and asked.headers.get("authorization") != self.authorization:
            return self._state(UNAUTHENTICATED, "invalid token")
        methods = {
            "ProfileTypes": self._profile_types,
            "Labels": self._labels,
            "Values": self._values,
            "Query": self._query,
        }
        handler = methods.get(asked.path.removeprefix(SERVICE))
        if handler is None:
            return self._state(UNIMPLEMENTED, "unknown method")
        flag, size = struct.unpack(">BI", asked.body[:5])
        assert flag == 0
        assert size == len(asked.body) - 5
        try:
            return _frames(handler(asked.body[5:]))
        except BadQueryError as problem:
            return self._state(INVALID_ARGUMENT, str(problem))
        except KeyError as problem:
            return self._state(
                NOT_FOUND, f"could not find profile at requested time and selectors: {problem}"
            )

    def _profile_types(self, _: bytes) -> bytes:
        found = sorted({(*name.split(":"), _is_delta(name)) for one in self.profiles for name in one.types()})
        rows = [message(*enumerate(row[:5], 1), (6, int(bool(row[5])))) for row in found]
        return message(*((1, row) for row in rows))

    def _labels(self, _: bytes) -> bytes:
        return message(
            *((1, name) for name in sorted({name for one in self.profiles for name in one.labels}))
        )

    def _values(self, request: bytes) -> bytes:
        name = texts(request, 1)[0]
        values = sorted({one.labels[name] for one in self.profiles if name in one.labels})
        return message(*((1, value) for value in values))

    def _query(self, request: bytes) -> bytes:
        top = dict(fields(request))
        assert top.get(5) == PPROF
        if top.get(1, SINGLE) == MERGE:
            asked = submessage(request, 3) or b""
            query, start, end = texts(asked, 1)[0], _millis(asked, 2), _millis(asked, 3)
            chosen = [one for one in self._of(query) if start <= one.at <= end]
        else:
            asked = submessage(request, 4) or b""
            query, at = texts(asked, 2)[0], _millis(asked, 1)
            chosen = [one for one in self._of(query) if one.at == at]
        if not chosen:
            raise KeyError(query)
        kind = query.split(":")[1]
        return message((6, gzip.compress(merged(chosen, kind), mtime=0)), (9, 100))

    def _of(self, query: str) -> list[Stored]:
        found = re.fullmatch(r"([\w:]+?)(:delta)?(\{.*\})?", query.strip())
        if not found or found[1].count(":") != 4:
            raise BadQueryError(
                f"profile-type selection must be of the form <name>:<type>:..., got {query!r}"
            )
        name, selector = found[1], found[3] or "{}"
        if bool(found[2]) != _is_delta(name):
            return []
        return [one for one in self.profiles if name in one.types() and matches(selector, one.labels)]

    def _state(self, code: int, text: str) -> Reply:
        state = {"grpc-status": str(code), "grpc-message": quote(text)}
        if self.in_headers:
            return Reply(headers={"Content-Type": "application/grpc-web+proto", **state})
        return _frames(b"", state)


def _frames(content: bytes, state: dict[str, str] | None = None) -> Reply:
    trailer = "".join(
        f"{name}: {value}\r\n" for name, value in (state or {"grpc-status": "0"}).items()
    ).encode()
    body = b"" if state else struct.pack(">BI", 0, len(content)) + content
    body += struct.pack(">BI", 0x80, len(trailer)) + trailer
    return Reply(body, headers={"Content-Type": "application/grpc-web+proto"})


def _is_delta(name: str) -> bool:
    return name.startswith("process_cpu")


def _millis(request: bytes, number: int) -> int:
    at = dict(fields(submessage(request, number) or b""))
    seconds, nanos = at.get(1, 0), at.get(2, 0)
    assert isinstance(seconds, int)
    assert isinstance(nanos, int)
    return seconds * 1_000 + nanos // 1_000_000

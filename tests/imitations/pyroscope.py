"""An imitation of Grafana Pyroscope's query side.

Source: the service `querier.v1.QuerierService` and its messages as published, over the Connect protocol
(POST, `application/proto` or `application/json`, errors as JSON with a code), tenants by `X-Scope-OrgID`. How
an older server behaves, which knows no pprof format, is a switch.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pprof_mcp.sources.protobuf import fields, message

from tests.imitations.serving import Asked, Reply, Served
from tests.imitations.stored import BadQueryError, Stored, matches, merged

SERVICE = "/querier.v1.QuerierService/"
PPROF = 4
"""`PROFILE_FORMAT_PPROF`."""
_STATUS = {"invalid_argument": 400, "unauthenticated": 401, "unimplemented": 501, "internal": 500}


class Pyroscope(Served):
    """A Pyroscope.

    Args:
        profiles: What was pushed.
        tenant: Answers only for this tenant.
        authorization: The header that the proxy before it wants.
        old: Knows no pprof format of `SelectMergeStacktraces`.
        prefix: Path before the service, as behind Grafana.
    """

    def __init__(
        self,
        profiles: Sequence[Stored],
        *,
        tenant: str = "",
        authorization: str = "",
        old: bool = False,
        prefix: str = "",
    ) -> None:
        super().__init__(self._reply)
        self.profiles = list(profiles)
        self.tenant = tenant
        self.authorization = authorization
        self.old = old
        self.prefix = prefix
        self.base = self.url + prefix

    def _reply(self, asked: Asked) -> Reply:
        if self.authorization and asked.headers.get("authorization") != self.authorization:
            return Reply(b"401 Authorization Required", 401)
        if not asked.path.startswith(self.prefix + SERVICE):
            return Reply(b"404 page not found", 404)
        if self.tenant and asked.headers.get("x-scope-orgid") != self.tenant:
            return _error("unauthenticated", "no org id")
        method = asked.path.removeprefix(self.prefix + SERVICE)
        handler = {
            "ProfileTypes": self._profile_types,
            "LabelValues": self._label_values,
            "LabelNames": self._label_names,
            "SelectMergeProfile": self._merge_profile,
            "SelectMergeStacktraces": self._merge_stacktraces,
        }.get(method)
        if handler is None:
            return _error("unimplemented", f"{method} is not implemented")
        try:
            return handler(asked)
        except BadQueryError as problem:
            return _error("invalid_argument", str(problem))

    def _profile_types(self, asked: Asked) -> Reply:
        window = json.loads(asked.body)
        found = sorted({name for one in self._within(window) for name in one.types()})
        keys = ("name", "sampleType", "sampleUnit", "periodType", "periodUnit")
        types = [{"ID": name, **dict(zip(keys, name.split(":"), strict=True))} for name in found]
        return Reply.json({"profileTypes": types})

    def _label_values(self, asked: Asked) -> Reply:
        window = json.loads(asked.body)
        values = {one.labels[window["name"]] for one in self._within(window) if window["name"] in one.labels}
        return Reply.json({"names": sorted(values)})

    def _label_names(self, asked: Asked) -> Reply:
        names = {name for one in self._within(json.loads(asked.body)) for name in one.labels}
        return Reply.json({"names": sorted(names)})

    def _merge_profile(self, asked: Asked) -> Reply:
        return _proto(self._selected(dict(fields(asked.body))))

    def _merge_stacktraces(self, asked: Asked) -> Reply:
        query = dict(fields(asked.body))
        profile = self._selected(query)
        if self.old or query.get(6) != PPROF:
            return _proto(message((1, message((1, "total")))))
        return _proto(message((5, message((1, profile)))))

    def _selected(self, query: dict[int, int | bytes]) -> bytes:
        wanted, selector = _text(query, 1), _text(query, 2)
        name, kind, *_ = wanted.split(":")
        if wanted.count(":") < 4:
            raise BadQueryError(f"invalid profile-type format {wanted!r}")
        window = {"start": query.get(3, 0), "end": query.get(4, 0)}
        chosen = [
            one
            for one in self._within(window)
            if one.name == name and wanted in one.types() and matches(selector, one.labels)
        ]
        return merged(chosen, kind)

    def _within(self, window: dict[str, Any]) -> list[Stored]:
        start, end = int(window.get("start", 0)), int(window.get("end", 0))
        return [one for one in self.profiles if start <= one.at <= end]


def _proto(content: bytes) -> Reply:
    return Reply(content, headers={"Content-Type": "application/proto"})


def _error(code: str, text: str) -> Reply:
    return Reply.json({"code": code, "message": text}, _STATUS[code])


def _text(query: dict[int, int | bytes], number: int) -> str:
    value = query.get(number, b"")
    return value.decode() if isinstance(value, bytes) else ""

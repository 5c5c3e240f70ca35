"""The older aggregation behind the UI's flame graph [B]."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.fake_datadog.auth import READ
from tests.fake_datadog.clock import iso
from tests.fake_datadog.messages import (
    BadRequestError,
    Response,
    as_count,
    as_list,
    as_text,
    error,
    json_response,
)
from tests.fake_datadog.pprofs import Frame
from tests.fake_datadog.query import Test
from tests.fake_datadog.routes import Call, Route
from tests.fake_datadog.routes.filters import Filter, Window, moment, query_of, selected
from tests.fake_datadog.routes.flames import folded, types_of
from tests.fake_datadog.store import Profile

SCHEMA = ("schema", "kind", "library", "function", "file", "line")


def aggregate(call: Call) -> Response:
    """`POST /profiling/api/v1/aggregate`: a flat body, a flame graph of nested arrays.

    One profile by its ids, or a sample of those that a query selects, about 50 by default [C]. `limit: 1`
    with a query leaves `summaryValues` empty [C]. Nesting goes beyond 128 levels [C].
    """
    body = call.request.json_object()
    wanted = as_text(body.get("profileType"), "profileType")
    as_text(body.get("aggregationFunction", "sum"), "aggregationFunction", ("sum", "avg"))
    limit = as_count(body.get("limit", 50), "limit")
    is_by_id = "profileIds" in body
    if is_by_id:
        profiles = _by_ids(call, body)
        found = profiles
    else:
        start, end = moment(body.get("from"), "from"), moment(body.get("to"), "to")
        if start >= end:
            raise BadRequestError("from must be before to")
        found = selected(call.world, Filter(Window(start, end), _test(call, body.get("query"))))
        profiles = found[-limit:]
    stacks, unit = folded(profiles, wanted)
    depth = call.world.variants.aggregate_depth
    if stacks and depth:
        value = max(1, sum(stacks.values()) // 100)
        stacks[tuple(("recurse", "/src/recurse.go", 7) for _ in range(depth))] += value
    tables = _Tables()
    graph = tables.node(("root", "", 0), stacks)
    total = sum(stacks.values())
    family = profiles[0].runtime if profiles else ""
    is_summed = is_by_id or limit > 1
    return json_response(
        {
            "metadata": {},
            "profileType": wanted,
            "aggregationFunction": body.get("aggregationFunction", "sum"),
            "numberOfProfiles": len(profiles),
            "totalProfilesCount": len(found),
            "profileIds": [profile.profile_id for profile in profiles],
            "flameGraph": graph,
            "nodeSchema": ["frameIndex", "value", "gini", "children"],
            "frameSchema": SCHEMA,
            "frameSchemas": [{"family": family, "fields": SCHEMA}],
            "frames": tables.frames,
            "strings": tables.strings,
            "summaryValues": {wanted: {"value": total, "unit": unit}} if is_summed else {},
            "summaryDurations": {wanted: sum(profile.end - profile.start for profile in profiles)},
            "summaryTable": [],
            "endpointValues": {"_UNASSIGNED_": total},
            "endpointCounts": {},
            "availableAttributes": ["line"],
            "featureUpgrades": [],
            "languageFrameCounts": {family: len(tables.frames)},
            "emptyStateReasons": [] if stacks else [{"reason": "NO_DATA", "description": "No profiles."}],
        }
    )


def info(call: Call) -> Response:
    """`GET /profiling/api/v1/profiles/{id}/info?eventId=&eventScope=profile`; its fields are assumed [D]."""
    profile = call.world.store.find(call.parts[0], call.request.query.get("eventId", ""))
    if profile is None:
        return error(404, "Profile not found", call.world.variants.error_form)
    return json_response(
        {
            "profileId": profile.profile_id,
            "eventId": profile.event_id,
            "service": profile.service,
            "family": profile.runtime,
            "start": iso(profile.start),
            "end": iso(profile.end),
            "tags": list(profile.tags),
            "profileTypes": types_of([profile]),
            "files": sorted(profile.files),
        }
    )


def _test(call: Call, query: object) -> Test:
    """Read the query; `@endpoint:` has no effect here [C]."""
    if isinstance(query, str) and call.world.variants.ignores_endpoint:
        query = re.sub(r'-?@endpoint:("[^"]*"|\([^)]*\)|[^\s)]*)', "*", query)
    return query_of(query, "query")


def _by_ids(call: Call, body: Mapping[str, Any]) -> list[Profile]:
    ids = [as_text(one, "profileIds[]") for one in as_list(body["profileIds"], "profileIds")]
    events = [as_text(one, "eventIds[]") for one in as_list(body.get("eventIds"), "eventIds")]
    if len(ids) != len(events):
        raise BadRequestError("profileIds and eventIds must be of one length")
    found = [call.world.store.find(one, event) for one, event in zip(ids, events, strict=True)]
    return [profile for profile in found if profile is not None]


class _Tables:
    """Frames and strings, each once; their indexes hold for one answer alone."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self.frames: list[list[int]] = []
        self._strings: dict[str, int] = {}
        self._frames: dict[Frame, int] = {}

    def node(self, frame: Frame, stacks: Mapping[tuple[Frame, ...], int], depth: int = 0) -> list[Any]:
        children: dict[Frame, dict[tuple[Frame, ...], int]] = {}
        for stack, value in sorted(stacks.items()):
            if len(stack) > depth:
                children.setdefault(stack[depth], {})[stack] = value
        below = [self.node(child, rest, depth + 1) for child, rest in children.items()]
        return [self.frame(frame), sum(stacks.values()), 0, below]

    def frame(self, frame: Frame) -> int:
        if frame not in self._frames:
            name, file, line = frame
            row = [self.string(text) for text in ("default", "native", "", name, file)]
            self._frames[frame] = len(self.frames)
            self.frames.append([*row, line])  # the line is a number by itself, no index
        return self._frames[frame]

    def string(self, text: str) -> int:
        if text not in self._strings:
            self._strings[text] = len(self.strings)
            self.strings.append(text)
        return self._strings[text]


ROUTES = (
    Route("aggregate", "POST", "/profiling/api/v1/aggregate", aggregate, READ),
    Route("info", "GET", "/profiling/api/v1/profiles/{}/info", info, READ),
)

"""The routes made for Datadog's own command line [A]; an organisation may not have them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from tests.fake_datadog.auth import READ
from tests.fake_datadog.bundles import bundle_of, entries_of
from tests.fake_datadog.messages import Response, as_text, error, json_response
from tests.fake_datadog.routes import Call, Route
from tests.fake_datadog.routes.filters import filter_of, limit_of, ordered, selected
from tests.fake_datadog.routes.flames import PROFILE_TYPES, folded, types_of
from tests.fake_datadog.routes.profiles import download_of, listed

PREFIX = "/api/unstable/profiling/pup"
DISABLED = "The pup API is not enabled for this organization."


def _enabled(answer: Callable[[Call], Response]) -> Callable[[Call], Response]:
    """Refuse where the organisation has no such routes: 403 with that sentence [A]."""

    @wraps(answer)
    def answered(call: Call) -> Response:
        return answer(call) if call.world.variants.is_pup_enabled else error(403, DISABLED)

    return answered


def list_profiles(call: Call) -> Response:
    """`POST …/profiles/list`: as the old list; its client sorts by `start` [A]."""
    world, body = call.world, call.request.json_object()
    found = ordered(selected(world, filter_of(body, world)), body, world)[: limit_of(body, world)]
    return json_response({"data": [listed(profile, world) for profile in found]})


def download(call: Call) -> Response:
    """`GET …/profiles/{id}/download?eventId=&fileName=`: one file as it is, or the zip of all [A].

    Whether that file is compressed is not known [?].
    """
    world, name = call.world, call.request.query.get("fileName")
    if name is None:
        return download_of(call, lambda profile: bundle_of(profile, world.variants))
    profile = world.store.find(call.parts[0], call.request.query.get("eventId", ""))
    files = entries_of(profile, world.variants) if profile and not world.store.is_expired(profile) else {}
    if name not in files:
        return error(404, "not found")
    return Response(200, files[name], {"Content-Type": "application/octet-stream"})


def services(call: Call) -> Response:
    """`POST …/services`: the services that have profiles, with their families [A]."""
    families: dict[str, set[str]] = {}
    for profile in selected(call.world, filter_of(call.request.json_object(), call.world)):
        families.setdefault(profile.service, set()).add(profile.runtime)
    data = [
        {"id": name, "type": "profiledService", "attributes": {"service": name, "family": sorted(found)}}
        for name, found in sorted(families.items())
    ]
    return json_response({"data": data})


def profile_types(call: Call) -> Response:
    """`POST …/profile-types`: what can be asked of the profiles selected; with none, why not [A]."""
    found = {
        (name, profile.runtime): unit
        for profile in selected(call.world, filter_of(call.request.json_object(), call.world))
        for name, (_, _, unit) in PROFILE_TYPES.get(profile.runtime, {}).items()
    }
    data = [
        {
            "id": name,
            "type": "profileType",
            "attributes": {
                "family": family,
                "profileType": name,
                "unit": unit,
                "availableAttributes": ["line"],
            },
        }
        for (name, family), unit in sorted(found.items())
    ]
    reason = {"reason": "NO_DATA", "description": "No profiles match the filter."}
    return json_response({"data": data, "meta": {} if data else {"emptyStateReason": reason}})


def flamegraph(call: Call) -> Response:
    """`POST …/explore/flamegraph`: stacks by value. Names of fields are known [A].

    What a stack looks like inside is assumed [D].
    """
    body = call.request.json_object()
    if "profileType" not in body:
        return error(400, "profileType is required")
    wanted = as_text(body["profileType"], "profileType")
    profiles = selected(call.world, filter_of(body, call.world))[-50:]
    stacks, unit = folded(profiles, wanted)
    rows = sorted(stacks.items(), key=lambda item: (-item[1], item[0]))
    total = sum(stacks.values())
    top = [{"stacktrace": [frame[0] for frame in stack], "value": value} for stack, value in rows[:50]]
    answer: dict[str, Any] = {
        "sortedStacktracesWithValues": top,
        "totalMatchingValue": {"value": total, "unit": unit, "isPerMinute": False},
        "totalValue": {"value": total, "unit": unit, "isPerMinute": False},
        "duration": sum(profile.end - profile.start for profile in profiles),
        "topEndpoints": {},
        "topAttributeValues": {},
        "visualizationLink": {"title": "Flame graph", "url": "https://app.datadoghq.com/profiling/explorer"},
        "message": None,
        "emptyStateReason": None if rows else {"reason": "NO_DATA", "description": "No profiles."},
        "featureUpgrade": None,
        "availableProfileTypes": types_of(profiles),
        "availableProfileTypeDetails": [],
    }
    return json_response(answer)


def _route(name: str, method: str, path: str, answer: Callable[[Call], Response]) -> Route:
    return Route(f"pup_{name}", method, PREFIX + path, _enabled(answer), READ, takes_tokens=True)


ROUTES = (
    _route("list", "POST", "/profiles/list", list_profiles),
    _route("download", "GET", "/profiles/{}/download", download),
    _route("services", "POST", "/services", services),
    _route("profile_types", "POST", "/profile-types", profile_types),
    _route("flamegraph", "POST", "/explore/flamegraph", flamegraph),
)

"""The old routes for profiles: list, download, bulk download for PGO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fake_datadog.auth import PGO, READ
from tests.fake_datadog.bundles import bundle_of, entries_of, zipped
from tests.fake_datadog.clock import written
from tests.fake_datadog.messages import BadRequestError, Response, as_list, as_object, error, json_response
from tests.fake_datadog.routes import Call, Route
from tests.fake_datadog.routes.filters import filter_of, limit_of, ordered, selected
from tests.fake_datadog.store import Profile
from tests.fake_datadog.world import World

GOPGO_MOST = 50
"""Chosen: queries in one bulk download."""


def list_profiles(call: Call) -> Response:
    """`POST /api/unstable/profiles/list`: existence and general shape [A].

    No cursor is known: as many as the limit means that there may be more.
    """
    world, body = call.world, call.request.json_object()
    found = _chosen(body, world)
    empty: dict[str, Response] = {
        "body": Response(200), "null": json_response({"data": None}), "absent": json_response({}),
    }  # fmt: skip
    if not found and world.variants.empty_list in empty:
        return empty[world.variants.empty_list]
    data = [listed(profile, world) for profile in found]
    return json_response({"data": data}, form=world.variants.json_form)


def download(call: Call) -> Response:
    """`GET /api/ui/profiling/profiles/{profile id}/download?eventId={event id}` [A].

    That an expired profile is a 404 is assumed [D], as is that the API host serves this route [?].
    """
    world = call.world
    if world.variants.download_hosts != "any" and call.request.host_role == "api":
        return error(404, "Not found", "html" if world.variants.download_hosts == "app" else "strings")
    return download_of(call, lambda profile: bundle_of(profile, world.variants))


def download_of(call: Call, pack: Callable[[Profile], bytes]) -> Response:
    """Answer a download in the form that `pack` gives it."""
    world = call.world
    form = world.variants.error_form
    event_id = call.request.query.get("eventId")
    if not event_id:
        return error(400, "eventId is required", form)
    profile = world.store.find(call.parts[0], event_id)
    if profile is None:
        return error(404, "Profile not found", form)
    if world.store.is_expired(profile):
        if world.variants.expired == "empty_zip":
            return Response(200, zipped({}), {"Content-Type": world.variants.download_type})
        return error(int(world.variants.expired), "Profile not found", form)
    if world.variants.download_opens:
        world.store.opened(profile)
    return Response(200, pack(profile), {"Content-Type": world.variants.download_type})


def gopgo(call: Call) -> Response:
    """`POST /api/unstable/profiles/gopgo`: one zip with one CPU profile for each profile selected [A].

    Go alone. That no match is no 2xx is what datadog-pgo says [A]; that it is 404 is assumed [D].
    """
    world, body = call.world, call.request.json_object()
    queries = as_list(body.get("queries"), "queries")
    if not 1 <= len(queries) <= GOPGO_MOST:
        raise BadRequestError(f"queries must be 1 to {GOPGO_MOST}")
    files: dict[str, bytes] = {}
    for query in queries:
        for profile in _chosen(as_object(query, "queries[]"), world):
            if profile.runtime == "go" and not world.store.is_expired(profile):
                files[profile.profile_id] = entries_of(profile, world.variants)["cpu.pprof"]
    if not files:
        return error(404, "no profiles found", world.variants.error_form)
    return Response(200, zipped(files), {"Content-Type": "application/zip"})


def _chosen(body: dict[str, Any], world: World) -> list[Profile]:
    found = selected(world, filter_of(body, world))
    return ordered(found, body, world)[: limit_of(body, world)]


def listed(profile: Profile, world: World) -> dict[str, Any]:
    """Write a profile as lists have it, in the forms that the switches say."""
    variants = world.variants
    seconds = profile.end - profile.start
    attributes: dict[str, Any] = {"timestamp": written(world.timestamp(profile), variants.time_form)}
    top: dict[str, Any] = {}
    for name in ("id", "profile-id") if variants.id_field == "both" else (variants.id_field,):
        if name.startswith("top:"):
            top[name.removeprefix("top:")] = profile.profile_id
        else:
            attributes[name] = profile.profile_id
    if variants.has_named_attributes:
        attributes |= {
            "start": written(profile.start, variants.time_form),
            "end": written(profile.end, variants.time_form),
            "service": profile.service,
            "env": profile.env,
            "version": profile.version,
            "host": profile.host,
            "ingest_size_in_bytes": 20_000 + profile.seq % 997,
            **({"pod_name": profile.pod} if profile.pod else {}),
        }
    if variants.tags_form in ("tags", "both"):
        attributes["tags"] = list(profile.tags)
    if variants.tags_form in ("tag", "both"):
        tag: dict[str, list[str]] = {}
        for name, _, value in (text.partition(":") for text in profile.tags):
            tag.setdefault(name, []).append(value)
        attributes["tag"] = tag
    if variants.duration_form != "absent":
        nanos = round(seconds * 1e9)
        forms: dict[str, object] = {"float": float(nanos), "int": nanos, "text": str(nanos)}
        attributes["duration_nanos"] = forms[variants.duration_form]
    if variants.has_metrics and profile.cores is not None:
        attributes["custom"] = {"metrics": {"core_cpu_cores": profile.cores}}
    if variants.has_unknown_fields:
        attributes["x_unheard_of"] = {"deep": [None, {"er": 1}]}
        top["relationships"] = None
    return {"id": profile.event_id, "type": "profile", **top, "attributes": attributes}


ROUTES = (
    Route("list", "POST", "/api/unstable/profiles/list", list_profiles, READ),
    Route("download", "GET", "/api/ui/profiling/profiles/{}/download", download, READ),
    Route("gopgo", "POST", "/api/unstable/profiles/gopgo", gopgo, PGO),
)

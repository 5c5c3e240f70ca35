"""Services as people describe them [A]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.fake_datadog.auth import CATALOG
from tests.fake_datadog.messages import BadRequestError, Response, as_count, json_response
from tests.fake_datadog.routes import Call, Route
from tests.fake_datadog.store import Service


def definitions(call: Call) -> Response:
    """`GET /api/v2/services/definitions?page[size]=&page[number]=`: pages by number, from 0 [A]."""
    given = call.request.query
    size = min(as_count(given.get("page[size]", "10"), "page[size]"), 100)
    number = _from_0(given.get("page[number]", "0"), "page[number]")
    services = _sorted(call)[number * size : (number + 1) * size]
    return json_response({"data": [_definition(service) for service in services]})


def entities(call: Call) -> Response:
    """`GET /api/v2/catalog/entity?page[offset]=&page[limit]=`: pages by offset [A].

    Filtered by name, kind, owner.
    """
    given = call.request.query
    limit = min(as_count(given.get("page[limit]", "100"), "page[limit]"), 100)
    offset = _from_0(given.get("page[offset]", "0"), "page[offset]")
    found = [
        service
        for service in _sorted(call)
        if given.get("filter[name]", service.name) == service.name
        and given.get("filter[owner]", service.team) == service.team
        and given.get("filter[kind]", "service") == "service"
    ]
    page = found[offset : offset + limit]
    return json_response(
        {
            "data": [_entity(service) for service in page],
            "included": [],
            "meta": {"count": len(found), "includeCount": 0},
            "links": {"self": call.request.target},
        }
    )


def apm_services(call: Call) -> Response:
    """`GET /api/v2/apm/services?filter[env]=`; the shape is that of one client [C]."""
    env = call.request.query.get("filter[env]")
    if not env:
        raise BadRequestError("filter[env] is required")
    names = sorted({profile.service for profile in call.world.store.profiles if profile.env == env})
    return json_response({"data": {"id": env, "type": "services_list", "attributes": {"services": names}}})


def _sorted(call: Call) -> Sequence[Service]:
    return sorted(call.world.store.services, key=lambda service: service.name)


def _definition(service: Service) -> dict[str, Any]:
    schema = {
        "schema-version": "v2.2", "dd-service": service.name, "team": service.team, "application": "shop",
        "links": [{"name": "source", "type": "repo", "provider": "github", "url": service.repository}],
        "contacts": [], "languages": [service.language], "tags": [],
    }  # fmt: skip
    meta: dict[str, object] = {
        "origin": "api",
        "ingestion-source": "api",
        "last-modified-time": "2026-08-01T00:00:00Z",
        "warnings": [],
    }
    attributes: dict[str, object] = {"meta": meta, "schema": schema}
    return {"id": service.name, "type": "service-definition", "attributes": attributes}


def _entity(service: Service) -> dict[str, Any]:
    attributes: dict[str, object] = {
        "apiVersion": "v3", "kind": "service", "name": service.name, "namespace": "default",
        "owner": service.team,
        "tags": [f"team:{service.team}"], "displayName": service.name,
    }  # fmt: skip
    return {"id": f"service:default/{service.name}", "type": "entity", "attributes": attributes}


def _from_0(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadRequestError(f"{what} must be an integer from 0 on")
    return int(text[:9])


ROUTES = (
    Route("definitions", "GET", "/api/v2/services/definitions", definitions, CATALOG),
    Route("entities", "GET", "/api/v2/catalog/entity", entities, CATALOG),
    Route("apm_services", "GET", "/api/v2/apm/services", apm_services, CATALOG),
)

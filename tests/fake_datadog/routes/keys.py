"""The check of an API key."""

from __future__ import annotations

from tests.fake_datadog.messages import Response, json_response
from tests.fake_datadog.routes import Call, Route


def validate(call: Call) -> Response:
    """`GET /api/v1/validate` looks at the API key alone, never at the application key [A]."""
    return json_response({"valid": True}, form=call.world.variants.json_form)


ROUTES = (Route("validate", "GET", "/api/v1/validate", validate, None),)

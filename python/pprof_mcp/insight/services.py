"""Names of services as the files of a checkout say them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ENVIRONMENT = re.compile(
    r"^\s*(?:ENV\s+|export\s+|-\s*)?[\"']?(?:DD_SERVICE|OTEL_SERVICE_NAME)[\"']?\s*[=:\s]\s*[\"']?([A-Za-z0-9][\w.:/-]*)",
    re.MULTILINE,
)
"""Variables that name a service to its tracer. Source: Datadog's and OpenTelemetry's."""
_KUBERNETES = re.compile(r"^\s*tags\.datadoghq\.com/service:\s*[\"']?([\w.:/-]+)", re.MULTILINE)
"""Datadog's label for unified service tagging."""
_ENV_PAIR = re.compile(
    r"name:\s*[\"']?(?:DD_SERVICE|OTEL_SERVICE_NAME)[\"']?\s*\n\s*value:\s*[\"']?([A-Za-z0-9][\w.:/-]*)"
)
"""The same as Kubernetes spells a variable."""
_CODE = re.compile(r"(?:WithService|service_name|serviceName)\s*[(:=]\s*[\"'`]([A-Za-z0-9][\w.:/-]*)[\"'`]")
"""Where code sets it: dd-trace-go, OpenTelemetry's SDKs."""


def declared_services(text: str) -> Iterator[str]:
    """Find names of services that a file sets outright, in their order; a variable of a variable is none."""
    for pattern in (_ENVIRONMENT, _ENV_PAIR, _KUBERNETES, _CODE):
        for found in pattern.finditer(text):
            yield found[1]

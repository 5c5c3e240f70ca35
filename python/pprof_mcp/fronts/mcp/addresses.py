"""Addresses of what can be read: `pprof://handle/<digits>/<view>`, and their templates (RFC 6570)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.registry.spec import View
from pprof_mcp.session.handles import PREFIX

BASE = "pprof://handle/"
HANDLE = "handle"
"""Name of the template variable that stands for the digits of a handle."""

_FORM = re.compile(r"pprof://handle/([^/?#]+)/([^/?#]+)(?:\?([^#]*))?", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """What an address names.

    Attributes:
        handle: The handle.
        view: Name of the view.
        variables: What else it says.
    """

    handle: str
    view: str
    variables: dict[str, str] = field(default_factory=dict[str, str])


def address(handle: str, view: View) -> str:
    """Write the address of a view of a handle."""
    return f"{BASE}{handle.removeprefix(PREFIX)}/{view.name}"


def template(view: View) -> str:
    """Write the template of the addresses of a view."""
    query = f"{{?{','.join(view.variables)}}}" if view.variables else ""
    return f"{BASE}{{{HANDLE}}}/{view.name}{query}"


def parse(uri: str, views: Sequence[View]) -> tuple[Address, View]:
    """Read an address.

    Args:
        uri: The address; the handle in it with or without `handle:`.
        views: The views there are.

    Raises:
        InvalidArgumentError: It names nothing that could be read here.
    """
    found = _FORM.fullmatch(uri)
    templates = ", ".join(template(view) for view in views)
    if found is None:
        raise InvalidArgumentError(
            f"{uri[:200]!r} is not an address of this server",
            hint=f"Addresses: {templates}.",
            details={"argument": "uri"},
        )
    name = unquote(found[2])
    view = next((view for view in views if view.name == name), None)
    if view is None:
        raise InvalidArgumentError(
            f"{uri[:200]!r}: there is no view {name[:60]!r} of a handle",
            hint=f"Addresses: {templates}.",
            details={"argument": "uri", "available": [view.name for view in views]},
        )
    variables: dict[str, str] = {}
    for key, value in parse_qsl(found[3] or "", keep_blank_values=True):
        if key not in view.variables or key in variables:
            raise InvalidArgumentError(
                f"{uri[:200]!r}: {key[:60]!r} is {'there twice' if key in variables else 'no variable'}",
                hint=f"Addresses: {templates}.",
                details={"argument": "uri", "available": list(view.variables)},
            )
        variables[key] = value
    digits = unquote(found[1])
    return Address(PREFIX + digits.removeprefix(PREFIX), name, variables), view

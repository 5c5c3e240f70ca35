"""Every route, one family a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.fake_datadog.messages import Request, Response

if TYPE_CHECKING:
    from tests.fake_datadog.world import World


@dataclass(frozen=True)
class Call:
    """A request that found its route.

    Attributes:
        world: Everything the server knows.
        request: The request.
        parts: Parts of the path that the route leaves open, decoded.
    """

    world: World
    request: Request
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """One route.

    Attributes:
        name: By which faults, limits and the log know it.
        method: Its method; another one is a 404, as an unknown path is.
        path: Its path; `{}` stands for one part.
        answer: Makes the response.
        scope: The permission it needs; `None` when the API key is enough.
        takes_tokens: Whether bearer tokens do instead of keys.
    """

    name: str
    method: str
    path: str
    answer: Callable[[Call], Response]
    scope: str | None
    takes_tokens: bool = False

    def match(self, request: Request) -> tuple[str, ...] | None:
        """Give the open parts of the path, or `None` when the request is not for this route."""
        if request.method != self.method:
            return None
        pattern = re.escape(self.path).replace(r"\{\}", "([^/]+)")
        found = re.fullmatch(pattern, request.path)
        return None if found is None else tuple(map(unquote, found.groups()))


def all_routes() -> Sequence[Route]:
    """Give every route."""
    from tests.fake_datadog.routes import aggregate, catalog, events, keys, metrics, profiles, pup, queries

    families = (keys, profiles, pup, aggregate, queries, metrics, events, catalog)
    return [route for family in families for route in family.ROUTES]

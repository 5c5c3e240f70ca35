"""Servers that merge the profiles of a window themselves: one profile of each kind is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from pprof_mcp.errors import NotConfiguredError
from pprof_mcp.sources import profile_types
from pprof_mcp.sources.capture import Piece, file_name, unique
from pprof_mcp.sources.keeping import keep
from pprof_mcp.sources.labels import selector
from pprof_mcp.sources.named import Fetched
from pprof_mcp.sources.times import window_of

if TYPE_CHECKING:
    from pprof_mcp.sources.gate import Gate
    from pprof_mcp.sources.named import Wanted
    from pprof_mcp.sources.remote import Remote

TAKES: Final = frozenset({"url", "service", "query", "kinds", "hours", "from", "to"})
USUAL_HOURS: Final = 1.0
"""Length of a window that is not said. Source: chosen; the server merges all that is in it."""

Millis = tuple[int, int]
"""Beginning and end of a window, in milliseconds since 1970."""


class Server(Protocol):
    """What such a server is asked."""

    def types(self, window: Millis, /) -> list[str]:
        """Give the profile types there are, sorted."""
        ...

    def services(self, window: Millis, /) -> list[str]:
        """Give the services there are."""
        ...

    def save(self, profile_type: str, selector: str, window: Millis, target: Path) -> None:
        """Write the merged profile of a window to a file."""
        ...


@dataclass(frozen=True)
class Place:
    """A kind of server.

    Attributes:
        name: The name of the source.
        title: What people call it.
        variable: Names the address of the operator's own.
        example: Such an address.
        label: What a service is called there.
        connect: Makes the client for an address.
    """

    name: str
    title: str
    variable: str
    example: str
    label: str
    connect: Callable[[Gate, str], Server]


def is_meant(wanted: Wanted, configured: str) -> bool:
    """Whether one is configured, and a service or labels are named."""
    asked = wanted.text("service") or wanted.text("query")
    return bool(configured and asked and not wanted.text("url"))


def fetch(place: Place, configured: str, wanted: Wanted, remote: Remote) -> Fetched:
    """Fetch one merged profile for each kind.

    Args:
        place: What is asked.
        configured: The operator's address; empty when there is none.
        wanted: What is wanted.
        remote: The sources.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    base = (wanted.text("url") or configured).rstrip("/")
    if not base:
        raise NotConfiguredError(
            f"no {place.title} is configured",
            hint=f"Set {place.variable}, such as {place.example}, or give url.",
            details={"missing": [place.variable]},
        )
    server = place.connect(remote.gate, base)
    span = window_of(wanted.given, remote.now, USUAL_HOURS)
    window = span.millis
    service, query = wanted.text("service"), wanted.text("query")
    labels = selector(service, query, place.label, lambda: server.services(window))
    types = profile_types.chosen(server.types(window), wanted.texts("kinds"))
    kept = keep(remote, f"{place.name}|{base}|{labels}|{window}", _pieces(server, types, labels, window))
    return Fetched(kept.path, since=span.start, until=span.end, failures=kept.failures)


def _pieces(server: Server, types: Sequence[str], labels: str, window: Millis) -> list[Piece]:
    def saver(profile_type: str) -> Callable[[Path], None]:
        return lambda target: server.save(profile_type, labels, window, target)

    names = unique([file_name(f"{'.'.join(one.split(':')[:2])}.pb.gz") for one in types])
    return [
        Piece(name, f"{profile_types.kind_of(one)} ({one})", saver(one))
        for name, one in zip(names, types, strict=True)
    ]

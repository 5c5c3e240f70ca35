"""Grafana Pyroscope: merged profiles of a service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import NotConfiguredError
from pprof_mcp.sources import profile_types
from pprof_mcp.sources.capture import Piece, file_name, unique
from pprof_mcp.sources.keeping import keep
from pprof_mcp.sources.labels import selector
from pprof_mcp.sources.named import Fetched
from pprof_mcp.sources.pyroscope import Pyroscope
from pprof_mcp.sources.times import window_of

if TYPE_CHECKING:
    from pprof_mcp.sources.named import Wanted
    from pprof_mcp.sources.remote import Remote

SUMMARY: Final = "Grafana Pyroscope: of each kind one profile, merged over the window."
TAKES: Final = frozenset({"url", "service", "query", "kinds", "hours", "from", "to"})
LABEL: Final = "service_name"
"""What a service is called there: every agent sends it."""
USUAL_HOURS: Final = 1.0
"""Length of a window that is not said. Source: chosen; the server merges all that is in it."""


def fits(wanted: Wanted, remote: Remote) -> bool:
    """Whether one is configured, and a service or labels are named."""
    asked = wanted.text("service") or wanted.text("query")
    return bool(remote.settings.places.pyroscope and asked and not wanted.text("url"))


def fetch(wanted: Wanted, remote: Remote) -> Fetched:
    """Fetch one merged profile for each kind.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    base = (wanted.text("url") or remote.settings.places.pyroscope).rstrip("/")
    if not base:
        raise NotConfiguredError(
            "no Pyroscope is configured",
            hint="Set PPROF_MCP_PYROSCOPE_URL, such as http://localhost:4040, or give url.",
            details={"missing": ["PPROF_MCP_PYROSCOPE_URL"]},
        )
    server = Pyroscope(remote.gate, base)
    span = window_of(wanted.given, remote.now, USUAL_HOURS)
    window = span.millis
    labels = selector(wanted.text("service"), wanted.text("query"), LABEL, lambda: server.services(*window))
    types = profile_types.chosen(server.types(*window), wanted.texts("kinds"))

    def saver(profile_type: str) -> Callable[[Path], None]:
        return lambda target: server.save(profile_type, labels, window, target)

    names = unique([file_name(f"{'.'.join(one.split(':')[:2])}.pb.gz") for one in types])
    pieces = [
        Piece(name, f"{profile_types.kind_of(one)} ({one})", saver(one))
        for name, one in zip(names, types, strict=True)
    ]
    kept = keep(remote, f"pyroscope|{base}|{labels}|{window}", pieces)
    return Fetched(kept.path, since=span.start, until=span.end, failures=kept.failures)

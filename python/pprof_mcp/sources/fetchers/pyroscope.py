"""`source=pyroscope`: merged profiles of a service from Grafana Pyroscope."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pprof_mcp.errors import NotConfiguredError
from pprof_mcp.sources import profile_types
from pprof_mcp.sources.capture import Piece, file_name, unique
from pprof_mcp.sources.fetchers.asking import Asked, Fetched, Means, refuse, selector
from pprof_mcp.sources.pyroscope import Pyroscope

_LIVE = "Profiles are merged over the window; set from and to."


def fetch(asked: Asked, means: Means) -> Fetched:
    """Fetch one merged profile for each kind.

    Args:
        asked: `service` or `query`, `window`, `kinds` (also profile types), `url`.
        means: What may be used.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    refuse(asked, "pyroscope", seconds=_LIVE, deltas=_LIVE)
    base = (asked.url or means.settings.pyroscope).rstrip("/")
    if not base:
        raise NotConfiguredError(
            "no Pyroscope is configured",
            hint="Set PPROF_MCP_PYROSCOPE_URL, such as http://localhost:4040, or give url.",
            details={"missing": ["PPROF_MCP_PYROSCOPE_URL"]},
        )
    server = Pyroscope(means.gate, base)
    labels = selector(asked, "service_name", lambda: server.services(*asked.window))
    types = profile_types.chosen(server.types(*asked.window), asked.kinds)

    def saver(profile_type: str) -> Callable[[Path], None]:
        return lambda target: server.save(profile_type, labels, asked.window, target)

    names = unique([file_name(f"{'.'.join(one.split(':')[:2])}.pb.gz") for one in types])
    pieces = [
        Piece(name, f"{profile_types.kind_of(one)} ({one})", saver(one))
        for name, one in zip(names, types, strict=True)
    ]
    return means.capture(f"pyroscope|{base}|{labels}|{asked.window}", pieces)

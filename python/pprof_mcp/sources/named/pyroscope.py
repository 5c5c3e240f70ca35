"""Grafana Pyroscope: merged profiles of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pprof_mcp.sources import windowed
from pprof_mcp.sources.pyroscope import Pyroscope

if TYPE_CHECKING:
    from pprof_mcp.sources.named import Fetched, Wanted
    from pprof_mcp.sources.remote import Remote

SUMMARY: Final = "Grafana Pyroscope: of each kind one profile, merged over the window."
TAKES: Final = windowed.TAKES
LABEL: Final = "service_name"
"""What a service is called there: every agent sends it."""
PLACE: Final = windowed.Place(
    "pyroscope", "Pyroscope", "PPROF_MCP_PYROSCOPE_URL", "http://localhost:4040", LABEL, Pyroscope
)


def fits(wanted: Wanted, remote: Remote) -> bool:
    """Whether one is configured, and a service or labels are named."""
    return windowed.is_meant(wanted, remote.settings.places.pyroscope)


def fetch(wanted: Wanted, remote: Remote) -> Fetched:
    """Fetch one merged profile for each kind.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    return windowed.fetch(PLACE, remote.settings.places.pyroscope, wanted, remote)

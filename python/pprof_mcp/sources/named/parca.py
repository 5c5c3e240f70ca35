"""Parca: merged profiles of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pprof_mcp.sources import windowed
from pprof_mcp.sources.parca import Parca

if TYPE_CHECKING:
    from pprof_mcp.sources.named import Fetched, Wanted
    from pprof_mcp.sources.remote import Remote

SUMMARY: Final = "Parca: of each kind one profile, merged over the window."
TAKES: Final = windowed.TAKES
LABEL: Final = "job"
"""What a service is called there: every scraped target has the name of its scrape job."""
PLACE: Final = windowed.Place("parca", "Parca", "PPROF_MCP_PARCA_URL", "http://localhost:7070", LABEL, Parca)


def fits(wanted: Wanted, remote: Remote) -> bool:
    """Whether one is configured, and a service or labels are named."""
    return windowed.is_meant(wanted, remote.settings.places.parca)


def fetch(wanted: Wanted, remote: Remote) -> Fetched:
    """Fetch one merged profile for each kind.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    return windowed.fetch(PLACE, remote.settings.places.parca, wanted, remote)

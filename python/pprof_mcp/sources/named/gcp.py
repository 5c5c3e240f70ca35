"""Google Cloud Profiler: the newest profiles of a deployment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import ProfileGoneError
from pprof_mcp.sources.capture import Piece, file_name, unique
from pprof_mcp.sources.gcp import CloudProfiler
from pprof_mcp.sources.keeping import keep, tell
from pprof_mcp.sources.named import Fetched
from pprof_mcp.sources.times import window_of

if TYPE_CHECKING:
    from pprof_mcp.sources.gcp import Found
    from pprof_mcp.sources.named import Wanted
    from pprof_mcp.sources.remote import Remote

SUMMARY: Final = "Google Cloud Profiler: the newest profiles of a deployment, of each kind."
TAKES: Final = frozenset({"service", "kinds", "hours", "from", "to", "limit"})
USUAL_HOURS: Final = 24.0
"""Length of a window that is not said. Source: chosen; the service takes a profile every minute or so."""


def fits(wanted: Wanted, remote: Remote) -> bool:
    """Whether its project is configured, and a service is named."""
    return bool(remote.settings.places.gcp_project and wanted.text("service") and not wanted.text("url"))


def fetch(wanted: Wanted, remote: Remote) -> Fetched:
    """Fetch the newest profiles of each kind.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    places, service = remote.settings.places, wanted.text("service")
    server = CloudProfiler(remote.gate, places.gcp_url, places.gcp_project, places.gcp_token)
    server.check()
    span = window_of(wanted.given, remote.now, USUAL_HOURS)
    found = server.newest(
        service=service,
        kinds=wanted.texts("kinds"),
        window=span.millis,
        limit=int(wanted.number("limit", 1)),
        done=tell,
    )
    if not found.profiles:
        raise ProfileGoneError(
            f"none of {found.looked_at} profiles of project {places.gcp_project} fits; "
            f"deployments: {', '.join(found.targets[:20]) or 'none'}",
            hint="Choose a deployment that is listed as service, or widen the window.",
            details={"available": list(found.targets[:100])},
        )
    names = unique([file_name(f"{one.target}.{one.kind}.pb.gz") for one in found.profiles])
    pieces = [
        Piece(name, one.kind, _writer(one.content)) for name, one in zip(names, found.profiles, strict=True)
    ]
    kept = keep(remote, f"gcp|{places.gcp_project}|{service}", pieces)
    return Fetched(
        kept.path, since=span.start, until=span.end, failures=kept.failures, warnings=_warnings(found)
    )


def _writer(content: bytes) -> Callable[[Path], None]:
    return lambda target: _write(target, content)


def _write(target: Path, content: bytes) -> None:
    target.write_bytes(content)


def _warnings(found: Found) -> tuple[str, ...]:
    warnings: list[str] = []
    if found.fitting > len(found.profiles):
        warnings.append(
            f"{found.fitting} profiles fit, the {len(found.profiles)} newest were taken: raise limit for more"
        )
    if not found.is_whole:
        warnings.append(
            f"the list goes on behind the {found.looked_at} profiles that were looked at; it knows no order, "
            "so newer ones may be there"
        )
    return tuple(warnings)

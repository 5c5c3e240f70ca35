"""`source=gcp`: the newest profiles of a deployment from Google Cloud Profiler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pprof_mcp.errors import ProfileGoneError
from pprof_mcp.progress import WATCH
from pprof_mcp.sources.capture import Piece, file_name, unique
from pprof_mcp.sources.fetchers.asking import Asked, Fetched, Means, refuse
from pprof_mcp.sources.gcp import CloudProfiler, Found


def fetch(asked: Asked, means: Means) -> Fetched:
    """Fetch the newest profiles of each kind.

    Args:
        asked: `service`, `window`, `kinds`, `limit`.
        means: What may be used.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    live = "Profiles were taken before; set from and to."
    labels = "The list has no labels to choose by; set service."
    address = "The project is set in PPROF_MCP_GCP_PROJECT."
    refuse(asked, "gcp", url=address, query=labels, seconds=live, deltas=live)
    settings = means.settings
    server = CloudProfiler(means.gate, settings.gcp_url, settings.gcp_project, settings.gcp_token)
    server.check()
    watch = WATCH.get()

    def done(pages: int, most: int) -> None:
        if watch is not None:
            watch(pages, most, 0, 0)

    found = server.newest(
        service=asked.service, kinds=asked.kinds, window=asked.window, limit=asked.limit, done=done
    )
    if not found.profiles:
        raise ProfileGoneError(
            f"none of {found.looked_at} profiles of project {settings.gcp_project} fits; "
            f"deployments: {', '.join(found.targets[:20]) or 'none'}",
            hint="Choose a deployment that is listed as service, or widen the window.",
            details={"available": list(found.targets[:100])},
        )
    stems = [file_name(f"{one.target}.{one.kind}.pb.gz") for one in found.profiles]
    pieces = [
        Piece(name, one.kind, _writer(one.content))
        for name, one in zip(unique(stems), found.profiles, strict=True)
    ]
    fetched = means.capture(f"gcp|{settings.gcp_project}|{asked.service}", pieces)
    return Fetched(fetched.path, failures=fetched.failures, warnings=_warnings(found))


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

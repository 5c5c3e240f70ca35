"""Captures of a session: fetched side by side, told as they come, kept with other downloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pprof_mcp.progress import WATCH
from pprof_mcp.sources.capture import Captured, Failure, Piece, fetch
from pprof_mcp.sources.net.saving import write_whole
from pprof_mcp.sources.remote import LIVE_AT_ONCE, Remote

FETCHED = "profiles fetched"


@dataclass(frozen=True)
class Kept:
    """A capture on disk.

    Attributes:
        path: The zip of its profiles.
        apart: Files that explain a profile of it, by name.
        failures: What could not be fetched.
    """

    path: Path
    apart: dict[str, Path]
    failures: tuple[Failure, ...]


def tell(done: int, total: int, what: str = "pages looked at") -> None:
    """Tell whoever watches this call how far it is, and with what."""
    watch = WATCH.get()
    if watch is not None:
        watch(done, total, 0, 0, what)


def keep(remote: Remote, key: str, pieces: Sequence[Piece]) -> Kept:
    """Fetch pieces side by side, and keep them as one zip.

    Args:
        remote: Where downloads are kept.
        key: What they are. Fetched each time all the same: a program that runs is never the same twice.
        pieces: What to fetch.

    Raises:
        PprofMcpError: None could be fetched.
    """
    result = Captured()

    def zipped(target: Path) -> dict[str, str]:
        nonlocal result
        result = fetch(
            pieces, target, workers=LIVE_AT_ONCE, done=lambda count: tell(count, len(pieces), FETCHED)
        )
        return {"source": key}

    tell(0, len(pieces), FETCHED)
    stamp = f"{key}|{remote.wall()}|{remote.next_number()}"
    kept = remote.downloads.get(stamp, zipped, ending=".zip")
    apart: dict[str, Path] = {}
    for name, content in result.apart.items():

        def written(target: Path, content: bytes = content) -> dict[str, str]:
            write_whole(target, content)
            return {"source": key}

        apart[name] = remote.downloads.get(f"{stamp}|{name}", written).path
    return Kept(kept.path, apart, tuple(result.failures))

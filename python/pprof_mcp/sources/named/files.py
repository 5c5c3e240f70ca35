"""A profile, zip, directory or glob on this machine, as `profiles.open` takes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.named import Fetched

if TYPE_CHECKING:
    from pprof_mcp.sources.named import Wanted
    from pprof_mcp.sources.remote import Remote

SUMMARY: Final = "A profile, zip, directory or glob on this machine."
TAKES: Final = frozenset({"url"})


def fits(wanted: Wanted, remote: Remote) -> bool:
    """Whether a path is named."""
    del remote
    url = wanted.text("url")
    return bool(url) and "://" not in url


def fetch(wanted: Wanted, remote: Remote) -> Fetched:
    """Give the path; the fence looks at it when it is opened.

    Raises:
        InvalidArgumentError: There is no path.
    """
    if not fits(wanted, remote):
        raise InvalidArgumentError(
            "source=files needs a path as url",
            hint="Give a file, zip, directory or glob.",
            details={"argument": "url"},
        )
    return Fetched(Path(wanted.text("url")))

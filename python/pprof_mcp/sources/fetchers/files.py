"""`source=files`: a profile, zip, directory or glob on this machine, as `profiles.open` takes it."""

from __future__ import annotations

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.fetchers.asking import Asked, Fetched, Means, refuse


def fetch(asked: Asked, means: Means) -> Fetched:
    """Give the path; the fence looks at it when it is opened.

    Args:
        asked: `url`: the path.
        means: Not needed.

    Raises:
        InvalidArgumentError: There is no path.
    """
    del means
    all_there = "All profiles there are opened; choose one with handle#kind."
    refuse(
        asked,
        "files",
        service=all_there,
        query=all_there,
        kinds=all_there,
        seconds=all_there,
        deltas=all_there,
    )
    if not asked.url or "://" in asked.url:
        raise InvalidArgumentError(
            "source=files needs a path as url",
            hint="Give a file, zip, directory or glob.",
            details={"argument": "url"},
        )
    return Fetched(asked.url)

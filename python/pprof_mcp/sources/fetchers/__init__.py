"""Where `profiles.download` fetches from: one file for each source, called as the source is.

Each has a function `fetch` from what is asked and what it may use to a `Fetched`. None is loaded before it is
asked.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Literal

from pprof_mcp.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pprof_mcp.sources.fetchers.asking import Asked, Fetched, Means

Source = Literal["http", "pyroscope", "parca", "gcp", "object", "files"]

SOURCES: tuple[Source, ...] = ("http", "pyroscope", "parca", "gcp", "object", "files")


def fetcher(name: str) -> Callable[[Asked, Means], Fetched]:
    """Give the function that fetches from a source.

    Raises:
        InvalidArgumentError: There is no such source.
    """
    if name not in SOURCES:
        raise InvalidArgumentError(
            f"there is no source {name[:60]!r}; there are {', '.join(SOURCES)}",
            details={"argument": "source", "available": list(SOURCES)},
        )
    return importlib.import_module(f"pprof_mcp.sources.fetchers.{name}").fetch


def by_url(url: str, selector: str, means: Means) -> Fetched:
    """Fetch what a URL means: an endpoint or file over HTTP, or an object.

    Args:
        url: The URL, without what is behind `#`.
        selector: What is wanted of it; of a running program only that kind is fetched.
        means: What may be used.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    from pprof_mcp.sources.fetchers.asking import Asked
    from pprof_mcp.sources.pprof_http import endpoint_of

    over_http = url.lower().startswith(("http://", "https://"))
    is_endpoint = over_http and endpoint_of(url) is not None
    kinds = (selector.removesuffix(".pb.gz"),) if selector and is_endpoint else ()
    return fetcher("http" if over_http else "object")(Asked(url=url, kinds=kinds), means)

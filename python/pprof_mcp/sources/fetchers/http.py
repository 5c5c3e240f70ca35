"""`source=http`: a program that serves net/http/pprof, or a file at a URL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources import pprof_http
from pprof_mcp.sources.capture import Piece, check_content, file_name
from pprof_mcp.sources.fetchers.asking import Asked, Fetched, Means, refuse

_ONLY_LABELS = "It belongs to sources that keep profiles of many services: pyroscope, parca, gcp."


def fetch(asked: Asked, means: Means) -> Fetched:
    """Fetch all profiles of an endpoint, or the one file a URL names.

    Args:
        asked: `url`; for an endpoint `kinds`, `seconds` and `deltas`.
        means: What may be used.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    refuse(asked, "http", service=_ONLY_LABELS, query=_ONLY_LABELS)
    if not asked.url:
        raise InvalidArgumentError(
            "source=http needs a url",
            hint="Give http://host:port for all profiles of a program, or the URL of a file.",
            details={"argument": "url"},
        )
    means.gate.hosts.check(asked.url)
    index = pprof_http.endpoint_of(asked.url)
    if index is None:
        return _file(asked, means)
    if not 1 <= asked.seconds <= pprof_http.MOST_SECONDS:
        raise InvalidArgumentError(
            f"seconds is {asked.seconds}; it must be 1 to {pprof_http.MOST_SECONDS}",
            details={"argument": "seconds"},
        )
    pieces = pprof_http.pieces(
        means.gate,
        index,
        kinds=asked.kinds,
        seconds=asked.seconds,
        deltas=asked.deltas,
        stacks=not asked.kinds or "goroutine" in asked.kinds,
    )
    return means.capture(f"http|{index}", pieces)


def _file(asked: Asked, means: Means) -> Fetched:
    whole = "It belongs to a whole endpoint: give its url without the name of a profile."
    refuse(asked, "http with the URL of a file", kinds=whole, deltas=whole)

    def save(target: Path) -> None:
        # What a live program is asked for may take as long as its query says.
        request = means.gate.request(asked.url, "the profile", read_seconds=pprof_http.patience(asked.url))
        means.gate.save(request, target, check_content(request.host, "the profile"))

    name = file_name(unquote(urlsplit(asked.url).path.rpartition("/")[2]))
    return means.capture(f"http|{asked.url}", [Piece(name, "profile", save)])

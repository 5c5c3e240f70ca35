"""A program that serves net/http/pprof, or a file at a URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources import pprof_http
from pprof_mcp.sources.capture import Piece, check_content, file_name
from pprof_mcp.sources.keeping import keep
from pprof_mcp.sources.named import Fetched

if TYPE_CHECKING:
    from pprof_mcp.sources.keeping import Kept
    from pprof_mcp.sources.named import Wanted
    from pprof_mcp.sources.remote import Remote

SUMMARY: Final = "All profiles of a program that serves net/http/pprof, or the file at a URL."
TAKES: Final = frozenset({"url", "kinds", "seconds", "deltas"})
USUAL_SECONDS: Final = 10
"""Length of a CPU profile that is not said. Source: chosen; the handler itself takes 30."""


def fits(wanted: Wanted, remote: Remote) -> bool:
    """Whether a URL of HTTP is named."""
    del remote
    return is_http(wanted.text("url"))


def fetch(wanted: Wanted, remote: Remote) -> Fetched:
    """Fetch all profiles of an endpoint, or the one file a URL names.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    url, kinds, deltas = wanted.text("url"), wanted.texts("kinds"), wanted.flag("deltas")
    if not url:
        raise InvalidArgumentError(
            "source=http needs a url",
            hint="Give http://host:port for all profiles of a program, or the URL of a file.",
            details={"argument": "url"},
        )
    remote.gate.hosts.check(url)
    index = pprof_http.endpoint_of(url)
    if index is None:
        strange = [name for name in ("deltas", "kinds", "seconds") if name in wanted.given]
        if strange:
            raise InvalidArgumentError(
                f"{', '.join(strange)}: only a whole endpoint takes that, and {url[:200]} is a file",
                hint="Give the url without the name of a profile, such as http://host:port.",
                details={"argument": strange[0]},
            )
        return _fetched(_file(url, remote))
    pieces = pprof_http.pieces(
        remote.gate,
        index,
        kinds=kinds,
        seconds=int(wanted.number("seconds", USUAL_SECONDS)),
        deltas=deltas,
        stacks=not kinds or "goroutine" in kinds,
    )
    return _fetched(keep(remote, f"http|{index}", pieces))


def is_http(url: str) -> bool:
    """Whether a URL is one of HTTP."""
    return url.lower().startswith(("http://", "https://"))


def _fetched(kept: Kept) -> Fetched:
    return Fetched(kept.path, apart=kept.apart, failures=kept.failures)


def _file(url: str, remote: Remote) -> Kept:
    def save(target: Path) -> None:
        # What a live program is asked for may take as long as its query says.
        request = remote.gate.request(url, "the profile", read_seconds=pprof_http.patience(url))
        remote.gate.save(request, target, check_content(request.host, "the profile"))

    name = file_name(unquote(urlsplit(url).path.rpartition("/")[2]))
    return keep(remote, f"http|{url}", [Piece(name, "profile", save)])

"""Sources by name, for `profiles.download`: one file is one source, and its name is the file's.

A source is a module with

    SUMMARY    one line: what it is asked for
    TAKES      the arguments of `profiles.download` it understands
    fits       whether it is meant by arguments that name no source
    fetch      downloads, and says where the files are

It knows no tool, no handle, no front.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from pprof_mcp.errors import InvalidArgumentError

if TYPE_CHECKING:
    from datetime import datetime

    from pprof_mcp.sources.capture import Failure
    from pprof_mcp.sources.remote import Remote

AUTO = "auto"


@dataclass(frozen=True)
class Wanted:
    """What is to be downloaded: the arguments of `profiles.download`.

    Attributes:
        given: Arguments that differ from their defaults, by name.
    """

    given: Mapping[str, object]

    def text(self, name: str) -> str:
        """Give a text, empty when it was not given."""
        value = self.given.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts, empty when it was not given."""
        value = self.given.get(name, ())
        return tuple(map(str, cast("list[object]", value))) if isinstance(value, (list, tuple)) else ()

    def flag(self, name: str) -> bool:
        """Give whether something was asked for."""
        return self.given.get(name) is True

    def number(self, name: str, default: float) -> float:
        """Give a number."""
        value = self.given.get(name, default)
        return float(value) if isinstance(value, (int, float)) else default


@dataclass(frozen=True)
class Fetched:
    """What was downloaded.

    Attributes:
        path: File, zip or folder that the session is to open.
        service: Service.
        env: Environment.
        version: Version.
        host: Host.
        runtime: Language or runtime.
        tags: Tags as `name:value`, sorted.
        site: Site of Datadog; None for other sources.
        since: Start of the window that was looked at, if one was.
        until: Its end.
        profile_id: Short id at the source.
        event_id: Long id at the source.
        timestamp: When it was taken.
        start: When it begins.
        end: When it ends.
        warnings: What limits it.
        apart: Files that explain a profile of it, by name.
        failures: What could not be fetched.
    """

    path: Path
    service: str = ""
    env: str = ""
    version: str = ""
    host: str = ""
    runtime: str = ""
    tags: tuple[str, ...] = ()
    site: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    profile_id: str = ""
    event_id: str = ""
    timestamp: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    warnings: tuple[str, ...] = field(default=())
    apart: Mapping[str, Path] = field(default_factory=dict[str, Path])
    failures: tuple[Failure, ...] = field(default=())


class Source(Protocol):
    """A source of profiles."""

    SUMMARY: str
    TAKES: frozenset[str]

    def fits(self, wanted: Wanted, remote: Remote) -> bool:
        """Whether it is meant by arguments that name no source."""
        ...

    def fetch(self, wanted: Wanted, remote: Remote) -> Fetched:
        """Download what is wanted.

        Raises:
            PprofMcpError: It can not be had.
        """
        ...


@cache
def names() -> tuple[str, ...]:
    """Give the names of all sources, sorted."""
    found = Path(__file__).resolve().parent.glob("*.py")
    return tuple(sorted(path.stem for path in found if not path.stem.startswith("_")))


def load(name: str) -> Source:
    """Import a source.

    Raises:
        InvalidArgumentError: There is none of that name.
    """
    if name not in names():
        raise InvalidArgumentError(
            f"source: there is no source {name[:60]!r}; there are: {', '.join((AUTO, *names()))}",
            details={"argument": "source", "available": [AUTO, *names()]},
        )
    return cast("Source", importlib.import_module(f"{__name__}.{name}"))


def choose(name: str, wanted: Wanted, remote: Remote) -> str:
    """Give the source that is meant.

    Args:
        name: Its name, or `auto` for the first, by name, that the arguments fit; one that takes them all
            comes before others.
        wanted: The arguments.
        remote: What is configured.

    Raises:
        InvalidArgumentError: None is, or the one named does not understand an argument.
    """
    if name == AUTO:
        fitting = [one for one in names() if load(one).fits(wanted, remote)]
        # Of several, one that understands everything that was said.
        fitting.sort(key=lambda one: not wanted.given.keys() <= load(one).TAKES)
        if not fitting:
            known = "; ".join(f"{one}: {', '.join(sorted(load(one).TAKES))}" for one in names())
            raise InvalidArgumentError(
                "source: the arguments fit no source",
                hint=f"Name the source, or give what it needs. {known}.",
                details={"argument": "source", "available": list(names())},
            )
        name = fitting[0]
    taken = load(name).TAKES
    strange = sorted(set(wanted.given) - taken)
    if strange:
        raise InvalidArgumentError(
            f"source={name} takes no {', '.join(strange)}",
            hint=f"It takes: {', '.join(sorted(taken))}.",
            details={"argument": strange[0], "available": sorted(taken)},
        )
    return name


def by_url(url: str, selector: str, remote: Remote) -> Path:
    """Fetch what a URL means: an endpoint or file over HTTP, or an object.

    Args:
        url: The URL, without what is behind `#`.
        selector: What is wanted of it; of a running program only that kind is fetched.
        remote: Asks.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    from pprof_mcp.sources.named.http import is_http
    from pprof_mcp.sources.pprof_http import endpoint_of

    given: dict[str, object] = {"url": url}
    if selector and is_http(url) and endpoint_of(url):
        given["kinds"] = [selector.removesuffix(".pb.gz")]
    return load("http" if is_http(url) else "object").fetch(Wanted(given), remote).path

"""What a source is asked for, what it may use, and what it gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.progress import WATCH
from pprof_mcp.sources.capture import Captured, Failure, Piece, fetch
from pprof_mcp.sources.gate import Gate
from pprof_mcp.sources.net.cache import DownloadCache
from pprof_mcp.sources.net.saving import write_whole
from pprof_mcp.sources.places import PlaceSettings
from pprof_mcp.sources.remote import LIVE_AT_ONCE


@dataclass(frozen=True)
class Asked:
    """What is wanted. Each source takes some of it and refuses the rest.

    Attributes:
        url: An endpoint, file, folder or object; the configured server when empty.
        service: The service.
        query: Labels.
        kinds: Kinds; all when empty.
        window: From when to when, in milliseconds since 1970.
        seconds: How long the CPU profile of a live program, and each difference, takes.
        deltas: Whether counters of a live program are fetched as what came about in that time.
        limit: Profiles of each kind at most, where a source has many.
    """

    url: str = ""
    service: str = ""
    query: str = ""
    kinds: tuple[str, ...] = ()
    window: tuple[int, int] = (0, 0)
    seconds: int = 10
    deltas: bool = False
    limit: int = 1


@dataclass(frozen=True)
class Means:
    """What a source may use.

    Attributes:
        gate: Asks other hosts.
        cache: Keeps what was fetched.
        settings: What the operator says.
        restricted: Whether only what the operator allows may be asked.
        now: Nanoseconds since 1970; what is fetched from a program that runs is never the same twice.
    """

    gate: Gate
    cache: DownloadCache
    settings: PlaceSettings
    restricted: bool
    now: Callable[[], int] = time.time_ns

    def capture(self, key: str, pieces: Sequence[Piece]) -> Fetched:
        """Fetch pieces side by side, and keep them as one zip; tells how far it is.

        Args:
            key: What they are.
            pieces: What to fetch.

        Raises:
            PprofMcpError: None could be fetched.
        """
        watch = WATCH.get()
        result = Captured()

        def done(count: int) -> None:
            if watch is not None:
                watch(count, len(pieces), 0, 0)

        def zipped(target: Path) -> dict[str, str]:
            nonlocal result
            result = fetch(pieces, target, workers=LIVE_AT_ONCE, done=done)
            return {"source": key}

        if watch is not None:
            watch(0, len(pieces), 0, 0)
        stamp = f"{key}|{self.now()}"
        kept = self.cache.get(stamp, zipped, ending=".zip")
        apart = {name: self.keep(f"{stamp}|{name}", content) for name, content in result.apart.items()}
        return Fetched(str(kept.path), apart=apart, failures=tuple(result.failures))

    def keep(self, key: str, content: bytes, ending: str = "") -> str:
        """Keep one file; give its path."""

        def write(target: Path) -> dict[str, str]:
            write_whole(target, content)
            return {}

        return str(self.cache.get(key, write, ending=ending).path)


@dataclass(frozen=True)
class Fetched:
    """What a source gave.

    Attributes:
        path: What to open: a profile, zip, directory or glob.
        apart: Paths of files that explain a profile of it, by name.
        failures: What could not be fetched.
        warnings: What limits it.
    """

    path: str
    apart: dict[str, str] = field(default_factory=dict[str, str])
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()


def refuse(asked: Asked, source: str, **meaningless: str) -> None:
    """Refuse arguments that mean nothing to a source.

    Args:
        asked: What was asked.
        source: The source.
        meaningless: Field of `Asked`, and what to do instead.

    Raises:
        InvalidArgumentError: One was given.
    """
    plain = Asked()
    for name, instead in meaningless.items():
        if getattr(asked, name) != getattr(plain, name):
            raise InvalidArgumentError(
                f"{name} means nothing to source={source}",
                hint=instead,
                details={"argument": name, "source": source},
            )


def selector(asked: Asked, label: str, there: Callable[[], Sequence[str]]) -> str:
    """Give the labels in braces that a continuous profiler is asked for.

    Args:
        asked: Its `query` may have the braces or not; its `service` is one more label.
        label: What a service is called there.
        there: Gives the services there are, for the error.

    Raises:
        InvalidArgumentError: Neither is given: all services together say little.
    """
    inner = asked.query.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    escaped = asked.service.replace("\\", "\\\\").replace('"', '\\"')
    parts = [f'{label}="{escaped}"'] if asked.service else []
    parts += [inner] if inner else []
    if not parts and not asked.query.strip():
        known = list(there())
        raise InvalidArgumentError(
            f"say which service; there are: {', '.join(known[:20]) or 'none in this window'}",
            hint='Give service, or query with labels such as {region="eu"}; query="{}" means all together.',
            details={"argument": "service", "available": known[:100]},
        )
    return "{" + ", ".join(parts) + "}"

"""The sources of one session that are reached over the network: made when they are first asked."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pprof_mcp.settings import Settings, store_folder

if TYPE_CHECKING:
    from pprof_mcp.sources.datadog.metrics import Metrics
    from pprof_mcp.sources.datadog.profiles import Profiles
    from pprof_mcp.sources.datadog.services import Services
    from pprof_mcp.sources.gate import Gate
    from pprof_mcp.sources.net.cache import DownloadCache, Facts
    from pprof_mcp.sources.net.client import Http
    from pprof_mcp.sources.net.limiter import Limiter
    from pprof_mcp.sources.net.proxies import Proxies

DOWNLOADS = "downloads"
"""Their folder, under this program's own."""
LIVE_AT_ONCE = 8
"""Requests to one program at once (chosen): as many as Go has profiles, so all cover the same seconds."""


class Remote:
    """Safe to use from several threads.

    Args:
        settings: Keys, addresses, proxies, limits.
        folder: Where downloads are kept; under the folder of this program's own when not given.
        connect: Makes the client for proxies, for tests; the usual one when not given.
        wall: Seconds since 1970.
        restricted: Whether only hosts that the operator allows may be asked by address; the user of a shell
            names every address himself.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        folder: Path | None = None,
        connect: Callable[[Proxies, Limiter], Http] | None = None,
        wall: Callable[[], float] = time.time,
        restricted: bool = True,
    ) -> None:
        self.settings = settings
        self.restricted = restricted
        self._numbers = itertools.count(1)
        self.wall = wall
        self._folder = folder
        self._connect = connect
        self._lock = threading.RLock()

    @property
    def now(self) -> datetime:
        """The time, in UTC, to the second."""
        return datetime.fromtimestamp(int(self.wall()), timezone.utc)

    @property
    def http(self) -> Http:
        """The client of sources without proxies of their own."""
        with self._lock:
            return self._http

    @property
    def gate(self) -> Gate:
        """Asks hosts by the addresses that callers give."""
        with self._lock:
            return self._gate

    def next_number(self) -> int:
        """Give a number that was not given before: two captures of one moment are two."""
        return next(self._numbers)

    @property
    def downloads(self) -> DownloadCache:
        """Downloads that are kept."""
        with self._lock:
            return self._downloads

    def told(self, path: str) -> Facts | None:
        """Give what was told about a file when it was downloaded; None when it was not, by this program."""
        # Most files lie elsewhere: they need no network code to be loaded.
        if Path(path).parent != (self._folder or store_folder() / DOWNLOADS):
            return None
        return self.downloads.facts(Path(path))

    @property
    def profiles(self) -> Profiles:
        """Datadog's profiles."""
        with self._lock:
            return self._profiles

    @property
    def metrics(self) -> Metrics:
        """Datadog's measures, series and events."""
        with self._lock:
            return self._metrics

    @property
    def services(self) -> Services:
        """Services that Datadog has profiles of."""
        with self._lock:
            return self._services

    @cached_property
    def _services(self) -> Services:
        from pprof_mcp.sources.datadog.services import Services

        return Services(self)

    @cached_property
    def _limiter(self) -> Limiter:
        from pprof_mcp.sources.net.limiter import Limiter

        net = self.settings.net
        return Limiter(at_once=net.at_once, per_second=net.per_second, burst=net.burst)

    @cached_property
    def _http(self) -> Http:
        return self._client(self.settings.net.proxies)

    @cached_property
    def _gate(self) -> Gate:
        from pprof_mcp.sources.gate import Gate
        from pprof_mcp.sources.net.limiter import Limiter

        settings = self.settings
        http = self._client(settings.net.proxies, Limiter(at_once=LIVE_AT_ONCE, per_second=0))
        return Gate(http, settings.places, settings.net, self.restricted)

    @cached_property
    def _downloads(self) -> DownloadCache:
        from pprof_mcp.sources.net.cache import DownloadCache

        folder = self._folder or store_folder() / DOWNLOADS
        return DownloadCache(folder, self.settings.net.cache_bytes, now=self.wall)

    @cached_property
    def _profiles(self) -> Profiles:
        from pprof_mcp.sources.datadog.asking import Asker
        from pprof_mcp.sources.datadog.profiles import Profiles

        settings = self.settings
        asker = Asker(settings.datadog, self._client(settings.datadog.proxies))
        return Profiles(asker, self._downloads, settings.net.download_bytes, settings.limits)

    @cached_property
    def _metrics(self) -> Metrics:
        from pprof_mcp.sources.datadog.metrics import Metrics

        return Metrics(self._profiles.asker)

    def _client(self, proxies: Proxies, limiter: Limiter | None = None) -> Http:
        # One pace for all: they are asked by one user, and often through one proxy.
        limiter = limiter or self._limiter
        if self._connect is not None:
            return self._connect(proxies, limiter)
        from pprof_mcp import _native
        from pprof_mcp.sources.net.client import Http

        version = _native.build_info()["version"]
        return Http(limiter=limiter, proxies=proxies, user_agent=f"pprof-mcp/{version}", wall=self.wall)

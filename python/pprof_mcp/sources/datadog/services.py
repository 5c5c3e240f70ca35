"""Which services have profiles: the query of measures counts all, the list of profiles tells most."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from pprof_mcp.errors import (
    CancelledError,
    NotConfiguredError,
    PprofMcpError,
    RefusedError,
    SourceError,
    UnauthorizedError,
)
from pprof_mcp.sources.datadog.asking import fields, items
from pprof_mcp.sources.datadog.profiles import PAGE
from pprof_mcp.sources.datadog.query import any_of
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.remote import Remote

KEPT_SECONDS: Final = 600.0
"""Age from which services are asked for again. Source: the system whose users this program serves."""
ROUNDS: Final = 4
"""Pages of the list that are looked through, each without the services found before (chosen: two seconds)."""
MOST_EXCLUDED: Final = 100
"""Services that one search leaves out (chosen: so that the search stays short)."""
MOST_ROWS: Final = 1_000
"""Rows of one query. Source: `Metrics.scalar` asks for so many."""
_FACETS: Final = (("service", "env", "runtime"), ("service", "env"), ("service",))
"""What is counted by, the best first: which facets profiles have is not published."""
_UNKNOWN = ("", "N/A")

FoundBy = Literal["query", "list"]


@dataclass
class Known:
    """One service.

    Attributes:
        profiles: By environment, how many profiles; of a list only those that were looked at.
        versions: Its versions.
        runtimes: Its runtimes.
    """

    profiles: Counter[str] = field(default_factory=Counter[str])
    versions: set[str] = field(default_factory=set[str])
    runtimes: set[str] = field(default_factory=set[str])


@dataclass(frozen=True)
class Directory:
    """All services of a site.

    Attributes:
        services: By name.
        found_by: Which way.
        is_complete: Whether there are surely no others.
        asked_at: When.
        window: Of when their profiles are.
        site: Which site.
        warnings: What limits it.
        versions: Whether versions are known yet, by service.
    """

    services: Mapping[str, Known]
    found_by: FoundBy
    is_complete: bool
    asked_at: datetime
    window: Window
    site: str
    warnings: tuple[str, ...] = ()
    versions: set[str] = field(default_factory=set[str])


class Services:
    """Finds services, and remembers them for some minutes. Safe to use from several threads.

    Args:
        remote: The sources.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, float], Directory] = {}

    def directory(self, site: str, hours: float, *, refresh: bool = False) -> tuple[Directory, bool]:
        """Give all services that have profiles.

        Args:
            site: The site; the configured one when empty.
            hours: Of how many hours back.
            refresh: Whether to ask even when it is known.

        Returns:
            The services, and whether they were known.

        Raises:
            PprofMcpError: Neither way is open; both reasons are told.
        """
        key = (self._remote.profiles.asker.hosts(site).site, hours)
        with self._lock:
            kept = self._kept.get(key)
        now = self._remote.now
        if kept is not None and not refresh and 0 <= (now - kept.asked_at).total_seconds() < KEPT_SECONDS:
            return kept, True
        found = self._asked(key[0], site, Window(now - timedelta(hours=hours), now))
        with self._lock:
            self._kept[key] = found
        return found, False

    def learn_versions(self, directory: Directory, names: Iterable[str], site: str) -> list[str]:
        """Ask for the versions of some services, once.

        Returns:
            Warnings: versions are worth no error.
        """
        missing = [name for name in names if name not in directory.versions]
        if not missing or directory.found_by == "list":
            return []
        try:
            rows = self._rows(("service", "version"), any_of("service", missing), directory.window, site)
        except CancelledError:
            raise
        except PprofMcpError as problem:
            return [f"versions are not known: {problem.message[:200]}"]
        with self._lock:
            for (name, version), _ in rows:
                if name in directory.services and version not in _UNKNOWN:
                    directory.services[name].versions.add(version)
            directory.versions.update(missing)
        return []

    def _asked(self, name: str, site: str, window: Window) -> Directory:
        now = self._remote.now
        try:
            services, is_complete = self._queried(window, site)
            if services:
                return Directory(services, "query", is_complete, now, window, name, _cut(is_complete))
            reason = "the query of measures knows no profiles"
            refusal = None
        except (CancelledError, NotConfiguredError, UnauthorizedError):
            raise
        except SourceError as problem:
            reason, refusal = problem.message, problem
        try:
            services, is_complete = self._listed(window, site)
        except CancelledError:
            raise
        except PprofMcpError as problem:
            if refusal is None:
                raise
            told = f"{problem.message}; nor by the query of measures: {refusal.message}"
            raise type(problem)(told, hint=problem.hint, details=problem.details) from None
        warnings = () if refusal is None else (f"found by the list of profiles, because {reason[:300]}",)
        if not is_complete:
            warnings += ("the list of profiles goes on: services with few profiles may be missing",)
        return Directory(services, "list", is_complete, now, window, name, warnings)

    def _queried(self, window: Window, site: str) -> tuple[dict[str, Known], bool]:
        """Count profiles by as many facets as the source lets."""
        for place, facets in enumerate(_FACETS):
            try:
                rows = self._rows(facets, "*", window, site)
            except RefusedError:
                if place == len(_FACETS) - 1:
                    raise
                continue
            services: dict[str, Known] = {}
            for values, count in rows:
                given = dict(zip(facets, values, strict=True))
                if given["service"] in _UNKNOWN:
                    continue
                known = services.setdefault(given["service"], Known())
                known.profiles[_said(given.get("env", ""))] += count
                if runtime := _said(given.get("runtime", "")):
                    known.runtimes.add(runtime)
            return services, len(rows) < MOST_ROWS
        raise AssertionError("the last way ends the loop")

    def _rows(
        self, facets: tuple[str, ...], search: str, window: Window, site: str
    ) -> list[tuple[tuple[str, ...], int]]:
        asked = {
            "name": "a",
            "data_source": "profiles",
            "indexes": ["*"],
            "search": {"query": search},
            "compute": {"aggregation": "count"},
            "group_by": [{"facet": facet, "limit": MOST_ROWS} for facet in facets],
        }
        return _read(self._remote.metrics.scalar([asked], "a", window, site=site), facets)

    def _listed(self, window: Window, site: str) -> tuple[dict[str, Known], bool]:
        """Look through pages of the list, each without the services that were found before."""
        services: dict[str, Known] = {}
        is_complete = False
        for _ in range(ROUNDS):
            search = f"-{any_of('service', sorted(services))}" if services else "*"
            listing = self._remote.profiles.search(search, window, limit=PAGE, site=site)
            before = len(services)
            for one in listing.candidates:
                if not one.service:
                    continue
                known = services.setdefault(one.service, Known())
                known.profiles[one.env] += 1
                known.versions.update({one.version} - {""})
                known.runtimes.update({one.runtime} - {""})
            is_complete = listing.is_complete
            if is_complete or len(services) == before or len(services) > MOST_EXCLUDED:
                break
        return services, is_complete


def _cut(is_complete: bool) -> tuple[str, ...]:
    return () if is_complete else (f"there are more than {MOST_ROWS} services and environments",)


def _said(value: str) -> str:
    return "" if value in _UNKNOWN else value


def _read(attributes: Mapping[str, Any], facets: tuple[str, ...]) -> list[tuple[tuple[str, ...], int]]:
    """Read the columns of an answer: values of each facet, and how often they come together."""
    columns = [fields(column) for column in items(attributes.get("columns"))]
    groups = {
        column.get("name"): items(column.get("values")) for column in columns if column.get("type") == "group"
    }
    numbers = next(
        (items(column.get("values")) for column in columns if column.get("type") == "number"), list[Any]()
    )
    found: list[tuple[tuple[str, ...], int]] = []
    for place, number in enumerate(numbers):
        values: list[str] = []
        for facet in facets:
            column = groups.get(facet, [])
            cell = column[place] if place < len(column) else None
            first = next(iter(items(cell)), cell)
            values.append(first if isinstance(first, str) else "")
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            found.append((tuple(values), int(number)))
    return found

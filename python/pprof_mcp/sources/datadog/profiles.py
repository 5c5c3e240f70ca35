"""Datadog's profiles: listed page by page, downloaded once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

from pprof_mcp.errors import BadAnswerError, InvalidArgumentError
from pprof_mcp.sources.datadog.asking import Asker, fields
from pprof_mcp.sources.datadog.bundles import check_bundle
from pprof_mcp.sources.datadog.decoding import Candidate, read_candidate, written
from pprof_mcp.sources.datadog.refusals import READ_PROFILES, UNOPENED_DAYS, gone
from pprof_mcp.sources.net.asking import Answer, Request
from pprof_mcp.sources.net.cache import DownloadCache, Facts, Kept
from pprof_mcp.sources.net.saving import save
from pprof_mcp.sources.times import Window, text

LIST: Final = "/api/unstable/profiles/list"
PAGE: Final = 500
"""Profiles of one page at most. Source: the largest that a client is known to use."""
MOST: Final = 2_000
"""Profiles that one search goes through. Source: chosen; four pages are two seconds at the usual rate."""
_TICK = timedelta(milliseconds=1)
_LEAST_CAP = 10
"""A page of fewer was not cut short. Source: chosen; how many a server gives at most is not published."""
_USUAL_CAPS = 50
"""A page of a multiple of so many may have been cut. Source: the server gives about 50 when not asked."""
MOST_KNOWN: Final = 4 * MOST
"""Listed profiles that are remembered. Source: chosen; some megabytes."""

Order = Literal["asc", "desc"]


@dataclass(frozen=True)
class Listing:
    """What a search found.

    Attributes:
        candidates: Profiles, each once, in the order asked for.
        is_complete: Whether there are no more.
        pages: Requests that were made.
        host: Who answered.
        site: Whose site it is.
        query: The search.
        window: When.
        warnings: What limits it.
        limits: Names of the rate limit's headers that were seen.
        server_time: What the server's clock said, in seconds since 1970; None when it said nothing.
        received: When the last page came, on this machine's clock.
    """

    candidates: tuple[Candidate, ...]
    is_complete: bool
    pages: int
    host: str
    site: str
    query: str
    window: Window
    warnings: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    received: float = 0.0


class Profiles:
    """Lists and downloads profiles. Safe to use from several threads.

    Args:
        asker: Asks.
        downloads: Where downloads are kept.
        most_bytes: Bytes of one download at most.
        limits: Limits of the core that were set.
    """

    def __init__(
        self, asker: Asker, downloads: DownloadCache, most_bytes: int, limits: Mapping[str, int]
    ) -> None:
        self.asker = asker
        self._downloads = downloads
        self._most_bytes = most_bytes
        self._limits = dict(limits)
        self._lock = threading.Lock()
        self._largest: dict[str, int] = {}
        self._listed: dict[tuple[str, str], Candidate] = {}

    def search(
        self,
        query: str,
        window: Window,
        *,
        limit: int,
        order: Order = "desc",
        sort: str = "timestamp",
        site: str = "",
    ) -> Listing:
        """Search profiles.

        Args:
            query: As `query.Which.text` writes it.
            window: When.
            limit: Profiles at most; `MOST` at most.
            order: The newest (`desc`) or oldest (`asc`) first, or the largest or smallest measure.
            sort: `timestamp`, or a measure as `@metrics.core_cpu_cores`; pages need the former.
            site: The site; the configured one when empty.

        Raises:
            PprofMcpError: As `Asker.json`; the answer has another form.
        """
        limit = min(limit, MOST)
        found: dict[tuple[str, str], Candidate] = {}
        warnings: list[str] = []
        strange = pages = 0
        since, until = window.start, window.end
        size = min(limit, PAGE)
        where = self.asker.hosts(site).site
        while True:
            items, answer = self._page(
                {
                    "filter": {"from": text(since), "to": text(until), "query": query},
                    "sort": {"field": sort, "order": order},
                    "limit": size,
                },
                site,
            )
            pages += 1
            read = [read_candidate(item) for item in items]
            known = [candidate for candidate in read if candidate is not None]
            strange += len(read) - len(known)
            fresh = {key: one for one in known if (key := (one.event_id, one.profile_id)) not in found}
            found.update(fresh)
            # Fewer than were asked for may be all that this server gives at once: a longer page tells.
            largest = self._largest.get(where, 0)
            self._largest[where] = max(largest, len(items))
            is_short = len(items) < size and (not items or len(items) % _USUAL_CAPS > 0)
            if sort == "timestamp":
                # Only there a further page can tell.
                is_short = is_short and len(items) < max(largest, _LEAST_CAP)
            is_complete = is_short or (not fresh and len(items) < size)
            last = known[-1].timestamp if known else None
            if is_complete or len(found) >= limit:
                break
            if not fresh or last is None or sort != "timestamp":
                # The next page would be this one again.
                warnings.append("there are more profiles than could be listed: narrow the window")
                break
            # Windows are half open, and several profiles may be of one time: that is asked for once more.
            since, until = (last, until) if order == "asc" else (since, min(until, last + _TICK))
        if strange:
            warnings.append(f"{strange} entries of the list were no profiles and were left out")
        candidates = list(found.values())
        blind = sum(not one.can_be_downloaded for one in candidates)
        if blind:
            warnings.append(f"{blind} profiles came without both ids, so they can not be downloaded")
        timeless = sum(one.timestamp is None for one in candidates)
        if timeless:
            warnings.append(f"{timeless} profiles came without a time that is understood")
        if sort == "timestamp":
            candidates = in_order(candidates, order)
        self._remember(candidates[:limit])
        return Listing(
            candidates=tuple(candidates[:limit]),
            is_complete=is_complete and len(candidates) <= limit,
            pages=pages,
            host=answer.request.host,
            site=where,
            query=query,
            window=window,
            warnings=tuple(warnings),
            headers=answer.headers,
            received=answer.received,
        )

    def _page(self, content: Mapping[str, Any], site: str) -> tuple[list[Any], Answer]:
        found, answer = self.asker.json(
            site, LIST, "the list of profiles", permission=READ_PROFILES, content=content
        )
        data = fields(found).get("data")
        if data is None and (found is None or found == {} or "data" in fields(found)):
            # Datadog's own client takes no body, and no data, for none found.
            data = []
        if not isinstance(data, list):
            raise BadAnswerError(
                f"{answer.request.host} answered the list of profiles in an unknown form: no data list",
                details={"host": answer.request.host, "fields": sorted(fields(found))[:20]},
            )
        return data, answer  # pyright: ignore[reportUnknownVariableType]

    def download(self, candidate: Candidate, *, site: str = "") -> Kept:
        """Download a bundle, or give it as it was downloaded before.

        Args:
            candidate: Both ids, and what a list told about it, which is kept with it; of ids alone, what the
                last list told is known.
            site: The site; the configured one when empty.

        Raises:
            InvalidArgumentError: An id can not be one.
            ProfileGoneError: It is not there, or no longer.
            BadAnswerError: What came was broken, twice.
            PprofMcpError: As `Asker.ask`.
        """
        profile_id, event_id = candidate.profile_id, candidate.event_id
        for name, value in (("profile_id", profile_id), ("event_id", event_id)):
            _check_id(name, value)
        if candidate == Candidate(event_id, profile_id):
            candidate = self._listed.get((event_id, profile_id), candidate)
        hosts = self.asker.hosts(site)
        short, long = (quote(one, safe="") for one in (profile_id, event_id))
        path = f"/api/ui/profiling/profiles/{short}/download?eventId={long}"

        def fetch(target: Path) -> Facts:
            answer = self._fetched(path, target, site, profile_id)
            return {"host": answer.request.host, "site": hosts.site, "listed": written(candidate)}

        key = "\n".join(("datadog", hosts.bases[0], profile_id, event_id))
        return self._downloads.get(key, fetch, ending=".zip")

    def _remember(self, candidates: Sequence[Candidate]) -> None:
        with self._lock:
            for one in candidates:
                key = (one.event_id, one.profile_id)
                self._listed.pop(key, None)
                self._listed[key] = one
            for key in list(itertools.islice(self._listed, max(0, len(self._listed) - MOST_KNOWN))):
                del self._listed[key]

    def _fetched(self, path: str, target: Path, site: str, profile_id: str) -> Answer:
        def send(request: Request) -> Answer:
            return save(self.asker.http, request, target, check=lambda part: check_bundle(part, self._limits))

        def once() -> Answer:
            answer = self.asker.ask(
                site,
                path,
                "the download of a profile",
                permission=READ_PROFILES,
                send=send,
                headers={"Accept": "application/zip, */*", "Accept-Encoding": "identity"},
                most_bytes=self._most_bytes,
                route="/api/ui/profiling/profiles/download",
            )
            if not answer.is_good:
                raise gone(answer, profile_id)
            return answer

        try:
            return once()
        except BadAnswerError as problem:
            if "limit" in problem.details:
                raise
        # Broken on the way, most likely: two faults in a row are not.
        return once()


def in_order(candidates: list[Candidate], order: Order) -> list[Candidate]:
    """Sort by time, then by ids; those without a time come last."""
    sign = -1.0 if order == "desc" else 1.0
    return sorted(
        candidates,
        key=lambda one: (
            one.timestamp is None,
            sign * one.timestamp.timestamp() if one.timestamp else 0.0,
            one.event_id,
            one.profile_id,
        ),
    )


def too_long(window: Window, now: datetime) -> str:
    """Say that a window reaches behind what is kept; empty when it does not."""
    if (now - window.start).total_seconds() <= UNOPENED_DAYS * 86_400:
        return ""
    return f"profiles that nobody opened are kept {UNOPENED_DAYS} days; the window reaches further back"


def _check_id(name: str, value: str) -> None:
    if not 1 <= len(value) <= 300 or not all("!" <= sign <= "~" for sign in value) or value in (".", ".."):
        raise InvalidArgumentError(
            f"{name}: {value[:60]!r} can not be an id",
            hint="Take both ids from datadog.profiles.list.",
            details={"argument": name},
        )

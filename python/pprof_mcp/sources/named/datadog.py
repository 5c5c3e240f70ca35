"""Datadog's continuous profiler: the newest bundle of a service, or one by its two ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import InvalidArgumentError, ProfileGoneError
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.decoding import Candidate, read_candidate
from pprof_mcp.sources.datadog.finding import find, which_of
from pprof_mcp.sources.named import Fetched

if TYPE_CHECKING:
    from pprof_mcp.sources.named import Wanted
    from pprof_mcp.sources.net.cache import Kept
    from pprof_mcp.sources.remote import Remote
    from pprof_mcp.sources.times import Window

SUMMARY: Final = "Datadog's continuous profiler: the newest bundle of a service, or one by its two ids."
TAKES: Final = frozenset(
    {"service", "env", "host", "version", "query", "site", "hours", "from", "to", "profile_id", "event_id"}
)
LOOKED_AT: Final = 10
"""Newest profiles that are looked at for one that can be downloaded. Source: chosen."""


def fits(wanted: Wanted, remote: Remote) -> bool:
    """Whether ids are named, or a service and no other place is set up that has services."""
    settings = remote.settings
    is_meant = bool(settings.datadog.api_key) or not settings.places.have_services
    return bool(wanted.text("profile_id") or (wanted.text("service") and is_meant))


def fetch(wanted: Wanted, remote: Remote) -> Fetched:
    """Download the bundle.

    Raises:
        InvalidArgumentError: One id without the other, neither ids nor a service, a wrong time or site.
        ProfileGoneError: There is none.
        PprofMcpError: As `Profiles.search` and `Profiles.download`.
    """
    profile_id, event_id = wanted.text("profile_id"), wanted.text("event_id")
    if bool(profile_id) != bool(event_id):
        missing = "event_id" if profile_id else "profile_id"
        raise InvalidArgumentError(
            f"a download by ids needs both, and {missing} is missing",
            hint="Take both from datadog.profiles.list, or give neither for the newest.",
            details={"argument": missing},
        )
    if profile_id:
        return _by_ids(profile_id, event_id, wanted, remote)
    if not wanted.text("service"):
        raise InvalidArgumentError(
            "name a service, or a profile by profile_id and event_id",
            hint="datadog.profiles.list shows both ids.",
            details={"argument": "service"},
        )
    window = times.window_of(wanted.given, remote.now)
    found = find(remote, which_of(wanted.given), window, limit=LOOKED_AT, site=wanted.text("site"))
    usable = [one for one in found.candidates if one.can_be_downloaded]
    if not usable:
        raise ProfileGoneError(
            f"no profile of {found.query} from {times.text(window.start)} to {times.text(window.end)}",
            hint=" ".join(found.warnings) or "Widen the window, or check service and env.",
            details={"query": found.query, "site": found.site},
        )
    newest = usable[0]
    kept = remote.profiles.download(newest, site=wanted.text("site"))
    return _fetched(kept, newest, found.site, window, found.warnings)


def _by_ids(profile_id: str, event_id: str, wanted: Wanted, remote: Remote) -> Fetched:
    site = remote.profiles.asker.hosts(wanted.text("site")).site
    kept = remote.profiles.download(Candidate(event_id, profile_id), site=wanted.text("site"))
    known = read_candidate(kept.facts.get("listed")) or Candidate(event_id, profile_id)
    return _fetched(kept, known, site, None, ())


def _fetched(
    kept: Kept, candidate: Candidate, site: str, window: Window | None, warnings: tuple[str, ...]
) -> Fetched:
    return Fetched(
        path=kept.path,
        service=candidate.service,
        env=candidate.env,
        version=candidate.version,
        host=candidate.host,
        runtime=candidate.runtime,
        tags=candidate.tags,
        site=site,
        since=window.start if window else None,
        until=window.end if window else None,
        profile_id=candidate.profile_id,
        event_id=candidate.event_id,
        timestamp=candidate.timestamp,
        start=candidate.start,
        end=candidate.end,
        warnings=warnings,
    )

"""Finds out whether Datadog can be asked, and in which form it answers, without telling any data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, PprofMcpError
from pprof_mcp.sources.datadog.finding import MOST_SKEW
from pprof_mcp.sources.datadog.profiles import Listing
from pprof_mcp.sources.datadog.query import Which
from pprof_mcp.sources.net.patience import server_time
from pprof_mcp.sources.net.proxies import is_loopback
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.remote import Remote

WINDOW: Final = timedelta(hours=24)
"""How far back one profile is looked for. Source: chosen; what runs sends one a minute."""
LEAST_SKEW: Final = 5.0
"""Seconds below which clocks agree: requests take as long. Source: chosen."""


@dataclass(frozen=True)
class Check:
    """One check."""

    name: str
    ok: bool
    detail: str


@dataclass
class Diagnosis:
    """What was found out."""

    site: str = ""
    hosts: list[str] = field(default_factory=list[str])
    has_proxy: bool = False
    checks: list[Check] = field(default_factory=list[Check])
    list_host: str = ""
    download_host: str = ""
    id_field: str = ""
    listed_fields: list[str] = field(default_factory=list[str])
    compression: dict[str, str] = field(default_factory=dict[str, str])
    rate_limit_headers: list[str] = field(default_factory=list[str])
    skew: float | None = None

    def passed(self, name: str, detail: str) -> None:
        """Note a check that passed."""
        self.checks.append(Check(name, ok=True, detail=detail))

    def failed(self, name: str, problem: PprofMcpError) -> None:
        """Note a check that did not."""
        self.checks.append(Check(name, ok=False, detail=f"{problem.message} — {problem.hint}"))


def diagnose(remote: Remote, service: str, site: str) -> Diagnosis:
    """Check settings, key, list, download and clock, in this order, as far as it goes.

    Args:
        remote: The sources.
        service: Service to try; any when empty.
        site: The site; the configured one when empty.

    Raises:
        CancelledError: The call was cancelled.
        InvalidArgumentError: The site given is none.
    """
    found = Diagnosis()
    asker = remote.profiles.asker
    hosts = asker.hosts(site)
    found.site = hosts.site
    found.hosts = [urlsplit(base).netloc for base in hosts.bases]
    found.has_proxy = any(asker.settings.proxies.for_url(base) is not None for base in hosts.bases)
    step = "settings"
    try:
        step = "api_key"
        answer = asker.validate(site)
        plain = [base for base in hosts.bases if base.startswith("http:")]
        if any(not is_loopback(urlsplit(base).hostname or "") for base in plain):
            found.passed("settings", "both keys are set, but they go over plain http: use https")
        else:
            found.passed("settings", "both keys are set")
        _note_headers(found, answer.headers, answer.received)
        if not answer.is_good or not answer.json().get("valid"):
            told = f"{found.hosts[0]} does not know DD_API_KEY ({answer.status}): is it of {hosts.site}?"
            found.checks.append(Check("api_key", ok=False, detail=told))
            return found
        found.passed("api_key", f"it is valid on {hosts.site}; the application key is checked by the list")
        step = "list"
        listing = _list(found, remote, service, site)
        step = "download"
        _download(found, remote, listing, site)
    except CancelledError:
        raise
    except PprofMcpError as problem:
        found.failed("settings" if problem.code == "not_configured" else step, problem)
    _check_clock(found)
    return found


def _list(found: Diagnosis, remote: Remote, service: str, site: str) -> Listing:
    window = Window(remote.now - WINDOW, remote.now + timedelta(minutes=1))
    listing = remote.profiles.search(Which(service).text(), window, limit=1, site=site)
    _note_headers(found, listing.headers, listing.received)
    found.list_host = listing.host
    if not listing.candidates:
        found.passed("list", "both keys may list profiles, but there are none of the last 24 hours")
        return listing
    first = listing.candidates[0]
    found.id_field = first.id_field
    found.listed_fields = sorted(first.metrics)
    found.passed("list", "both keys may list profiles")
    return listing


def _download(found: Diagnosis, remote: Remote, listing: Listing, site: str) -> None:
    usable = [one for one in listing.candidates if one.can_be_downloaded]
    if not usable:
        return
    kept = remote.profiles.download(usable[0], site=site)
    found.download_host = str(kept.facts.get("host", ""))
    entries = _native.zip_entries(kept.path.read_bytes(), dict(remote.settings.limits))
    found.compression = {name: _form(content) for name, content in sorted(entries)[:20]}
    found.passed("download", f"a bundle of {len(entries)} files came and is whole")


def _form(content: bytes) -> str:
    form = _native.sniff(content)
    return "plain" if form == "unknown" else form


def _note_headers(found: Diagnosis, headers: Mapping[str, str], received: float) -> None:
    seen = {name for name in headers if "ratelimit" in name or name == "retry-after"}
    found.rate_limit_headers = sorted(seen | set(found.rate_limit_headers))
    there = server_time(headers, 0.0)
    if there:
        skew = received - there
        found.skew = 0.0 if abs(skew) < LEAST_SKEW else round(skew)


def _check_clock(found: Diagnosis) -> None:
    if found.skew is None:
        return
    if abs(found.skew) > MOST_SKEW:
        side = "ahead of" if found.skew > 0 else "behind"
        told = (
            f"this machine's clock is {abs(found.skew):.0f} s {side} the server's: times such as now are off"
        )
        found.checks.append(Check("clock", ok=False, detail=told))
    else:
        found.passed("clock", "it agrees with the server's")

"""Datadog's sites and their hosts.

Source: the table of sites in Datadog's documents and the enumeration in its own API clients.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pprof_mcp.errors import InvalidArgumentError

DEFAULT: Final = "datadoghq.com"

APPS: Final = {
    "datadoghq.com": "app.datadoghq.com",
    "us3.datadoghq.com": "us3.datadoghq.com",
    "us5.datadoghq.com": "us5.datadoghq.com",
    "datadoghq.eu": "app.datadoghq.eu",
    "ap1.datadoghq.com": "ap1.datadoghq.com",
    "ap2.datadoghq.com": "ap2.datadoghq.com",
    "uk1.datadoghq.com": "uk1.datadoghq.com",
    "ddog-gov.com": "app.ddog-gov.com",
    "us2.ddog-gov.com": "us2.ddog-gov.com",
}
"""The host of the web application of each site; it serves the profiler's routes too."""

_SHORT: Final = {
    "us": "datadoghq.com",
    "us1": "datadoghq.com",
    "eu": "datadoghq.eu",
    "eu1": "datadoghq.eu",
    "gov": "ddog-gov.com",
    "us1-fed": "ddog-gov.com",
    "us1_fed": "ddog-gov.com",
    "us2-fed": "us2.ddog-gov.com",
    "us2_fed": "us2.ddog-gov.com",
    **{name: f"{name}.datadoghq.com" for name in ("us3", "us5", "ap1", "ap2", "uk1")},
}


@dataclass(frozen=True)
class Hosts:
    """Where one site is asked.

    Attributes:
        site: Its name.
        bases: Beginnings of addresses, in the order in which they are tried.
        app: The web application, for links.
    """

    site: str
    bases: tuple[str, ...]
    app: str


def site_of(given: str) -> str:
    """Give the site that someone means: its name, a short name, one of its hosts or an address there.

    Raises:
        InvalidArgumentError: It is none of Datadog's. Keys are sent nowhere else.
    """
    text = given.strip().lower().rstrip("/")
    if not text:
        return DEFAULT
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        host = ""
    for candidate in (host, *(host.removeprefix(f"{first}.") for first in ("api", "app", "www"))):
        if candidate in APPS:
            return candidate
        if candidate in _SHORT:
            return _SHORT[candidate]
    near = difflib.get_close_matches(host, [*APPS, *_SHORT], n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise InvalidArgumentError(
        f"site: {given[:80]!r} is no site of Datadog; there are: {', '.join(APPS)}",
        hint=f"Give one of them.{meant} Another host is the operator's to allow, by PPROF_MCP_DD_BASE_URL.",
        details={"argument": "site", "available": list(APPS)},
    )


def hosts_of(site: str, base_url: str) -> Hosts:
    """Give where a site is asked.

    Args:
        site: As `site_of` gives it.
        base_url: The operator's own address, which is then the only one; or empty.
    """
    app = f"https://{APPS[site]}"
    return Hosts(site, (base_url,) if base_url else (f"https://api.{site}", app), app)

"""What the environment says about Datadog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.net.proxies import Proxies, read_proxies
from pprof_mcp.sources.net.secret import Secret

API_KEY = ("DD_API_KEY", "DATADOG_API_KEY")
APP_KEY = ("DD_APP_KEY", "DD_APPLICATION_KEY", "DATADOG_APP_KEY")
SITE = ("DD_SITE", "DATADOG_SITE", "DATADOG_HOST")


@dataclass(frozen=True)
class DatadogSettings:
    """How Datadog is asked.

    Attributes:
        api_key: Says whose data it is; empty when not set.
        app_key: Says who asks; empty when not set.
        site: As it was given; see `sites.site_of`.
        base_url: The only address to ask, instead of the site's own; empty when not set.
        proxies: Which proxy is asked.
    """

    api_key: Secret = field(default_factory=lambda: Secret(""))
    app_key: Secret = field(default_factory=lambda: Secret(""))
    site: str = ""
    base_url: str = ""
    proxies: Proxies = field(default_factory=Proxies)


DATADOG_VARIABLES: tuple[tuple[str, str, str, str], ...] = (
    ("DD_API_KEY", "key", "none", "Datadog's API key; DATADOG_API_KEY is understood too."),
    (
        "DD_APP_KEY",
        "key",
        "none",
        "Datadog's application key, with continuous_profiler_read; DD_APPLICATION_KEY is understood too.",
    ),
    (
        "DD_SITE",
        "site",
        "datadoghq.com",
        "The site the keys are of, such as datadoghq.eu or us3; DATADOG_SITE is understood too.",
    ),
    (
        "PPROF_MCP_DD_BASE_URL",
        "address",
        "the site's own",
        "The only address the keys are sent to, for a private link or gateway in front of Datadog.",
    ),
    (
        "DD_PROXY_HTTPS",
        "address",
        "none",
        "Proxy for Datadog, before HTTPS_PROXY; Datadog's own programs read it too.",
    ),
    ("DD_PROXY_NO_PROXY", "hosts", "none", "Hosts asked without that proxy, besides those of NO_PROXY."),
)
"""Name, kind, default and description of each variable."""


def read_datadog(given: Mapping[str, str]) -> DatadogSettings:
    """Read the settings.

    Args:
        given: Variables by name.

    Raises:
        InvalidArgumentError: A variable has a value it can not have; values of keys are never told.
    """

    def first(names: tuple[str, ...]) -> str:
        return next((given[name] for name in names if given.get(name, "").strip()), "")

    return DatadogSettings(
        api_key=Secret(first(API_KEY)),
        app_key=Secret(first(APP_KEY)),
        site=first(SITE).strip(),
        base_url=_base(given.get("PPROF_MCP_DD_BASE_URL", "").strip()),
        proxies=read_proxies(
            given, https=given.get("DD_PROXY_HTTPS", "").strip(), bypass=given.get("DD_PROXY_NO_PROXY", "")
        ),
    )


def _base(text: str) -> str:
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    else:
        usable = usable and not (parts.query or parts.fragment or parts.username or parts.password)
    if not usable or not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidArgumentError(
            "PPROF_MCP_DD_BASE_URL is no address of a server",
            hint="Write it as https://host or http://127.0.0.1:port, without user, query or fragment.",
            details={"argument": "PPROF_MCP_DD_BASE_URL"},
        )
    return text.rstrip("/")

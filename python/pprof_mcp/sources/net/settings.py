"""What the environment says about the network, for every source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.net.limiter import BURST, MOST_AT_ONCE, PER_SECOND
from pprof_mcp.sources.net.proxies import Proxies, read_proxies


@dataclass(frozen=True)
class NetSettings:
    """How sources are asked.

    Attributes:
        at_once: Requests under way at most.
        per_second: Requests a second in the long run; 0 for no bound.
        burst: Requests that may come at once after a rest.
        proxies: Which proxy is asked for which host.
        download_bytes: Bytes of one download at most.
        cache_bytes: Bytes of downloads that are kept.
    """

    at_once: int = MOST_AT_ONCE
    per_second: float = PER_SECOND
    burst: int = BURST
    proxies: Proxies = field(default_factory=Proxies)
    download_bytes: int = 64 << 20
    cache_bytes: int = 1 << 30


NET_VARIABLES: tuple[tuple[str, str, str, str], ...] = (
    (
        "PPROF_MCP_DD_RPS",
        "number",
        f"{PER_SECOND:g}",
        "Requests a second to sources, all together, in the long run; 0 for no bound.",
    ),
    ("PPROF_MCP_DD_BURST", "number, 1 or more", str(BURST), "Requests that may come at once after a rest."),
    (
        "PPROF_MCP_NET_CONCURRENCY",
        "number, 1 to 20",
        str(MOST_AT_ONCE),
        "Requests to sources under way at once.",
    ),
    (
        "PPROF_MCP_DOWNLOAD_BYTES",
        "bytes",
        str(64 << 20),
        "Size of one download that is never passed.",
    ),
    (
        "PPROF_MCP_CACHE_BYTES",
        "bytes",
        str(1 << 30),
        "Downloads kept under $XDG_CACHE_HOME/pprof-mcp; beyond it the least recently used ones go.",
    ),
    (
        "PPROF_MCP_PROXY",
        "address",
        "none",
        "Proxy for every source, before HTTPS_PROXY, HTTP_PROXY and what is said for one source.",
    ),
    ("HTTPS_PROXY", "address", "none", "Proxy for https; ALL_PROXY stands for both."),
    ("HTTP_PROXY", "address", "none", "Proxy for http."),
    ("NO_PROXY", "hosts", "none", "Hosts asked without a proxy: names, endings, addresses, networks, `*`."),
    ("SSL_CERT_FILE", "path", "the system's", "Certificates to trust instead of the system's."),
)
"""Name, kind, default and description of each variable."""


def read_net(given: Mapping[str, str]) -> NetSettings:
    """Read the settings.

    Args:
        given: Variables by name.

    Raises:
        InvalidArgumentError: A variable has a value it can not have.
    """
    base = NetSettings()
    rate = given.get("PPROF_MCP_DD_RPS") or given.get("PPROF_MCP_DD_RATE_LIMIT_RPS") or ""
    return NetSettings(
        at_once=_whole(given, "PPROF_MCP_NET_CONCURRENCY", base.at_once, most=20),
        per_second=_rate(rate, base.per_second),
        burst=_whole(given, "PPROF_MCP_DD_BURST", base.burst),
        proxies=read_proxies(given),
        download_bytes=_whole(given, "PPROF_MCP_DOWNLOAD_BYTES", base.download_bytes),
        cache_bytes=_whole(given, "PPROF_MCP_CACHE_BYTES", base.cache_bytes),
    )


def _whole(given: Mapping[str, str], name: str, default: int, most: int = 1 << 62) -> int:
    text = given.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text.replace("_", ""))
    except ValueError:
        value = 0
    if not 1 <= value <= most:
        bound = "1 or more" if most == 1 << 62 else f"1 to {most}"
        raise InvalidArgumentError(
            f"{name} is {text!r}; it must be a whole number, {bound}", details={"argument": name}
        )
    return value


def _rate(text: str, default: float) -> float:
    if not text.strip():
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not value < float("inf"):
        raise InvalidArgumentError(
            f"PPROF_MCP_DD_RPS is {text!r}; it must be a number, 0 for no bound",
            details={"argument": "PPROF_MCP_DD_RPS"},
        )
    return max(0.0, value)

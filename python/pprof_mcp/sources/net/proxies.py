"""Which proxy a request goes through."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.net.secret import Secret


@dataclass(frozen=True)
class Proxies:
    """What the operator says about proxies; addresses may hold passwords, so they are secrets.

    Attributes:
        explicit: For every request, whatever else is said.
        https: For `https://`.
        http: For `http://`.
        bypass: Hosts that are asked without one: names, endings, addresses, networks, `*`.
    """

    explicit: Secret | None = None
    https: Secret | None = None
    http: Secret | None = None
    bypass: tuple[str, ...] = field(default=())

    def for_url(self, url: str) -> Secret | None:
        """Give the proxy for a URL; None to ask directly.

        Only an explicit one is asked for what is on this machine.
        """
        if self.explicit:
            return self.explicit
        parts = urlsplit(url)
        host = parts.hostname or ""
        chosen = self.https if parts.scheme == "https" else self.http
        if not chosen or is_loopback(host) or self._is_bypassed(host, parts.port):
            return None
        return chosen

    def _is_bypassed(self, host: str, port: int | None) -> bool:
        return any(_matches(rule, host.rstrip(".").lower(), port) for rule in self.bypass)


def read_proxies(given: Mapping[str, str], *, https: str = "", bypass: str = "") -> Proxies:
    """Read the proxies from variables.

    Args:
        given: Variables by name; of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` both spellings.
        https: An address that is taken before `HTTPS_PROXY`.
        bypass: More hosts to be asked directly, separated by spaces or commas.

    Raises:
        InvalidArgumentError: An address is no proxy's.
    """

    def one(*names: str) -> tuple[str, str]:
        for name in names:
            for spelled in (name, name.lower()):
                if given.get(spelled, "").strip():
                    return name, given[spelled].strip()
        return names[0], ""

    rules = f"{one('NO_PROXY')[1]} {bypass}".replace(",", " ").split()
    return Proxies(
        explicit=_address(*one("PPROF_MCP_PROXY")),
        https=_address("the proxy for https", https) or _address(*one("HTTPS_PROXY", "ALL_PROXY")),
        http=_address(*one("HTTP_PROXY", "ALL_PROXY")),
        bypass=tuple(rule.lower() for rule in rules),
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or host.lower().rstrip(".").endswith(".localhost")


def _address(name: str, text: str) -> Secret | None:
    if not text:
        return None
    address = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        # Not even quoted: it may hold a password.
        raise InvalidArgumentError(
            f"{name} is no address of an HTTP proxy",
            hint="Write it as http://host:port or http://user:password@host:port.",
            details={"argument": name},
        )
    return Secret(address)


def _matches(rule: str, host: str, port: int | None) -> bool:
    if rule == "*":
        return True
    name, _, tail = rule.rpartition(":")
    if name and tail.isdigit() and ":" not in name:
        if int(tail) != (port or 443):
            return False
        rule = name
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        pass
    ending = rule.removeprefix("*").lstrip(".")
    return bool(ending) and (host == ending or host.endswith(f".{ending}"))

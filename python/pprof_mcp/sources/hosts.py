"""Which hosts profiles may be fetched from: those the operator names, and addresses that fit their names.

An agent may be told by what it reads to fetch from anywhere. So a server asks only hosts that
`PPROF_MCP_HOSTS` names; the user of a shell or script names every address himself, and may name any.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from typing_extensions import override

from pprof_mcp.errors import HostNotAllowedError, InvalidArgumentError, NetworkError

DEFAULT_PORTS = {"http": 80, "https": 443}
MOST_URL = 2_000
"""Characters of a URL at most. Source: chosen; browsers and proxies cut there too."""

ANY_PORT = 0
LOCAL = ("localhost", "127.0.0.1", "::1")
"""Names of this machine; who allows one allows all."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host and port."""

_NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """One entry of the setting.

    Attributes:
        host: A name, an address, or an ending after `*.`; `*` for every host.
        port: The port; None for the usual one of the scheme, `ANY_PORT` for all.
    """

    host: str
    port: int | None = None

    def fits(self, host: str, port: int, scheme: str) -> bool:
        """Whether a host and port are meant."""
        if self.port != ANY_PORT and port != (self.port or DEFAULT_PORTS[scheme]):
            return False
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        return self.host in ("*", host) or (self.host in LOCAL and host in LOCAL)

    def admits(self, address: Address) -> bool:
        """Whether what a host's name leads to may be asked.

        A name is not to lead to this machine, nor to where clouds hand out credentials (link-local), unless
        just that was allowed; and where every host is allowed, not into a private network.
        """
        if self.host == str(address) or (self.host in LOCAL and address.is_loopback):
            return True
        if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
            return False
        return self.host != "*" or address.is_global

    @override
    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.port is None:
            return host
        return f"{host}:*" if self.port == ANY_PORT else f"{host}:{self.port}"


@dataclass(frozen=True)
class Target:
    """A URL that was checked.

    Attributes:
        url: The URL, without credentials and fragment.
        host: Its host in lower case.
        port: Its port.
        scheme: `http` or `https`.
        rule: The rule that allows it; None where everything is allowed.
    """

    url: str
    host: str
    port: int
    scheme: str
    rule: Rule | None

    @property
    def authority(self) -> str:
        """Host and port as a URL has them, the port always said."""
        return f"{_bracketed(self.host)}:{self.port}"


class Hosts:
    """Decides which URLs may be asked.

    Args:
        rules: What is allowed; None for everything.
    """

    def __init__(self, rules: Sequence[Rule] | None) -> None:
        self.rules = None if rules is None else tuple(rules)

    def also(self, rules: Sequence[Rule]) -> Hosts:
        """Give the same with more rules, such as those of servers the operator configured."""
        return self if self.rules is None else Hosts((*self.rules, *rules))

    def check(self, url: str, argument: str = "url") -> Target:
        """Check a URL before anything is resolved or sent.

        Args:
            url: What was given.
            argument: The argument it was given as.

        Raises:
            InvalidArgumentError: It is no URL of http or https, or holds credentials.
            HostNotAllowedError: Its host is not allowed.
        """
        parts = split(url, argument)
        host, port = _host_and_port(parts)
        clean = parts._replace(fragment="", scheme=parts.scheme.lower()).geturl()
        target = Target(clean, host, port, parts.scheme, None)
        if self.rules is None:
            return target
        for rule in self.rules:
            if rule.fits(host, port, parts.scheme):
                return Target(clean, host, port, parts.scheme, rule)
        raise self._refused(target)

    def addresses(self, target: Target, resolve: Resolve) -> list[str]:
        """Give the addresses of a host that may be asked; connect to one of them, and to no other.

        Args:
            target: What was checked.
            resolve: Asks the name service.

        Raises:
            HostNotAllowedError: Its name leads elsewhere than to where it may.
            NetworkError: The name is not known.
        """
        try:
            found = list(dict.fromkeys(resolve(target.host, target.port)))
        except (OSError, UnicodeError) as error:
            raise NetworkError(
                f"{target.host} is not known to the name service",
                hint="Check the name; names of a cluster are known only inside of it.",
                details={"host": target.host},
            ) from error
        rule = target.rule
        good = [one for one in found if rule is None or rule.admits(_plain(one))]
        if not good:
            raise HostNotAllowedError(
                f"{target.host} leads to {', '.join(found[:3]) or 'no address'}, which is not allowed",
                hint="An address of this machine, of its link or, behind *, of a private network has to be "
                "allowed by itself: name it in PPROF_MCP_HOSTS.",
                details={"host": target.host, "addresses": found[:10]},
            )
        return good

    def _refused(self, target: Target) -> HostNotAllowedError:
        allowed = [str(rule) for rule in self.rules or ()]
        return HostNotAllowedError(
            f"{target.authority} is not among the hosts that may be asked ({', '.join(allowed) or 'none'})",
            details={"host": target.authority, "allowed": allowed},
        )


def split(url: str, argument: str) -> SplitResult:
    """Take a URL apart.

    Raises:
        InvalidArgumentError: It is no URL of http or https, or holds credentials.
    """
    hint = "Give it as http://host:port/path."
    shown = re.sub(r"//[^/@]*@", "//", url)[:200]
    try:
        parts = urlsplit(url)
        # Names beyond ASCII have several spellings; their own form in ASCII (xn--) has one.
        usable = (
            parts.scheme in DEFAULT_PORTS
            and bool(parts.hostname)
            and parts.port != 0
            and parts.netloc.isascii()
        )
    except ValueError:
        raise InvalidArgumentError(
            f"{shown!r} is no URL", hint=hint, details={"argument": argument}
        ) from None
    if not usable or len(url) > MOST_URL or any(sign <= " " or sign in "\\\x7f" for sign in url):
        raise InvalidArgumentError(
            f"{shown!r} is no URL of http or https", hint=hint, details={"argument": argument}
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidArgumentError(
            f"{shown!r} holds a name or password",
            hint="Leave it out; what a host wants to see is set in PPROF_MCP_HOST_HEADERS.",
            details={"argument": argument},
        )
    return parts


def read_rules(text: str, setting: str = "PPROF_MCP_HOSTS") -> tuple[Rule, ...]:
    """Read the setting.

    Args:
        text: Hosts, separated by commas or spaces: `localhost:6060`, `*.svc.cluster.local`, `10.1.2.3`,
            `[::1]:6060`, `*`; `:*` behind one for all its ports.
        setting: Its name, for the error.

    Raises:
        InvalidArgumentError: One is no host.
    """
    return tuple(_rule(one, setting) for one in re.split(r"[,\s]+", text) if one)


def rule_of(url: str, setting: str) -> Rule:
    """Give the rule that allows just the host and port of a URL the operator set.

    Raises:
        InvalidArgumentError: It is no URL.
    """
    parts = split(url, setting)
    return Rule(*_host_and_port(parts))


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    host = (parts.hostname or "").rstrip(".").lower()
    known = str(ipaddress.ip_address(host)) if _is_address(host) else host
    return known, parts.port or DEFAULT_PORTS[parts.scheme]


def _rule(text: str, setting: str) -> Rule:
    host, port = text, None
    matched = re.fullmatch(r"(.*):(\d{1,6}|\*)", text)
    if matched and (":" not in matched[1] or matched[1].startswith("[")):
        host = matched[1]
        port = ANY_PORT if matched[2] == "*" else int(matched[2]) or -1
    host = host.strip("[]").rstrip(".").lower()
    is_host = _is_address(host) or host == "*" or _NAME.fullmatch(host)
    if not is_host or not (port is None or 0 <= port < 65_536):
        raise InvalidArgumentError(
            f"{setting} holds {text!r}, which is no host",
            hint="Write hosts as localhost:6060, *.svc.cluster.local, 10.1.2.3 or [::1]:6060.",
            details={"argument": setting},
        )
    return Rule(str(ipaddress.ip_address(host)) if _is_address(host) else host, port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _plain(text: str) -> Address:
    """An address as what it is: one of version 4 written as one of version 6 is of version 4."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address

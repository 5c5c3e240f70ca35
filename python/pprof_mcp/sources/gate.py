"""The one gate to other hosts: what may be asked, what is sent along, and where the connection goes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pprof_mcp.errors import ForbiddenError, ProfileGoneError, UnauthorizedError
from pprof_mcp.sources.hosts import Hosts, Resolve, Target
from pprof_mcp.sources.net.asking import Answer, Request
from pprof_mcp.sources.net.client import Http
from pprof_mcp.sources.net.saving import save
from pprof_mcp.sources.net.secret import Secret
from pprof_mcp.sources.net.settings import NetSettings
from pprof_mcp.sources.places import PlaceSettings


def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the name service of the system."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass
class Gate:
    """Asks the hosts that may be asked.

    Attributes:
        http: The client.
        settings: What the operator allows.
        net: How the network is used.
        restricted: Whether only allowed hosts may be asked; the user of a shell names hosts himself.
        resolve: Gives the addresses of a name.
    """

    http: Http
    settings: PlaceSettings
    net: NetSettings
    restricted: bool
    resolve: Resolve = look_up

    @cached_property
    def hosts(self) -> Hosts:
        """What may be asked."""
        return Hosts(self.settings.hosts).also(self.settings.configured) if self.restricted else Hosts(None)

    def request(
        self,
        url: str,
        what: str,
        *,
        argument: str = "url",
        secrets: Mapping[str, Secret] | None = None,
        **more: Any,
    ) -> Request:
        """Make a request to a host that may be asked; its name is looked up here, and only here.

        Args:
            url: What to ask.
            what: What is asked for, for errors.
            argument: The argument the URL came from.
            secrets: Headers of this source, besides those of the host.
            more: Other fields of a request.

        Raises:
            InvalidArgumentError: It is no URL.
            HostNotAllowedError: Its host may not be asked.
            NetworkError: Its name is not known.
        """
        target = self.hosts.check(url, argument)
        addresses: tuple[str, ...] = ()
        if self.restricted and self.net.proxies.for_url(target.url) is None:
            addresses = tuple(self.hosts.addresses(target, self.resolve))
        request = Request(target.url, what, most_bytes=self.net.download_bytes, addresses=addresses)
        return replace(request, secrets={**self._secrets(target), **(secrets or {})}, **more)

    def ask(self, request: Request) -> Answer:
        """Ask, and give what was answered, good or not.

        Raises:
            PprofMcpError: As `Http.fetch`.
        """
        return self.http.fetch(request)

    def save(self, request: Request, target: Path, check: Callable[[Path], object]) -> None:
        """Download to a file.

        Raises:
            PprofMcpError: As `Http.fetch`; it is a refusal; or as `check`.
        """
        self.checked(save(self.http, request, target, check=check))

    def checked(self, answer: Answer, *, login: str = "") -> Answer:
        """Give an answer back if it is good.

        Args:
            answer: What a host answered.
            login: What to do where it does not know who asks; headers of the host when empty.

        Raises:
            PprofMcpError: It is not; the hint says what to do here, where keys of Datadog mean nothing.
        """
        try:
            return answer.checked()
        except (UnauthorizedError, ForbiddenError) as problem:
            host = answer.request.host
            problem.hint = login or (
                f"The operator gives a login as PPROF_MCP_HOST_HEADERS='{host} Authorization: Bearer TOKEN'."
            )
            raise
        except ProfileGoneError as problem:
            problem.hint = "Check the address. Of a running program, http://host:port is for all profiles."
            raise

    def _secrets(self, target: Target) -> dict[str, Secret]:
        return {
            one.name: one.value
            for one in self.settings.headers
            if one.rule.fits(target.host, target.port, target.scheme)
        }

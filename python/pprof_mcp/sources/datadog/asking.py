"""One question to Datadog: with both keys, to the hosts of one site, until one of them knows the route."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from pprof_mcp.errors import PprofMcpError, RefusedError, SourceError
from pprof_mcp.sources.datadog.refusals import check_configured, explained, unknown_route
from pprof_mcp.sources.datadog.settings import DatadogSettings
from pprof_mcp.sources.datadog.sites import Hosts, hosts_of, site_of
from pprof_mcp.sources.net.asking import Answer, Request, facts
from pprof_mcp.sources.net.client import Http

MOST_SEEN = 50
"""Names of headers that are remembered. Source: chosen."""


class Asker:
    """Asks one account of Datadog. Safe to use from several threads.

    Args:
        settings: Keys, site, address.
        http: Asks.
    """

    def __init__(self, settings: DatadogSettings, http: Http) -> None:
        self.settings = settings
        self.http = http
        self._lock = threading.Lock()
        self._knowing: dict[tuple[str, str], str] = {}

    def hosts(self, site: str) -> Hosts:
        """Give the hosts of a site, or of the one that is configured.

        Raises:
            InvalidArgumentError: It is no site.
        """
        return hosts_of(site_of(site or self.settings.site), self.settings.base_url)

    def ask(
        self,
        site: str,
        path: str,
        what: str,
        *,
        permission: str,
        content: object = None,
        send: Callable[[Request], Answer] | None = None,
        **more: Any,
    ) -> Answer:
        """Ask with both keys.

        Args:
            site: The site; the configured one when empty.
            path: Route and query, percent-encoded.
            what: What is asked for, to be named in errors.
            permission: What the keys need.
            content: What is posted as JSON; a GET without.
            send: Sends instead of `Http.fetch`.
            **more: Further fields of the `Request`.

        Returns:
            A good answer, or one that says there is no such thing (404, 410), which the caller explains.

        Raises:
            NotConfiguredError: Keys are missing.
            PprofMcpError: As `Http.fetch`; a refusal, explained.
        """
        check_configured(self.settings)
        hosts = self.hosts(site)
        route = f"datadog {path.partition('?')[0] if content is not None else more.pop('route', path)}"
        secrets = {"DD-API-KEY": self.settings.api_key, "DD-APPLICATION-KEY": self.settings.app_key}
        answer: Answer | None = None
        asked: list[str] = []
        for base in self._in_order(hosts, route):
            request = (
                Request(base + path, what, secrets=secrets, route=route, **more)
                if content is None
                else Request.post(base + path, what, content, secrets=secrets, route=route, **more)
            )
            asked.append(request.host)
            answer = (send or self.http.fetch)(request)
            if answer.status == 404 and not is_json(answer):
                continue
            with self._lock:
                self._knowing[hosts.site, route] = base
            if answer.is_good or answer.status in (404, 410):
                return answer
            raise explained(answer, hosts.site, permission, lambda: self._api_key_is_valid(hosts))
        if answer is None:
            raise AssertionError("a site has hosts")
        if not answer.is_html:
            return answer
        raise unknown_route(answer, hosts.site, asked)

    def json(self, site: str, path: str, what: str, **more: Any) -> tuple[Any, Answer]:
        """Ask for JSON.

        Returns:
            What was answered, and the answer itself.

        Raises:
            PprofMcpError: As `ask`; it is no JSON, or an error in spite of its status.
        """
        answer = self.ask(site, path, what, headers={"Accept": "application/json"}, **more)
        if not answer.is_good:
            raise unknown_route(answer, self.hosts(site).site, [answer.request.host])
        found = answer.json()
        if fields(found).get("errors"):
            raise RefusedError(
                f"{answer.request.host} refused {what}: {answer.words or 'without a reason'}",
                details=facts(answer),
            )
        return found, answer

    def validate(self, site: str) -> Answer:
        """Ask whether the API key is one of the site; the application key is not looked at.

        Raises:
            PprofMcpError: As `Http.fetch`; keys are missing.
        """
        check_configured(self.settings)
        hosts = self.hosts(site)
        return self.http.fetch(self._validation(hosts))

    def _validation(self, hosts: Hosts) -> Request:
        return Request(
            f"{hosts.bases[0]}/api/v1/validate",
            "the check of the API key",
            headers={"Accept": "application/json"},
            secrets={"DD-API-KEY": self.settings.api_key},
            route="datadog /api/v1/validate",
        )

    def _api_key_is_valid(self, hosts: Hosts) -> bool | None:
        try:
            answer = self.http.fetch(replace(self._validation(hosts), tries=1))
        except PprofMcpError:
            return None
        if answer.is_good:
            try:
                return bool(fields(answer.json()).get("valid"))
            except SourceError:
                return None
        return False if answer.status in (401, 403) else None

    def _in_order(self, hosts: Hosts, route: str) -> list[str]:
        """Give the bases, the one that knew the route before first."""
        with self._lock:
            knowing = self._knowing.get((hosts.site, route))
        return sorted(hosts.bases, key=lambda base: base != knowing)


def fields(value: object) -> dict[str, Any]:
    """Give an object of JSON; an empty one for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Give a list of JSON; an empty one for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def is_json(answer: Answer) -> bool:
    """Whether an answer is JSON, whatever it is called."""
    return answer.body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"[")

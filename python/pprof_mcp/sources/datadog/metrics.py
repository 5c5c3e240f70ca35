"""Datadog's queries besides profiles: measures, series, events. Answers are given as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from pprof_mcp.errors import RefusedError
from pprof_mcp.sources.datadog.asking import Asker, fields, items
from pprof_mcp.sources.datadog.refusals import QUERY_SERIES, READ_EVENTS, READ_METRICS
from pprof_mcp.sources.net.asking import facts
from pprof_mcp.sources.times import Window, text

MOST_SECONDS = 2_592_000
"""How far back metrics are listed. Source: Datadog's API."""
MOST_EVENTS = 1_000
"""Events of one page. Source: Datadog's API."""


class Metrics:
    """Asks for measures, series and events. Safe to use from several threads.

    Args:
        asker: Asks.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def scalar(
        self, queries: Sequence[Mapping[str, Any]], formula: str, window: Window, *, site: str = ""
    ) -> Any:
        """Ask for one number a group: `POST /api/v2/query/scalar`, also with `data_source: "profiles"`.

        Args:
            queries: As the API takes them, each with a name.
            formula: Over these names.
            window: When.
            site: The site; the configured one when empty.

        Returns:
            The attributes of the answer: `columns`.

        Raises:
            PprofMcpError: As `Asker.json`.
        """
        attributes = {
            **_milliseconds(window),
            "queries": list(queries),
            "formulas": [{"formula": formula, "limit": {"count": 1_000, "order": "desc"}}],
        }
        return self._query("scalar", attributes, site)

    def timeseries(
        self,
        queries: Sequence[Mapping[str, Any]],
        formulas: str | Sequence[str],
        window: Window,
        *,
        interval_seconds: float | None = None,
        site: str = "",
    ) -> Any:
        """Ask for series: `POST /api/v2/query/timeseries`.

        Args:
            queries: As the API takes them, each with a name.
            formulas: One or several over these names.
            window: When.
            interval_seconds: Time from point to point; the server's choice when not given.
            site: The site; the configured one when empty.

        Returns:
            The attributes of the answer: `series`, `times` in milliseconds, `values` with nulls.

        Raises:
            PprofMcpError: As `Asker.json`.
        """
        attributes: dict[str, Any] = {
            **_milliseconds(window),
            "queries": list(queries),
            "formulas": [{"formula": one} for one in ([formulas] if isinstance(formulas, str) else formulas)],
        }
        if interval_seconds is not None:
            attributes["interval"] = round(interval_seconds * 1_000)
        return self._query("timeseries", attributes, site)

    def events(self, query: str, window: Window, *, limit: int = 100, site: str = "") -> list[Any]:
        """Search events, the newest first: `POST /api/v2/events/search`, page by page.

        Raises:
            PprofMcpError: As `Asker.json`.
        """
        found: list[Any] = []
        cursor = ""
        while len(found) < limit:
            content = {
                "filter": {"from": text(window.start), "to": text(window.end), "query": query},
                "sort": "-timestamp",
                "page": {
                    "limit": min(limit - len(found), MOST_EVENTS),
                    **({"cursor": cursor} if cursor else {}),
                },
            }
            answer, _ = self._asker.json(
                site, "/api/v2/events/search", "the search of events", permission=READ_EVENTS, content=content
            )
            items: list[Any] = fields(answer).get("data") or []
            found += items
            following = fields(fields(fields(answer).get("meta")).get("page")).get("after")
            if not items or not isinstance(following, str) or following in ("", cursor):
                break
            cursor = following
        return found[:limit]

    def series(self, query: str, window: Window, *, site: str = "") -> Any:
        """Ask for series of metrics as the older API has them: `GET /api/v1/query`; nulls are real.

        Raises:
            RefusedError: The answer is an error under a good status.
            PprofMcpError: As `Asker.json`.
        """
        given = {"from": int(window.start.timestamp()), "to": int(window.end.timestamp()), "query": query}
        found, answer = self._asker.json(
            site,
            f"/api/v1/query?{urlencode(given)}",
            "metrics",
            permission=QUERY_SERIES,
            route="/api/v1/query",
        )
        told = fields(found)
        if told.get("status") == "error" or told.get("error"):
            raise RefusedError(
                f"{answer.request.host} refused metrics: {answer.words or 'without a reason'}",
                details=facts(answer),
            )
        return found

    def names(self, tags: str, *, seconds: int | None = None, site: str = "") -> list[str]:
        """List the metrics that have tags: `GET /api/v2/metrics`, page by page.

        Args:
            tags: Terms over tags.
            seconds: How far back they were sent, 30 days at most; the server's choice when not given.
            site: The site; the configured one when empty.

        Raises:
            PprofMcpError: As `Asker.json`.
        """
        found: list[str] = []
        cursor = ""
        while True:
            given = {
                "filter[tags]": tags,
                "page[size]": 10_000,
                **({} if seconds is None else {"window[seconds]": min(seconds, MOST_SECONDS)}),
                **({"page[cursor]": cursor} if cursor else {}),
            }
            answer, _ = self._asker.json(
                site,
                f"/api/v2/metrics?{urlencode(given)}",
                "the list of metrics",
                permission=READ_METRICS,
                route="/api/v2/metrics",
            )
            items: list[Any] = fields(answer).get("data") or []
            found += [name for item in items if isinstance(name := fields(item).get("id"), str)]
            following = fields(fields(fields(answer).get("meta")).get("pagination")).get("next_cursor")
            if not items or not isinstance(following, str) or following in ("", cursor):
                return sorted(set(found))
            cursor = following

    def active(self, tags: str, since: datetime, *, site: str = "") -> list[str]:
        """List the metrics that have tags and points since a time: `GET /api/v1/metrics`.

        Raises:
            PprofMcpError: As `Asker.json`.
        """
        given = {"from": int(since.timestamp()), "tag_filter": tags}
        answer, _ = self._asker.json(
            site,
            f"/api/v1/metrics?{urlencode(given)}",
            "the list of metrics",
            permission=READ_METRICS,
            route="/api/v1/metrics",
        )
        return sorted({name for name in items(fields(answer).get("metrics")) if isinstance(name, str)})

    def tags(self, name: str, *, site: str = "") -> list[str]:
        """List the tags of a metric: `GET /api/v2/metrics/{name}/all-tags`.

        Raises:
            PprofMcpError: As `Asker.json`.
        """
        answer, _ = self._asker.json(
            site,
            f"/api/v2/metrics/{quote(name, safe='')}/all-tags",
            "the tags of a metric",
            permission=READ_METRICS,
            route="/api/v2/metrics/all-tags",
        )
        found = fields(fields(fields(answer).get("data")).get("attributes")).get("tags")
        return sorted({tag for tag in items(found) if isinstance(tag, str)})

    def _query(self, form: str, attributes: Mapping[str, Any], site: str) -> Any:
        content = {"data": {"type": f"{form}_request", "attributes": attributes}}
        found, _ = self._asker.json(
            site, f"/api/v2/query/{form}", "a query of measures", permission=QUERY_SERIES, content=content
        )
        return fields(fields(fields(found).get("data")).get("attributes"))


def _milliseconds(window: Window) -> dict[str, int]:
    return {"from": round(window.start.timestamp() * 1_000), "to": round(window.end.timestamp() * 1_000)}

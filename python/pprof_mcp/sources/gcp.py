"""Google Cloud Profiler: the newest profiles of a project's list.

Source: `projects.profiles.list` of version 2, the only read that the API has. It takes a page size (1,000 at
most) and a page token and nothing else: no filter, no order. So pages are gone through and what fits is kept,
with what was looked at said; `profileBytes` is gzip of a pprof, in base64.
"""

from __future__ import annotations

import base64
import binascii
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote, urlencode

from pprof_mcp.errors import BadAnswerError, InvalidArgumentError, NotConfiguredError
from pprof_mcp.sources.gate import Gate
from pprof_mcp.sources.net.secret import Secret

PAGE = 100
"""Profiles of a page. Source: chosen; each takes up to a few hundred kB there, and 1,000 could pass the limit
of an answer."""
LOGIN = "PPROF_MCP_GCP_TOKEN holds for an hour: gcloud auth print-access-token gives another one."
MOST_PAGES = 50
"""Source: chosen; 5,000 profiles are two days of a service that is profiled once a minute in two ways."""

KINDS = {
    "CPU": "cpu",
    "WALL": "wall",
    "HEAP": "heap",
    "HEAP_ALLOC": "heap_alloc",
    "PEAK_HEAP": "peak_heap",
    "THREADS": "goroutine",
    "CONTENTION": "mutex",
}
"""The profile types of the API, and what they are called here. In Go, THREADS are goroutines, CONTENTION is
mutex."""


@dataclass(frozen=True, order=True)
class Listed:
    """One profile of the list; in order of time.

    Attributes:
        start: When it was taken, in milliseconds since 1970.
        name: `projects/.../profiles/...`.
        kind: Its kind, as called here.
        target: The deployment's name.
        content: gzip of the profile.
    """

    start: int
    name: str
    kind: str
    target: str
    content: bytes


@dataclass(frozen=True)
class Found:
    """What a list held.

    Attributes:
        profiles: The newest that fit, by time.
        looked_at: Profiles that were looked at.
        fitting: How many of them fit.
        targets: Deployments that were seen, sorted.
        is_whole: Whether the list ended.
    """

    profiles: tuple[Listed, ...]
    looked_at: int
    fitting: int
    targets: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True)
class CloudProfiler:
    """A Cloud Profiler.

    Attributes:
        gate: Asks.
        base: Its address.
        project: The project.
        token: An access token.
    """

    gate: Gate
    base: str
    project: str
    token: Secret

    def check(self) -> None:
        """Check that it can be asked.

        Raises:
            NotConfiguredError: The project or the token was not set.
        """
        missing = [
            name
            for name, value in (("PPROF_MCP_GCP_PROJECT", self.project), ("PPROF_MCP_GCP_TOKEN", self.token))
            if not value
        ]
        if missing:
            raise NotConfiguredError(
                f"Cloud Profiler can not be asked: {' and '.join(missing)} not set",
                hint="Set them in the environment; `gcloud auth print-access-token` prints a token.",
                details={"missing": missing},
            )

    def newest(
        self,
        *,
        service: str,
        kinds: Sequence[str],
        window: tuple[int, int],
        limit: int,
        done: Callable[[int, int], object],
    ) -> Found:
        """Go through the list and keep the newest profiles that fit.

        Args:
            service: The deployment; every one when empty.
            kinds: Kinds, as called here or there; every one when empty.
            window: Times it must begin in, in milliseconds since 1970.
            limit: Profiles kept of each kind at most.
            done: Told pages done and pages at most.

        Raises:
            InvalidArgumentError: There is no such kind.
            SourceError: It can not be asked, or answers something else.
        """
        wanted = {_kind(one) for one in kinds}
        kept: dict[str, list[Listed]] = {}
        targets: set[str] = set()
        looked_at = fitting = pages = 0
        token = ""
        while True:
            rows, token = self._page(token)
            pages += 1
            done(pages, MOST_PAGES)
            for row in rows:
                looked_at += 1
                listed = self._listed(row)
                targets.add(listed.target)
                if service and listed.target != service:
                    continue
                if (wanted and listed.kind not in wanted) or not window[0] <= listed.start <= window[1]:
                    continue
                fitting += 1
                best = kept.setdefault(listed.kind, [])
                heapq.heappush(best, listed)
                if len(best) > limit:
                    heapq.heappop(best)
            if not token or pages >= MOST_PAGES:
                break
        profiles = tuple(sorted(one for best in kept.values() for one in best))
        return Found(profiles, looked_at, fitting, tuple(sorted(targets)), not token)

    def _page(self, token: str) -> tuple[list[dict[str, Any]], str]:
        query = {"pageSize": str(PAGE), **({"pageToken": token} if token else {})}
        url = f"{self.base}/v2/projects/{quote(self.project, safe='')}/profiles?{urlencode(query)}"
        answer = self.gate.ask(
            self.gate.request(url, "the list of profiles", secrets={"Authorization": self.token})
        )
        self.gate.checked(answer, login=LOGIN)
        found: Any = answer.json()
        if not isinstance(found, dict):
            raise self._strange("no object")
        page = cast("dict[str, Any]", found)
        rows: Any = page.get("profiles") or []
        if not isinstance(rows, list):
            raise self._strange("no list of profiles")
        return [row for row in cast("list[Any]", rows) if isinstance(row, dict)], str(
            page.get("nextPageToken") or ""
        )

    def _listed(self, row: dict[str, Any]) -> Listed:
        deployment: Any = row.get("deployment")
        target = cast("dict[str, Any]", deployment).get("target", "") if isinstance(deployment, dict) else ""
        try:
            content = base64.b64decode(str(row.get("profileBytes") or ""), validate=True)
        except binascii.Error:
            raise self._strange("profileBytes that are no base64") from None
        kind = str(row.get("profileType") or "")
        start = _millis(str(row.get("startTime") or ""))
        return Listed(start, str(row.get("name") or ""), KINDS.get(kind, kind.lower()), str(target), content)

    def _strange(self, what: str) -> BadAnswerError:
        return BadAnswerError(
            f"{self.base} answered the list of profiles with {what}", details={"url": self.base}
        )


def _kind(text: str) -> str:
    kind = KINDS.get(text.upper(), text)
    if kind not in KINDS.values():
        raise InvalidArgumentError(
            f"Cloud Profiler has no {text[:60]!r} profiles; it has {', '.join(KINDS.values())}",
            details={"argument": "kinds", "available": list(KINDS.values())},
        )
    return kind


def _millis(text: str) -> int:
    """A time as protobuf's JSON has it, with up to nine digits behind the point; 0 for none."""
    whole, _, rest = text.rstrip("Z").partition(".")
    try:
        at = datetime.fromisoformat(f"{whole}+00:00").timestamp()
    except ValueError:
        return 0
    return int(at) * 1_000 + int((rest[:3] or "0").ljust(3, "0")) if rest.isdigit() or not rest else 0

"""An imitation of Google Cloud Profiler's list.

Source: the method `projects.profiles.list` of version 2 as published: `GET /v2/projects/{project}/profiles`
with `pageSize` (1,000 at most) and `pageToken`; `profileBytes` is gzip of a pprof, in base64.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.imitations.pprofs import plain
from tests.imitations.serving import Asked, Reply, Served


@dataclass(frozen=True)
class Collected:
    """One profile of a deployment."""

    kind: str
    target: str
    start: str
    content: bytes
    labels: dict[str, str] = field(default_factory=dict[str, str])

    def described(self, project: str, number: int) -> dict[str, Any]:
        """As the list has it."""
        packed = gzip.compress(plain(self.content), mtime=0)
        return {
            "name": f"projects/{project}/profiles/{number:08d}",
            "profileType": self.kind,
            "deployment": {"projectId": project, "target": self.target, "labels": self.labels},
            "duration": "10s",
            "profileBytes": base64.b64encode(packed).decode(),
            "startTime": self.start,
        }


class CloudProfiler(Served):
    """A Cloud Profiler with one project.

    Args:
        profiles: What was collected, in the order of the list.
        project: The project.
        token: The access token that is wanted.
        page: Profiles of a page at most, whatever is asked.
    """

    def __init__(
        self, profiles: Sequence[Collected], *, project: str = "shop-prod", token: str = "", page: int = 1_000
    ) -> None:
        super().__init__(self._reply)
        self.profiles = list(profiles)
        self.project = project
        self.token = token
        self.page = page

    def _reply(self, asked: Asked) -> Reply:
        if self.token and asked.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        if asked.path != f"/v2/projects/{self.project}/profiles":
            return _error(
                403, "Permission 'cloudprofiler.profiles.list' denied on resource", "PERMISSION_DENIED"
            )
        size = min(int(asked.query.get("pageSize", "1000")), self.page)
        begin = int(asked.query.get("pageToken") or "0")
        rows = [one.described(self.project, number) for number, one in enumerate(self.profiles)]
        answer: dict[str, Any] = {"profiles": rows[begin : begin + size]}
        if begin + size < len(rows):
            answer["nextPageToken"] = str(begin + size)
        return Reply.json(answer)


def _error(status: int, text: str, state: str) -> Reply:
    return Reply.json({"error": {"code": status, "message": text, "status": state}}, status)

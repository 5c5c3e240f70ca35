"""Calls as plain HTTP, for the tests of the imitation server itself."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from tests.fake_datadog.app import FakeDatadog
from tests.fake_datadog.clock import NOW, iso
from tests.fake_datadog.store import Profile

LIST = "/api/unstable/profiles/list"


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def entries(self) -> dict[str, bytes]:
        """The entries of a zip, every checksum checked."""
        with zipfile.ZipFile(io.BytesIO(self.body)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def keys(fake: FakeDatadog) -> dict[str, str]:
    return {"DD-API-KEY": fake.api_key, "DD-APPLICATION-KEY": fake.app_key}


def call(
    fake: FakeDatadog,
    method: str,
    target: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    has_keys: bool = True,
) -> Reply:
    """Make one call with good keys on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=30)
    sent = {**(keys(fake) if has_keys else {}), **(headers or {})}
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    try:
        connection.request(method, target, content, sent)
        response = connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def window(query: str = "", *, start: float = -3600, end: float = 0, **more: object) -> dict[str, object]:
    """Body of a list: from so many seconds to so many from the tests' now."""
    return {"filter": {"from": iso(NOW + start), "to": iso(NOW + end), "query": query}, **more}


def listed(fake: FakeDatadog, query: str = "", **more: Any) -> list[Any]:
    """List profiles and give the `data`."""
    reply = call(fake, "POST", LIST, window(query, **more))
    assert reply.status == 200, reply
    return reply.json["data"]


def path_of(profile_id: str, event_id: str) -> str:
    """Target of a download."""
    return (
        f"/api/ui/profiling/profiles/{quote(profile_id, safe='')}/download?eventId={quote(event_id, safe='')}"
    )


def one(fake: FakeDatadog, query: str = "service:checkout env:prod") -> Profile:
    """The newest profile of the store that fits."""
    row = listed(fake, query, limit=1, start=-86_400)[0]
    found = [profile for profile in fake.store.profiles if profile.event_id == row["id"]]
    assert len(found) == 1
    return found[0]


def download(fake: FakeDatadog, profile: Profile) -> Reply:
    return call(fake, "GET", path_of(profile.profile_id, profile.event_id))

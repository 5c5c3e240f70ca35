"""Datadog's imitation under a clock that waits move on: trying again takes no time."""

from __future__ import annotations

from pathlib import Path

from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.datadog.profiles import Listing
from pprof_mcp.sources.net.client import Http
from pprof_mcp.sources.net.limiter import Limiter
from pprof_mcp.sources.remote import Remote
from pprof_mcp.sources.times import Window, from_epoch

from tests.datadog import settings_of
from tests.fake_datadog import FakeDatadog

ENDLESS = {"stall_before_headers", "stall_mid_body", "hold"}
"""Faults of silence, which is measured on the real clock; see the tests of the transport."""


class Virtual:
    """Sources whose time is that of the imitation: waits take none."""

    def __init__(self, fake: FakeDatadog, folder: Path, **more: str) -> None:
        self.waits: list[float] = []
        self.fake = fake

        def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            fake.clock.forward(seconds)

        def limiter() -> Limiter:
            return Limiter(clock=fake.clock, sleep=sleep)

        self.remote = Remote(
            settings_of(fake, **more),
            folder=folder,
            connect=lambda proxies, _: Http(
                limiter=limiter(),
                proxies=proxies,
                clock=fake.clock,
                wall=fake.clock,
                sleep=sleep,
                random=lambda: 0.5,
            ),
            wall=fake.clock,
        )

    def listed(self) -> Listing:
        now = self.fake.clock()
        window = Window(from_epoch(now - 3_600), from_epoch(now))
        return self.remote.profiles.search("service:checkout env:prod", window, limit=5)

    def downloaded(self) -> Path:
        one = max(self.fake.store.visible(), key=lambda one: (one.service == "checkout", one.end))
        return self.remote.profiles.download(Candidate(one.event_id, one.profile_id)).path

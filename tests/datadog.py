"""An imitation of Datadog that calls of every tool may talk to, and settings that lead there.

It runs for as long as the tests do, follows the machine's clock, and gets no new profiles: so the same call
gives the same answer.
"""

from __future__ import annotations

import atexit
import time
from functools import cache
from pathlib import Path

from pprof_mcp.session.session import Session
from pprof_mcp.settings import Settings, load
from pprof_mcp.sources.fence import Fence
from pprof_mcp.sources.remote import Remote

from tests.fake_datadog import Clock, FakeDatadog
from tests.fake_datadog.clock import iso
from tests.fake_datadog.services import default_metrics, default_profiles

SETTINGS = ("DD_API_KEY", "DATADOG_API_KEY", "DD_APP_KEY", "DD_APPLICATION_KEY", "DATADOG_APP_KEY", "DD_SITE",
            "DATADOG_SITE", "DATADOG_HOST", "PPROF_MCP_DD_BASE_URL", "DD_PROXY_HTTPS", "DD_PROXY_NO_PROXY",
            "PPROF_MCP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy",
            "all_proxy")  # fmt: skip
"""Variables that could lead a test to the real service, or hold somebody's keys."""


def environment(fake: FakeDatadog) -> dict[str, str]:
    """Give the variables that lead to an imitation, without a pace."""
    return {
        "DD_API_KEY": fake.api_key,
        "DD_APP_KEY": fake.app_key,
        "PPROF_MCP_DD_BASE_URL": fake.url,
        "PPROF_MCP_DD_RPS": "0",
    }


def settings_of(fake: FakeDatadog, **more: str) -> Settings:
    """Give settings that lead to an imitation."""
    return load({**environment(fake), **more})


def session_of(fake: FakeDatadog, folder: Path, *, fence: Fence | None = None, **more: str) -> Session:
    """Give a session that talks to an imitation, in its time, and keeps downloads in a folder."""
    settings = settings_of(fake, **more)
    remote = Remote(settings, folder=folder / "downloads", wall=fake.clock)
    return Session(fence=fence or Fence.unrestricted(), settings=settings, remote=remote)


NOW = time.time() // 300 * 300
WINDOW = {"from": iso(NOW - 6 * 3_600, "whole"), "to": iso(NOW, "whole")}
"""A window of the lasting imitation, the same for every call."""


@cache
def lasting() -> FakeDatadog:
    """Give the imitation that runs for as long as the tests do."""
    fake = FakeDatadog("empty", clock=Clock(is_real=True))
    fake.store.add(*(one for one in default_profiles(NOW) if one.end <= NOW), *default_metrics(NOW))
    fake.start()
    atexit.register(fake.stop)
    return fake

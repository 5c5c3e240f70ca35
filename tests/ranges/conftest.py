"""An imitation of Datadog for each test, and a session that talks to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pprof_mcp.session.session import Session

from tests.datadog import session_of
from tests.fake_datadog import FakeDatadog


@pytest.fixture
def asking(fake: FakeDatadog, tmp_path: Path) -> Session:
    return session_of(fake, tmp_path)

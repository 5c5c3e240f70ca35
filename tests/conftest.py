"""What several tests need: the profiles of the project, sessions with a clock in hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pprof_mcp.session.session import Session
from pprof_mcp.settings import Settings
from pprof_mcp.sources.fence import Fence
from pprof_mcp.sources.places import PLACE_VARIABLES

from tests import datadog
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA, Clock, MakeSession

if TYPE_CHECKING:
    from tests.fake_datadog import FakeDatadog


@pytest.fixture(autouse=True)
def no_baselines_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing is recorded where the user keeps it."""
    folder = tmp_path_factory.mktemp("state", numbered=True)
    monkeypatch.setenv("PPROF_MCP_BASELINES", "")
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(folder))


@pytest.fixture(autouse=True)
def no_account_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of a service, and no key of the user is seen."""
    for name in (*datadog.SETTINGS, *(item[0] for item in PLACE_VARIABLES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def imitated_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources over the network are imitations on this machine, for this process and those it starts."""
    for name, value in datadog.environment(datadog.lasting()).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def data() -> Path:
    """The folder of recorded profiles."""
    return DATA


@pytest.fixture
def many_types(tmp_path: Path) -> str:
    """A profile with 300 sample types, `type0` to `type299`."""
    types = tuple((f"type{at}", "count") for at in range(300))
    path = tmp_path / "many-types.pb"
    path.write_bytes(NaiveProfile((Sample(stack=(), values=(1,) * 300),), types).encode())
    return str(path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_session(clock: Clock) -> MakeSession:
    """Makes sessions that read everything and have the clock of the test."""

    def make(*, fence: Fence | None = None, **settings: Any) -> Session:
        return Session(fence=fence or Fence.unrestricted(), settings=Settings(**settings), clock=clock)

    return make


@pytest.fixture
def session(make_session: MakeSession) -> Session:
    return make_session()


@pytest.fixture
def cpu(data: Path) -> str:
    """A CPU profile with labels and planted hot functions."""
    return str(data / "go" / "main" / "cpu.pb.gz")


@pytest.fixture
def empty(tmp_path: Path, session: Session, cpu: str) -> str:
    """A CPU profile that is good in every way but has no samples."""
    nothing = session.profile(cpu).filter(focus="^no function is called so$")
    path = tmp_path / "empty.pb.gz"
    path.write_bytes(nothing.to_bytes())
    return str(path)


@pytest.fixture
def fake() -> Iterator[FakeDatadog]:
    """An imitation of Datadog with its default services, on loopback."""
    from tests.fake_datadog import FakeDatadog

    with FakeDatadog() as fake:
        yield fake

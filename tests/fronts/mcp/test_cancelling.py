"""A request that is cancelled, or that says how far it is: in both eras of the protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from pprof_mcp.errors import CancelledError
from pprof_mcp.fronts.mcp import working
from pprof_mcp.fronts.mcp.calling import Caller
from pprof_mcp.session.inputs import Fenced
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence

from tests.fronts.mcp.talking import MODES, Mode, ask, talk
from tests.support import DATA

CPU = DATA / "go" / "main" / "cpu.pb.gz"
MANY = 50_000


class Reading:
    """Counts what a merge reads."""

    def __init__(self) -> None:
        self.count = 0
        self.under_way = threading.Event()
        self.ended = threading.Event()
        self.outcome: BaseException | None = None


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    found = Reading()
    content = CPU.read_bytes()

    def read(_files: Fenced, _path: str) -> bytes:
        found.count += 1
        if found.count > 10:
            found.under_way.set()
        return content

    call: Callable[..., Any] = Caller.call

    def listen(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        except BaseException as problem:
            found.outcome = problem
            raise
        finally:
            found.ended.set()

    monkeypatch.setattr(Fenced, "content", read)
    monkeypatch.setattr(Caller, "call", listen)
    return found


@pytest.mark.parametrize("mode", MODES)
def test_a_merge_whose_request_is_cancelled_stops(mode: Mode, reading: Reading) -> None:
    session = Session(fence=Fence([DATA]))

    async def work(client: Client) -> None:
        async with anyio.create_task_group() as group:

            async def merge() -> None:
                await client.call_tool("pprof_merge", {"profiles": [str(CPU)] * MANY})

            group.start_soon(merge)
            assert await anyio.to_thread.run_sync(reading.under_way.wait, 30)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(reading.ended.wait, 30)

    talk(session, mode, work)
    assert isinstance(reading.outcome, CancelledError)
    assert 10 < reading.count < MANY
    assert session.records() == []


@pytest.mark.parametrize("mode", MODES)
def test_a_merge_says_how_far_it_is_to_who_asks(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(working, "EVERY", 0.0)
    go_on = threading.Event()
    content = CPU.read_bytes()

    def read(_files: Fenced, path: str) -> bytes:
        if path.endswith("last"):
            assert go_on.wait(30)
        return content

    monkeypatch.setattr(Fenced, "content", read)
    heard: list[tuple[float, float | None]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        assert message is not None
        heard.append((progress, total))
        if progress >= 1:
            go_on.set()

    async def work(client: Client) -> None:
        paths = [str(tmp_path / name) for name in ("first", "last")]
        result = await client.call_tool("pprof_merge", {"profiles": paths}, progress_callback=listen)
        assert not result.is_error, result.content
        await ask(client, "profiles_handles")

    talk(Session(fence=Fence([tmp_path])), mode, work)
    assert (1.0, 2.0) in heard


@pytest.mark.parametrize("mode", MODES)
def test_discovery_says_which_analyses_are_under_way(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "EVERY", 0.0)
    heard: list[str] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        assert total == 8
        assert progress <= total
        heard.append(message or "")

    async def work(client: Client) -> None:
        given = {"bundle": str(DATA / "bundle.zip")}
        result = await client.call_tool("pprof_discover", given, progress_callback=listen)
        assert not result.is_error, result.content
        await ask(client, "profiles_handles")

    talk(Session(fence=Fence([DATA])), mode, work)
    assert heard[0].startswith("0 of 8 analyses: ")
    assert all(" of 8 analyses: " in message for message in heard)
    assert len(heard) > 2

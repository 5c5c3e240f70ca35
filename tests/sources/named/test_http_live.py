"""A Go program that runs: all kinds side by side, and every analysis takes them."""

from __future__ import annotations

import pytest
from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, UnauthorizedError
from pprof_mcp.progress import WATCH

from tests.cases import OUT
from tests.sources.named.calling import accepted_by, call, download
from tests.sources.named.conftest import Running, StartGo, described, fetching

pytestmark = pytest.mark.go


def test_all_kinds_are_fetched_and_every_analysis_takes_them(go: Running) -> None:
    session = fetching(server=True, roots=[OUT], PPROF_MCP_HOSTS=go.host)
    found = download(session, "http", url=f"http://{go.host}", seconds=1)
    assert described(found) == {
        "block.pb.gz": "block",
        "cpu.pb.gz": "cpu",
        "goroutine.pb.gz": "goroutine",
        "heap.pb.gz": "heap",
        "mutex.pb.gz": "mutex",
        "threadcreate.pb.gz": "threadcreate",
        "tickets.pb.gz": "other",
    }
    assert found.not_fetched == []
    handles = {row.type: row.handle for row in found.files}
    assert found.stacks is not None
    taken = accepted_by(session, handles, found.bundle)
    assert len(taken) >= 25
    assert {"pprof.top", "pprof.flamegraph", "pprof.hotspot_summary", "pprof.memory_sanity"} <= set(taken)


def test_what_the_program_does_is_found_in_its_profiles(go: Running) -> None:
    session = fetching(server=False)
    found = download(session, "http", url=go.index, seconds=1)
    handles = {row.type: row.handle for row in found.files}
    cpu = call(session, "pprof.top", profile=handles["cpu"], cum=True, focus="hashBlock")
    assert "main.hashBlock" in {row.name for row in cpu.rows}
    keys = call(session, "pprof.tags", profile=handles["cpu"])
    assert "tenant" in str(keys.model_dump())
    mutex = call(session, "pprof.contention_analysis", profile=handles["mutex"])
    assert "record" in str(mutex.model_dump())


def test_goroutines_are_joined_with_their_ages_and_creators(go: Running) -> None:
    session = fetching(server=False)
    found = download(session, "http", url=go.index, kinds=["goroutine"])
    assert described(found) == {"goroutine.pb.gz": "goroutine"}
    (suggested,) = [one for one in found.next if one.tool == "pprof_goroutine_analysis"]
    analysed = call(session, "pprof.goroutine_analysis", **suggested.arguments)
    waiting = [leak for leak in analysed.potential_leaks if "waitForever" in str(leak.model_dump())]
    assert waiting
    assert "main.main" in str(waiting[0].model_dump())


def test_deltas_hold_what_came_about_and_not_what_was_before(go: Running) -> None:
    session = fetching(server=False)
    whole = download(session, "http", url=go.index, kinds=["mutex", "heap"])
    delta = download(session, "http", url=go.index, kinds=["mutex", "heap"], seconds=1, deltas=True)
    assert described(delta) == {"delta-heap.pb.gz": "heap", "delta-mutex.pb.gz": "mutex"}
    assert [row.duration_text is None for row in whole.files] == [True, True]
    for row in delta.files:
        meta = call(session, "pprof.meta", profile=row.handle)
        assert 0.9e9 <= meta.duration_nanos < 60e9


def test_one_profile_is_fetched_by_its_own_address(go: Running) -> None:
    session = fetching(server=False)
    found = download(session, "http", url=f"{go.index}heap?gc=1")
    assert described(found) == {"heap": "heap"}
    text = download(session, "http", url=f"{go.index}goroutine?debug=1")
    assert text.kinds == ["goroutine"]


def test_a_program_below_a_path_and_behind_a_token_is_asked_with_the_operators_header(
    start_go: StartGo,
) -> None:
    program = start_go("-token", "t0ken-of-the-shop-1234", "-prefix", "/shop")
    header = f"{program.host} Authorization: Bearer t0ken-of-the-shop-1234"
    session = fetching(server=True, PPROF_MCP_HOSTS=program.host, PPROF_MCP_HOST_HEADERS=header)
    found = download(session, "http", url=f"http://{program.host}/shop/debug/pprof", kinds=["heap"])
    assert described(found) == {"heap.pb.gz": "heap"}
    without = fetching(server=True, PPROF_MCP_HOSTS=program.host)
    with pytest.raises(UnauthorizedError, match="401"):
        download(without, "http", url=f"http://{program.host}/shop/debug/pprof", kinds=["heap"])


def test_progress_is_told_and_a_cancelled_call_ends(go: Running) -> None:
    session = fetching(server=False)
    told: list[tuple[int, int]] = []
    token = WATCH.set(lambda done, total, _size, _failed, _what="": told.append((done, total)))
    try:
        download(session, "http", url=go.index, kinds=["heap", "mutex", "block"])
    finally:
        WATCH.reset(token)
    assert told[0] == (0, 3)
    assert told[-1] == (3, 3)
    cancellation = _native.Cancellation()
    WATCH.set(None)

    def cancelled_soon() -> None:
        token = WATCH.set(lambda _done, _all, _size, _failed, _what="": cancellation.cancel())
        try:
            download(session, "http", url=go.index, kinds=["cpu"], seconds=600)
        finally:
            WATCH.reset(token)

    with pytest.raises(CancelledError):
        cancellation.run(cancelled_soon)

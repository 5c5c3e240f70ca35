"""What pprof.discover must name, once, and what it must leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pprof_mcp.results.discovery import DiscoverResult
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof import discover as declared

from tests.property.naive import NaiveProfile, Sample
from tests.tools.pprof.cpus import cpu_of
from tests.tools.pprof.goroutine_stacks import profile_of as goroutines_of
from tests.tools.pprof.stacks import SECOND, profile_of
from tests.wire import number_field


def discover(bundle: Any, **options: Any) -> DiscoverResult:
    return declared.discover(bundle, **options)


def test_what_is_prepared_polled_or_compared_again_and_again_is_named(tmp_path: Path) -> None:
    handler = "ex.com/m.get:9 < net/http.(*conn).serve:1"
    stacks = {
        f"syscall.Open:1 < time.loadTzinfo:1 < time.LoadLocation:2 < ex.com/m.when:5 < {handler}": 200,
        f"runtime.mallocgc:1 < html/template.(*Template).Parse:2 < ex.com/m.page:6 < {handler}": 150,
        "runtime.chanrecv:1 < runtime.selectnbrecv:2 < ex.com/m.watch:7 < ex.com/m.run:1": 250,
        f"reflect.deepValueEqual:1 < reflect.DeepEqual:2 < ex.com/m.lookup:8 < {handler}": 250,
        f"ex.com/m.get:8 < {handler}": 50,
        "syscall.Syscall:1 < net/http.(*conn).serve:1": 100,
    }
    found = discover(cpu_of(tmp_path, "cpu.pb", stacks), limit=9)
    told = {(row.area, row.function, row.source_location, row.share_pct) for row in found.recommendations}
    assert told == {
        ("setup", "ex.com/m.when", "ex.com/m/x.go:5", 35.0),
        ("polling", "ex.com/m.watch", "ex.com/m/x.go:7", 25.0),
        ("comparing", "ex.com/m.lookup", "ex.com/m/x.go:8", 25.0),
    }


@pytest.mark.parametrize(("seconds", "expected"), [(10, ["ex.com/m.hash"]), (60, [])])
def test_what_takes_next_to_no_cpu_is_not_worth_saving_whatever_its_share(
    tmp_path: Path, seconds: int, expected: list[str]
) -> None:
    stacks = {"ex.com/m.hash:9 < main.main:1": 100, "runtime.futex:1 < runtime.mcall:3": 400}
    found = discover(cpu_of(tmp_path, "cpu.pb", stacks, seconds=seconds))
    assert [row.function for row in found.recommendations] == expected


def test_calls_that_block_nodes_one_thread_are_named(tmp_path: Path) -> None:
    hashing = ("run", "", 0), ("pbkdf2Sync", "node:internal/crypto/pbkdf2", 61)
    frames = {
        (*hashing, ("token", "/srv/app/token.js", 4)): 500,
        (("(idle)", "", 0),): 400,
        (("list", "/srv/app/main.js", 9),): 60,
    }
    samples = tuple(
        Sample(tuple((frame,) for frame in stack), (count, count * 1_000)) for stack, count in frames.items()
    )
    path = tmp_path / "wall.pb"
    types = (("sample", "count"), ("wall", "microseconds"))
    path.write_bytes(NaiveProfile(samples, types).encode() + number_field(10, SECOND))
    (row,) = discover(str(path)).recommendations
    assert (row.area, row.function, row.source_location) == ("blocking", "token", "/srv/app/token.js:4")
    assert row.share_of == "wall time"
    assert row.evidence[0].startswith("500ms of 960ms wall time")


def test_a_way_of_which_every_line_waits_is_not_named_for_what_is_left(tmp_path: Path) -> None:
    types = (("cpu-time", "nanoseconds"), ("wall-time", "nanoseconds"))
    sleep = Sample(((("drive", "/srv/app/drive.py", 31),),), (2 * SECOND, 26 * SECOND))
    query = Sample(
        ((("rows", "/srv/app/store.py", 34),), (("drive", "/srv/app/drive.py", 27),)),
        (SECOND // 2, 4 * SECOND),
    )
    path = tmp_path / "py.pb"
    path.write_bytes(NaiveProfile((sleep, query) * 40, types).encode() + number_field(10, 400 * SECOND))
    assert discover(str(path)).recommendations == []


def test_one_lock_that_several_functions_wait_for_is_one_recommendation(
    tmp_path: Path, session: Session
) -> None:
    waits = [
        ("sync.(*Mutex).Lock:1 < ex.com/m.(*Room).Send:4 < main.main:1", 900, 9 * SECOND),
        ("sync.(*Mutex).Lock:1 < ex.com/m.(*Room).Join:8 < main.main:1", 500, 5 * SECOND),
    ]
    holds = [("sync.(*Mutex).Unlock:1 < ex.com/m.(*Room).Send:6 < main.main:1", 1_400, 14 * SECOND)]
    given = [
        profile_of(session, tmp_path, "block.pb", waits),
        profile_of(session, tmp_path, "mutex.pb", holds),
    ]
    (row,) = discover(given, session=session).recommendations
    assert (row.area, row.function) == ("hot_lock", "ex.com/m.(*Room).Send")
    assert any(text.startswith("also hot_lock") and "Join" in text for text in row.evidence)


def test_both_goroutines_of_client_connections_are_one_recommendation(tmp_path: Path) -> None:
    places = {"readLoop": 2450, "writeLoop": 2652}
    stacks = [
        f"runtime.gopark:1 < runtime.selectgo:1 < net/http.(*persistConn).{name}:{line}"
        for name, line in places.items()
    ]
    now, base = (
        goroutines_of(tmp_path, [(text, count) for text in stacks], name=f"goroutine{count}.pb")
        for count in (300, 20)
    )
    (row,) = discover(now, base=base).recommendations
    assert (row.area, row.priority) == ("goroutine_leak", "high")
    assert row.suggestion.startswith("Bodies of responses are neither closed")

"""What pprof.discover must name, once, and what it must leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pprof_mcp as pp
import pytest
from pprof_mcp.results.discovery import DiscoverResult
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof import discover as declared

from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA
from tests.tools.pprof.cpus import cpu_of
from tests.tools.pprof.goroutine_stacks import profile_of as goroutines_of
from tests.tools.pprof.heaps import MIB, heap_of
from tests.tools.pprof.stacks import SECOND, profile_of
from tests.wire import number_field

MAIN = DATA / "go" / "main"


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


def test_collecting_garbage_is_told_with_who_allocates_most(tmp_path: Path, session: Session) -> None:
    cpu = cpu_of(
        tmp_path,
        "cpu.pb",
        {"runtime.gcDrain:1 < runtime.gcBgMarkWorker:1": 300, "ex.com/m.A:5 < main.main:1": 80,
         "ex.com/m.B:6 < main.main:1": 80, "ex.com/m.C:7 < main.main:1": 80},
    )  # fmt: skip
    heap = heap_of(
        tmp_path,
        "heap.pb",
        [("ex.com/m.Load:9 < main.main:1", (900, 90 * MIB, 900, 90 * MIB))],
        seconds=10,
    )
    found = discover([cpu, heap], limit=50, session=session)
    (collecting,) = [row for row in found.recommendations if row.area == "gc"]
    assert collecting.priority == "high"
    assert collecting.share_of == "CPU time"


def test_a_server_that_does_little_but_serve_needs_no_advice(tmp_path: Path) -> None:
    serve = "net/http.(*conn).serve:1"
    handler = f"ex.com/m.get:9 < {serve}"
    stacks = {
        f"syscall.Syscall:1 < net/http.(*conn).readRequest:2 < {serve}": 300,
        "runtime.futex:1 < runtime.schedule:2 < runtime.mcall:3": 250,
        f"runtime.mallocgc:1 < net/http.Header.Set:2 < {handler}": 150,
        f"encoding/json.Marshal:3 < {handler}": 120,
        f"go.uber.org/zap.(*Logger).Info:3 < {handler}": 80,
        f"ex.com/m.get:8 < {serve}": 60,
    }
    found = discover(cpu_of(tmp_path, "cpu.pb", stacks))
    assert found.recommendations == []
    assert found.verdict == "nothing_stands_out"


def test_work_that_somebody_chose_is_told_with_the_line_that_most_of_it_is_for(tmp_path: Path) -> None:
    handler = "ex.com/m.get:9 < net/http.(*conn).serve:1"
    stacks = {
        f"regexp/syntax.Parse:1 < regexp.MustCompile:2 < ex.com/m.valid:5 < {handler}": 200,
        f"fmt.Sprintf:1 < go.uber.org/zap.(*SugaredLogger).Debugf:2 < ex.com/m.note:7 < {handler}": 140,
        f"runtime.cgocall:1 < ex.com/m._Cfunc_sum:3 < ex.com/m.Sum:4 < {handler}": 220,
        f"encoding/json.Marshal:3 < ex.com/m.one:6 < {handler}": 110,
        f"encoding/json.Marshal:3 < ex.com/m.two:6 < {handler}": 110,
        f"encoding/json.Marshal:3 < ex.com/m.three:6 < {handler}": 110,
        "syscall.Syscall:1 < net/http.(*conn).serve:1": 110,
    }
    found = discover(cpu_of(tmp_path, "cpu.pb", stacks), limit=9)
    told = {(row.area, row.function, row.source_location, row.share_pct) for row in found.recommendations}
    assert told == {
        ("regexp", "ex.com/m.valid", "ex.com/m/x.go:5", 20.0),
        ("logging", "ex.com/m.note", "ex.com/m/x.go:7", 14.0),
        ("cgo", "ex.com/m.Sum", "ex.com/m/x.go:4", 22.0),
        # A third each: no single place.
        ("json", None, None, 33.0),
    }
    (encoding,) = [row for row in found.recommendations if row.area == "json"]
    assert any("11 % for m.one, 11 % for m.three, 11 % for m.two" in text for text in encoding.evidence)


def test_collecting_is_for_the_function_that_allocates_most_on_all_its_lines(tmp_path: Path) -> None:
    stacks = {
        "runtime.gcDrain:1 < runtime.gcBgMarkWorker:1": 400,
        # Whom the collector made help is not whom it is for.
        "runtime.gcAssistAlloc:1 < runtime.mallocgc:1 < ex.com/m.Other:3 < main.main:1": 60,
        "ex.com/m.Insert:5 < main.main:1": 90,
        "ex.com/m.Other:6 < main.main:1": 90,
    }
    allocated = [(f"ex.com/m.Insert:{line} < main.main:1", (9_000, 300 * MIB, 0, 0)) for line in (5, 7)]
    heap = heap_of(tmp_path, "heap.pb", [*allocated, ("ex.com/m.Other:6", (900, 90 * MIB, 0, 0))], seconds=10)
    found = discover([cpu_of(tmp_path, "cpu.pb", stacks), heap], limit=50)
    row = next(row for row in found.recommendations if row.area == "gc")
    assert (row.function, row.source_location) == ("ex.com/m.Insert", "ex.com/m/x.go:5")
    assert row.share_pct == pytest.approx(100 * 460 / 640, abs=0.01)
    # Its lines are one thing to mend.
    assert sum("m.Insert allocates" in text for text in row.evidence) == 2
    assert [row.area for row in found.recommendations if row.function == "ex.com/m.Insert"] == ["gc"]


def test_a_dump_beside_the_profile_adds_ages_and_is_no_second_profile(tmp_path: Path) -> None:
    for name in ("goroutine.after.pb.gz", "goroutine.debug2.txt.gz"):
        (tmp_path / name).write_bytes((MAIN / name).read_bytes())
    found = discover(str(tmp_path), limit=50)
    assert len(found.recommendations) == 2
    assert all(any("oldest for" in text for text in row.evidence) for row in found.recommendations)
    assert [row.name for row in found.looked_at] == ["goroutine.after.pb.gz"]
    assert not any("is used, the latest" in warning for warning in found.warnings)


def test_a_pool_that_is_all_taken_is_called_one(tmp_path: Path, session: Session) -> None:
    waits = "runtime.gopark:1 < runtime.selectgo:1 < database/sql.(*DB).conn:9 < ex.com/m.First:4"
    block = profile_of(session, tmp_path, "block.pb", [("runtime.chanrecv1:1 < ex.com/m.Ok:1", 50, SECOND)])
    found = discover([goroutines_of(tmp_path, [(waits, 120)]), block])
    (row,) = found.recommendations
    assert (row.area, row.priority, row.function) == ("goroutine_leak", "medium", "ex.com/m.First")
    assert row.suggestion.startswith("All of a pool are taken: give back")


def test_the_wall_time_of_node_is_looked_at_where_there_is_no_cpu_time(tmp_path: Path) -> None:
    types = (("sample", "count"), ("wall", "microseconds"))
    stacks = {
        ("clone", "/srv/app/copy.js", 4): 600,
        ("(idle)", "", 0): 1_400,
        ("main", "/srv/app/main.js", 9): 9,
    }
    samples = tuple(Sample(((frame,),), (count, count * 1_000)) for frame, count in stacks.items())
    path = tmp_path / "wall.pb"
    path.write_bytes(NaiveProfile(samples, types).encode() + number_field(10, 2 * SECOND))
    found = discover(str(path))
    (row,) = found.recommendations
    assert (row.function, row.source_location, row.share_of) == ("clone", "/srv/app/copy.js:4", "wall time")
    assert row.evidence[0].startswith("600ms of 2.01s wall time")
    assert "cpu" not in found.missing
    # Wall time of runtimes with many threads says who waits, not who works.
    go = tmp_path / "go.pb"
    frame = ("ex.com/m.Wait", "/srv/app/wait.go", 4)
    go.write_bytes(NaiveProfile((Sample(((frame,),), (900, 900_000)),), types).encode())
    with pytest.raises(pp.errors.WrongProfileKindError, match="wall"):
        discover(str(go))


def test_cpu_time_that_is_charged_to_a_wait_is_not_the_work_of_that_line(tmp_path: Path) -> None:
    types = (("cpu-time", "nanoseconds"), ("wall-time", "nanoseconds"))
    sleep, work = ("drive", "/srv/app/drive.py", 28), ("tax", "/srv/app/tax.py", 4)

    def made(seconds: int) -> DiscoverResult:
        rows = ((sleep, (SECOND, 30 * SECOND)), (work, (SECOND, 2 * SECOND)))
        samples = tuple(Sample(((frame,),), values) for frame, values in rows)
        body = NaiveProfile(samples * 200, types).encode()
        path = tmp_path / f"{seconds}.pb"
        path.write_bytes(body + number_field(10, seconds * SECOND))
        return discover(str(path))

    assert [row.function for row in made(4_000).recommendations] == ["tax"]
    # Where the interpreter is busy, threads wait for it at any line.
    assert {row.function for row in made(400).recommendations} == {"tax", "drive"}


def test_a_lock_in_a_mutex_profile_alone_is_told(tmp_path: Path, session: Session) -> None:
    path = profile_of(
        session,
        tmp_path,
        "mutex.pb",
        [("sync.(*Mutex).Unlock:1 < ex.com/m.Put:8 < main.main:1", 5_000, 20 * SECOND)],
    )
    found = discover(path, session=session)
    (row,) = found.recommendations
    assert (row.area, row.function, row.saving_text) == ("hot_lock", "ex.com/m.Put", "20s")
    assert row.call.tool == "pprof_focus_paths"

"""What pprof.goroutine_analysis must get right."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.results.goroutine import GoroutineAnalysisResult, PotentialLeak
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof import goroutine_analysis as declared

from tests.cases import CPU, Cases
from tests.support import DATA
from tests.tools.pprof.goroutine_stacks import dump_of, profile_of
from tests.tools.pprof.stacks import profile_of as contention_of

MAIN = DATA / "go" / "main"
AFTER, BEFORE = str(MAIN / "goroutine.after.pb.gz"), str(MAIN / "goroutine.before.pb.gz")
DUMP = str(MAIN / "goroutine.debug2.txt.gz")
HEALTHY = DATA / "go" / "healthy"
PLANTED = [
    item for item in json.loads((DATA / "planted.json").read_text()) if item["kind"] == "goroutine leak"
]
LISTEN = (
    "runtime.gopark < runtime.chanrecv < runtime.chanrecv1 < example.com/app.listen:7 < example.com/app.run"
)

CASES = Cases(
    good=[
        {"profile": AFTER},
        {"profile": AFTER, "base": BEFORE, "stacks": DUMP},
        {"profile": AFTER, "block": str(MAIN / "block.after.pb.gz")},
        {"profile": DUMP},
        {"profile": str(MAIN / "goroutine.debug1.txt")},
    ],
    wrong=[("profile", CPU), ("limit", 0), ("base", CPU), ("block", AFTER), ("focus", "(")],
)


def goroutine_analysis(given: Any, **options: Any) -> GoroutineAnalysisResult:
    return declared.goroutine_analysis(given, **options)


def shown(found: GoroutineAnalysisResult) -> list[tuple[str, str, int]]:
    return [(row.severity, row.site, row.count) for row in found.potential_leaks]


def only(found: GoroutineAnalysisResult) -> PotentialLeak:
    (row,) = found.potential_leaks
    return row


@pytest.mark.parametrize("form", ["goroutine.after.pb.gz", "goroutine.debug2.txt.gz"])
def test_both_planted_leaks_are_found_and_nothing_else(form: str) -> None:
    found = goroutine_analysis(str(MAIN / form), base=BEFORE)
    sites = {f"{item['function']} ({item['file']}:{item['line']})": item["recorded"] for item in PLANTED}
    assert {row.site: row.count for row in found.potential_leaks} == sites
    assert len(sites) == 2
    assert [(row.severity, row.change, row.grows) for row in found.potential_leaks] == [
        ("high", 1200, True),
        ("medium", 0, False),
    ]
    assert (found.verdict, found.growth, found.total_goroutines) == ("leak", "grows", 1362)


@pytest.mark.parametrize(
    ("ended", "count", "expected"),
    [
        (None, 150, ["medium"]),
        (15_000, 150, []),
        (150, 150, []),
        (0, 150, ["medium"]),
        (0, 60, ["medium"]),
        (None, 60, []),
        # An idle pool of this size is usual.
        (0, 40, []),
        (30, 60, []),
    ],
)
def test_a_block_profile_tells_a_pool_from_a_leak(
    tmp_path: Path, session: Session, ended: int | None, count: int, expected: list[str]
) -> None:
    waits = [("runtime.chanrecv1 < example.com/app.other:1", 9), ("main.busy", 9)]
    given = profile_of(tmp_path, [(LISTEN, count), *waits])
    samples = [("runtime.chanrecv1:1 < example.com/app.other:1", 500, 10**9)]
    if ended:
        samples.append(
            ("runtime.chanrecv1:1 < example.com/app.listen:7 < example.com/app.run:1", ended, 10**9)
        )
    block = None if ended is None else contention_of(session, tmp_path, "block.pb", samples)
    found = goroutine_analysis(given, block=block)
    assert [row.severity for row in found.potential_leaks] == expected
    if ended == 0 and expected:
        assert any("none of the waits at this line ended" in text for text in only(found).evidence)


def test_a_group_that_stays_young_in_an_old_process_is_a_pool(tmp_path: Path) -> None:
    young = ("chan receive", LISTEN, 150)
    alone = goroutine_analysis(dump_of(tmp_path, [young, ("running", "main.busy", 9)]))
    # Whether any collection saw them wait is not known.
    assert only(alone).severity == "medium"
    assert any("from the next collection on" in text for text in only(alone).evidence)
    old = (
        "IO wait, 3 minutes",
        "internal/poll.runtime_pollWait < net.(*conn).Read < example.com/app.read:3",
        1,
    )
    assert goroutine_analysis(dump_of(tmp_path, [young, old], name="old.txt")).potential_leaks == []
    aged = ("chan receive, 3 minutes", LISTEN, 150)
    assert only(goroutine_analysis(dump_of(tmp_path, [aged, old], name="aged.txt"))).aged == 150


def test_those_who_queue_at_a_lock_that_is_let_go_are_no_leak(tmp_path: Path, session: Session) -> None:
    lock = "sync.(*RWMutex).Lock:1 < example.com/app.fill:4 < example.com/app.run:1"
    given = profile_of(tmp_path, [(lock, 60)])
    base = profile_of(tmp_path, [(lock, 58)], name="base.pb")
    assert only(goroutine_analysis(given, base=base)).severity == "medium"
    block = contention_of(session, tmp_path, "block.pb", [(lock, 3_000, 10**9)])
    assert goroutine_analysis(given, base=base, block=block).potential_leaks == []


def test_growth_counts_whatever_else_ended(tmp_path: Path, session: Session) -> None:
    given, base = (profile_of(tmp_path, [(LISTEN, count)], name=f"{count}.pb") for count in (120, 20))
    ends = [("runtime.chanrecv1:1 < example.com/app.listen:7 < example.com/app.run:1", 9_000, 10**9)]
    block = contention_of(session, tmp_path, "block.pb", ends)
    assert only(goroutine_analysis(given, base=base, block=block)).severity == "high"


@pytest.mark.parametrize("form", ["goroutine.after.pb.gz", "goroutine.before.pb.gz", "goroutine.debug2.txt"])
def test_nothing_is_reported_of_the_healthy_service(form: str) -> None:
    found = goroutine_analysis(str(HEALTHY / form), base=str(HEALTHY / "goroutine.before.pb.gz"))
    assert (found.verdict, found.potential_leaks, found.growth) == ("nothing_found", [], "steady")
    assert found.by_state == {"running": 1, "syscall": 0, "waiting": 1}
    assert [row.reason for row in found.top_wait_reasons] == ["IO wait"]


def test_a_dump_tells_the_planted_creators_and_ages_also_when_it_is_given_beside_the_profile() -> None:
    headings = gzip.decompress(Path(DUMP).read_bytes()).decode()
    aged = {way: headings.count(f"[chan {way}, 1 minutes]") for way in ("receive", "send")}
    assert aged["send"] == 40
    for found in (goroutine_analysis(DUMP), goroutine_analysis(AFTER, stacks=DUMP)):
        for row in found.potential_leaks:
            (plant,) = [item for item in PLANTED if f"{item['file']}:{item['line']}" in row.site]
            creator = plant["creator"]
            assert row.creators == [f"{creator['function']} ({creator['file']}:{creator['line']})"]
            assert row.oldest_minutes == 1
        assert [row.aged for row in found.potential_leaks] == [aged["receive"], aged["send"]]


WAITS = {
    "chan receive": "runtime.gopark < runtime.chanrecv < runtime.chanrecv2",
    "chan send": "runtime.gopark < runtime.chansend < runtime.chansend1",
    "select": "runtime.gopark < runtime.selectgo < reflect.rselect < reflect.Select",
    "select (no cases)": "runtime.gopark < runtime.block",
    "sleep": "runtime.gopark < time.Sleep",
    "IO wait": "runtime.gopark < runtime.netpollblock < internal/poll.runtime_pollWait < "
    "internal/poll.(*pollDesc).wait < internal/poll.(*FD).Read",
    "syscall": "internal/runtime/syscall.Syscall6 < syscall.Syscall < syscall.read",
    "cgo call": "runtime.cgocall",
    "signal wait": "runtime.notetsleepg < os/signal.signal_recv",
    "GC worker (idle)": "runtime.gopark < runtime.gcBgMarkWorker",
    "finalizer wait": "runtime.gopark < runtime.runFinalizers",
    "coroutine": "runtime.coroswitch_m < runtime.coroswitch < iter.Pull[...].func2",
    "synctest.Wait": "runtime.gopark < runtime.synctestWait < internal/synctest.Wait < testing/synctest.Wait",
    "GC assist wait": "runtime.gopark < runtime.gcParkAssist < runtime.gcAssistAlloc < runtime.mallocgc",
    "parked": "runtime.gopark < runtime.aFunctionToCome",
    "": "runtime.asyncPreempt",
}
PARK = "runtime.gopark < runtime.goparkunlock < runtime.semacquire1 < "
INNER, MUTEX = "internal/sync", "sync.(*Mutex).Lock"
LOCKS = [
    ("sync.Mutex.Lock", "sync.runtime_SemacquireMutex < sync.(*Mutex).lockSlow < sync.(*Mutex).Lock"),
    (
        "sync.Mutex.Lock",
        f"{INNER}.runtime_SemacquireMutex < {INNER}.(*Mutex).lockSlow < {INNER}.(*Mutex).Lock < {MUTEX}",
    ),
    ("sync.Mutex.Lock", "sync.runtime_SemacquireMutex < sync.(*Mutex).Lock < sync.(*Cond).Wait"),
    ("sync.RWMutex.RLock", "sync.runtime_SemacquireMutex < sync.(*RWMutex).RLock"),
    ("sync.RWMutex.RLock", "sync.runtime_SemacquireRWMutexR < sync.(*RWMutex).RLock < sync.(*rlocker).Lock"),
    ("sync.RWMutex.Lock", "sync.runtime_SemacquireRWMutex < sync.(*RWMutex).Lock"),
    ("sync.RWMutex.Lock", "sync.runtime_SemacquireMutex < sync.(*Mutex).Lock < sync.(*RWMutex).Lock"),
    ("sync.WaitGroup.Wait", "sync.runtime_Semacquire < sync.(*WaitGroup).Wait"),
    ("sync.WaitGroup.Wait", "sync.runtime_SemacquireWaitGroup < sync.(*WaitGroup).Wait"),
    (
        "sync.Once.Do",
        "sync.runtime_SemacquireMutex < sync.(*Mutex).Lock < sync.(*Once).doSlow < sync.(*Once).Do",
    ),
    ("semacquire", "internal/poll.runtime_Semacquire < internal/poll.(*fdMutex).rwlock"),
]
COND = "runtime.gopark < runtime.goparkunlock < sync.runtime_notifyListWait < sync.(*Cond).Wait"
TABLE = [*WAITS.items(), *((reason, PARK + text) for reason, text in LOCKS), ("sync.Cond.Wait", COND)]


@pytest.mark.parametrize(("reason", "text"), TABLE)
def test_reasons_to_wait_are_told_above_the_park_frames(tmp_path: Path, reason: str, text: str) -> None:
    # What the wait is called from changes nothing, even where it is itself a way to wait.
    samples = [(f"{text} < example.com/app.f:3 < sync.(*Once).Do < runtime.main", 4), ("main.busy", 1)]
    found = goroutine_analysis(profile_of(tmp_path, samples))
    assert [(row.reason, row.count) for row in found.top_wait_reasons] == ([(reason, 4)] if reason else [])
    assert sum(found.by_state.values()) == found.total_goroutines == 5
    state = found.top_wait_reasons[0].state if reason else "running"
    assert found.by_state[state] == (4 if reason else 5)
    assert state == ("syscall" if reason in ("syscall", "cgo call", "signal wait") else state)


GROUP = "sync.runtime_SemacquireWaitGroup < sync.(*WaitGroup).Wait"


@pytest.mark.parametrize(
    ("state", "text", "reason"),
    [
        ("chan receive (nil chan)", "main.f", "chan receive (nil chan)"),
        ("chan receive (durable), synctest bubble 3", "main.f", "chan receive"),
        ("select, 5 minutes, locked to thread", "main.f", "select"),
        ("sync.WaitGroup.Wait", f"{GROUP} < main.f", "sync.WaitGroup.Wait"),
        ("semacquire", "sync.runtime_Semacquire < sync.(*WaitGroup).Wait < main.f", "sync.WaitGroup.Wait"),
        ("syscall", "os.(*File).Read < main.f", "syscall"),
        ("a state to come", "main.f", "other"),
        ("runnable", "main.f", ""),
    ],
)  # fmt: skip
def test_states_of_dumps_are_reasons(tmp_path: Path, state: str, text: str, reason: str) -> None:
    found = goroutine_analysis(dump_of(tmp_path, [(state, text, 3)]))
    assert [(row.reason, row.count) for row in found.top_wait_reasons] == ([(reason, 3)] if reason else [])
    assert found.total_goroutines == 3


def test_a_label_of_the_program_that_is_called_state_is_no_state_of_a_goroutine(tmp_path: Path) -> None:
    found = goroutine_analysis(
        profile_of(tmp_path, [(LISTEN, 3, (("state", "CA"),)), (LISTEN + " < main.f", 1)])
    )
    assert [(row.reason, row.count) for row in found.top_wait_reasons] == [("chan receive", 4)]


def test_a_crash_is_read_and_says_what_it_was(tmp_path: Path) -> None:
    crash = dump_of(
        tmp_path, [("running", "panic < main.f", 1), ("chan send", "main.g", 12)], before="panic: boom\n\n"
    )
    found = goroutine_analysis(crash)
    assert (found.total_goroutines, shown(found)) == (13, [("low", "main.g (/src/main/x.go:1)", 12)])
    assert any("panic: boom" in note for note in found.warnings)


def test_a_thousand_on_one_channel_are_flagged_and_fewer_need_more_evidence(tmp_path: Path) -> None:
    many = goroutine_analysis(profile_of(tmp_path, [(LISTEN, 1000), ("main.busy", 1)]))
    assert only(many).severity == "high"
    assert any("1000 goroutines are in chan receive" in warning for warning in many.warnings)
    assert shown(goroutine_analysis(profile_of(tmp_path, [(LISTEN, 99), ("main.busy", 1)]))) == []
    assert only(goroutine_analysis(profile_of(tmp_path, [(LISTEN, 100)]))).severity == "medium"
    assert shown(goroutine_analysis(profile_of(tmp_path, [(LISTEN, 100), ("main.busy", 901)]))) == []


def test_growth_beyond_chance_is_a_leak_and_a_pool_that_rests_is_none(tmp_path: Path) -> None:
    def grown(before: int, after: int) -> list[tuple[str, bool | None]]:
        base = profile_of(tmp_path, [(LISTEN, before), ("main.busy", 9)], name="base.pb")
        now = goroutine_analysis(profile_of(tmp_path, [(LISTEN, after), ("main.busy", 9)]), base=base)
        return [(row.severity, row.grows) for row in now.potential_leaks]

    assert grown(20, 60) == [("medium", True)]
    assert grown(20, 300) == [("high", True)]
    assert grown(20, 29) == []
    assert grown(200, 201) == []
    # 40 more are many by themselves, and less than two counts of this size differ by.
    assert grown(900, 940) == []
    assert grown(5000, 5003) == [("medium", False)]
    assert grown(0, 9) == []


def test_connections_that_rest_are_no_leak_unless_they_grow(tmp_path: Path) -> None:
    idle = "runtime.gopark < internal/poll.runtime_pollWait < internal/poll.(*FD).Read < net.(*conn).Read"
    base = profile_of(tmp_path, [(idle, 500)], name="base.pb")
    assert shown(goroutine_analysis(base)) == []
    assert only(goroutine_analysis(profile_of(tmp_path, [(idle, 900)]), base=base)).severity == "medium"


def test_what_the_runtime_found_unreachable_is_proof_however_few(tmp_path: Path) -> None:
    found = goroutine_analysis(profile_of(tmp_path, [(LISTEN, 2)], sample_type="goroutineleak"))
    assert (only(found).severity, only(found).proven, found.verdict) == ("high", True, "leak")
    dump = dump_of(tmp_path, [("chan receive (leaked)", "main.f", 1), ("chan receive", "main.g", 1)])
    assert [(row.site, row.proven) for row in goroutine_analysis(dump).potential_leaks] == [
        ("main.f (/src/main/x.go:1)", True)
    ]


def test_waits_that_can_not_end_and_old_waits_for_locks_are_found(tmp_path: Path) -> None:
    lock = "sync.runtime_SemacquireMutex < sync.(*Mutex).Lock < main.f"
    rows = [
        ("chan send (nil chan)", "main.never", 10),
        ("sync.Mutex.Lock, 20 minutes", lock, 12),
        ("select (no cases)", "main.main", 1),
    ]
    found = goroutine_analysis(dump_of(tmp_path, rows))
    assert shown(found) == [
        ("medium", "main.f (/src/main/x.go:1)", 12),
        ("medium", "main.never (/src/main/x.go:1)", 10),
    ]
    assert found.potential_leaks[0].oldest_minutes == 20


def test_candidates_are_paged_and_the_rest_is_counted(tmp_path: Path) -> None:
    rows = [(LISTEN.replace(":7", f":{line}"), 1000 + line) for line in range(1, 8)]
    profile = profile_of(tmp_path, rows)
    whole = [row.site for row in goroutine_analysis(profile, limit=100).potential_leaks]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        part = goroutine_analysis(profile, limit=3, cursor=cursor)
        assert len(part.potential_leaks) + part.left_out.rows == 7
        assert sum(row.count for row in part.potential_leaks) + part.left_out.goroutines == 7028
        seen += [row.site for row in part.potential_leaks]
        cursor = part.cursor
    assert seen == whole
    assert len(set(seen)) == 7


def test_addresses_without_names_are_unknown_with_a_warning() -> None:
    found = goroutine_analysis(str(MAIN / "goroutine.debug1.txt"))
    assert (found.by_state, found.top_wait_reasons) == ({"unknown": 1362}, [])
    assert any("debug=2" in warning for warning in found.warnings)


def test_filters_that_leave_nothing_are_an_answer_with_a_warning() -> None:
    found = goroutine_analysis(AFTER, focus="no such function")
    assert (found.total_goroutines, found.potential_leaks, found.verdict) == (0, [], "nothing_found")
    assert any("focus" in warning for warning in found.warnings)


def test_an_empty_profile_is_an_answer_with_a_warning(tmp_path: Path) -> None:
    found = goroutine_analysis(profile_of(tmp_path, []))
    assert (found.total_goroutines, found.potential_leaks, found.by_state["running"]) == (0, [], 0)
    assert found.warnings


def test_another_kind_is_refused_with_what_to_take() -> None:
    with pytest.raises(WrongProfileKindError) as refused:
        goroutine_analysis(CPU)
    assert "cpu profile" in str(refused.value)
    assert "debug/pprof/goroutine" in refused.value.hint
    with pytest.raises(WrongProfileKindError):
        goroutine_analysis(AFTER, base=CPU)


def test_handles_and_bundles_give_the_same_answer(session: Any) -> None:
    handle = session.profile(AFTER).handle
    bundle = f"{DATA / 'bundle.zip'}#goroutine"
    rows = [goroutine_analysis(given).potential_leaks for given in (AFTER, pp.open_profile(AFTER), bundle)]
    assert rows[0]
    assert all(row == rows[0] for row in rows)
    assert handle.startswith("handle:")


SERVED = (
    "runtime.gopark < internal/poll.runtime_pollWait < internal/poll.(*FD).Read < net.(*conn).Read "
    "< example.com/app.read:9"
)
READS = "runtime.gopark < runtime.selectgo < net/http.(*persistConn).readLoop:2450"
IDLE = (
    "runtime.gopark < internal/poll.runtime_pollWait < internal/poll.(*FD).Read < net.(*netFD).Read:68 "
    "< net.(*conn).Read < net/http.(*persistConn).Read < net/http.(*persistConn).readLoop:2300"
)
WRITES = "runtime.gopark < runtime.selectgo < net/http.(*persistConn).writeLoop:2652"


def grown(folder: Path, *rows: tuple[str, int, int], **options: Any) -> GoroutineAnalysisResult:
    base = profile_of(folder, [(text, before) for text, before, _ in rows if before], name="base.pb")
    return goroutine_analysis(
        profile_of(folder, [(text, now) for text, _, now in rows]), base=base, **options
    )


@pytest.mark.parametrize(
    ("readers", "other", "expected"),
    [
        # One goroutine more for each connection more.
        (400, 400, {"low"}),
        (400, 390, {"low"}),
        (400, 350, {"low", "high"}),
    ],
)
def test_goroutines_that_came_with_connections_are_told_so(
    tmp_path: Path, readers: int, other: int, expected: set[str]
) -> None:
    found = grown(tmp_path, (SERVED, 100, 100 + readers), (LISTEN, 100, 100 + other))
    assert {row.severity for row in found.potential_leaks} == expected
    listen = next(row for row in found.potential_leaks if row.wait_reason == "chan receive")
    told = any("reads 400 connections more" in text for text in listen.evidence)
    assert (told, listen.advice.startswith("Connections of clients grow")) == (
        (listen.severity == "low"),
    ) * 2


def test_connections_of_another_package_say_nothing(tmp_path: Path) -> None:
    found = grown(tmp_path, (SERVED.replace("app", "other"), 100, 500), (LISTEN, 100, 500))
    assert [row.severity for row in found.potential_leaks] == ["high", "low"]


def test_bodies_that_nobody_closes_are_told_by_where_the_client_waits(tmp_path: Path) -> None:
    found = grown(tmp_path, (READS, 20, 300), (WRITES, 20, 300))
    reads, writes = found.potential_leaks
    assert (reads.severity, reads.site.split(" ")[0]) == ("high", "net/http.(*persistConn).readLoop")
    assert reads.advice.startswith("Bodies of responses are neither closed")
    # The other goroutine of each connection waits alike whether it is idle or not.
    assert (writes.severity, writes.count) == ("medium", 300)


def test_a_pool_of_idle_client_connections_is_no_leak(tmp_path: Path) -> None:
    assert shown(grown(tmp_path, (IDLE, 0, 64), (WRITES, 0, 64))) == []
    many = grown(tmp_path, (IDLE, 20, 300), (WRITES, 20, 300))
    assert {row.severity for row in many.potential_leaks} == {"medium"}
    assert all(row.advice.startswith("Connections of HTTP clients grow") for row in many.potential_leaks)


def test_loops_that_wake_and_never_end_are_told_from_waits_that_never_do(
    tmp_path: Path, session: Session
) -> None:
    site = LISTEN.partition("runtime.chanrecv1 < ")[2]
    stack = " < ".join(f"{frame}:1" if ":" not in frame else frame for frame in site.split(" < "))
    block = contention_of(session, tmp_path, "block.pb", [(f"runtime.chanrecv1:1 < {stack}", 9_000, 10**9)])
    assert only(grown(tmp_path, (LISTEN, 20, 300), block=block)).advice.startswith("They wake and wait again")
    assert only(grown(tmp_path, (LISTEN, 20, 300))).advice.startswith("See who should send")


@pytest.mark.parametrize("runner", ["runtime.runFinalizers", "runtime.runfinq"])
def test_a_finalizer_that_waits_is_told_though_it_is_one_goroutine(tmp_path: Path, runner: str) -> None:
    stuck = f"runtime.gopark < runtime.chanrecv1 < example.com/app.open.func1:5 < {runner}"
    row = only(goroutine_analysis(profile_of(tmp_path, [(stuck, 1), ("main.busy", 9)])))
    assert (row.severity, row.count) == ("medium", 1)
    assert row.advice.startswith("A finalizer waits")
    assert only(grown(tmp_path, (stuck, 1, 1), ("main.busy", 9, 9))).severity == "high"
    rests = f"runtime.gopark < {runner}"
    works = f"runtime.gopark < time.Sleep < example.com/app.open.func1:5 < {runner}"
    assert shown(goroutine_analysis(profile_of(tmp_path, [(rests, 1), (works, 1)]))) == []

"""What pprof.contention_analysis must get right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pprof_mcp as pp
import pytest
from pprof_mcp.results.contention import ContentionResult, LockSite
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof import contention_analysis as declared

from tests.cases import BUNDLE, CPU, Cases
from tests.support import DATA
from tests.tools.pprof.stacks import SECOND, profile_of

CASES = Cases(
    good=[{"profile": BUNDLE}, {"profile": f"{BUNDLE}#block"}, {"profile": BUNDLE, "base": BUNDLE}],
    wrong=[("profile", CPU), ("base", CPU), ("limit", 0), ("focus", "(")],
)
MUTEX = str(DATA / "go" / "main" / "delta-mutex.pb.gz")
BLOCK = str(DATA / "go" / "main" / "delta-block.pb.gz")
HEALTHY = [str(DATA / "go" / "healthy" / f"{kind}.after.pb.gz") for kind in ("mutex", "block")]
PLANTED = {item["id"]: item for item in json.loads((DATA / "planted.json").read_text())}


def contention_analysis(given: Any, **options: Any) -> ContentionResult:
    return declared.contention_analysis(given, **options)


def at(found: ContentionResult, plant: dict[str, Any]) -> LockSite:
    (row,) = [r for r in found.by_lock_site if r.source_location == f"{plant['file']}:{plant['line']}"]
    return row


@pytest.mark.parametrize(
    "given", [str(DATA / "bundle.zip"), [MUTEX, BLOCK], str(DATA / "go" / "main" / "delta-*.gz")]
)
def test_all_planted_faults_of_locks_are_found_in_a_bundle_and_nothing_else(given: Any) -> None:
    found = contention_analysis(given, limit=100)
    assert found.profile_type == "mutex+block"
    assert [(p.type, p.severity) for p in found.patterns] == [
        ("hot_lock", "medium"), ("write_lock_for_reads", "low"), ("lock_order", "low"),
    ]  # fmt: skip
    hot, write, order = found.patterns
    assert hot.lock.endswith("inventory/ledger.go:31")
    assert write.lock.endswith("pricing/table.go:28")
    assert all(name in order.description for name in ("Restock", "Return", "lockWarehouse", "lockShelf"))
    assert len(order.evidence) == 2
    assert len(found.recommendations) == 3
    assert not any("cart" in p.lock + p.description for p in found.patterns)


@pytest.mark.parametrize("wait", ["hot-lock", "write-lock"])
def test_a_lock_is_one_row_with_those_who_wait_and_those_who_hold(wait: str) -> None:
    found = contention_analysis([MUTEX, BLOCK], limit=100)
    waits, holds = PLANTED[f"{wait}-wait"], PLANTED[f"{wait}-hold"]
    row = at(found, waits)
    assert (row.side, row.total_delay_ns, row.function) == ("waits", waits["recorded"], waits["function"])
    (release,) = row.released_at
    assert (release.location, release.delay_ns) == (f"{holds['file']}:{holds['line']}", holds["recorded"])
    assert row.top_waiters[0].delay_ns == waits["recorded"]
    assert row.top_holders[0].delay_ns == holds["recorded"]
    # Nothing is counted twice: the releases are in no row of their own.
    assert not [r for r in found.by_lock_site if r.source_location == release.location]


def test_a_helper_that_takes_a_lock_is_joined_with_its_caller_that_releases_it() -> None:
    found = contention_analysis([MUTEX, BLOCK], limit=100)
    for plant, helper in (("order-warehouse-shelf", "lockWarehouse"), ("order-shelf-warehouse", "lockShelf")):
        (row,) = [r for r in found.by_lock_site if r.function.endswith(helper)]
        assert [place.delay_ns for place in row.released_at] == [PLANTED[plant]["recorded"]]


def test_a_mutex_profile_knows_holders_only_and_says_so() -> None:
    found = contention_analysis(MUTEX, limit=100)
    row = at(found, PLANTED["hot-lock-hold"])
    assert (row.side, row.lock_type, row.lock_site) == ("holds", "Mutex", "sync.(*Mutex).Unlock")
    recorded = PLANTED["hot-lock-hold"]["recorded"]
    # Of 50 bursts of 8, all but the first wait.
    assert (row.contentions, row.total_delay_ns) == (350, recorded)
    assert row.total_delay == f"{recorded / 1e9:.2f}s"
    assert row.top_waiters == []
    assert row.top_holders[0].function == "example.com/shop/checkout.(*Desk).Order"
    assert any("who waits is not known" in warning for warning in found.warnings)
    assert [p.type for p in found.patterns] == ["hot_lock", "write_lock_for_reads"]
    assert at(found, PLANTED["write-lock-hold"]).lock_type == "RWMutex write"
    assert at(found, PLANTED["light-lock"]).share_pct < 5


def test_a_block_profile_tells_locks_from_everything_else_that_is_waited_for() -> None:
    found = contention_analysis(BLOCK, limit=100)
    reasons = {row.reason: row for row in found.by_reason}
    for reason, plants in {
        "WaitGroup": "waitgroup-wait", "select": "select-wait", "channel receive": "chan-receive-wait",
        "condition variable": "cond-wait",
    }.items():  # fmt: skip
        assert not reasons[reason].is_lock
        assert reasons[reason].delay_ns >= PLANTED[plants]["recorded"]
    assert found.total_delay_ns == sum(row.delay_ns for row in found.by_reason if row.is_lock)
    assert sum(row.share_pct for row in found.by_reason) == pytest.approx(100, abs=0.1)
    assert not [row for row in found.by_lock_site if "checkout" in row.function]
    assert any("who holds the locks is not known" in warning for warning in found.warnings)


def test_rates_are_per_second_and_shares_of_all_locks() -> None:
    found = contention_analysis(MUTEX, limit=100)
    seconds = found.duration_seconds
    assert seconds is not None
    row = found.by_lock_site[0]
    assert row.waiters_avg == pytest.approx(row.total_delay_ns / 1e9 / seconds, abs=1e-4)
    assert row.avg_delay_ns == pytest.approx(row.total_delay_ns / row.contentions, abs=0.1)
    assert row.error_pct == pytest.approx(100 / row.contentions**0.5, abs=0.1)
    assert sum(one.share_pct for one in found.by_lock_site) == pytest.approx(100, abs=0.1)
    (spread,) = found.distribution
    assert spread.sites == len(found.by_lock_site)
    assert (spread.sites_for_50_pct, spread.sites_for_95_pct) == (1, 3)
    assert spread.top_site_pct == pytest.approx(row.share_pct)


@pytest.mark.parametrize("given", [HEALTHY, HEALTHY[0], HEALTHY[1]])
def test_nothing_is_wrong_in_a_healthy_service(given: Any) -> None:
    found = contention_analysis(given)
    assert found.by_lock_site
    assert (found.patterns, found.recommendations) == ([], [])


def test_without_a_duration_there_are_no_rates_but_long_waits_are_still_seen(data: Path) -> None:
    found = contention_analysis(str(data / "go" / "main" / "mutex.after.pb.gz"))
    assert (found.duration_seconds, found.waiters_avg, found.by_lock_site[0].waiters_avg) == (
        None,
        None,
        None,
    )
    assert any("no rates" in warning for warning in found.warnings)
    assert [(p.type, p.severity) for p in found.patterns][:1] == [("hot_lock", "medium")]


AFTER, BEFORE = ([str(DATA / "go" / "main" / f"{kind}.{when}.pb.gz") for kind in ("mutex", "block")]
                 for when in ("after", "before"))  # fmt: skip


def test_what_came_about_since_a_base_is_what_a_delta_profile_of_the_time_says() -> None:
    since, delta = (
        contention_analysis(AFTER, base=BEFORE, limit=100),
        contention_analysis([MUTEX, BLOCK], limit=100),
    )
    assert since.base == BEFORE[0] or since.base
    assert since.duration_seconds == pytest.approx(delta.duration_seconds, rel=0.001)
    rows = [
        [(row.source_location, row.contentions, row.total_delay_ns) for row in found.by_lock_site]
        for found in (since, delta)
    ]
    assert rows[0] == rows[1]
    assert [(p.type, p.severity, p.lock) for p in since.patterns] == [
        (p.type, p.severity, p.lock) for p in delta.patterns
    ]
    assert since.waiters_avg == pytest.approx(delta.waiters_avg, rel=0.001)
    assert not [warning for warning in since.warnings if "base" in warning]


@pytest.mark.parametrize(
    ("given", "base", "why"),
    [
        (AFTER, [AFTER[0], BEFORE[1]], "base is not used for the mutex profile: that of base is not earlier"),
        (AFTER, BEFORE[:1], "base is not used for the block profile: base has no block profile"),
        ([MUTEX, BLOCK], BEFORE, "base is not used for the mutex profile: it covers an interval of its own"),
        (BEFORE, AFTER, "base is not used for the block profile: that of base is not earlier"),
    ],
)
def test_a_base_that_tells_nothing_is_said_and_the_rest_is_as_without_it(
    given: list[str], base: list[str], why: str
) -> None:
    found = contention_analysis(given, base=base)
    assert any(warning.startswith(why) for warning in found.warnings)


def test_a_process_that_began_anew_is_not_compared(tmp_path: Path) -> None:
    # Of the time of the earlier one, with more counts than the later one has.
    earlier, later = (pp.open_profile(Path(path).read_bytes()) for path in (BEFORE[0], AFTER[0]))
    older = tmp_path / "mutex.pb"
    older.write_bytes(earlier.merge(later).to_bytes())
    found = contention_analysis(AFTER[:1], base=str(older))
    assert (found.base, found.duration_seconds) == (None, None)
    assert any("began anew" in warning for warning in found.warnings)


def test_pages_follow_each_other_and_say_what_they_leave_out() -> None:
    every = contention_analysis(MUTEX, limit=100).by_lock_site
    rows: list[LockSite] = []
    cursor = ""
    while True:
        page = contention_analysis(MUTEX, limit=5, cursor=cursor)
        rows += page.by_lock_site
        shown = sum(row.total_delay_ns for row in page.by_lock_site)
        assert page.left_out.delay_ns == page.total_delay_ns - shown
        assert page.left_out.rows == len(every) - len(page.by_lock_site)
        if page.cursor is None:
            break
        cursor = page.cursor
    assert rows == every


def test_filters_narrow_what_is_looked_at() -> None:
    found = contention_analysis([MUTEX, BLOCK], focus="Ledger")
    assert {row.function.rpartition("/")[2] for row in found.by_lock_site} == {"inventory.(*Ledger).Reserve"}
    nothing = contention_analysis(MUTEX, focus="no such function")
    assert (nothing.by_lock_site, nothing.total_delay_ns) == ([], 0)
    assert any("matched nothing" in warning for warning in nothing.warnings)


def test_a_profile_of_another_kind_is_refused_with_what_to_do(cpu: str) -> None:
    with pytest.raises(pp.errors.WrongProfileKindError) as problem:
        contention_analysis(cpu)
    assert "(cpu)" in problem.value.message
    assert "mutex or block" in problem.value.hint
    assert "pprof.top" in problem.value.hint


def test_an_empty_profile_is_an_answer(tmp_path: Path, session: Session) -> None:
    path = tmp_path / "empty.pb.gz"
    path.write_bytes(session.profile(MUTEX).filter(focus="^none is called so$").to_bytes())
    found = contention_analysis(str(path))
    assert (found.by_lock_site, found.patterns, found.total_contentions) == ([], [], 0)
    assert any("no samples" in warning for warning in found.warnings)


def test_the_kind_is_told_by_what_stacks_end_in_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "mutex.pb.gz"
    path.write_bytes(Path(BLOCK).read_bytes())
    assert contention_analysis(str(path)).profile_type == "block"


def test_handles_and_parts_of_bundles_are_taken(session: Session) -> None:
    bundle = session.bundle(str(DATA / "bundle.zip"))
    whole = contention_analysis(bundle.handle, session=session)
    assert whole.profile_type == "mutex+block"
    assert contention_analysis(f"{bundle.handle}#mutex", session=session).profile_type == "mutex"
    profile: Any = pp.open_profile(MUTEX)
    assert profile.contention_analysis().total_delay_ns == contention_analysis(MUTEX).total_delay_ns


def test_many_different_paths_that_queue_at_a_lock_are_a_convoy(tmp_path: Path, session: Session) -> None:
    def made(name: str, paths: int, each: int) -> ContentionResult:
        samples = [
            (f"sync.(*Mutex).Lock:46 < ex.com/a.(*Pool).Get:5 < ex.com/a.path{i}:{i}", 100, each)
            for i in range(1, paths + 1)
        ]
        return contention_analysis(profile_of(session, tmp_path, name, samples))

    convoy = made("convoy", 4, 10 * SECOND)
    assert {p.type for p in convoy.patterns} == {"hot_lock", "lock_convoy"}
    (pattern,) = [p for p in convoy.patterns if p.type == "lock_convoy"]
    # 40 s of waiting in 10 s: four wait at any time, 400 waits of 100 ms, holds of at most 25 ms.
    assert all(text in pattern.description for text in ("4 different stacks", "100ms", "25ms"))
    assert len(pattern.evidence) >= 3
    assert [p.type for p in made("two", 2, 20 * SECOND).patterns] == ["hot_lock"]
    assert [p.type for p in made("short", 4, SECOND).patterns] == ["hot_lock"]


def test_few_events_give_no_verdict(tmp_path: Path, session: Session) -> None:
    path = profile_of(session, tmp_path, "few", [("sync.(*Mutex).Unlock:1 < ex.com/a.F:5", 15, 90 * SECOND)])
    found = contention_analysis(path)
    assert found.by_lock_site[0].error_pct == 25.8
    assert found.patterns == []


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("Get", ["medium"]),
        ("lookupAll", ["medium"]),
        ("Rate", ["low"]),
        ("Set", []),
        ("updateAll", []),
        ("Reset", []),
        ("fill", []),
        ("Reserve", []),
        # Whoever has no name says nothing by it.
        ("Rate.func1", []),
    ],
)
def test_a_write_lock_is_judged_by_what_its_function_is_called(
    tmp_path: Path, session: Session, function: str, expected: list[str]
) -> None:
    samples = [
        (f"sync.(*Mutex).Unlock:1 < sync.(*RWMutex).Unlock:2 < ex.com/a.(*T).{function}:9", 100, 2 * SECOND),
        ("sync.(*Mutex).Unlock:1 < ex.com/b.Hot:9", 100, 20 * SECOND),
    ]
    found = contention_analysis(profile_of(session, tmp_path, "write", samples))
    assert [p.severity for p in found.patterns if p.type == "write_lock_for_reads"] == expected


def test_a_deferred_release_is_of_the_function_that_deferred_it(tmp_path: Path, session: Session) -> None:
    unlock = "sync.(*Mutex).Unlock:1 < sync.(*RWMutex).Unlock:2 < ex.com/a.(*T).fill.deferwrap1:8"
    mutex = profile_of(session, tmp_path, "m", [(f"{unlock} < ex.com/a.(*T).fill:12", 500, 9 * SECOND)])
    lock = "sync.(*RWMutex).Lock:1 < ex.com/a.(*T).fill:7"
    block = profile_of(session, tmp_path, "b", [(lock, 500, 9 * SECOND)])
    found = contention_analysis([mutex, block])
    (row,) = found.by_lock_site
    assert (row.function, row.source_location) == ("ex.com/a.(*T).fill", "ex.com/a/x.go:7")
    assert [place.location for place in row.released_at] == ["ex.com/a/x.go:12"]
    assert [pattern.type for pattern in found.patterns] == ["hot_lock"]
    assert found.total_delay_ns == 9 * SECOND


def test_who_waits_to_read_waits_for_the_writer_and_is_told_so(tmp_path: Path, session: Session) -> None:
    unlock = "sync.(*RWMutex).Unlock:2 < ex.com/a.(*T).fill:12"
    mutex = profile_of(session, tmp_path, "m", [(unlock, 500, 9 * SECOND)])
    block = profile_of(
        session, tmp_path, "b", [("sync.(*RWMutex).RLock:1 < ex.com/a.(*T).Len:20", 500, 9 * SECOND)]
    )
    found = contention_analysis([mutex, block])
    (row,) = found.by_lock_site
    assert (row.lock_type, row.source_location) == ("RWMutex read", "ex.com/a/x.go:20")
    assert [place.location for place in row.released_at] == ["ex.com/a/x.go:12"]
    assert "while it is held for writing, until a.(*T).fill (x.go:12)" in found.recommendations[0]
    # A writer of another type is of another lock.
    other = profile_of(session, tmp_path, "o", [(unlock.replace("(*T)", "(*U)"), 500, 9 * SECOND)])
    assert len(contention_analysis([other, block]).by_lock_site) == 2


def test_who_holds_a_lock_for_long_is_named_and_judged_where_others_wait(
    tmp_path: Path, session: Session
) -> None:
    releases = [
        ("sync.(*RWMutex).Unlock:1 < ex.com/a.(*T).Summary:30", 480, 9 * SECOND),
        ("sync.(*RWMutex).Unlock:1 < ex.com/a.(*T).Post:12", 20, SECOND // 10),
        ("sync.(*RWMutex).Unlock:1 < ex.com/a.(*U).Post:50", 20, SECOND // 10),
    ]
    mutex = profile_of(session, tmp_path, "m", releases)
    waits = [("sync.(*RWMutex).Lock:1 < ex.com/a.(*T).Post:8", 500, 9 * SECOND)]
    found = contention_analysis([mutex, profile_of(session, tmp_path, "b", waits)], limit=100)
    row = found.by_lock_site[0]
    assert [place.location for place in row.released_at] == ["ex.com/a/x.go:30", "ex.com/a/x.go:12"]
    hot, write = found.patterns
    assert (hot.type, write.type, hot.lock, write.lock) == (
        "hot_lock", "write_lock_for_reads", "ex.com/a/x.go:8", "ex.com/a/x.go:8",
    )  # fmt: skip
    assert "until a.(*T).Summary (x.go:30)" in found.recommendations[0]
    assert write.description.startswith("a.(*T).Summary (x.go:30) takes the write lock")
    # Of another type is another lock.
    assert [r.source_location for r in found.by_lock_site] == ["ex.com/a/x.go:8", "ex.com/a/x.go:50"]


def test_locks_taken_within_each_other_in_both_orders_are_told(tmp_path: Path, session: Session) -> None:
    lock, unlock = "sync.(*Mutex).Lock:46", "sync.(*Mutex).Unlock:65"
    a, b = "ex.com/a.(*A)", "ex.com/b.(*B)"
    waits = [
        (f"{lock} < {a}.Move:10 < ex.com/m.x:1", 50, SECOND // 100),
        (f"{lock} < {b}.Put:30 < {a}.Move:12 < ex.com/m.x:1", 50, SECOND // 100),
        (f"{lock} < {b}.Sync:50 < ex.com/m.y:1", 50, SECOND // 100),
        (f"{lock} < {a}.Look:70 < {b}.Sync:52 < ex.com/m.y:1", 50, SECOND // 100),
    ]
    holds = [
        (f"{unlock} < {name} < ex.com/m.x:1", 50, SECOND // 100)
        for name in (f"{a}.Move:14", f"{b}.Put:32", f"{b}.Sync:54", f"{a}.Look:72")
    ]
    both = [profile_of(session, tmp_path, "w", waits), profile_of(session, tmp_path, "h", holds)]
    (pattern,) = contention_analysis(both).patterns
    assert (pattern.type, pattern.severity) == ("lock_order", "medium")
    assert "Each waits for the other's lock" in pattern.description
    # One order only, or the lock let go before the call: nothing to say.
    one = [profile_of(session, tmp_path, "w1", waits[:3]), both[1]]
    assert contention_analysis(one).patterns == []
    before = [(text.replace("Sync:54", "Sync:51"), n, d) for text, n, d in holds]
    assert contention_analysis([both[0], profile_of(session, tmp_path, "h1", before)]).patterns == []


def test_locks_of_other_runtimes_are_told_by_their_names(tmp_path: Path, session: Session) -> None:
    types = (("lock-count", "count"), ("lock-time", "milliseconds"))
    samples = [
        (
            "java.util.concurrent.locks.ReentrantLock.lock:1 < com.shop.Cart.add:7 < com.shop.Main.run:3",
            40,
            900,
        ),
        ("com.shop.Stock.take:9 < com.shop.Main.run:4", 20, 100),
    ]
    found = contention_analysis(profile_of(session, tmp_path, "java", samples, types=types))
    assert [(r.function, r.lock_type, r.total_delay, r.side) for r in found.by_lock_site] == [
        ("com.shop.Cart.add", "lock", "900ms", "waits"), ("com.shop.Stock.take", "lock", "100ms", "waits"),
    ]  # fmt: skip
    legacy = contention_analysis(str(DATA / "legacy" / "java.contention.txt"))
    assert legacy.by_lock_site[0].function == "com.example.Shop.hash"
    assert legacy.total_delay_ns > 0


def test_a_profile_without_names_is_still_an_answer() -> None:
    found = contention_analysis(str(DATA / "legacy" / "cpp.contention.txt"))
    assert found.by_lock_site
    assert found.total_contentions > 0


@pytest.mark.parametrize(
    ("delay", "expected"), [(9, []), (11, ["medium"]), (90, ["medium"]), (110, ["high"])]
)
def test_a_lock_that_few_wait_for_is_not_hot_whatever_its_share(
    tmp_path: Path, session: Session, delay: int, expected: list[str]
) -> None:
    samples = [("sync.(*Mutex).Unlock:1 < ex.com/a.Set:5", 1_000, delay * SECOND // 10)]
    found = contention_analysis(profile_of(session, tmp_path, "rare", samples))
    assert found.by_lock_site[0].share_pct == 100
    assert [pattern.severity for pattern in found.patterns] == expected


@pytest.mark.parametrize(
    ("seconds", "waits", "expected"),
    [
        # A tenth of all delay, and each wait as long as a disk takes.
        (0, (200, 12), True),
        (10, (200, 12), True),
        (0, (200, 9), False),
        # Many short waits, of which one is always under way.
        (10, (20_000, 1), True),
        (100, (20_000, 1), False),
        # Next to nothing of all.
        (0, (100, 12), False),
    ],
)
def test_a_slow_lock_is_told_beside_one_that_is_waited_for_much_longer(
    tmp_path: Path, session: Session, seconds: int, waits: tuple[int, int], expected: bool
) -> None:
    count, mean_ms = waits
    slow, total = count * mean_ms * SECOND // 1_000, 24 * SECOND + 10 * 20 * SECOND * (count == 20_000)
    samples = [
        ("sync.(*Mutex).Unlock:1 < ex.com/a.Set:5", 2_000, total),
        ("sync.(*Mutex).Unlock:1 < ex.com/b.Save:7", count, slow),
    ]
    found = contention_analysis(profile_of(session, tmp_path, "two", samples, seconds=seconds))
    locks = [pattern.lock for pattern in found.patterns if pattern.type == "hot_lock"]
    assert ("ex.com/b/x.go:7" in locks) is expected
    assert "ex.com/a/x.go:5" in locks

"""What pprof.discover must get right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import InvalidArgumentError, WrongProfileKindError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import answer, dump, run
from pprof_mcp.results.discovery import DiscoverResult, Recommendation
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof import discover as declared
from pprof_mcp.tools.pprof.alloc_paths import alloc_paths
from pprof_mcp.tools.pprof.contention_analysis import contention_analysis
from pprof_mcp.tools.pprof.cross_correlate import cross_correlate
from pprof_mcp.tools.pprof.generate_report import ReportResult

from tests.cases import BUNDLE, CPU, HEAPS, Cases
from tests.datadog import WINDOW, session_of
from tests.fake_datadog import FakeDatadog
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA
from tests.tools.pprof.cpus import cpu_of
from tests.tools.pprof.stacks import SECOND
from tests.wire import number_field

CASES = Cases(
    good=[
        {"bundle": BUNDLE},
        {"bundle": BUNDLE, "limit": 2, "cursor": "4"},
        {"bundle": CPU},
        {"bundle": [HEAPS[1]], "base": [HEAPS[0]], "container_rss_mb": 900},
        {"bundle": str(DATA / "go" / "healthy")},
        {"bundle": str(DATA / "bundle-python.zip")},
        {"service": "checkout", "env": "prod", **WINDOW},
    ],
    wrong=[
        ("limit", 0),
        ("cursor", "x"),
        ("bundle", "missing/"),
        ("bundle", []),
        ("bundle", str(DATA / "go" / "main" / "threadcreate.pb.gz")),
        ("base", "missing/"),
    ],
)
MAIN, HEALTHY = DATA / "go" / "main", DATA / "go" / "healthy"
RUN = json.loads((MAIN / "run.json").read_text())
PLANTED: dict[str, Any] = {item["id"]: item for item in json.loads((DATA / "planted.json").read_text())}


def discover(bundle: Any, **options: Any) -> DiscoverResult:
    return declared.discover(bundle, **options)


def place(plant: str) -> str:
    return f"{PLANTED[plant]['file']}:{PLANTED[plant]['line']}"


def rows_at(found: DiscoverResult, area: str, plant: str) -> Recommendation:
    (row,) = [
        row for row in found.recommendations if row.area == area and row.source_location == place(plant)
    ]
    return row


@pytest.fixture(scope="module")
def shop() -> DiscoverResult:
    return discover(BUNDLE, limit=50)


def test_every_planted_fault_is_found_and_nothing_else(shop: DiscoverResult) -> None:
    found = {(row.area, row.source_location) for row in shop.recommendations}
    # The hash is inlined at the planted line, and called by way of it.
    mix = "example.com/shop/pricing/hash.go:9"
    warehouse = "example.com/shop/inventory/transfer.go:46"
    assert found == {
        ("own code", mix),
        ("json", place("json-in-loop")),
        ("own code", place("recursion")),
        ("heap_growth", place("heap-leak")),
        ("alloc_churn", place("alloc-churn")),
        ("goroutine_leak", place("goroutine-leak-receive")),
        ("goroutine_leak", place("goroutine-leak-send")),
        ("hot_lock", place("hot-lock-wait")),
        ("write_lock_for_reads", place("write-lock-wait")),
        ("lock_order", warehouse),
    }
    assert len(shop.recommendations) == len(found) == 10
    assert shop.verdict == "findings"
    assert shop.summary.startswith("10 recommendations (3 high, 3 medium, 4 low)")


def test_what_could_be_saved_is_what_was_planted(shop: DiscoverResult, session: Session) -> None:
    exact = {
        ("heap_growth", "heap-leak"): "recorded",
        ("goroutine_leak", "goroutine-leak-receive"): "recorded",
        ("goroutine_leak", "goroutine-leak-send"): "recorded",
        ("hot_lock", "hot-lock-wait"): "recorded",
        ("write_lock_for_reads", "write-lock-wait"): "recorded",
    }
    for (area, plant), field in exact.items():
        assert rows_at(shop, area, plant).saving == PLANTED[plant][field], plant
    churn = rows_at(shop, "alloc_churn", "alloc-churn")
    heap = session.bundle(BUNDLE)["heap"].shared.meta
    assert churn.saving_unit == "bytes/s"
    assert churn.saving == pytest.approx(
        PLANTED["alloc-churn"]["recorded"] / (heap["duration_nanos"] / 1e9), rel=1e-4
    )
    encoding = rows_at(shop, "json", "json-in-loop")
    assert encoding.saving == pytest.approx(PLANTED["json-in-loop"]["recorded"], rel=0.01)
    cum = {row.name: row.cum for row in pp.open_profile(CPU).top(nodecount=100).rows}
    (hashing, recursion) = [row for row in shop.recommendations if row.area == "own code"]
    # The way that leads to the hash costs a sample more than the hash.
    assert hashing.saving == cum[PLANTED["hot-hash"]["function"]] + 10_000_000
    assert recursion.saving == cum[PLANTED["recursion"]["function"]]


def test_recommendations_carry_where_how_much_and_why(shop: DiscoverResult) -> None:
    ranks = {"high": 0, "medium": 1, "low": 2}
    order = [(ranks[row.priority], -(row.share_pct or 0)) for row in shop.recommendations]
    assert order == sorted(order)
    assert [row.rank for row in shop.recommendations] == list(range(1, 11))
    for row in shop.recommendations:
        assert row.function
        assert row.source_location
        assert row.share_pct
        assert row.share_of
        assert row.evidence
        assert row.suggestion
        assert (row.saving is None) == (row.area == "lock_order") == (not row.saving_text)
    (hashing, recursion) = [row for row in shop.recommendations if row.area == "own code"]
    assert "weakHash (hash.go:19)" in hashing.evidence[0]
    assert "calls itself" in recursion.suggestion
    assert f"tree.go:32 {PLANTED['recursion']['recorded'] // 1_000_000}ms" in recursion.evidence[1]
    # One loop costs CPU and allocates: one recommendation says both.
    encoding = rows_at(shop, "json", "json-in-loop")
    assert any(text.startswith("also alloc_churn (medium)") for text in encoding.evidence)
    (both,) = cross_correlate(pp.open_bundle(BUNDLE)).correlations
    assert both.insight in encoding.evidence
    hot = rows_at(shop, "hot_lock", "hot-lock-wait")
    assert f"ledger.go:{PLANTED['hot-lock-hold']['line']}" in hot.suggestion
    (order_of,) = [row for row in shop.recommendations if row.area == "lock_order"]
    for plant in ("order-warehouse-shelf", "order-shelf-warehouse"):
        assert f"line {PLANTED[plant]['line']}" in order_of.evidence[0]


def test_every_call_that_shows_a_recommendation_can_be_made(session: Session) -> None:
    found = discover(BUNDLE, limit=50, session=session)
    for row in found.recommendations:
        name = row.call.tool.replace("_", ".", 1)
        shown = run(load(name), row.call.arguments, session=session)
        assert not [warning for warning in shown.warnings if "matched nothing" in warning], row.call
        names = [row.function, *(part.partition(" ")[0] for part in row.evidence)]
        assert any(json.dumps(one)[1:-1] in dump(shown).decode() for one in names if one), row.call


def test_a_healthy_process_is_said_to_be_one() -> None:
    found = discover(str(HEALTHY))
    assert found.recommendations == []
    assert found.verdict == "nothing_stands_out"
    assert found.summary == "nothing stands out: looked at cpu, heap, mutex, block, goroutine"
    assert found.cpu
    assert found.cpu.utilization_pct is not None
    assert found.cpu.utilization_pct < 5


def test_sections_have_the_numbers_of_the_analyses(shop: DiscoverResult) -> None:
    assert (shop.service, shop.env, shop.version) == ("shop", "test", "1.0.0")
    assert shop.timestamp == RUN["end"][:19] + "Z"
    assert shop.cpu
    cpu = pp.open_profile(CPU)
    seconds = cpu.shared.meta["duration_nanos"] / 1e9
    assert shop.cpu.utilization_pct == pytest.approx(100 * cpu.top().total / 1e9 / seconds, abs=0.01)
    assert shop.cpu.overhead
    assert shop.cpu.overhead.detections[0].category == "json"
    assert shop.heap
    assert shop.heap.alloc_rate == alloc_paths(pp.open_profile(f"{BUNDLE}#heap")).total_rate
    assert shop.heap.memory_sanity
    assert shop.heap.memory_sanity.top_holder == place("heap-leak")
    assert shop.mutex
    locks = contention_analysis(pp.open_bundle(BUNDLE))
    assert (shop.mutex.total_delay, shop.mutex.profile_type) == (locks.total_delay, "mutex+block")
    assert shop.goroutine
    assert (shop.goroutine.total_goroutines, shop.goroutine.verdict) == (1362, "leak")
    assert [row.function for row in shop.correlations] == [PLANTED["json-in-loop"]["function"]]
    assert [row.kind for row in shop.looked_at] == ["cpu", "heap", "mutex", "block", "goroutine"]


def test_recommendations_come_in_pages_that_say_what_is_left(shop: DiscoverResult) -> None:
    seen: list[Recommendation] = []
    cursor: str | None = ""
    while cursor is not None:
        found = discover(BUNDLE, limit=4, cursor=cursor)
        seen += found.recommendations
        assert found.left_out.rows == 10 - len(found.recommendations)
        assert found.left_out.high + found.left_out.medium + found.left_out.low == found.left_out.rows
        cursor = found.cursor
    assert seen == shop.recommendations


def test_what_is_suggested_goes_on_with_what_was_asked(session: Session) -> None:
    now, before = session.bundle(HEAPS[1]), session.bundle(HEAPS[0])
    found = discover(now, base=before, container_rss_mb=900, repo_prefixes=["example.com"], limit=1,
                     session=session)  # fmt: skip
    asked = {
        "bundle": now.handle,
        "base": before.handle,
        "container_rss_mb": 900,
        "repo_prefixes": ["example.com"],
    }
    assert [call.arguments for call in found.next] == [asked, {**asked, "limit": 1, "cursor": "1"}]


def test_locks_that_count_since_the_start_are_told_since_the_earlier_capture() -> None:
    now, before = (
        [str(MAIN / f"{kind}.{when}.pb.gz") for kind in ("mutex", "block")] for when in ("after", "before")
    )
    found, alone = discover(now, base=before, limit=50), discover(now, limit=50)
    hot, whole = (rows_at(one, "hot_lock", "hot-lock-wait") for one in (found, alone))
    assert (hot.priority, whole.priority) == ("medium", "medium")
    # A delta profile of the same time was recorded beside them.
    delta = discover([str(MAIN / f"delta-{kind}.pb.gz") for kind in ("mutex", "block")], limit=50)
    assert hot.saving == rows_at(delta, "hot_lock", "hot-lock-wait").saving
    assert hot.saving is not None
    assert whole.saving is not None
    assert hot.saving < whole.saving
    assert any("per second" in warning for warning in alone.warnings)
    assert not any("per second" in warning for warning in found.warnings)


def test_growth_since_an_earlier_capture_is_the_best_evidence_of_a_leak() -> None:
    now = [str(MAIN / "heap.after.pb.gz"), str(MAIN / "goroutine.after.pb.gz")]
    before = [str(MAIN / "heap.before.pb.gz"), str(MAIN / "goroutine.before.pb.gz")]
    found = discover(now, base=before, limit=50)
    kept = rows_at(found, "heap_growth", "heap-leak")
    assert kept.priority == "high"
    assert kept.saving_text == "25.01MB"
    leaked = rows_at(found, "goroutine_leak", "goroutine-leak-receive")
    assert "there were 120 before: +1200, more than chance" in leaked.evidence


def test_handle_path_list_and_method_give_the_same(session: Session) -> None:
    by_path = discover(BUNDLE, session=session)
    by_handle = discover(session.bundle(BUNDLE).handle, session=session)
    assert dump(by_handle) == dump(by_path)
    assert pp.open_bundle(BUNDLE).discover().recommendations == by_path.recommendations
    parts = [f"{BUNDLE}#{kind}" for kind in ("cpu", "heap", "mutex", "block", "goroutine")]
    # Only the bundle has the metrics that say that the heap grows.
    whole = discover(BUNDLE, limit=50, session=session).recommendations
    told = [(row.area, row.source_location, row.saving) for row in whole if row.area != "heap_growth"]
    by_list = discover(parts, limit=50, session=session)
    assert [(row.area, row.source_location, row.saving) for row in by_list.recommendations] == told


def test_one_profile_alone_is_looked_at_and_the_rest_is_said_to_be_missing() -> None:
    found = discover(CPU)
    assert {row.area for row in found.recommendations} == {"json", "own code"}
    assert found.missing == ["heap", "mutex", "block", "goroutine"]
    assert (found.heap, found.mutex, found.goroutine) == (None, None, None)
    assert found.warnings[0] == "not looked at, for want of a profile: heap, mutex, block, goroutine"


def test_a_bundle_without_any_kind_that_is_looked_at_is_refused() -> None:
    with pytest.raises(pp.errors.WrongProfileKindError, match="threadcreate") as problem:
        discover(str(MAIN / "threadcreate.pb.gz"))
    assert "pprof.top" in problem.value.hint


def test_empty_profiles_are_neither_healthy_nor_an_error(empty: str) -> None:
    found = discover(empty)
    assert found.recommendations == []
    assert found.verdict == "unknown"
    assert found.missing[0] == "cpu (no samples)"
    assert found.next == []


def test_profiles_without_function_names_are_not_called_healthy() -> None:
    found = discover(str(DATA / "legacy" / "cpp.contention.txt"))
    assert found.verdict == "unknown"
    assert found.summary.startswith("nothing was found, but not everything could be judged")
    assert any("function names" in warning for warning in found.warnings)


def test_without_a_duration_there_are_no_rates_but_findings(tmp_path: Path) -> None:
    path = cpu_of(tmp_path, "cpu.pb", {"ex.com/m.Hot:5 < main.main:1": 900, "ex.com/m.B:7": 100}, seconds=0)
    found = discover(path)
    assert found.cpu
    assert (found.cpu.utilization_pct, found.cpu.duration_seconds) == (None, None)
    (row,) = found.recommendations
    assert (row.function, row.share_pct, row.saving_text) == ("ex.com/m.Hot", 90.0, "9s")
    assert any("does not say how long" in warning for warning in found.warnings)


def test_one_row_that_stands_for_many_samples_is_no_chance(tmp_path: Path) -> None:
    many = cpu_of(tmp_path, "many.pb", {"ex.com/m.Hot:5 < main.main:1": 500, "ex.com/m.B:7": 500})
    assert {row.function for row in discover(many).recommendations} == {"ex.com/m.Hot", "ex.com/m.B"}
    few = cpu_of(tmp_path, "few.pb", {"ex.com/m.Hot:5 < main.main:1": 4, "ex.com/m.B:7": 4}, seconds=0.1)
    assert discover(few).recommendations == []


def test_a_process_that_hardly_runs_needs_no_advice_about_cpu(tmp_path: Path) -> None:
    idle = cpu_of(tmp_path, "idle.pb", {"ex.com/m.Hot:5 < main.main:1": 400}, seconds=600)
    assert discover(idle).recommendations == []


def test_other_runtimes_are_judged_by_their_own_code() -> None:
    python = discover(str(DATA / "bundle-python.zip"), limit=50)
    assert {row.source_location for row in python.recommendations} >= {"/srv/orders/main.py:28"}
    rust = discover(str(DATA / "rust" / "cpu.pb"))
    assert [row.function for row in rust.recommendations] == ["checksum", "ledger::depth"]
    assert ["calls itself" in row.suggestion for row in rust.recommendations] == [False, True]
    node = discover(str(DATA / "node" / "wall.pb.gz"))
    assert [row.function for row in node.recommendations] == ["renderRows", "score"]


def test_files_that_can_not_be_read_are_named_and_the_rest_is_told(tmp_path: Path) -> None:
    (tmp_path / "cpu.pb.gz").write_bytes(Path(CPU).read_bytes())
    (tmp_path / "heap.pb.gz").write_bytes(Path(HEAPS[1]).read_bytes()[:5_000])
    (tmp_path / "metrics.json").write_text("[]")
    found = discover(str(tmp_path))
    assert found.recommendations
    (warning,) = [one for one in found.warnings if "could not be read" in one]
    assert warning.startswith("1 files could not be read as profiles: heap.pb.gz: ")


def test_the_same_profiles_beside_other_files_are_another_capture(tmp_path: Path, session: Session) -> None:
    for env in ("prod", "test"):
        (tmp_path / env).mkdir()
        (tmp_path / env / "cpu.pb.gz").write_bytes(Path(CPU).read_bytes())
        (tmp_path / env / "event.json").write_text(json.dumps({"tags_profiler": f"env:{env}"}))
        assert discover(str(tmp_path / env), session=session).env == env


def test_hostile_tags_and_broken_descriptions_of_uploads_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "cpu.pb.gz").write_bytes(Path(CPU).read_bytes())
    tagged = {"tags_profiler": "service:<script>,env:prod,version:1\u202e2,host:secret-host,env:other"}
    for content, env in ((json.dumps(tagged), "prod"), ("[1", None), ('{"tags_profiler": 7}', None)):
        (tmp_path / "event.json").write_text(content)
        found = discover(str(tmp_path))
        assert (found.service, found.env, found.version) == (None, env, None)
        assert "secret-host" not in dump(found).decode()


def test_200_000_samples_of_long_names_are_told_in_under_8_kb(tmp_path: Path, session: Session) -> None:
    names = [
        f"github.com/acme/{'deep/' * 12}service{at}.(*Handler).ServeEveryRequest{at}" for at in range(40)
    ]
    stacks = [
        tuple(((names[(at * step) % 40], f"{names[at % 40]}.go", at),) for step in range(1, 6))
        for at in range(40)
    ]

    def made(name: str, types: tuple[tuple[str, str], ...], leaf: str) -> str:
        samples = tuple(
            Sample((((leaf, "x.go", 1),), *stack), tuple(10**6 for _ in types)) for stack in stacks
        )
        body = NaiveProfile(samples, types).encode() + number_field(10, 10 * SECOND)
        path = tmp_path / name
        # A message may hold its samples in any number of places.
        path.write_bytes(body + _samples_of(body) * 1_249)
        return str(path)

    paths = [
        made("cpu.pb", (("samples", "count"), ("cpu", "nanoseconds")), "runtime.mallocgc"),
        made("heap.pb", (("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"),
                         ("inuse_space", "bytes")), "bytes.growSlice"),
        made("mutex.pb", (("contentions", "count"), ("delay", "nanoseconds")), "sync.(*Mutex).Unlock"),
        made("goroutine.pb", (("goroutine", "count"),), "runtime.chanrecv"),
    ]  # fmt: skip
    given = {"bundle": paths}
    found = answer(load("pprof.discover"), given, session=session, most=80_000, usual=8_000)
    assert isinstance(found.result, DiscoverResult)
    assert sum(row.samples for row in found.result.looked_at) == 200_000
    assert found.result.recommendations
    assert len(found.json) <= 8_000
    again = answer(load("pprof.discover"), given, session=session, most=80_000, usual=8_000)
    assert again.json == found.json
    page = answer(load("pprof.generate_report"), given, session=session, most=80_000, usual=8_000)
    assert len(page.json) <= 8_000


def _samples_of(body: bytes) -> bytes:
    """Cut the samples out of a message: its fields of number 2."""
    at, found = 0, bytearray()
    while at < len(body):
        begin, (tag, at) = at, _read(body, at)
        number, at = _read(body, at)
        at += number if tag & 7 == 2 else 0
        if tag == 0x12:
            found += body[begin:at]
    return bytes(found)


def _read(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (body[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if body[at - 1] < 0x80:
            return value, at


def test_the_newest_profiles_of_a_service_are_downloaded_and_looked_at(
    fake: FakeDatadog, tmp_path: Path
) -> None:
    session = session_of(fake, tmp_path)
    found = run(load("pprof.discover"), {"service": "checkout", "env": "prod"}, session=session)
    assert isinstance(found, DiscoverResult)
    assert (found.service, found.env, found.version) == ("checkout", "prod", "1.4.2")
    assert [part.kind for part in found.looked_at][:2] == ["cpu", "heap"]
    assert found.cpu is not None
    assert found.next
    there = [one for one in fake.store.visible() if (one.service, one.env) == ("checkout", "prod")]
    newest = max(one.end for one in there)
    assert found.source in {
        f"datadoghq.com profile {one.profile_id} event {one.event_id}" for one in there if one.end == newest
    }
    # Where this program keeps downloads is of no use to anyone.
    assert found.bundle.startswith("handle:")
    assert str(tmp_path) not in found.model_dump_json()
    page = run(load(found.next[0].tool.replace("_", ".", 1)), found.next[0].arguments, session=session)
    assert isinstance(page, ReportResult)
    assert page.markdown is not None
    assert page.markdown.startswith("# Profile report: checkout (prod)\n")
    assert page.bundle == found.bundle
    whole = run(
        load("pprof.generate_report"), {**found.next[0].arguments, "max_bytes": 60_000}, session=session
    )
    assert isinstance(whole, ReportResult)
    assert found.source in (whole.markdown or "").replace("\\", "")


def test_a_capture_without_profiles_says_what_it_holds_instead(fake: FakeDatadog, tmp_path: Path) -> None:
    fake.fault(kind="zip_only_recording", route="download")
    with pytest.raises(WrongProfileKindError, match=r"datadoghq\.com profile .*main\.jfr: .*JFR recording"):
        run(load("pprof.discover"), {"service": "checkout"}, session=session_of(fake, tmp_path))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "neither a bundle nor a service"),
        ({"bundle": BUNDLE, "service": "checkout"}, "a bundle and a service"),
        ({"env": "prod"}, "fit no source"),
    ],
)
def test_what_is_to_be_looked_at_is_named_in_one_way(
    given: dict[str, Any], told: str, fake: FakeDatadog, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgumentError, match=told):
        run(load("pprof.discover"), given, session=session_of(fake, tmp_path))

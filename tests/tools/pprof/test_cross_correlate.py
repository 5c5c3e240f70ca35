"""What pprof.cross_correlate must get right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pprof_mcp as pp
import pytest
from pprof_mcp.results.correlation import CorrelateResult
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof import cross_correlate as declared

from tests.cases import BUNDLE, CPU, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA
from tests.tools.pprof.stacks import SECOND, profile_of

CASES = Cases(
    good=[{"bundle": BUNDLE}, {"bundle": BUNDLE, "level": "package"}],
    wrong=[("level", "line"), ("bundle", "missing/")],
)
MAIN = DATA / "go" / "main"
CPU_TYPES = (("samples", "count"), ("cpu", "nanoseconds"))
HEAP_TYPES = (("alloc_objects", "count"), ("alloc_space", "bytes"))
PLANTED = {item["id"]: item for item in json.loads((DATA / "planted.json").read_text())}


def cross_correlate(bundle: Any, **options: Any) -> CorrelateResult:
    return declared.cross_correlate(bundle, **options)


def test_kinds_that_are_missing_are_null_with_a_warning() -> None:
    found = cross_correlate([str(MAIN / "cpu.pb.gz"), str(MAIN / "goroutine.after.pb.gz")])
    assert found.cpu_only_hotspots
    only = (found.heap_only_hotspots, found.mutex_only_hotspots, found.block_only_hotspots)
    assert only == (None, None, None)
    assert found.correlations == []
    assert any("nothing to correlate cpu with" in warning for warning in found.warnings)
    told = " ".join(found.warnings)
    named = [kind for kind in ("cpu", "heap", "mutex", "block") if f"no {kind} profile" in told]
    assert named == ["heap", "mutex", "block"]


def test_a_bundle_without_any_of_the_kinds_is_refused() -> None:
    with pytest.raises(pp.errors.WrongProfileKindError, match="threadcreate") as problem:
        cross_correlate(str(MAIN / "threadcreate.pb.gz"))
    assert "bundle" in problem.value.hint


def test_bundles_are_taken_as_handle_folder_and_list_and_several_of_a_kind_are_named(
    session: Session, empty: str
) -> None:
    by_path = cross_correlate(BUNDLE)
    by_handle = cross_correlate(session.bundle(BUNDLE).handle, session=session)
    assert by_handle.model_copy(update={"bundle": BUNDLE}) == by_path
    several = cross_correlate(str(MAIN))
    assert any("is used of" in warning and "heap profiles" in warning for warning in several.warnings)
    nothing = cross_correlate([empty])
    assert any("no samples" in warning for warning in nothing.warnings)


def test_a_function_that_computes_and_allocates_is_found_with_the_planted_numbers() -> None:
    (row,) = cross_correlate(BUNDLE).correlations
    assert row.function == PLANTED["json-in-loop"]["function"]
    assert row.cpu
    (node,) = pp.open_profile(CPU).peek(r"catalog\.\(\*Renderer\)\.each$").rows
    assert row.cpu.value == node.cum
    assert row.heap
    assert (row.heap.rank, row.block) == (1, None)
    assert "CPU" in row.insight
    assert "allocations" in row.insight


def test_what_is_hot_in_one_kind_only_is_listed_apart() -> None:
    found = cross_correlate(BUNDLE)
    assert found.cpu_only_hotspots
    assert {row.function.rpartition(".")[2] for row in found.cpu_only_hotspots} == {
        "mix",
        "weakHash",
        "visit",
    }
    assert found.heap_only_hotspots
    assert [row.function for row in found.heap_only_hotspots] == [
        PLANTED[plant]["function"] for plant in ("alloc-churn", "heap-leak")
    ]
    # A lock that is held and waited for is one thing seen twice, not two.
    for rows in (found.mutex_only_hotspots, found.block_only_hotspots):
        assert rows
        assert rows[0].function == PLANTED["hot-lock-hold"]["function"]


def test_packages_are_correlated_by_all_their_functions() -> None:
    found = cross_correlate(BUNDLE, level="package")
    rows = {row.function.rpartition("/")[2]: row for row in found.correlations}
    assert set(rows) == {"catalog", "pricing"}
    assert rows["pricing"].cpu
    assert rows["pricing"].mutex
    assert rows["pricing"].mutex.value == PLANTED["write-lock-hold"]["recorded"]


Stacks = list[tuple[str, int, int]]


def make(session: Session, folder: Path, cpu: Stacks, heap: Stacks, mutex: Stacks | None) -> list[str]:
    paths = [
        profile_of(session, folder, "a", cpu, types=CPU_TYPES),
        profile_of(session, folder, "b", heap, types=HEAP_TYPES),
    ]
    return paths if mutex is None else [*paths, profile_of(session, folder, "c", mutex)]


def test_scores_follow_magnitudes_as_the_formula_says(tmp_path: Path, session: Session) -> None:
    root = "ex.com/m.Serve:9 < main.main:1"
    cpu = [(f"runtime.x:1 < ex.com/m.A:5 < {root}", 60, 600), (f"ex.com/m.B:5 < {root}", 40, 400)]
    heap = [(f"bytes.Grow:1 < ex.com/m.B:6 < {root}", 90, 900), (f"ex.com/m.A:7 < {root}", 30, 100)]
    mutex = [(f"sync.(*Mutex).Unlock:1 < ex.com/m.B:8 < {root}", 50, 50 * SECOND)]
    found = cross_correlate(make(session, tmp_path, cpu, heap, mutex))
    scores = {row.function: row.combined_score for row in found.correlations}
    # Shares of A: 0.6, 0.1, 0; of B: 0.4, 0.9, 1, the largest 0.6, 0.9, 1. Serve only passes on.
    assert scores == {
        "ex.com/m.B": pytest.approx((0.4 / 0.6 + 1 + 1) / 3, abs=1e-4),
        "ex.com/m.A": pytest.approx((1 + 0.1 / 0.9 + 0) / 3, abs=1e-4),
    }
    (b, a) = found.correlations
    assert b.mutex
    assert (b.mutex.delay_pct, b.mutex.rank, a.mutex) == (100, 1, None)
    assert b.insight.startswith("High in CPU (40.0%), allocations (90.0%) and lock holding (100.0%)")
    without = cross_correlate(make(session, tmp_path, cpu, heap, None)).correlations
    assert without[0].combined_score == pytest.approx((0.4 / 0.6 + 1) / 2, abs=1e-4)
    assert all(0 <= row.combined_score <= 1 for row in (*found.correlations, *without))


def test_chance_is_not_called_hot_and_idle_locks_are_said_to_be(tmp_path: Path, session: Session) -> None:
    cpu = [("ex.com/m.A:5", 15, 500), ("ex.com/m.B:5", 100, 500)]
    heap = [("ex.com/m.A:5", 500, 500), ("ex.com/m.B:5", 500, 500)]
    found = cross_correlate(
        make(session, tmp_path, cpu, heap, [("sync.(*Mutex).Unlock:1 < ex.com/m.B:5", 50, 900)])
    )
    assert [row.function for row in found.correlations] == ["ex.com/m.B"]
    assert any("next to nothing" in warning for warning in found.warnings)


def test_filters_apply_to_every_kind() -> None:
    found = cross_correlate(BUNDLE, focus="catalog")
    assert {row.function for row in found.correlations} == {PLANTED["json-in-loop"]["function"]}
    assert found.mutex_only_hotspots == []


def test_waits_for_channels_are_no_lock_contention(tmp_path: Path, session: Session) -> None:
    samples = [
        ("runtime.chanrecv1:1 < ex.com/m.Idle:5", 500, 900 * SECOND),
        ("sync.(*Mutex).Lock:1 < ex.com/m.B:5", 50, SECOND),
    ]
    found = cross_correlate(profile_of(session, tmp_path, "block", samples))
    assert found.block_only_hotspots
    assert [row.function for row in found.block_only_hotspots] == ["ex.com/m.B"]


@pytest.mark.parametrize(
    ("leaf", "file", "caller", "own"),
    [
        ("github.com/x/y.Parse", "github.com/x/y@v1.2.3/p.go", "ex.com/m.A", "ex.com/m.A"),
        ("net/http.(*Client).Do", "net/http/client.go", "ex.com/m.A", "ex.com/m.A"),
        ("shop/cart.Add", "shop/cart/cart.go", "ex.com/m.A", "shop/cart.Add"),
        ("ex.com/m.A-fm", "<autogenerated>", "ex.com/m.A", "ex.com/m.A"),
        ("dumps", "/usr/lib/python3.11/json/__init__.py", "handle", "handle"),
        ("query", "/app/.venv/lib/python3.11/site-packages/db/x.py", "handle", "handle"),
        ("java.util.HashMap.get", "HashMap.java", "com.shop.Cart.add", "com.shop.Cart.add"),
    ],
)
def test_libraries_and_the_runtime_are_charged_to_the_user_s_function(
    tmp_path: Path, leaf: str, file: str, caller: str, own: str
) -> None:
    suffix = "py" if file.endswith(".py") else "java" if file.endswith(".java") else "go"
    stack = (((leaf, file, 1),), ((caller, f"/app/m.{suffix}", 2),))
    path = tmp_path / "cpu.pb"
    path.write_bytes(NaiveProfile((Sample(stack, (100, 100)),), CPU_TYPES).encode())
    found = cross_correlate(str(path))
    assert found.cpu_only_hotspots
    assert [(row.function, row.flat_pct) for row in found.cpu_only_hotspots] == [(own, 100)]

"""What pprof.hotspot_summary must get right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pprof_mcp as pp
import pytest
from pprof_mcp.results.correlation import HotspotResult
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof import hotspot_summary as declared

from tests.cases import BUNDLE, Cases
from tests.support import DATA
from tests.tools.pprof.stacks import SECOND, profile_of

CASES = Cases(good=[{"bundle": BUNDLE}], wrong=[("nodecount", 0), ("bundle", "missing/")])
MAIN = DATA / "go" / "main"
PLANTED = {item["id"]: item for item in json.loads((DATA / "planted.json").read_text())}


def hotspot_summary(bundle: Any, **options: Any) -> HotspotResult:
    return declared.hotspot_summary(bundle, **options)


def test_a_summary_has_the_planted_hotspots_of_every_kind_on_top() -> None:
    found = hotspot_summary(BUNDLE)
    assert found.cpu_top5
    assert found.cpu_top5[0].function == PLANTED["hot-hash"]["function"]
    assert found.heap_top5
    assert found.heap_top5[1].alloc == PLANTED["alloc-churn"]["recorded"]
    for rows, plant in ((found.mutex_top5, "hot-lock-hold"), (found.block_top5, "hot-lock-wait")):
        assert rows
        assert (rows[0].function, rows[0].delay) == (PLANTED[plant]["function"], PLANTED[plant]["recorded"])
    assert found.goroutine_count == pp.open_bundle(BUNDLE)["goroutine"].meta().sample_types[0].total
    assert found.warnings == []


def test_values_of_a_summary_are_those_of_top() -> None:
    found = hotspot_summary(BUNDLE, nodecount=3)
    top = pp.open_profile(f"{BUNDLE}#cpu").top(nodecount=3).rows
    assert found.cpu_top5
    assert [(row.function, row.flat) for row in found.cpu_top5] == [(row.name, row.flat) for row in top]


def test_kinds_that_are_missing_are_null_with_a_warning() -> None:
    found = hotspot_summary([str(MAIN / "cpu.pb.gz"), str(MAIN / "goroutine.after.pb.gz")])
    assert found.cpu_top5
    assert (found.heap_top5, found.mutex_top5, found.block_top5) == (None, None, None)
    assert found.goroutine_count
    told = " ".join(found.warnings)
    named = [kind for kind in ("cpu", "heap", "mutex", "block") if f"no {kind} profile" in told]
    assert named == ["heap", "mutex", "block"]


def test_a_bundle_without_any_of_the_kinds_is_refused() -> None:
    with pytest.raises(pp.errors.WrongProfileKindError, match="threadcreate") as problem:
        hotspot_summary(str(MAIN / "threadcreate.pb.gz"))
    assert "bundle" in problem.value.hint


def test_bundles_are_taken_as_handle_folder_and_list_and_several_of_a_kind_are_named(
    session: Session, empty: str
) -> None:
    by_path = hotspot_summary(BUNDLE)
    by_handle = hotspot_summary(session.bundle(BUNDLE).handle, session=session)
    assert by_handle.model_copy(update={"bundle": BUNDLE}) == by_path
    several = hotspot_summary(str(MAIN))
    assert any("is used of" in warning and "heap profiles" in warning for warning in several.warnings)
    nothing = hotspot_summary([empty])
    assert any("no samples" in warning for warning in nothing.warnings)


def test_locks_are_named_by_who_uses_them_and_channels_are_none(tmp_path: Path, session: Session) -> None:
    samples = [
        ("runtime.chanrecv1:1 < ex.com/m.Idle:5", 500, 900 * SECOND),
        ("sync.(*Mutex).Lock:1 < ex.com/m.B:5", 50, SECOND),
    ]
    rows = hotspot_summary(profile_of(session, tmp_path, "block", samples)).block_top5
    assert rows
    assert [(row.function, row.delay_pct) for row in rows] == [("ex.com/m.B", 100)]

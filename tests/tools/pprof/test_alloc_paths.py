"""What pprof.alloc_paths must get right."""

from __future__ import annotations

import json
from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.insight.sizes import size_text
from pprof_mcp.tools.pprof.alloc_paths import alloc_paths

from tests.cases import BUNDLE, CPU, HEAPS, Cases
from tests.tools.pprof.heaps import MIB, heap_of

CASES = Cases(
    good=[{"profile": HEAPS[1]}, {"profile": f"{BUNDLE}#heap", "group_by_source": False}],
    wrong=[("profile", CPU), ("min_percent", 101)],
)


def heap(data: Path, name: str) -> pp.Profile:
    return pp.open_profile(data / "go" / "main" / f"{name}.pb.gz")


def test_planted_allocators_are_found_with_line_value_and_rate_and_in_their_order(data: Path) -> None:
    planted = {one["id"]: one for one in json.loads((data / "planted.json").read_text())}
    found = alloc_paths(heap(data, "delta-heap"))
    json_in_loop, churn = found.paths[:2]
    assert json_in_loop.source_location == "example.com/shop/catalog/render.go:35"
    assert json_in_loop.first_app_frame == planted["json-in-loop"]["function"]
    assert json_in_loop.alloc_site == "encoding/json.Marshal"
    assert churn.source_location == f"{planted['alloc-churn']['file']}:{planted['alloc-churn']['line']}"
    assert churn.alloc_bytes == planted["alloc-churn"]["recorded"]
    # 80 pages of 64 KiB a second, in a run that took a little longer than designed.
    assert churn.alloc_bytes_per_second == pytest.approx(80 * 65536, rel=0.05)
    assert churn.avg_bytes == pytest.approx(65536, rel=0.01)
    rate = churn.alloc_bytes_per_second or 0.0
    assert churn.alloc_rate == f"{size_text(60 * rate)}/min"
    assert found.repo_prefixes == ["example.com/shop"]


def test_values_are_those_of_pprofs_own_rows(data: Path) -> None:
    profile = heap(data, "delta-heap")
    shown = profile.top(sample_index="alloc_space", granularity="lines", focus="Renderer..page")
    page = next(row for row in shown.rows if row.name.startswith("example.com/shop/catalog.(*Renderer).page"))
    rows = alloc_paths(profile, min_percent=0, max_paths=500).paths
    assert page.flat in [row.alloc_bytes for row in rows]


def test_rows_and_what_is_left_out_add_up_and_cursors_go_on(data: Path) -> None:
    profile = heap(data, "heap.after")
    whole = alloc_paths(profile, min_percent=0, max_paths=500)
    assert len(whole.paths) == whole.sites > 20
    assert sum(row.alloc_bytes for row in whole.paths) == whole.total_alloc
    assert (whole.left_out.rows, whole.left_out.alloc_bytes, whole.cursor) == (0, 0, None)
    seen: list[str | None] = []
    cursor: str | None = ""
    while cursor is not None:
        part = alloc_paths(profile, min_percent=0, max_paths=7, cursor=cursor)
        seen += [row.source_location for row in part.paths]
        cursor = part.cursor
    assert seen == [row.source_location for row in whole.paths]
    none = alloc_paths(profile, min_percent=99)
    assert (none.paths, none.left_out.alloc_bytes) == ([], none.total_alloc)
    assert any(f"none of {none.sites} sites" in warning for warning in none.warnings)
    few = alloc_paths(profile, min_percent=5)
    assert [row.alloc_pct >= 5 for row in few.paths] == [True, True]
    assert few.cursor is None
    assert few.left_out.rows == few.sites - 2
    assert sum(row.alloc_bytes for row in few.paths) + few.left_out.alloc_bytes == few.total_alloc


def test_totals_since_the_start_and_deltas_are_told_apart_and_why(data: Path) -> None:
    delta = alloc_paths(heap(data, "delta-heap"))
    assert (delta.counted_since, delta.counted_since_certain) == ("interval", True)
    assert delta.duration_secs == pytest.approx(10, abs=0.1)
    total = alloc_paths(heap(data, "heap.after"))
    assert (total.counted_since, total.duration_secs, total.paths[0].alloc_rate) == ("start", None, None)
    assert any("no rates" in warning for warning in total.warnings)
    told = alloc_paths(heap(data, "heap.after"), duration_seconds=100)
    assert told.counted_since == "start"
    assert told.total_bytes_per_second == pytest.approx(told.total_alloc / 100)
    live = alloc_paths(heap(data, "heap.after"), sample_index="inuse_space")
    assert (live.counted_since, live.counted_since_certain) == ("instant", True)
    assert live.paths[0].source_location == "example.com/shop/session/cache.go:35"


def test_a_duration_alone_makes_a_delta_likely_and_values_below_zero_make_it_certain(tmp_path: Path) -> None:
    sample = [("main.f:1", (1, MIB, 0, 0))]
    likely = alloc_paths(pp.open_profile(heap_of(tmp_path, "likely.pb", sample, seconds=60)))
    assert (likely.counted_since, likely.counted_since_certain) == ("interval", False)
    assert likely.total_rate == "1MB/min"
    below = alloc_paths(pp.open_profile(heap_of(tmp_path, "below.pb", [("main.f:1", (1, MIB, -1, -MIB))])))
    assert (below.counted_since, below.counted_since_certain) == ("interval", True)


def test_the_error_comes_from_recorded_events_not_from_scaled_counts(tmp_path: Path) -> None:
    samples = [
        # Objects twice as large as the period are nearly all recorded, tiny ones hardly ever.
        ("main.large:1", (100, 100 * MIB, 0, 0)),
        ("main.tiny:2", (1_000_000, 16_000_000, 0, 0)),
        ("main.mixed:3 < main.large:9", (1, MIB, 0, 0)),
    ]
    found = alloc_paths(pp.open_profile(heap_of(tmp_path, "heap.pb", samples)), min_percent=0)
    rows = {row.first_app_frame: row for row in found.paths}
    assert rows["main.large"].events == 86
    assert rows["main.large"].relative_error_pct == pytest.approx(10.8, abs=0.1)
    assert rows["main.tiny"].events == 31
    assert rows["main.mixed"].relative_error_pct == pytest.approx(107.5, abs=0.5)
    assert any("1 of 3 rows" in warning for warning in found.warnings)


def test_the_heaviest_chain_of_a_site_is_shown_and_its_share(tmp_path: Path) -> None:
    samples = [
        ("runtime.mallocgc:1 < bufio.Light:1 < example.com/shop/a.Get:7 < main.one:1", (1, 10, 0, 0)),
        ("runtime.newobject:2 < runtime.x:3 < bufio.Heavy:2 < example.com/shop/a.Get:7 < main.two:2",
         (1, 30, 0, 0)),
    ]  # fmt: skip
    (row,) = alloc_paths(pp.open_profile(heap_of(tmp_path, "heap.pb", samples))).paths
    assert (row.source_location, row.alloc_site, row.stacks) == (
        "example.com/shop/a/x.go:7",
        "bufio.Heavy",
        2,
    )
    assert row.chain_pct == 75
    assert row.caller_chain == [
        "runtime.newobject x.go:2",
        "runtime.x x.go:3",
        "bufio.Heavy x.go:2",
        "example.com/shop/a.Get x.go:7",
        "main.two x.go:2",
    ]


def test_a_long_way_to_own_code_keeps_both_ends(tmp_path: Path) -> None:
    way = " < ".join(f"bufio.f{at}:1" for at in range(20))
    samples = [
        (f"{way} < example.com/shop/a.Get:7 < main.two:2 < main.main:3 < runtime.main:4", (1, 30, 0, 0))
    ]
    (row,) = alloc_paths(pp.open_profile(heap_of(tmp_path, "heap.pb", samples))).paths
    assert row.caller_chain[0] == "bufio.f0 x.go:1"
    assert row.caller_chain[-3:] == ["example.com/shop/a.Get x.go:7", "main.two x.go:2", "main.main x.go:3"]
    assert row.chain_cut == 24 - len(row.caller_chain)


def test_own_code_is_found_and_can_be_named(tmp_path: Path) -> None:
    samples = [
        ("github.com/acme/web/db.Get:1 < github.com/other/http.Serve@v1.2.3:2 < main.main:3", (1, 100, 0, 0)),
        ("github.com/other/http.Serve@v1.2.3:4 < runtime.goexit:1", (1, 900, 0, 0)),
    ]
    profile = pp.open_profile(heap_of(tmp_path, "heap.pb", samples))
    found = alloc_paths(profile)
    assert found.repo_prefixes == ["github.com/acme/web"]
    assert [row.source_location for row in found.paths] == [None, "github.com/acme/web/db/x.go:1"]
    assert found.without_own_pct == 90
    named = alloc_paths(profile, repo_prefixes=["github.com/other/http"])
    assert named.paths[0].first_app_frame == "github.com/other/http.Serve"
    assert named.without_own_pct == 0
    assert named.own_code_how == "as given"


def test_grouping_by_the_line_that_calls_the_allocator_joins_owners(tmp_path: Path) -> None:
    samples = [
        ("runtime.mallocgc:1 < bufio.Grow:5 < example.com/shop/a.Get:7", (1, 30, 0, 0)),
        ("bufio.Grow:5 < example.com/shop/b.Put:9", (1, 10, 0, 0)),
    ]
    profile = pp.open_profile(heap_of(tmp_path, "heap.pb", samples))
    (row,) = alloc_paths(profile, group_by_source=False).paths
    assert (row.alloc_site, row.alloc_bytes, row.stacks) == ("bufio.Grow", 40, 2)
    assert row.source_location == "example.com/shop/a/x.go:7"
    assert len(alloc_paths(profile).paths) == 2


def test_other_runtimes_have_rows_too(data: Path) -> None:
    python = alloc_paths(pp.open_profile(data / "python" / "profile.pb.gz"))
    assert python.sample_type.type == "alloc-space"
    assert python.paths[0].source_location == "/srv/orders/main.py:28"
    node = alloc_paths(pp.open_profile(data / "node" / "heap.pb.gz"))
    assert node.sample_type.type == "inuse_space"
    assert node.paths[0].source_location == "/srv/storefront/lib/basket.js:6"
    assert any("in use now" in warning for warning in node.warnings)


def test_profiles_without_symbols_or_samples_are_answers(tmp_path: Path) -> None:
    nothing = alloc_paths(pp.open_profile(heap_of(tmp_path, "empty.pb", [])))
    assert (nothing.paths, nothing.total_alloc, nothing.sites) == ([], 0, 0)
    assert "the profile has no samples" in nothing.warnings
    bare = pp.open_profile(heap_of(tmp_path, "bare.pb", [("x.f:0", (1, 9, 0, 0))])).filter(hide="f")
    found = alloc_paths(bare)
    assert found.total_alloc in (0, 9)


def test_what_holds_no_memory_is_refused_with_what_it_is(cpu: str) -> None:
    with pytest.raises(WrongProfileKindError, match="it is a cpu profile") as wrong:
        alloc_paths(pp.open_profile(cpu))
    assert "pprof.top" in wrong.value.hint
    with pytest.raises(WrongProfileKindError, match="'wall-time' is no memory"):
        alloc_paths(
            pp.open_profile(Path(cpu).parents[2] / "python" / "profile.pb.gz"), sample_index="wall-time"
        )

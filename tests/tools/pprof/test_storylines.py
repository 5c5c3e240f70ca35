"""What pprof.storylines must get right."""

from __future__ import annotations

import json
from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.tools.pprof.storylines import storylines

from tests.cases import BUNDLE, CPU, HEAPS, Cases
from tests.tools.pprof.functions import profile_of

CASES = Cases(
    good=[{"profile": CPU}, {"profile": HEAPS[1]}, {"profile": f"{BUNDLE}#cpu", "n": 2}],
    wrong=[("profile", "missing.pb.gz"), ("n", 0), ("min_pct", 101), ("sample_index", "nonsense")],
    nothing=[{"focus": "no such function"}],
)


def test_the_planted_ways_are_found_in_their_order_with_line_and_value_and_no_other(
    cpu: str, data: Path
) -> None:
    planted = {one["id"]: one for one in json.loads((data / "planted.json").read_text())}
    found = storylines(pp.open_profile(cpu), n=12)
    # The recursion calls itself above the planted line.
    for row, plant, more in zip(
        found.storylines, ("hot-hash", "json-in-loop", "recursion"), (0.2, 0.01, 0.3), strict=True
    ):
        fault = planted[plant]
        assert fault["function"] in [step.function for step in row.call_chain], plant
        place = f"{fault['file']}:{fault['line']}"
        assert place in [step.location for step in row.call_chain] + [
            line.location for line in row.hot_lines
        ], plant
        assert fault["recorded"] <= row.cum < (1 + more) * fault["recorded"], plant
    recursion = found.storylines[2]
    hot = next(line for line in recursion.hot_lines if line.location and line.location.endswith("tree.go:32"))
    assert hot.value == planted["recursion"]["recorded"]


def test_own_frames_alone_are_on_the_way_and_no_closure_or_repeated_name(data: Path) -> None:
    looked_at = 0
    for file in ("cpu", "heap.after", "delta-heap", "delta-block", "goroutine.after"):
        for row in storylines(pp.open_profile(data / "go" / "main" / f"{file}.pb.gz")).storylines:
            names = [step.function for step in row.call_chain]
            assert all(name.startswith(("example.com/shop", "main.")) for name in names), names
            assert len(set(names)) == len(names)
            assert not any(".func" in name for name in names)
            looked_at += len(names)
    assert looked_at > 30


def test_no_sample_is_in_two_storylines_and_all_parts_add_up(data: Path) -> None:
    looked_at = 0
    for path in sorted((data / "go" / "main").glob("*.pb.gz")):
        found = storylines(pp.open_profile(path), n=12, min_pct=0)
        told = sum(row.cum for row in found.storylines)
        assert told <= found.own <= found.total, path
        parts = (found.own_pct, found.without_own_pct)
        assert sum(parts) == pytest.approx(100, abs=0.02), path
        assert found.left_pct == pytest.approx((found.own - told) / found.total * 100, abs=0.01), path
        assert [row.cum for row in found.storylines] == sorted(
            (row.cum for row in found.storylines), reverse=True
        )
        for row in found.storylines:
            assert sum(part.value for part in row.work) == row.cum
            looked_at += 1
    assert looked_at > 20


def test_recursion_does_not_fill_the_way(cpu: str) -> None:
    row = next(
        row
        for row in storylines(pp.open_profile(cpu)).storylines
        if any(step.recursive for step in row.call_chain)
    )
    assert [(step.function.rpartition(".")[2], step.recursive) for step in row.call_chain[-2:]] == [
        ("walk", True),
        ("visit", True),
    ]
    assert not any(step.recursive for step in row.call_chain[:-2])


def test_what_is_done_below_own_code_is_told_by_category(cpu: str) -> None:
    work = {part.category: part.value for part in storylines(pp.open_profile(cpu)).storylines[1].work}
    assert max(work, key=lambda name: work[name]) == "json"
    assert {"allocation", "own code"} <= set(work)


def test_methods_generics_and_packages_with_dots_are_found_by_their_whole_name(tmp_path: Path) -> None:
    stack = (
        "gopkg.in/x.v3.(*T[go.shape.int]).Do @ gopkg.in/x.v3/a.go:3"
        " < example.com/a.b/c.(*Set[go.shape.string,go.shape.int]).Add.func1 @ example.com/a.b/c/s.go:4"
        " < example.com/a.b/c.(*Set[go.shape.string,go.shape.int]).Add @ example.com/a.b/c/s.go:9"
        " < main.main @ main.go:5"
    )
    found = storylines(
        pp.open_profile(profile_of(tmp_path, [(stack, 5)])), repo_prefixes=["example.com/a.b", "main"]
    )
    assert [step.function for step in found.storylines[0].call_chain] == [
        "main.main",
        "example.com/a.b/c.(*Set[...]).Add",
    ]
    assert found.storylines[0].hot_lines[0].location == "example.com/a.b/c/s.go:4"


def test_modules_are_found_by_weight_and_given_ones_win(tmp_path: Path) -> None:
    profile = pp.open_profile(
        profile_of(
            tmp_path,
            [
                ("github.com/lib/x.Do @ x.go:1 < github.com/me/app/a.Run @ a.go:1", 90),
                ("github.com/lib/x.Loop @ x.go:2", 10),
            ],
        )
    )
    found = storylines(profile)
    assert found.own_code == ["github.com/lib/x"], "which a wise reader corrects"
    given = storylines(profile, repo_prefixes=["github.com/me/app/"])
    assert given.own_code == ["github.com/me/app"]
    assert [row.leaf_hotspot for row in given.storylines] == ["github.com/me/app/a.Run"]
    # A beginning of a name that is no whole part of it is none.
    assert storylines(profile, repo_prefixes=["github.com/me/ap"]).storylines == []


@pytest.mark.parametrize(
    ("frames", "way"),
    [
        (
            "dumps @ /usr/lib/python3.11/json/__init__.py:3 < f.<locals>.g @ /srv/a.py:2 < f @ /srv/a.py:1",
            ["f"],
        ),
        ("handle @ /x/node_modules/express/a.js:1 < run @ /srv/a.js:2 < load @ node:internal/m:1", ["run"]),
        ("java/util/HashMap.get < App.lambda$run$0 < App.main", ["App.main", "App.run"]),
        (
            "alloc::alloc @ /rustc/1/library/alloc/a.rs:1 < ledger::post @ /srv/src/main.rs:7",
            ["ledger::post"],
        ),
    ],
)
def test_other_runtimes_have_ways_too(tmp_path: Path, frames: str, way: list[str]) -> None:
    found = storylines(pp.open_profile(profile_of(tmp_path, [(frames, 5)])))
    assert [[step.function for step in row.call_chain] for row in found.storylines] == [way]


def test_profiles_with_nothing_to_tell_say_why(tmp_path: Path, empty: str) -> None:
    nothing = storylines(pp.open_profile(empty))
    assert (nothing.storylines, nothing.total, nothing.warnings) == ([], 0, ["the profile has no samples"])
    foreign = storylines(pp.open_profile(profile_of(tmp_path, [("runtime.gcDrain @ runtime/g.go:1", 5)])))
    assert any("repo_prefixes" in warning for warning in foreign.warnings)
    nameless = storylines(pp.open_profile(profile_of(tmp_path, [("", 5)], name="nameless.pb")))
    assert any("symbolize" in warning for warning in nameless.warnings)
    zero = storylines(pp.open_profile(profile_of(tmp_path, [("main.main @ m.go:1", 0)], name="zero.pb")))
    assert any("zero" in warning for warning in zero.warnings)
    light = storylines(
        pp.open_profile(profile_of(tmp_path, [("main.a @ m.go:1", 1), ("runtime.x @ r.go:1", 999)]))
    )
    assert any("min_pct" in warning for warning in light.warnings)


def test_a_heap_profile_is_followed_by_what_was_allocated(data: Path) -> None:
    found = storylines(pp.open_profile(data / "go" / "main" / "delta-heap.pb.gz"))
    assert found.sample_type.type == "alloc_space"
    assert found.storylines[0].leaf_hotspot.endswith("(*Renderer).each")
    assert found.storylines[0].work[0].category == "json"

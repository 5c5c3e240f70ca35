"""What pprof.focus_paths must get right."""

from __future__ import annotations

import pprof_mcp as pp

from tests.cases import CPU, Cases

CASES = Cases(
    good=[{"profile": CPU, "function": "mix"}, {"profile": CPU, "function": "mix", "format": "text"}],
    wrong=[("function", "x")],
    nothing=[{"function": "no such function"}],
)


def test_paths_end_at_the_function_and_add_up(cpu: str) -> None:
    found = pp.open_profile(cpu).focus_paths("weakHash", limit=200, max_depth=2_000)
    assert found.functions == ["example.com/shop/pricing.weakHash"]
    assert found.rows
    assert all(row.frames[-1] == "example.com/shop/pricing.weakHash" for row in found.rows)
    assert sum(row.value for row in found.rows) == found.matched.value
    (node,) = pp.open_profile(cpu).peek(r"pricing\.weakHash$").rows
    assert found.matched.value == node.cum


def test_what_lies_below_is_named_with_its_share(cpu: str) -> None:
    row = pp.open_profile(cpu).focus_paths("weakHash").rows[0]
    assert {callee.name for callee in row.below} >= {"", "example.com/shop/pricing.mix"}
    assert sum(callee.pct for callee in row.below) <= 100.01


def test_recursion_below_the_first_match_makes_no_new_path(cpu: str) -> None:
    found = pp.open_profile(cpu).focus_paths(
        r"catalog\.\(\*category\)\.(walk|visit)", limit=200, max_depth=2_000
    )
    assert found.rows
    for row in found.rows:
        assert not any("category" in frame for frame in row.frames[:-1])


def test_a_long_path_is_cut_at_the_root(cpu: str) -> None:
    row = pp.open_profile(cpu).focus_paths("weakHash", max_depth=3).rows[0]
    assert row.truncated
    assert len(row.frames) == 3
    assert row.depth > 3


def test_no_match_is_an_answer(cpu: str) -> None:
    found = pp.open_profile(cpu).focus_paths("no such function")
    assert (found.rows, found.functions, found.matched.value) == ([], [], 0)
    assert any("no such function" in warning for warning in found.warnings)


def test_text_shows_the_stacks_through_the_function_only(cpu: str) -> None:
    found = pp.open_profile(cpu).focus_paths("weakHash", focus="Quote", format="text", max_bytes=60_000)
    assert found.raw is not None
    stacks = found.raw.split("-----------+")[2:]
    assert len(stacks) > 1
    assert all("weakHash" in stack for stack in stacks if stack.strip("-\n "))

"""What pprof.traces_head must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp

from tests.cases import BUNDLE, CPU, Cases

CASES = Cases(
    good=[{"profile": CPU}, {"profile": CPU, "format": "text"}],
    wrong=[("profile", f"{BUNDLE}#nonsense")],
    nothing=[{"focus": "no such function"}],
)


def test_the_leaked_goroutines_are_one_row(data: Path) -> None:
    found = pp.open_profile(data / "go" / "main" / "goroutine.after.pb.gz").traces()
    first = found.rows[0]
    assert first.value == 1_320
    assert first.frames[0].name == "runtime.gopark"
    assert first.frames[-1].name == "example.com/shop/notify.listen"
    assert found.rows[1].value == 40
    assert found.rows[1].frames[-1].name == "example.com/shop/notify.announce"


def test_all_stacks_add_up_to_the_total(cpu: str) -> None:
    found = pp.open_profile(cpu).traces(limit=200, max_depth=2_000)
    assert sum(row.value for row in found.rows) + found.left_out.value == found.total
    assert len(found.rows) + found.left_out.rows == found.stacks


def test_deep_stacks_are_cut_at_the_root_and_say_so(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    cut = profile.traces(max_depth=2).rows[0]
    whole = profile.traces(max_depth=2_000).rows[0]
    assert cut.truncated
    assert not whole.truncated
    assert cut.frames == whole.frames[:2]
    assert cut.depth == whole.depth == len(whole.frames)


def test_labels_of_a_stack_are_those_all_its_samples_have(cpu: str) -> None:
    rows = pp.open_profile(cpu).traces(tagfocus="tenant=acme", limit=50).rows
    assert rows
    assert all(("tenant", "acme") in {(label.key, label.value) for label in row.labels} for row in rows)


def test_lines_is_the_number_of_text_lines(cpu: str) -> None:
    found = pp.open_profile(cpu).traces(format="text", lines=12)
    assert found.raw is not None
    assert len(found.raw.splitlines()) == 12
    assert found.rows == []


def test_an_empty_profile_has_no_stack(empty: str) -> None:
    found = pp.open_profile(empty).traces()
    assert (found.rows, found.stacks) == ([], 0)
    assert found.warnings

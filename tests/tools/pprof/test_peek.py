"""What pprof.peek must get right."""

from __future__ import annotations

import pprof_mcp as pp

from tests.cases import CPU, Cases

CASES = Cases(
    good=[{"profile": CPU, "regex": "weakHash"}, {"profile": CPU, "regex": "weakHash", "format": "text"}],
    wrong=[("regex", "("), ("profile", CPU)],
    nothing=[{"regex": "no such function"}, {"regex": "no such function", "format": "text"}],
)


def test_callers_and_callees_carry_their_weights(cpu: str) -> None:
    found = pp.open_profile(cpu).peek(r"pricing\.weakHash$")
    assert found.matched == 1
    (node,) = found.rows
    assert node.name == "example.com/shop/pricing.weakHash"
    assert sum(edge.weight for edge in node.callers) == node.cum
    assert node.flat + sum(edge.weight for edge in node.callees) == node.cum
    assert node.callees[0].name == "example.com/shop/pricing.mix"
    assert node.callers[0].pct == 100.0


def test_recursion_counts_once_in_cum(cpu: str) -> None:
    found = pp.open_profile(cpu).peek(r"catalog\.\(\*category\)\.visit$")
    (node,) = found.rows
    assert node.cum <= found.total
    assert node.cum_pct <= 100


def test_more_matches_and_edges_than_shown_are_counted(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    found = profile.peek("runtime", limit=2, edges=1)
    assert len(found.rows) == 2
    assert found.left_out.rows == found.matched - 2 > 0
    assert found.cursor == "2"
    assert all(len(row.callers) <= 1 and len(row.callees) <= 1 for row in found.rows)
    assert any(
        row.callers_left_out or row.callees_left_out for row in profile.peek(".", limit=50, edges=1).rows
    )


def test_no_match_is_an_answer_that_leads_on(cpu: str) -> None:
    for form in ("rows", "text"):
        found = pp.open_profile(cpu).peek("no such function", format=form)
        assert (found.rows, found.matched, found.raw) == ([], 0, None)
        assert any("no such function" in warning for warning in found.warnings)
        assert [call.tool for call in found.next] == ["pprof_top"]


def test_text_is_pprofs_own(cpu: str) -> None:
    found = pp.open_profile(cpu).peek("weakHash", format="text")
    assert found.rows == []
    assert found.raw is not None
    assert "calls%" in found.raw
    assert "| " in found.raw

"""Names that may be meant come in the order of how surely they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pprof_mcp.insight.naming import rank


def test_the_surest_come_first() -> None:
    names = ["check-out", "checkout", "CheckOut", "checkout-web", "check_out_api", "my-checkout",
             "the_check-outs", "chekout", "ranker"]  # fmt: skip
    found = [(match.name, match.kind, match.score) for match in rank("checkout", names)]
    assert found == [
        ("checkout", "exact", 1.0),
        ("CheckOut", "exact", 0.95),
        ("checkout-web", "prefix", 0.9),
        ("check-out", "normalized", 0.85),
        ("check_out_api", "normalized", 0.8),
        ("my-checkout", "contains", 0.7),
        ("the_check-outs", "contains", 0.65),
        ("chekout", "similar", 0.525),
    ]


@pytest.mark.parametrize("wanted", ["", "-", "__", " . ", "/-/"])
def test_a_query_without_letters_matches_nothing(wanted: str) -> None:
    assert rank(wanted, ["a", "-", "checkout"]) == []


@pytest.mark.parametrize(
    ("wanted", "name", "is_like"),
    [("ab", "cd", False), ("web", "wbe", False), ("ranker", "rankr", True), ("ranker", "racket", True),
     ("checkout", "chuckouts", True), ("payments", "paymants-", True), ("payments", "shipping", False)],
)  # fmt: skip
def test_few_edits_are_alike_and_many_are_not(wanted: str, name: str, is_like: bool) -> None:
    assert bool(rank(wanted, [name])) == is_like


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=8))
def test_any_names_are_ranked_totally(wanted: str, names: list[str]) -> None:
    found = rank(wanted, names)
    assert found == rank(wanted, reversed(names))
    assert all(0 < match.score <= 1 for match in found)
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)

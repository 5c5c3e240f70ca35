"""What pprof.diff_top must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.profile import Profile

from tests.cases import CPU, HEAPS, Cases

CASES = Cases(
    good=[
        {"before": HEAPS[0], "after": HEAPS[1]},
        {"before": HEAPS[0], "after": HEAPS[1], "format": "text"},
    ],
    wrong=[("before", CPU)],
)


@pytest.fixture
def before(data: Path) -> Profile:
    return pp.open_profile(data / "go" / "main" / "heap.before.pb.gz")


@pytest.fixture
def after(data: Path) -> Profile:
    return pp.open_profile(data / "go" / "main" / "heap.after.pb.gz")


def test_the_planted_leak_is_the_largest_growth(before: Profile, after: Profile) -> None:
    found = before.diff_top(after, sample_index="inuse_space")
    assert found.deltas[0].name == "example.com/shop/session.newEntry"
    assert found.deltas[0].delta_flat > 20 * (1 << 20)
    assert found.delta_total == found.after_total - found.before_total


def test_a_profile_does_not_differ_from_itself(after: Profile) -> None:
    found = after.diff_top(after)
    assert found.deltas == []
    assert (found.new, found.gone, found.changed, found.delta_total) == (0, 0, 0, 0)
    assert found.same > 0


def test_the_other_way_round_every_sign_changes(before: Profile, after: Profile) -> None:
    forth = before.diff_top(after, nodecount=500)
    back = after.diff_top(before, nodecount=500)
    assert {row.name: row.delta_flat for row in forth.deltas} == {
        row.name: -row.delta_flat for row in back.deltas
    }
    assert (forth.new, forth.gone) == (back.gone, back.new)
    assert {row.status for row in forth.deltas} <= {"new", "gone", "changed"}


def test_deltas_are_after_minus_before_and_sorted_by_size(before: Profile, after: Profile) -> None:
    rows = before.diff_top(after, nodecount=500).deltas
    assert len(rows) > 10
    for row in rows:
        assert row.delta_flat == row.after_flat - row.before_flat
        assert row.delta_cum == row.after_cum - row.before_cum
        assert (row.ratio_flat is None) == (row.before_flat == 0)
    sizes = [abs(row.delta_flat) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_lengths_that_differ_are_warned_about_and_divided_out(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    twice = profile.merge(profile)
    raw = profile.diff_top(twice)
    assert any("per_second" in warning for warning in raw.warnings)
    assert raw.next[0].arguments["normalize"] == "per_second"
    normal = profile.diff_top(twice, normalize="per_second")
    assert normal.deltas == []
    assert profile.diff_top(twice, normalize="total").deltas == []


def test_text_is_pprofs_own_comparison(before: Profile, after: Profile) -> None:
    found = before.diff_top(after, format="text")
    assert found.raw is not None
    assert "session.newEntry" in found.raw
    assert found.deltas == []
    with pytest.raises(InvalidArgumentError, match="none and total"):
        before.diff_top(after, format="text", normalize="per_second")


def test_profiles_of_different_kinds_do_not_compare(before: Profile, cpu: str) -> None:
    with pytest.raises(pp.ProfileError):
        before.diff_top(pp.open_profile(cpu))

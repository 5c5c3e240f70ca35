"""What pprof.diff_top must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.profile import Profile

from tests.cases import CPU, HEAPS, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.tools.pprof.cpus import cpu_of

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


def test_small_functions_are_compared_too_and_inlined_ones_are_one_with_themselves(tmp_path: Path) -> None:
    """A function of a thousandth is neither new nor gone, and one that got inlined has not changed."""

    def made(name: str, small: int, *, inlined: bool) -> Profile:
        frames = (("app.hot", "app.go", 3), ("main.main", "main.go", 5))
        small_one = ("app.small", "app.go", 9)
        stack = (frames,) if inlined else ((frames[0],), (frames[1],))
        samples = (
            Sample(stack=stack, values=(1_000_000,)),
            Sample(stack=((small_one,), (frames[1],)), values=(small,)),
        )
        path = tmp_path / name
        path.write_bytes(NaiveProfile(samples, (("inuse_space", "bytes"),)).encode())
        return pp.open_profile(path)

    before, after = made("before.pb", 1_000, inlined=False), made("after.pb", 1_300, inlined=True)
    found = before.diff_top(after)
    assert [(row.name, row.status, row.delta_flat, row.delta_cum) for row in found.deltas] == [
        ("app.small", "changed", 300, 300),
        ("main.main", "changed", 0, 300),
    ]
    assert (found.unit, found.new, found.gone, found.changed, found.same) == ("bytes", 0, 0, 2, 1)
    back = after.diff_top(before)
    assert [row.delta_flat for row in back.deltas] == [-300, 0]


def test_each_base_has_its_own_answer(tmp_path: Path) -> None:
    """Answers are remembered: one about a profile and its base says nothing about another base."""
    after, small, large = (
        pp.open_profile(cpu_of(tmp_path, f"{count}.pb", {"app.f:1 < main.main:2": count}))
        for count in (10, 7, 9)
    )
    deltas = [base.diff_top(after, nodecount=1).deltas[0].delta_flat for base in (small, large, small)]
    assert deltas == [30_000_000, 10_000_000, 30_000_000]
    ways = [base.diff_paths(after).rows[0].delta for base in (small, large, small)]
    assert ways == [30_000_000, 10_000_000, 30_000_000]


def test_a_duration_below_zero_is_none(tmp_path: Path) -> None:
    backwards, forwards = (
        pp.open_profile(cpu_of(tmp_path, f"{seconds}.pb", {"app.f:1": 7}, seconds=seconds))
        for seconds in (-5, 10)
    )
    meta = backwards.meta()
    assert (meta.duration_nanos, meta.duration_text) == (0, None)
    assert any("covers -5 s" in warning for warning in meta.warnings)
    found = backwards.diff_top(forwards)
    assert not [call for call in found.next if call.arguments.get("normalize")]

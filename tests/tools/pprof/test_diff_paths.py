"""What pprof.diff_paths must get right."""

from __future__ import annotations

import json
from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import IncompatibleProfilesError, InvalidArgumentError
from pprof_mcp.filters import TruncateStrategy
from pprof_mcp.profile import Profile
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import answer
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.truncate import truncate

from tests.cases import CPU, HEAPS, Cases
from tests.property.naive import Location, NaiveProfile, Sample, many_stacks

CASES = Cases(
    good=[
        {"before": HEAPS[0], "after": HEAPS[1]},
        {"before": HEAPS[0], "after": HEAPS[1], "format": "text"},
    ],
    wrong=[("before", CPU), ("max_depth", 0), ("cursor", "x")],
)
DEFAULT_BYTES = 8_000


def at(*names: str) -> tuple[Location, ...]:
    """A stack, leaf first, from names that are given root first; `name:line` is on that line."""
    split = [name.partition(":") for name in reversed(names)]
    return tuple(((name, "main.go", int(line or 1)),) for name, _, line in split)


def made(*samples: tuple[tuple[Location, ...], int]) -> Profile:
    """A profile of these stacks and times."""
    return Profile.decode(NaiveProfile(tuple(Sample(stack, (1, value)) for stack, value in samples)).encode())


@pytest.fixture
def before(data: Path) -> Profile:
    return pp.open_profile(data / "go" / "main" / "heap.before.pb.gz")


@pytest.fixture
def after(data: Path) -> Profile:
    return pp.open_profile(data / "go" / "main" / "heap.after.pb.gz")


def test_the_planted_leak_is_the_path_that_grows_most(before: Profile, after: Profile) -> None:
    found = before.diff_paths(after, sample_index="inuse_space", max_depth=2_000)
    first = found.rows[0]
    assert first.frames[-1] == "example.com/shop/session.newEntry"
    assert first.delta > 20 * (1 << 20)
    assert first.delta == first.after - first.before
    assert not first.truncated
    assert found.after_total - found.before_total == found.delta_total


def test_a_planted_change_is_found_on_its_path_and_nowhere_else() -> None:
    same, grown, gone = at("main", "a", "hash"), at("main", "b", "hash"), at("main", "old")
    before = made((same, 50), (grown, 30), (gone, 20))
    after = made((same, 50), (grown, 90), (at("main", "new", "hash"), 10))
    found = before.diff_paths(after)
    assert [(row.status, row.frames, row.before, row.after, row.delta, row.ratio) for row in found.rows] == [
        ("changed", ["main", "b", "hash"], 30, 90, 60, 3),
        ("gone", ["main", "old"], 20, 0, -20, 0),
        ("new", ["main", "new", "hash"], 0, 10, 10, None),
    ]
    assert [row.delta_pct for row in found.rows] == [60, -20, 10]
    assert [row.delta_text for row in found.rows] == ["+60ns", "-20ns", "+10ns"]
    assert (found.new, found.gone, found.changed, found.same) == (1, 1, 1, 1)
    assert (found.left_out.rows, found.left_out.delta, found.cursor) == (0, 0, None)


def test_call_sites_are_told_apart_by_lines_and_together_by_functions() -> None:
    before = made((at("main:3", "f"), 10), (at("main:4", "f"), 5))
    after = made((at("main:3", "f"), 5), (at("main:4", "f"), 10))
    assert before.diff_paths(after).rows == []
    lines = before.diff_paths(after, granularity="lines")
    assert [(row.frames, row.delta) for row in lines.rows] == [
        (["main main.go:3", "f main.go:1"], -5),
        (["main main.go:4", "f main.go:1"], 5),
    ]


def test_filters_are_applied_before_paths_are_compared() -> None:
    before = made((at("main", "wrapper", "f"), 10), (at("main", "g"), 1))
    after = made((at("main", "f"), 30), (at("main", "g"), 2))
    assert {row.status for row in before.diff_paths(after).rows} == {"new", "gone", "changed"}
    (row,) = before.diff_paths(after, focus="^f$", hide="wrapper").rows
    assert (row.status, row.frames, row.before, row.after) == ("changed", ["main", "f"], 10, 30)


def test_a_filter_that_leaves_one_side_nothing_says_on_which() -> None:
    found = made((at("main", "g"), 1)).diff_paths(made((at("main", "f"), 3)), focus="^f$")
    assert [(row.status, row.delta) for row in found.rows] == [("new", 3)]
    assert found.warnings == ["base: the filters left no sample"]
    nothing = made((at("main", "g"), 1)).diff_paths(made((at("main", "f"), 3)), focus="no such function")
    assert nothing.rows == []
    assert "focus matched nothing" in nothing.warnings


def test_a_long_path_is_cut_at_the_root_and_says_so(before: Profile, after: Profile) -> None:
    row = before.diff_paths(after, max_depth=2).rows[0]
    whole = before.diff_paths(after, max_depth=2_000).rows[0]
    assert row.truncated
    assert row.depth == whole.depth == len(whole.frames) > 2
    assert row.frames == whole.frames[-2:]


def test_pages_go_on_where_the_last_one_ended(before: Profile, after: Profile) -> None:
    whole = before.diff_paths(after, limit=200)
    assert len(whole.rows) > 7
    assert whole.cursor is None
    rows: list[object] = []
    cursor: str | None = ""
    while cursor is not None:
        page = before.diff_paths(after, limit=7, cursor=cursor, max_depth=12)
        assert page.left_out.rows == len(whole.rows) - len(page.rows)
        rows += page.rows
        cursor = page.cursor
    assert rows == whole.rows


def test_an_empty_profile_has_only_new_or_gone_paths(empty: str) -> None:
    nothing, some = Profile.decode(NaiveProfile(()).encode()), made((at("main", "f"), 3))
    forth, back = nothing.diff_paths(some), some.diff_paths(nothing)
    assert [(row.status, row.delta, row.delta_pct) for row in forth.rows] == [("new", 3, 0)]
    assert [(row.status, row.delta, row.delta_pct) for row in back.rows] == [("gone", -3, -100)]
    assert forth.warnings == ["base: the profile has no samples"]
    assert nothing.diff_paths(nothing).rows == []
    assert pp.open_profile(empty).diff_paths(pp.open_profile(empty)).rows == []


def test_profiles_of_different_sample_types_do_not_compare(before: Profile, cpu: str) -> None:
    with pytest.raises(IncompatibleProfilesError, match="common sample type"):
        before.diff_paths(pp.open_profile(cpu))


def test_profiles_without_durations_do_not_compare_per_second() -> None:
    one = made((at("main"), 1))
    with pytest.raises(InvalidArgumentError, match="0 s and 0 s; use none or total"):
        one.diff_paths(one, normalize="per_second")


def test_lengths_and_loads_that_differ_are_divided_out(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    twice = profile.merge(profile)
    raw = profile.diff_paths(twice)
    assert raw.rows
    assert any("per_second" in warning for warning in raw.warnings)
    assert raw.next[0].arguments["normalize"] == "per_second"
    assert profile.diff_paths(twice, normalize="per_second").rows == []
    assert profile.diff_paths(twice, normalize="total").rows == []


def test_text_is_pprofs_own_list_of_what_is_left_after_subtraction() -> None:
    before = made((at("main", "a"), 50), (at("main", "b"), 30))
    after = made((at("main", "a"), 50), (at("main", "b"), 90))
    found = before.diff_paths(after, format="text")
    assert found.raw is not None
    assert "60ns   b" in found.raw
    assert "   a\n" not in found.raw
    assert found.rows == []
    with pytest.raises(InvalidArgumentError, match="none and total"):
        before.diff_paths(after, format="text", normalize="per_second")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["rows", "text"])
def test_two_hundred_thousand_different_stacks_are_a_short_answer(form: str, tmp_path: Path) -> None:
    paths = [tmp_path / "before.pb", tmp_path / "after.pb"]
    for path, value in zip(paths, (10, 30), strict=True):
        path.write_bytes(many_stacks(200_000, depth=30, value=value))
    arguments = {"before": str(paths[0]), "after": str(paths[1]), "format": form}
    session = Session(fence=Fence([tmp_path]))
    found = answer(load("pprof.diff_paths"), arguments, session=session, most=80_000, usual=DEFAULT_BYTES)
    assert len(found.json) < DEFAULT_BYTES
    told = json.loads(found.json)
    assert told["changed"] == 200_000
    assert told["delta_total"] == 200_000 * 20
    if form == "rows":
        assert len(told["rows"]) + told["left_out"]["rows"] == 200_000
        assert all(row["delta"] == 20 and row["depth"] == 30 for row in told["rows"])
    else:
        assert told["raw_meta"]["truncated"]
        assert told["raw_meta"]["total_lines"] > 200_000 * 30


@pytest.mark.parametrize("strategy", ["head", "tail"])
@pytest.mark.parametrize("max_bytes", [1, 100, 1_000, 10_000, 60_000])
@pytest.mark.parametrize("max_lines", [0, 3, 100])
def test_a_text_is_cut_to_its_end_as_if_all_of_it_had_been_read(
    before: Profile, after: Profile, strategy: TruncateStrategy, max_bytes: int, max_lines: int
) -> None:
    whole = before.diff_paths(after, format="text", max_bytes=60_000, truncate_strategy=strategy)
    assert whole.raw is not None
    assert whole.raw_meta is not None
    found = before.diff_paths(
        after, format="text", max_bytes=max_bytes, max_lines=max_lines, truncate_strategy=strategy
    )
    text, meta = truncate(whole.raw, max_lines=max_lines, max_bytes=max_bytes, strategy=strategy)
    assert found.raw == text
    assert found.raw_meta is not None
    assert found.raw_meta.truncated == (meta.truncated or whole.raw_meta.truncated)
    assert found.raw_meta.total_bytes == whole.raw_meta.total_bytes
    assert found.raw_meta.total_lines == whole.raw_meta.total_lines > 100

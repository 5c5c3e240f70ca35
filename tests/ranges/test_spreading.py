"""Some profiles of many: evenly over time and processes, and the same ones a little later."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.datadog.query import Which
from pprof_mcp.sources.datadog.spreading import choose, lives, of_one_runtime, process_of, span_of, spread
from pprof_mcp.sources.times import Window

from tests.fake_datadog import FakeDatadog

START = datetime(2026, 9, 1, tzinfo=timezone.utc)


def one(minute: float, process: str = "a", seconds: float = 60, **more: object) -> Candidate:
    end = START + timedelta(minutes=minute)
    return Candidate(
        f"event-{process}-{minute}",
        f"profile-{process}-{minute}",
        timestamp=end,
        end=end,
        start=end - timedelta(seconds=seconds),
        host=process,
        duration_seconds=seconds,
        **more,  # pyright: ignore[reportArgumentType] - fields by name
    )


def window(first: float, last: float) -> Window:
    return Window(START + timedelta(minutes=first), START + timedelta(minutes=last))


def minutes(chosen: list[Candidate]) -> list[float]:
    return [(it.timestamp - START).total_seconds() / 60 for it in chosen if it.timestamp]


def test_all_are_taken_when_there_are_no_more_than_wanted() -> None:
    those = [one(at) for at in range(5)]
    assert choose(those, window(0, 10), 5) == those[::-1]


def test_they_are_spread_evenly_over_the_window() -> None:
    chosen = choose([one(at) for at in range(600)], window(0, 600), 10)
    gaps = [late - early for early, late in pairwise(sorted(minutes(chosen)))]
    assert len(chosen) == 10
    assert 50 <= min(gaps) <= max(gaps) <= 70


def test_every_process_has_its_turn() -> None:
    those = [one(at + shift / 10, f"p{shift}") for at in range(120) for shift in range(4)]
    chosen = choose(those, window(0, 120), 20)
    assert {process_of(it) for it in chosen} == {process_of(it) for it in those}
    counts = [sum(it.host == f"p{shift}" for it in chosen) for shift in range(4)]
    assert counts == [5, 5, 5, 5]


def test_a_gap_in_time_is_filled_from_what_there_is() -> None:
    those = [one(at) for at in (*range(10), *range(500, 510))]
    chosen = choose(those, window(0, 600), 12)
    assert len(chosen) == 12
    assert {at < 100 for at in minutes(chosen)} == {True, False}


def test_those_without_a_time_come_last() -> None:
    those = [*(one(at) for at in range(4)), *(Candidate(f"e{at}", f"p{at}") for at in range(4))]
    assert all(it.timestamp for it in choose(those, window(0, 10), 4))
    assert len(choose(those, window(0, 10), 6)) == 6


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    count=st.integers(1, 120),
    limit=st.integers(1, 60),
    shift=st.integers(0, 30),
    processes=st.integers(1, 5),
)
def test_so_many_as_wanted_each_once_whatever_the_window(
    count: int, limit: int, shift: int, processes: int
) -> None:
    those = [one(at + shift, f"p{at % processes}") for at in range(count)]
    chosen = choose(those, window(shift - 1, count + shift), limit)
    assert len(chosen) == min(count, limit)
    assert len({it.event_id for it in chosen}) == len(chosen)
    assert choose(those[::-1], window(shift - 1, count + shift), limit) == chosen


@pytest.mark.parametrize("later", [1, 5, 20])
def test_a_little_later_most_of_them_are_the_same(later: int) -> None:
    those = [one(at) for at in range(700)]
    first = choose([it for it in those if minutes([it])[0] < 600], window(0, 600), 20)
    second = choose(
        [it for it in those if later <= minutes([it])[0] < 600 + later], window(later, 600 + later), 20
    )
    assert len({it.event_id for it in first} & {it.event_id for it in second}) >= 17


def test_lives_know_who_ran_for_how_much_of_the_time() -> None:
    old = [one(at, "old") for at in range(60)]
    new = [one(at, "new") for at in range(60, 120)]
    known = lives([*old, *new, *(one(at + 0.5, "all") for at in range(120))])
    assert {name.split("|")[0]: round(life.share, 2) for name, life in known.items()} == {
        "old": 0.5,
        "new": 0.5,
        "all": 1.0,
    }


def test_times_of_which_nothing_is_known_count_for_nobody() -> None:
    """Of every hour the last minutes alone were listed."""
    old = [one(60 * hour - at, "old") for hour in (1, 2, 3) for at in range(10)]
    new = [one(60 * hour - at, "new") for hour in (4, 5, 6) for at in range(10)]
    assert [round(life.share, 3) for life in lives([*old, *new]).values()] == [0.5, 0.5]


def test_a_process_is_named_by_its_runtime_id_and_else_by_where_it_runs() -> None:
    tagged = one(1, tags=("runtime-id:abc",))
    assert process_of(tagged) == "abc"
    assert process_of(one(1, "a")) != process_of(one(1, "b"))
    assert process_of(one(1, version="1")) != process_of(one(1, version="2"))


def test_spans_are_told_from_whatever_is_said() -> None:
    whole = one(10)
    span = span_of(whole)
    assert span is not None
    assert span.end - span.start == 60
    assert span_of(Candidate("e", "p", timestamp=whole.timestamp)) == span, "its end, and a minute"
    assert span_of(Candidate("e", "p", start=whole.start, duration_seconds=60.0)) == span
    assert span_of(Candidate("e", "p")) is None


def test_the_most_frequent_runtime_is_kept_and_the_others_told() -> None:
    those = [*(one(at, runtime="go") for at in range(3)), one(3, runtime="native"), one(4)]
    kept, told = of_one_runtime(those)
    assert len(kept) == 4
    assert "native (1)" in told[0]
    assert of_one_runtime([one(1), one(2, runtime="go")])[1] == []


def test_a_long_window_is_listed_part_by_part(asking: Session, fake: FakeDatadog) -> None:
    now = asking.remote.now
    found, is_sampled = spread(
        asking.remote, Which("checkout", "prod"), Window(now - timedelta(hours=20), now), limit=10
    )
    assert is_sampled
    assert len(fake.log.of("list")) <= 14
    times = sorted(it.timestamp for it in found.candidates if it.timestamp)
    assert max(late - early for early, late in pairwise(times)) < timedelta(hours=2.5)
    assert len({it.event_id for it in found.candidates}) == len(found.candidates)


def test_a_part_that_can_not_be_listed_is_told(asking: Session, fake: FakeDatadog) -> None:
    fake.fault(kind="status", route="list", nth=4, status=400)
    now = asking.remote.now
    found, _ = spread(
        asking.remote, Which("checkout", "prod"), Window(now - timedelta(hours=20), now), limit=10
    )
    assert any("1 of " in warning and "could not be listed" in warning for warning in found.warnings)
    assert found.candidates

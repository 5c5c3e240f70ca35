"""What is told of a series must be true of it, and nothing must be told of noise."""

from __future__ import annotations

import math
import random

import pytest
from pprof_mcp.insight.series import LEAST_POINTS, Finding, judge
from pprof_mcp.insight.sparkline import sparkline


def noise(seed: int, count: int, level: float = 10.0, spread: float = 1.0) -> list[float]:
    source = random.Random(seed)  # noqa: S311 - numbers, no secrets
    return [source.gauss(level, spread) for _ in range(count)]


def judged(values: list[float]) -> Finding:
    return judge([60.0 * place for place in range(len(values))], values)


@pytest.mark.parametrize("count", [8, 16, 40])
def test_chance_alone_gives_a_verdict_as_rarely_as_said(count: int) -> None:
    verdicts = [judged(noise(seed, count)).kind for seed in range(100)]
    # Two tests of 1 % each: 7 of 100 would be more than three standard deviations above that.
    assert sum(kind != "none" for kind in verdicts) <= 6


@pytest.mark.parametrize("count", [16, 30, 60])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_a_step_is_found_where_it_is_with_its_height(count: int, share: float) -> None:
    at = round(count * share)
    hits = 0
    for seed in range(12):
        values = noise(seed, count)
        values[at:] = [value + 6 for value in values[at:]]
        found = judged(values)
        assert found.kind == "step"
        assert found.low is not None
        assert found.high is not None
        assert found.effect > 0.9
        hits += found.at == at and found.low <= 6 <= found.high
    assert hits >= 10


def test_a_fall_is_a_step_with_a_negative_height() -> None:
    values = [*noise(1, 10, 20), *noise(2, 10, 5)]
    found = judged(values)
    assert (found.kind, found.at) == ("step", 10)
    assert found.change == pytest.approx(-15, abs=1.5)
    assert found.before == pytest.approx(20, abs=1)
    assert found.after == pytest.approx(5, abs=1)


def test_a_slow_rise_is_a_trend_with_its_size() -> None:
    for seed in range(20):
        values = [value + place * 0.5 for place, value in enumerate(noise(seed, 30))]
        found = judged(values)
        assert (found.kind, found.at) == ("trend", None)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= 14.5 <= found.high or abs(found.change - 14.5) < 3
        assert found.after - found.before == pytest.approx(found.change)


@pytest.mark.parametrize("place", [0, 7, 19])
def test_one_odd_point_makes_no_change_and_hides_none(place: int) -> None:
    values = noise(4, 20)
    values[place] = 500
    found = judged(values)
    assert (found.kind, found.odd) == ("none", (place,))
    values[10:] = [value + 8 for value in values[10:]]
    assert judged(values).kind == "step"
    assert judged(values).odd == (place,)


@pytest.mark.parametrize("waves", [1, 2, 3])
def test_a_wave_is_no_lasting_change(waves: int) -> None:
    found = [
        judged(
            [
                value + 3 * math.sin(2 * math.pi * waves * place / 40)
                for place, value in enumerate(noise(seed, 40, spread=0.3))
            ]
        )
        for seed in range(20)
    ]
    assert [one.kind for one in found].count("none") >= 19
    if waves == 1:
        assert {one.reason for one in found} >= {"waves"}


def test_what_repeats_itself_is_judged_with_more_care() -> None:
    told = 0
    for seed in range(50):
        level, values = 0.0, list[float]()
        for push in noise(seed, 40, 0):
            level = 0.7 * level + push
            values.append(10 + level)
        told += judged(values).kind != "none"
    # Without that care it would be more than half.
    assert told <= 9


def test_a_change_too_small_to_matter_is_none() -> None:
    found = judged([*noise(1, 15, 100, 0.1), *noise(2, 15, 102, 0.1)])
    assert (found.kind, found.reason) == ("none", "small")
    assert judged([*noise(1, 15, 100, 0.1), *noise(2, 15, 106, 0.1)]).kind == "step"


def test_what_was_not_there_before_is_a_step() -> None:
    found = judged([0.0] * 10 + [2.0, 2.1, 1.9, 2.2, 2.0, 1.8, 2.1, 2.0])
    assert (found.kind, found.at, found.before) == ("step", 10, 0)


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * (LEAST_POINTS - 1)])
def test_few_points_give_no_verdict(values: list[float]) -> None:
    found = judged(values)
    assert (found.kind, found.low, found.p_value) == ("too_few", None, 1.0)


def test_points_of_one_moment_give_no_verdict() -> None:
    assert judge([5.0] * 12, noise(1, 12)).kind == "too_few"


def test_equal_points_are_no_change() -> None:
    found = judged([3.0] * 20)
    assert (found.kind, found.change, found.odd) == ("none", 0, ())


def test_the_same_series_gives_the_same_finding() -> None:
    values = noise(7, 33)
    assert judged(values) == judged(list(values))


@pytest.mark.parametrize(
    ("values", "marks", "drawn"),
    [
        ([], [], ""),
        ([0, 0], [], "▁▁"),
        ([1, 2, 4, 8], [], "▂▃▅█"),
        ([4, 4, 8], [2], "▅▅┊█"),
        ([-4, 0, 4], [], "▁▅█"),
        ([5], [], "█"),
    ],
)
def test_a_sparkline_starts_at_nothing(values: list[float], marks: list[int], drawn: str) -> None:
    assert sparkline(values, marks) == drawn

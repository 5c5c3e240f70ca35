"""What datadog.profiles.pick must get right."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pprof_mcp.errors import InvalidArgumentError, ProfileGoneError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.tools.datadog.profiles.pick import PickResult

from tests.cases import Cases
from tests.datadog import WINDOW
from tests.fake_datadog import FakeDatadog, Profile

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", "strategy": "busiest", **WINDOW},
        {"service": "checkout", "strategy": "closest_to_ts", "target_ts": WINDOW["from"], **WINDOW},
        {"service": "ranker", "strategy": "anomaly", **WINDOW},
    ],
    wrong=[("service", ""), ("strategy", "best"), ("index", -2)],
)


def picked(session: Session, strategy: str, service: str = "checkout", **more: object) -> PickResult:
    arguments = {"service": service, "strategy": strategy, **more}
    found = run(load("datadog.profiles.pick"), arguments, session=session)
    assert isinstance(found, PickResult)
    return found


def prod(fake: FakeDatadog) -> list[Profile]:
    there = [one for one in fake.store.visible() if one.service == "checkout" and one.env == "prod"]
    return sorted(there, key=lambda one: (-one.end, one.event_id))


@pytest.mark.parametrize(("strategy", "place"), [("latest", 0), ("oldest", -1)])
def test_the_ends_of_the_whole_window_are_found(
    asking: Session, fake: FakeDatadog, strategy: str, place: int
) -> None:
    found = picked(asking, strategy, env="prod", limit=5)
    assert len(prod(fake)) > 2_000
    assert found.candidate.event_id == prod(fake)[place].event_id
    assert found.next[0].arguments["event_id"] == found.candidate.event_id


@pytest.mark.parametrize("hours_ago", [0.01, 3, 7.3, 23.9, 50, -3])
def test_the_nearest_is_nearest_of_all_that_there_are(
    asking: Session, fake: FakeDatadog, hours_ago: float
) -> None:
    target = fake.clock() - hours_ago * 3_600
    found = picked(asking, "closest_to_ts", env="prod", target_ts=f"{target:.0f}")
    nearest = min(prod(fake), key=lambda one: (abs(one.end - round(target)), one.end))
    assert found.candidate.event_id == nearest.event_id
    assert "the target" in found.reason


def test_of_two_equally_near_the_earlier_one_is_taken(asking: Session, fake: FakeDatadog) -> None:
    at = round(fake.clock()) - 100.0
    base = prod(fake)[0]
    fake.store.add(*(replace(base, service="two", start=at + off - 60, end=at + off) for off in (-5, 5)))
    found = picked(asking, "closest_to_ts", "two", target_ts=f"{at:.0f}")
    assert found.candidate.timestamp == "2026-09-01T11:58:15Z"


def test_a_place_counts_from_the_newest_and_wins_over_the_strategy(
    asking: Session, fake: FakeDatadog
) -> None:
    found = picked(asking, "oldest", env="prod", index=700, limit=5)
    assert found.strategy == "manual_index"
    assert found.candidate.event_id == prod(fake)[700].event_id


def test_a_place_that_is_not_there_is_told_with_how_many_are(asking: Session) -> None:
    with pytest.raises(InvalidArgumentError, match=r"index: 1999 is not there: \d+ profiles match"):
        picked(asking, "manual_index", "ranker", index=1_999)


@pytest.mark.parametrize(
    ("strategy", "argument"), [("closest_to_ts", "target_ts"), ("manual_index", "index")]
)
def test_a_strategy_says_what_it_lacks(asking: Session, strategy: str, argument: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"needs {argument}"):
        picked(asking, strategy)


def test_the_busiest_of_the_whole_window_is_found(asking: Session, fake: FakeDatadog) -> None:
    found = picked(asking, "busiest", env="prod", limit=5)
    most = max(one.cores or 0 for one in prod(fake))
    assert found.candidate.numeric_fields["core_cpu_cores"] == most
    assert "cores" in found.reason
    assert not found.warnings


@pytest.mark.parametrize("strategy", ["busiest", "most_samples", "anomaly"])
def test_without_measures_a_strategy_says_so_and_gives_another(
    asking: Session, fake: FakeDatadog, strategy: str
) -> None:
    fake.variants.set(has_metrics=False, has_named_attributes=False)
    found = picked(asking, strategy, env="prod", limit=10)
    assert found.warnings


def test_most_samples_is_told_by_cpu_time_where_nothing_else_is_said(
    asking: Session, fake: FakeDatadog
) -> None:
    found = picked(asking, "most_samples", env="prod", limit=10)
    most = max(prod(fake)[:10], key=lambda one: one.cores or 0)
    assert found.candidate.event_id == most.event_id
    assert found.looked_at == 10
    assert any("CPU time" in warning for warning in found.warnings)


def test_the_one_that_stands_out_is_found_whatever_the_others_do(asking: Session, fake: FakeDatadog) -> None:
    base = prod(fake)[0]
    calm = [
        replace(
            base, service="calm", start=base.start - 60 * at, end=base.end - 60 * at, cores=1 + at % 5 / 50
        )
        for at in range(30)
    ]
    calm[11] = replace(calm[11], cores=1.9)
    fake.store.add(*calm)
    found = picked(asking, "anomaly", "calm")
    assert found.candidate.event_id == calm[11].event_id
    assert "core_cpu_cores is 1.9, far above the median 1.04 of 30 profiles" in found.reason
    assert not found.warnings


def test_where_nothing_stands_out_the_newest_is_given_and_that_is_said(asking: Session) -> None:
    found = picked(asking, "anomaly", env="prod", hours=1)
    assert any("none stands out" in warning for warning in found.warnings)
    assert "newest" in found.reason


def test_no_profiles_are_an_error_that_says_what_is_near(asking: Session) -> None:
    with pytest.raises(ProfileGoneError) as caught:
        picked(asking, "latest", "check-out")
    assert "near it: checkout" in caught.value.hint

"""What datadog.profiles.near_event must get right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pprof_mcp.errors import ForbiddenError, InvalidArgumentError, ProfileGoneError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.tools.datadog.profiles.near_event import NearEventResult

from tests.cases import Cases
from tests.datadog import NOW, WINDOW
from tests.fake_datadog import Event, FakeDatadog, Profile
from tests.fake_datadog.clock import iso
from tests.fake_datadog.runtimes import golang
from tests.fake_datadog.runtimes.golang import REGRESSED
from tests.fake_datadog.services import DEPLOYED

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", "event_time": WINDOW["from"], "limit": 4},
        {"service": "ranker", "event_time": iso(NOW - 3_600), "profile_type": "heap", "limit": 1},
        {"service": "checkout", "env": "prod", "event_time": WINDOW["to"], "limit": 2},
    ],
    wrong=[("service", ""), ("event_time", "later"), ("window", "1 hour"), ("limit", 0)],
)


def near(session: Session, service: str = "checkout", **more: object) -> NearEventResult:
    given = {"service": service, **({"env": "prod"} if service == "checkout" else {}), **more}
    found = run(load("datadog.profiles.near_event"), given, session=session)
    assert isinstance(found, NearEventResult)
    return found


def add(fake: FakeDatadog, service: str, host: str, *spans: tuple[float, float], **changes: Any) -> None:
    """Add profiles of a service, each from and to seconds before the present."""
    base = next(one for one in fake.store.visible() if one.service == "checkout" and one.version == "1.4.2")
    now = fake.clock()
    for at, (start, end) in enumerate(spans):
        made: Profile = replace(
            base,
            **{
                "service": service,
                "host": host,
                "seq": 5 + at,
                "start": now - start,
                "end": now - end,
                **changes,
            },
        )
        fake.store.add(made)


# -- the usual


def test_a_deployment_found_by_a_query_shows_what_it_made_dearer(asking: Session, fake: FakeDatadog) -> None:
    found = near(asking, event_query="source:deployment")
    assert found.event is not None
    assert found.event.title == "Deployed checkout 1.4.2 to prod"
    assert "version:1.4.2" in found.event.tags
    assert found.event_time == found.event.time == iso(fake.clock() - DEPLOYED, "whole")
    assert found.deltas[0].name == REGRESSED
    assert found.deltas[0].is_distinct
    assert found.before is not None
    assert found.after is not None
    assert (found.before.versions, found.after.versions) == ({"1.4.1": 10}, {"1.4.2": 10})
    assert [row.host for row in found.hosts] == ["checkout-1", "checkout-2"]
    assert all(row.top[0].endswith(REGRESSED) and row.top[0].startswith("+") for row in found.hosts)
    assert {(row.before_version, row.after_version) for row in found.hosts} == {("1.4.1", "1.4.2")}
    assert found.ask_again_at is None


def test_a_time_does_as_well_and_asks_for_no_events(asking: Session, fake: FakeDatadog) -> None:
    found = near(asking, event_time="-6h", limit=2)
    assert found.event is None
    assert found.deltas[0].name == REGRESSED
    assert not fake.log.of("events_search")


def test_profiles_are_the_nearest_of_each_host_and_cover_no_part_of_the_event(
    asking: Session, fake: FakeDatadog
) -> None:
    at = fake.clock() - 2 * 3_600
    found = near(asking, event_time=f"{at:.0f}", limit=2)
    there = [one for one in fake.store.visible() if one.service == "checkout" and one.env == "prod"]
    for listed, side in (
        (found.before_event, [one for one in there if one.end <= at]),
        (found.after_event, [one for one in there if one.start >= at]),
    ):
        for row in listed:
            nearest = min((one for one in side if one.host == row.host), key=lambda one: abs(one.end - at))
            assert row.event_id == nearest.event_id
        assert {row.host for row in listed} == {"checkout-1", "checkout-2"}
    assert found.straddling == 2
    assert found.closest_before == found.before_event[0]
    assert found.closest_after == found.after_event[0]
    assert found.gap_duration is not None
    assert float(found.gap_duration.rstrip("s")) < 120


def test_a_busy_side_does_not_push_out_the_other(asking: Session, fake: FakeDatadog) -> None:
    add(fake, "busy", "one", (4_000, 3_900), version="1.4.1")
    for at in range(300):
        add(fake, "busy", f"h{at % 10}", (3_000 - at, 2_940 - at))
    found = near(asking, "busy", event_time="-3800s", limit=5)
    assert len(found.before_event) == 1
    assert found.after is not None
    assert found.after.profiles_merged == 5
    spread = len(found.after.hosts) + found.after.hosts_left_out
    assert spread == 5, "the nearest of each host, before a second of any"


def test_of_a_profile_with_one_time_both_ways_are_allowed_for(asking: Session, fake: FakeDatadog) -> None:
    """Its time may be its beginning or its end: what might cover the event is of neither side."""
    fake.variants.set(has_named_attributes=False)
    add(fake, "vague", "a", (200, 140), (130, 70), (60, 1))
    found = near(asking, "vague", event_time="-100s", window="10m")
    assert found.straddling >= 1


# -- what there is not


def test_an_event_of_just_now_has_no_profile_after_it_and_the_answer_says_when(
    asking: Session, fake: FakeDatadog
) -> None:
    fake.store.add(Event(fake.clock() - 20, "Deployed now", tags=("env:prod",), service="checkout"))
    found = near(asking, event_query="source:deployment", limit=2)
    assert found.closest_after is None
    assert (found.after, found.total, found.deltas, found.hosts) == (None, None, [], [])
    assert found.before is not None
    assert found.ask_again_at == "2026-09-01T12:06:40Z", "two periods and five minutes after the event"
    assert any("ask again at" in warning for warning in found.warnings)
    fake.clock.forward(400)
    later = near(asking, event_query="source:deployment", limit=2)
    assert later.ask_again_at is None
    assert later.total is not None


def test_hosts_that_have_nothing_after_it_yet_are_told(asking: Session, fake: FakeDatadog) -> None:
    add(fake, "slow", "a", (300, 240), (180, 120), (100, 40))
    add(fake, "slow", "b", (300, 240))
    found = near(asking, "slow", event_time="-110s")
    assert found.ask_again_at is not None
    assert any(
        warning.startswith("1 hosts have no profile after the event yet") for warning in found.warnings
    )
    alone = next(row for row in found.hosts if row.host == "b")
    assert (alone.after_count, alone.after_text, alone.delta_pct) == (0, None, None)


def test_a_service_that_stopped_is_told(asking: Session, fake: FakeDatadog) -> None:
    add(fake, "dead", "a", (9_000, 8_940), (8_900, 8_840))
    found = near(asking, "dead", event_time="-8000s", window="1h")
    assert found.ask_again_at is None
    assert any("may have stopped" in warning for warning in found.warnings)
    born = near(asking, "dead", event_time="-9100s")
    assert born.before is None
    assert any("may not have run" in warning for warning in born.warnings)


def test_nothing_on_either_side_is_an_error(asking: Session) -> None:
    with pytest.raises(ProfileGoneError, match="no profile of service:nobody within 1h of"):
        near(asking, "nobody", event_time="-3h")


def test_no_event_is_an_error_that_names_the_query(asking: Session) -> None:
    with pytest.raises(ProfileGoneError, match="matches 'source:earthquake'"):
        near(asking, event_query="source:earthquake")


def test_an_event_of_another_service_is_taken_and_told(asking: Session, fake: FakeDatadog) -> None:
    fake.store.add(Event(fake.clock() - 7_200, "Region failed over", source="chaos"))
    found = near(asking, event_query="source:chaos", limit=1)
    assert found.event is not None
    assert found.event.title == "Region failed over"
    assert "the event is not of service checkout" in found.warnings


def test_a_version_that_has_not_come_is_told(asking: Session, fake: FakeDatadog) -> None:
    fake.store.add(
        Event(fake.clock() - 7_200, "Deployed", tags=("version:9.9",), service="checkout", source="x")
    )
    found = near(asking, env="", event_query="source:x", limit=2)
    assert any("no profile after the event is of version 9.9" in warning for warning in found.warnings)


def test_a_gap_that_is_long_is_told(asking: Session, fake: FakeDatadog) -> None:
    add(fake, "rare", "a", (3_000, 2_940), (1_000, 940))
    found = near(asking, "rare", event_time="-2000s")
    assert found.gap_duration == "1940.0s"
    assert any("lie between the nearest profiles" in warning for warning in found.warnings)


def test_one_side_whose_files_are_gone_does_not_take_the_other(asking: Session, fake: FakeDatadog) -> None:
    add(fake, "lost", "a", (3_000, 2_940), expires_at=0.0)
    add(fake, "lost", "a", (1_000, 940))
    found = near(asking, "lost", event_time="-2000s")
    assert found.before is None
    assert found.after is not None
    assert found.total is None
    assert any("the only profile of service:lost" in warning for warning in found.warnings)


# -- meaning


def test_the_first_delta_of_a_new_process_is_not_the_side_after(asking: Session) -> None:
    found = near(asking, event_time="-6h", profile_type="heap", sample_index="alloc_objects", limit=2)
    assert found.after is not None
    assert found.after.total_duration == "120.0s", "the first of each process has no duration"
    row = next(row for row in found.deltas if row.name == REGRESSED)
    assert row.ratio_flat == pytest.approx(4, rel=0.15)


def test_memory_in_use_is_compared_as_it_is(asking: Session) -> None:
    found = near(asking, event_time="-6h", profile_type="heap", limit=4)
    assert found.total is not None
    assert (found.normalize, found.total.delta) == ("none", 0)
    assert found.total.before == sum(work.live * work.size for work in golang.WORKS)


def test_a_wrong_clock_is_told(asking: Session, fake: FakeDatadog) -> None:
    fake.clock.skew = -300
    found = near(asking, event_time="-3h", limit=1)
    assert any("clock is 300 s ahead of the server's" in warning for warning in found.warnings)


# -- arguments


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "one of the two"),
        ({"event_time": "-1h", "event_query": "source:deployment"}, "one of the two"),
        ({"event_time": "+2h"}, "still to come"),
        ({"event_time": "yesterday"}, "event_time"),
        ({"event_time": "-1h", "window": "0m"}, "window"),
        ({"event_query": "source:x) OR (source:*"}, "parentheses"),
    ],
)
def test_bad_arguments_are_told(asking: Session, given: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        near(asking, **given)


def test_keys_that_may_not_read_events_say_which_permission_is_needed(
    asking: Session, fake: FakeDatadog
) -> None:
    fake.fault(
        kind="status", route="events_search", status=403, times=0,
        body={"errors": ["The authorized user is missing required permissions: events_read"]},
    )  # fmt: skip
    with pytest.raises(ForbiddenError, match="events_read"):
        near(asking, event_query="source:deployment")


def test_a_hostile_event_is_cut_and_kept_as_text(asking: Session, fake: FakeDatadog) -> None:
    tags = tuple(f"t{at}:{'v' * 300}" for at in range(90))
    text = "\x1b[2J" * 1_000
    fake.store.add(Event(fake.clock() - 7_200, "T" * 5_000, text, tags, "checkout", source="h"))
    found = near(asking, env="", event_query="source:h", limit=1)
    assert found.event is not None
    assert len(found.event.model_dump_json()) < 6_000

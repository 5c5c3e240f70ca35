"""Answers about a large fleet: short by default, and complete or saying what they leave out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import answer
from pprof_mcp.session.session import Session

from tests.fake_datadog import FakeDatadog, Metric
from tests.tools.datadog.profiles.test_aggregate import series

USUAL = 8_000
HOSTS, METRICS = 60, 500
MANY = [f"some.metric.with.a.rather.long.name.{at:03}" for at in range(METRICS)]


@pytest.fixture
def fleet(fake: FakeDatadog) -> FakeDatadog:
    """60 hosts with a version each, 500 metrics, and one that comes from 500 hosts."""
    for at in range(HOSTS):
        host = f"ip-10-0-0-{at}.eu-west-1.compute.internal"
        series(fake, "fleet", 6, host=host, version=f"2026.09.01-abcdef{at:02}")

    def tags(host: str) -> tuple[str, ...]:
        return "service:fleet", "env:prod", f"host:{host}", "pod_name:p"

    fake.store.add(
        *(Metric(name, tags("one"), lambda _: 1.0) for name in MANY),
        *(Metric("runtime.go.num_goroutine", tags(f"host-{at}"), lambda _: 1.0) for at in range(METRICS)),
    )
    return fake


def asked(session: Session, tool: str, **given: Any) -> dict[str, Any]:
    """Call a tool as the server does, and see that its answer is short."""
    found = answer(load(tool), {"service": "fleet", **given}, session=session, most=80_000, usual=USUAL)
    shown = json.loads(found.json)
    assert len(found.json) <= USUAL, sorted((len(json.dumps(value)), name) for name, value in shown.items())[
        -9:
    ]
    return shown


@pytest.mark.usefixtures("fleet")
def test_metrics_are_all_there_page_by_page(asking: Session) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        found = asked(asking, "datadog.metrics.discover", cursor=cursor)
        assert found["count"] == METRICS + 1 == found["left_out"]["rows"] + len(found["metrics"])
        seen += [row["name"] for row in found["metrics"]]
        cursor = found["cursor"]
    assert seen == ["runtime.go.num_goroutine", *MANY]


@pytest.mark.usefixtures("fleet")
def test_series_are_all_there_page_by_page(asking: Session) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    given = {"metrics": ["runtime.go.num_goroutine"], "by": "host", "points": 1}
    while cursor is not None:
        found = asked(asking, "datadog.metrics_at_timestamp", cursor=cursor, **given)
        assert found["left_out"]["rows"] + len(found["metrics"]) == METRICS
        seen += [row["tags"]["host"] for row in found["metrics"]]
        cursor = found["cursor"]
    assert len(seen) == len(set(seen)) == METRICS


@pytest.mark.usefixtures("fleet")
def test_a_merge_of_many_hosts_counts_those_it_does_not_name(asking: Session) -> None:
    found = asked(asking, "datadog.profiles.aggregate", limit=100)
    for names in ("hosts", "versions"):
        assert len(found[names]) + found[f"{names}_left_out"] == found["processes"]
        assert found[f"{names}_left_out"] > 0
    assert len(found["profile_ids"]) == found["profiles_merged"] == 100


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("datadog.profiles.compare_range", {"before_from": "-6m", "after_from": "-3m", "limit": 50}),
        ("datadog.profiles.near_event", {"event_time": "-3m", "limit": 50}),
    ],
)
def test_comparisons_of_many_hosts_count_those_they_do_not_name(
    asking: Session, tool: str, given: dict[str, Any]
) -> None:
    found = asked(asking, tool, **given)
    for side in ("before", "after"):
        for names in ("hosts", "versions"):
            assert len(found[side][names]) + found[side][f"{names}_left_out"] == found[side]["processes"] > 40
    assert found["left_out"]["rows"] > 0


@pytest.mark.usefixtures("fleet")
def test_a_history_of_many_hosts_lists_some_and_goes_on(asking: Session) -> None:
    found = asked(asking, "datadog.function_history", function=".", limit=100)
    assert found["summary"]["total_profiles"] == 100
    assert len(found["entries"]) + found["left_out"]["rows"] == 100
    assert found["cursor"] == str(len(found["entries"]))


@pytest.mark.usefixtures("fleet")
def test_a_list_of_profiles_goes_on(asking: Session) -> None:
    assert asked(asking, "datadog.profiles.list")["cursor"]

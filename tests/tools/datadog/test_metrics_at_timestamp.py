"""What datadog.metrics_at_timestamp must get right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pprof_mcp.errors import (
    BadAnswerError,
    ForbiddenError,
    InvalidArgumentError,
    NotConfiguredError,
    RateLimitedError,
    RefusedError,
)
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.tools.datadog.metrics_at_timestamp import MetricsResult

from tests.cases import Cases
from tests.datadog import WINDOW, session_of
from tests.fake_datadog import CHOICES, FakeDatadog, Metric

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", "timestamp": WINDOW["from"], "window": "10m"},
        {"service": "checkout", "metrics": ["go.mem.heap", "no"], "timestamp": WINDOW["from"], "by": "host"},
        {"service": "nobody", "timestamp": WINDOW["from"]},
    ],
    wrong=[("service", ""), ("timestamp", "noon"), ("window", "5 minutes"), ("metrics", ["a{b}"]),
           ("aggregator", "p99"), ("by", "a,b"), ("points", 61)],
)  # fmt: skip
AT = "2026-09-01T11:00:00Z"


def around(session: Session, service: str = "checkout", **more: Any) -> MetricsResult:
    given = {"service": service, "timestamp": AT, **more}
    found = run(load("datadog.metrics_at_timestamp"), given, session=session)
    assert isinstance(found, MetricsResult)
    return found


def sent(
    fake: FakeDatadog, name: str, value: Callable[[int], float | None], unit: str = "", **tags: str
) -> None:
    given = {"service": "checkout", "env": "prod", "host": "h", **tags}
    listed = tuple(f"{key}:{one}" for key, one in given.items())
    fake.store.add(Metric(name, listed, value, interval=10, unit=unit))


def _with(usual: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {**usual, **given}


def _always(value: float) -> Callable[[int], float]:
    return lambda _: value


def v2_refused(fake: FakeDatadog) -> None:
    fake.fault(kind="status", route="timeseries", status=400, body={"errors": ["no such query"]}, times=0)


@pytest.fixture(params=["v2", "v1"])
def api(request: pytest.FixtureRequest, fake: FakeDatadog) -> str:
    """Both ways to ask; the older one after a refusal."""
    if request.param == "v1":
        v2_refused(fake)
    return str(request.param)


def test_values_around_the_time_are_told(asking: Session, fake: FakeDatadog, api: str) -> None:
    center = 1_788_260_400
    sent(fake, "my.metric", lambda time: float(time - center), unit="byte")
    found = around(asking, metrics=["my.metric"], points=3)
    assert found.found_by == api
    assert (found.center_time, found.from_time, found.to_time) == (
        AT, "2026-09-01T10:55:00Z", "2026-09-01T11:05:00Z",
    )  # fmt: skip
    (row,) = found.metrics
    assert (row.name, row.unit) == ("my.metric", "byte")
    assert (row.nearest_at, row.nearest_value) == (AT, 0)
    assert (row.min_value, row.max_value, row.last_value, row.avg_value) == (-300, 290, 290, -5)
    assert (row.values, row.nulls) == (60, 0)
    assert [(point.timestamp, point.value) for point in row.points] == [
        ("2026-09-01T10:59:50Z", -10), (AT, 0), ("2026-09-01T11:00:10Z", 10),
    ]  # fmt: skip
    assert (found.aggregator, found.interval_seconds, found.absent) == ("avg", 10, [])
    assert [bool(found.warnings), found.next[0].tool] == [api == "v1", "datadog_profiles_pick"]


def test_nulls_stay_nulls_and_move_no_number(asking: Session, fake: FakeDatadog, api: str) -> None:
    sent(fake, "my.metric", lambda time: None if time % 60 < 40 else 100.0)
    found = around(asking, metrics=["my.metric"], points=3)
    (row,) = found.metrics
    assert found.found_by == api
    assert (row.avg_value, row.min_value, row.max_value, row.last_value) == (100, 100, 100, 100)
    assert (row.nearest_at, row.nearest_value) == ("2026-09-01T10:59:50Z", 100)
    assert (row.values, row.nulls) == (20, 40)
    assert [point.value for point in row.points] == [100, None, None]


def test_a_series_of_nulls_has_no_numbers(asking: Session, api: str) -> None:
    found = around(asking, "ranker", metrics=["ranker.queue.depth"])
    (row,) = found.metrics
    assert found.found_by == api
    assert row.nulls > 0
    assert {row.avg_value, row.min_value, row.max_value, row.last_value, row.nearest_at} == {None}


def test_the_metrics_of_the_runtime_are_asked_for_by_themselves(asking: Session, fake: FakeDatadog) -> None:
    sent(fake, "runtime.go.num_goroutine", lambda _: 180.0)
    sent(fake, "runtime.go.mem_stats.heap_inuse", lambda _: 2e8, unit="byte")
    sent(fake, "container.memory.rss", lambda _: 512.0 * 2**20, unit="byte")
    sent(fake, "orders.placed", lambda _: 1.0)
    found = around(asking, env="prod")
    assert [row.name for row in found.metrics] == [
        "container.cpu.usage", "container.memory.rss", "runtime.go.mem_stats.heap_inuse",
        "runtime.go.num_goroutine",
    ]  # fmt: skip
    assert found.summary == {"container_rss_mb": 512, "go_goroutines": 180, "go_heap_inuse_bytes": 2e8}
    assert {row.name: row.unit for row in found.metrics}["runtime.go.num_goroutine"] == "goroutine"
    assert len(fake.log.of("timeseries")) == 1
    assert not found.warnings


@pytest.mark.parametrize(
    ("service", "name"),
    [("p", "runtime.python.mem.rss"), ("j", "jvm.heap_memory"), ("n", "runtime.node.event_loop.delay.max"),
     ("r", "runtime.ruby.thread_count"), ("d", "runtime.dotnet.gc.pause_time")],
)  # fmt: skip
def test_every_runtime_has_its_own(asking: Session, fake: FakeDatadog, service: str, name: str) -> None:
    sent(fake, name, lambda _: 1.0, service=service)
    assert [row.name for row in around(asking, service).metrics] == [name]


def test_where_none_is_known_the_first_are_shown(asking: Session, fake: FakeDatadog) -> None:
    sent(fake, "orders.placed", lambda _: 1.0, service="odd")
    found = around(asking, "odd")
    assert [row.name for row in found.metrics] == ["orders.placed"]
    assert any("none of its metrics is known" in warning for warning in found.warnings)


def test_without_the_list_of_names_all_runtimes_are_asked_for(fake: FakeDatadog, tmp_path: Path) -> None:
    key = fake.keys.add_app(["timeseries_query"])
    found = around(session_of(fake, tmp_path, DD_APP_KEY=key), "ranker")
    assert [row.name for row in found.metrics] == ["runtime.python.mem.rss"]
    assert any("metrics_read" in warning for warning in found.warnings)
    assert found.absent == []


def test_metrics_that_are_not_there_are_named(asking: Session, api: str) -> None:
    found = around(asking, metrics=["go.mem.heap", "no.such", "go.mem.heap", " nor.this "])
    assert found.found_by == api
    assert [row.name for row in found.metrics] == ["go.mem.heap"]
    assert found.absent == ["no.such", "nor.this"]
    nothing = around(asking, metrics=["no.such"])
    assert (nothing.metrics, nothing.next[0].tool) == ([], "datadog_metrics_discover")
    assert any("no series" in warning for warning in nothing.warnings)


def test_an_unknown_service_is_an_answer(asking: Session, fake: FakeDatadog) -> None:
    found = around(asking, "nobody")
    assert found.metrics == []
    assert found.warnings
    assert not fake.log.of("timeseries")


@pytest.mark.parametrize(("aggregator", "value"), [("avg", 2), ("sum", 4), ("min", 1), ("max", 3)])
def test_several_sources_become_one_as_asked(
    asking: Session, fake: FakeDatadog, api: str, aggregator: str, value: float
) -> None:
    sent(fake, "my.metric", lambda _: 1.0, host="a")
    sent(fake, "my.metric", lambda _: 3.0, host="b")
    found = around(asking, metrics=["my.metric"], aggregator=aggregator)
    assert (found.found_by, found.aggregator) == (api, aggregator)
    assert [row.nearest_value for row in found.metrics] == [value]


def test_a_tag_keeps_series_apart(asking: Session, fake: FakeDatadog, api: str) -> None:
    for host, value in (("b", 2.0), ("a", 1.0), ("c", 3.0)):
        sent(fake, "my.metric", _always(value), host=host)
    found = around(asking, metrics=["my.metric"], by="host", limit=2)
    assert found.found_by == api
    assert [(row.tags, row.nearest_value) for row in found.metrics] == [
        ({"host": "a"}, 1),
        ({"host": "b"}, 2),
    ]
    assert (found.left_out.rows, found.cursor) == (1, "2")
    rest = around(asking, metrics=["my.metric"], by="host", limit=2, cursor="2")
    assert [row.tags for row in rest.metrics] == [{"host": "c"}]
    assert found.summary == {}


def test_a_pod_and_an_environment_narrow(asking: Session, fake: FakeDatadog) -> None:
    sent(fake, "my.metric", lambda _: 1.0, pod_name="web-1")
    sent(fake, "my.metric", lambda _: 5.0, pod_name="web-2")
    sent(fake, "my.metric", lambda _: 9.0, env="staging")
    one = around(asking, metrics=["my.metric"], pod_name="web-2")
    assert (one.pod_name, one.metrics[0].nearest_value) == ("web-2", 5)
    assert around(asking, metrics=["my.metric"], env="staging").metrics[0].nearest_value == 9
    assert around(asking, metrics=["my.metric"], env="prod", pod_name="web-*").metrics[0].nearest_value == 3


@pytest.mark.parametrize(
    ("given", "center"),
    [("", "2026-09-01T12:00:00Z"), ("-2h", "2026-09-01T10:00:00Z"), ("1788260400", AT), ("1788260400000", AT),
     ("2026-09-01T13:00:00+02:00", AT)],
)  # fmt: skip
def test_every_form_of_a_time_is_understood(asking: Session, given: str, center: str) -> None:
    found = around(asking, metrics=["go.mem.heap"], timestamp=given)
    assert found.center_time == center
    assert found.metrics[0].nearest_value is not None


def test_times_are_asked_for_in_the_unit_of_each_api(asking: Session, fake: FakeDatadog) -> None:
    v2_refused(fake)
    around(asking, metrics=["go.mem.heap"])
    asked = json.loads(fake.log.of("timeseries")[0].body)["data"]["attributes"]
    assert (asked["from"], asked["to"], asked["interval"]) == (1_788_260_100_000, 1_788_260_700_000, 10_000)
    older = fake.log.of("metrics_query")[0].query
    assert (older["from"], older["to"]) == ("1788260100", "1788260700")
    assert older["query"] == "avg:go.mem.heap{service:checkout}"


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"timestamp": "2025-01-15 10:50"}, "timestamp"),
        ({"timestamp": "+1h"}, "timestamp"),
        ({"window": "0s"}, "window"),
        ({"window": "30d"}, "window"),
        ({"service": "!!!"}, "service"),
        ({"pod_name": "a\u2028b"}, "pod_name"),
        ({"env": "{}"}, "env"),
        ({"metrics": ["a} by {host"]}, "metrics"),
        ({"metrics": [""]}, "metrics"),
        ({"by": "host} , {"}, "by"),
        ({"site": "evil.example"}, "site"),
    ],
)
def test_what_can_not_be_meant_is_an_error_and_asks_nothing(
    asking: Session, fake: FakeDatadog, given: dict[str, Any], argument: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        around(asking, **_with({"metrics": ["go.mem.heap"]}, given))
    assert caught.value.details["argument"] == argument
    assert not fake.log.requests


@pytest.mark.parametrize("service", ["checkout,env:prod", "checkout} by {host", "a OR b"])
def test_a_value_is_never_more_than_a_value(asking: Session, fake: FakeDatadog, service: str) -> None:
    assert around(asking, service, metrics=["go.mem.heap"]).metrics == []
    body = fake.log.of("timeseries")[0].body.decode()
    assert body.count("{service:") == 1
    assert "by {" not in body
    assert ",env" not in body


def test_one_metric_refused_by_the_older_api_leaves_the_others(asking: Session, fake: FakeDatadog) -> None:
    v2_refused(fake)
    body = {"status": "error", "error": "Error parsing query"}
    fake.fault(kind="status", route="metrics_query", status=200, body=body)
    found = around(asking, metrics=["go.mem.heap", "container.cpu.usage"])
    assert len(found.metrics) == 1
    assert any("1 of 2 metrics were refused" in warning for warning in found.warnings)
    assert any("Error parsing query" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "error", "error": "Rule 'scope_expr' didn't match"},
        {"errors": ["Rule 'scope_expr' didn't match"]},
        {"error": "Rule 'scope_expr' didn't match", "series": []},
    ],
)
def test_an_error_under_a_good_status_is_an_error(asking: Session, fake: FakeDatadog, body: object) -> None:
    v2_refused(fake)
    fake.fault(kind="status", route="metrics_query", status=200, body=body, times=0)
    with pytest.raises(RefusedError, match="scope_expr"):
        around(asking, metrics=["go.mem.heap"])


@pytest.mark.parametrize(
    "attributes",
    [
        {"series": [{"query_index": 7}], "times": [1], "values": [[1]]},
        {"series": [{"query_index": "x"}], "times": [1], "values": [[1]]},
        {"series": [{"query_index": 0}], "times": [1], "values": []},
    ],
)
def test_series_nobody_asked_for_lead_to_the_older_api(
    asking: Session, fake: FakeDatadog, attributes: object
) -> None:
    body = {"data": {"attributes": attributes}}
    fake.fault(kind="status", route="timeseries", status=200, body=body, times=0)
    assert around(asking, metrics=["go.mem.heap"]).found_by == "v1"


def test_strange_points_are_no_numbers(asking: Session, fake: FakeDatadog) -> None:
    attributes = {
        "series": [{"group_tags": None, "query_index": 0, "unit": [{"name": "byte"}, {"name": "second"}]}],
        "times": [1_788_260_400_000, 1_788_260_340_000, "x", 1_788_260_460],
        "values": [["5", True, 7, "NaN"]],
    }
    fake.fault(kind="status", route="timeseries", status=200, body={"data": {"attributes": attributes}})
    (row,) = around(asking, metrics=["go.mem.heap"]).metrics
    assert row.unit == "byte/second"
    assert [(point.timestamp[11:16], point.value) for point in row.points] == [
        ("10:59", None), ("11:00", 5), ("11:01", None),
    ]  # fmt: skip


def test_when_both_fail_the_reason_is_the_error(asking: Session, fake: FakeDatadog) -> None:
    for route in ("timeseries", "metrics_query"):
        fake.fault(kind="status", route=route, status=200, body="{", times=0)
    with pytest.raises(BadAnswerError):
        around(asking, metrics=["go.mem.heap"])


@pytest.mark.parametrize("words", CHOICES["scope_words"])
def test_a_missing_permission_is_named(fake: FakeDatadog, tmp_path: Path, words: str) -> None:
    fake.variants.set(scope_words=words)
    key = fake.keys.add_app(["metrics_read"])
    with pytest.raises(ForbiddenError, match="lacks the permission timeseries_query"):
        around(session_of(fake, tmp_path, DD_APP_KEY=key))
    assert not fake.log.of("metrics_query")


def test_missing_keys_and_limits_are_told(asking: Session, fake: FakeDatadog, tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError, match="DD_API_KEY"):
        around(session_of(fake, tmp_path, DD_API_KEY=""))
    limits = {"X-RateLimit-Reset": "1800", "X-RateLimit-Name": "metrics_query"}
    fake.fault(kind="status", route="timeseries", status=429, headers=limits, times=0)
    with pytest.raises(RateLimitedError, match="metrics_query"):
        around(asking, metrics=["go.mem.heap"])


@pytest.mark.parametrize("form", CHOICES["json_form"])
def test_every_form_of_json_is_read(asking: Session, fake: FakeDatadog, form: str) -> None:
    fake.variants.set(json_form=form)
    assert around(asking, metrics=["go.mem.heap"]).metrics[0].nearest_value is not None

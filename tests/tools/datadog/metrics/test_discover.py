"""What datadog.metrics.discover must get right."""

from __future__ import annotations

from pathlib import Path

import pytest
from pprof_mcp.errors import (
    BadAnswerError,
    ForbiddenError,
    InvalidArgumentError,
    NotConfiguredError,
    RefusedError,
)
from pprof_mcp.insight import metrics as known
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.tools.datadog.metrics.discover import DiscoverResult

from tests.cases import Cases
from tests.datadog import session_of
from tests.fake_datadog import CHOICES, FakeDatadog, Metric

CASES = Cases(
    good=[
        {"service": "checkout"},
        {"service": "checkout", "env": "prod", "query": "MEM", "tags": True, "limit": 1},
        {"service": "nobody"},
    ],
    wrong=[("service", ""), ("service", "!!!"), ("limit", 0), ("hours", 721), ("cursor", "-1")],
)


def discovered(session: Session, service: str = "checkout", **more: object) -> DiscoverResult:
    found = run(load("datadog.metrics.discover"), {"service": service, **more}, session=session)
    assert isinstance(found, DiscoverResult)
    return found


def sent(fake: FakeDatadog, *names: str, service: str = "checkout", env: str = "prod") -> None:
    tags = (f"service:{service}", f"env:{env}", "host:h", "pod_name:p")
    fake.store.add(*(Metric(name, tags, lambda _: 1.0) for name in names))


def names(found: DiscoverResult) -> list[str]:
    return [row.name for row in found.metrics]


def test_what_a_tracer_sends_comes_first_with_what_is_known_of_it(asking: Session, fake: FakeDatadog) -> None:
    sent(
        fake,
        "zebra.count",
        "runtime.go.num_goroutine",
        "runtime.go.mem_stats.num_gc",
        "kubernetes.memory.rss",
    )
    found = discovered(asking)
    assert names(found) == [
        "go.mem.heap", "runtime.go.mem_stats.num_gc", "runtime.go.num_goroutine", "container.cpu.usage",
        "kubernetes.memory.rss", "trace.http.request.hits", "zebra.count",
    ]  # fmt: skip
    assert found.runtimes == ["go"]
    assert found.groups == {"go": 3, "container": 1, "kubernetes": 1, "trace": 1, "other": 1}
    rows = {row.name: row for row in found.metrics}
    assert rows["runtime.go.num_goroutine"].unit == "goroutine"
    assert rows["runtime.go.mem_stats.num_gc"].is_total
    assert (rows["zebra.count"].unit, rows["zebra.count"].group) == (None, "other")
    assert found.next[0].tool == "datadog_metrics_at_timestamp"
    assert not found.warnings


def test_only_what_the_service_sends_is_listed(asking: Session, fake: FakeDatadog) -> None:
    sent(fake, "staging.only", env="staging")
    assert names(discovered(asking, "ranker")) == ["runtime.python.mem.rss", "ranker.queue.depth"]
    assert "staging.only" not in names(discovered(asking, env="prod"))
    assert "staging.only" in names(discovered(asking, env="Staging"))


@pytest.mark.parametrize(
    "service", ["ranker OR service:checkout", "ranker,service:checkout", 'x" OR "', "*:*"]
)
def test_a_service_is_never_more_than_a_value(asking: Session, service: str) -> None:
    assert discovered(asking, service).metrics == []


@pytest.mark.parametrize("service", ["!!!", "a\nb", "(", "{}"])
def test_what_no_tag_can_be_is_an_error_and_asks_nothing(
    asking: Session, fake: FakeDatadog, service: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        discovered(asking, service)
    assert caught.value.details["argument"] == "service"
    assert not fake.log.requests


def test_several_runtimes_of_one_service_are_told(asking: Session, fake: FakeDatadog) -> None:
    sent(
        fake, "jvm.heap_memory", "runtime.python.cpu.percent", "runtime.node.mem.rss",
        "runtime.dotnet.mem.committed", "runtime.ruby.thread_count", service="zoo",
    )  # fmt: skip
    found = discovered(asking, "zoo")
    assert found.runtimes == ["python", "jvm", "node", "ruby", "dotnet"]
    assert [row.group for row in found.metrics] == found.runtimes
    assert all(row.unit for row in found.metrics)


def test_a_part_of_a_name_narrows(asking: Session) -> None:
    assert names(discovered(asking, query="MEM")) == ["go.mem.heap"]
    nothing = discovered(asking, query="nonsense")
    assert (nothing.count, nothing.metrics) == (0, [])
    assert any("none of 3 metrics" in warning for warning in nothing.warnings)


def test_a_service_without_metrics_is_an_answer(asking: Session) -> None:
    found = discovered(asking, "nobody")
    assert (found.count, found.next) == (0, [])
    assert any("datadog.services.search" in warning for warning in found.warnings)


def test_a_service_without_a_tracer_is_told(asking: Session, fake: FakeDatadog) -> None:
    sent(fake, "orders.placed", service="quiet")
    assert any("no tracer" in warning for warning in discovered(asking, "quiet").warnings)


def test_a_long_list_goes_on_by_its_cursor(asking: Session, fake: FakeDatadog) -> None:
    sent(fake, *(f"job.{place:03}" for place in range(50)), service="jobs")
    seen: list[str] = []
    cursor = ""
    while True:
        found = discovered(asking, "jobs", limit=20, cursor=cursor)
        seen += names(found)
        assert found.left_out.rows == 50 - len(found.metrics)
        if found.cursor is None:
            break
        cursor = found.cursor
    assert seen == [f"job.{place:03}" for place in range(50)]


def test_pages_of_the_source_are_put_together(asking: Session, fake: FakeDatadog) -> None:
    first = {"data": [{"id": "b"}, {"id": 5}, None], "meta": {"pagination": {"next_cursor": "Mg=="}}}
    fake.fault(kind="status", route="metric_names", status=200, body=first)
    found = discovered(asking)
    assert {"b", "trace.http.request.hits"} == set(names(found))
    assert [entry.query.get("page[cursor]") for entry in fake.log.of("metric_names")] == [None, "Mg=="]
    assert fake.log.of("metric_names")[0].query["window[seconds]"] == "86400"


def test_tags_say_what_a_metric_can_be_split_by(asking: Session, fake: FakeDatadog) -> None:
    found = discovered(asking, tags=True)
    assert found.metrics[0].tags == ["env", "host", "service"]
    assert len(fake.log.of("metric_tags")) == 3
    fake.fault(kind="status", route="metric_tags", status=404, times=2, body={"errors": ["not found"]})
    partly = discovered(asking, tags=True)
    assert sum(bool(row.tags) for row in partly.metrics) == 1
    assert sum("tags of" in warning or "nor those" in warning for warning in partly.warnings) == 2


@pytest.mark.parametrize("form", CHOICES["error_form"])
def test_where_the_list_is_refused_the_older_one_is_asked(
    asking: Session, fake: FakeDatadog, form: str
) -> None:
    sent(fake, "other.metric", service="other")
    fake.variants.set(error_form=form)
    fake.fault(kind="status", route="metric_names", status=400, body={"errors": ["bad filter"]}, times=0)
    found = discovered(asking)
    assert found.found_by == "active"
    assert any("bad filter" in warning for warning in found.warnings)
    assert names(found) == ["go.mem.heap", "container.cpu.usage", "trace.http.request.hits"]
    (entry,) = fake.log.of("active_metrics")
    assert entry.query == {"from": str(int(fake.clock()) - 86_400), "tag_filter": "service:checkout"}


@pytest.mark.parametrize("words", CHOICES["scope_words"])
def test_a_missing_permission_is_named(fake: FakeDatadog, tmp_path: Path, words: str) -> None:
    fake.variants.set(scope_words=words)
    key = fake.keys.add_app(["continuous_profiler_read", "timeseries_query"])
    with pytest.raises(ForbiddenError, match="lacks the permission metrics_read"):
        discovered(session_of(fake, tmp_path, DD_APP_KEY=key))
    assert not fake.log.of("active_metrics")


def test_missing_keys_are_named(fake: FakeDatadog, tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError, match="DD_APP_KEY"):
        discovered(session_of(fake, tmp_path, DD_APP_KEY=""))


@pytest.mark.parametrize(("body", "error"), [({"errors": ["no"]}, RefusedError), ("{", BadAnswerError)])
def test_errors_in_good_answers_of_both_lists_are_errors(
    asking: Session, fake: FakeDatadog, body: object, error: type[Exception]
) -> None:
    for route in ("metric_names", "active_metrics"):
        fake.fault(kind="status", route=route, status=200, body=body, times=0)
    with pytest.raises(error):
        discovered(asking)


def test_the_names_that_are_known_fall_into_their_groups() -> None:
    assert len(known.known()) > 30
    assert {known.group_of(name) for name in known.known()} >= set(known.RUNTIMES)
    assert not [name for name in known.known() if known.group_of(name) == known.OTHER]
    assert all(one.unit for one in known.known().values())

"""What pprof.goroutine_categorize must get right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pprof_mcp.errors import InvalidArgumentError, InvalidPatternError, WrongProfileKindError
from pprof_mcp.insight.goroutine_purposes import purposes
from pprof_mcp.results.goroutine import GoroutineCategorizeResult
from pprof_mcp.tools.pprof import goroutine_categorize as declared

from tests.cases import CPU, Cases
from tests.support import DATA
from tests.tools.pprof.goroutine_stacks import dump_of, profile_of

AFTER = str(DATA / "go" / "main" / "goroutine.after.pb.gz")
DUMP = str(DATA / "go" / "main" / "goroutine.debug2.txt.gz")
RECV, SELECT = "runtime.gopark < runtime.chanrecv < runtime.chanrecv1", "runtime.gopark < runtime.selectgo"
POLL = "runtime.gopark < internal/poll.runtime_pollWait < internal/poll.(*FD).Read < net.(*conn).Read"

CASES = Cases(
    good=[
        {"profile": AFTER},
        {"profile": DUMP, "presets": ["http"], "categories": ["subscribers=notify\\.listen"]},
    ],
    wrong=[("profile", CPU), ("presets", ["sync"]), ("categories", ["x"]), ("categories", ["x=("])],
)


def goroutine_categorize(given: Any, **options: Any) -> GoroutineCategorizeResult:
    return declared.goroutine_categorize(given, **options)


def counted(found: GoroutineCategorizeResult) -> dict[str, int]:
    return {row.name: row.count for row in found.categories}


@pytest.mark.parametrize("given", [AFTER, DUMP])
def test_the_recorded_service_is_told_apart_with_states(given: str) -> None:
    found = goroutine_categorize(given)
    rows = [(row.name, row.count, row.running, row.waiting) for row in found.categories]
    assert rows == [("own_code", 1360, 0, 1360), ("http_listener", 1, 0, 1), ("profiler", 1, 1, 0)]
    assert found.categories[0].sites[0] == "example.com/shop/notify.listen (1320)"
    assert (found.uncategorized, found.total_goroutines) == (0, 1362)


STACKS = {
    "sql_query": f"{POLL} < github.com/lib/pq.(*conn).recv < database/sql.(*DB).QueryContext < "
    "example.com/app.get < net/http.HandlerFunc.ServeHTTP < net/http.(*conn).serve",
    "sql_pool": f"{SELECT} < database/sql.(*DB).connectionOpener",
    "http_request": f"{RECV} < example.com/app.handle < net/http.HandlerFunc.ServeHTTP",
    "http_idle_connection": f"{POLL} < net/http.(*connReader).Read < net/http.(*conn).serve",
    "http_client_connection": f"{POLL} < net/http.(*persistConn).Read < net/http.(*persistConn).readLoop",
    "grpc_server_handler": f"{SELECT} < example.com/app.R < google.golang.org/grpc.(*Server).handleStream",
    "grpc_transport_writer": f"{SELECT} < google.golang.org/grpc/internal/transport.(*controlBuffer).get",
    "kafka": f"{RECV} < github.com/IBM/sarama.(*Broker).responseReceiver",
    "kubernetes_informer": f"{SELECT} < k8s.io/client-go/tools/cache.(*Reflector).watchHandler",
    "temporal_poller": f"{SELECT} < go.temporal.io/sdk/internal.(*basePoller).doPoll < "
    "go.temporal.io/sdk/internal.(*activityTaskPoller).PollTask",
    "redis": f"{POLL} < github.com/redis/go-redis/v9.(*conn).Read",
    "tracer": f"{SELECT} < go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).processQueue",
    "signals": "runtime.notetsleepg < os/signal.signal_recv < os/signal.loop",
    "timers": "runtime.gopark < time.Sleep < example.com/app.tick < time.goFunc",
    "own_code": f"{RECV} < example.com/app.work",
}


def test_every_goroutine_counts_once_by_the_first_rule_in_order(tmp_path: Path) -> None:
    samples = [(text, at) for at, text in enumerate(STACKS.values(), 1)]
    rest = [("runtime.gopark < net.(*UDPConn).Read", 5), ("runtime.gopark < net.(*UDPConn).Read < fmt.x", 2)]
    found = goroutine_categorize(profile_of(tmp_path, [*samples, *rest]), limit=200)
    assert counted(found) == {name: at for at, name in enumerate(STACKS, 1)}
    assert found.uncategorized == 7
    assert [(row.signature, row.count) for row in found.top_uncategorized] == [
        ("net.(*UDPConn).Read", 5),
        ("net.(*UDPConn).Read < fmt.x", 2),
    ]
    assert sum(row.count for row in found.categories) + found.uncategorized == found.total_goroutines
    (signals,) = [row for row in found.categories if row.name == "signals"]
    assert (signals.syscall, signals.waiting, signals.running) == (13, 0, 0)


def test_the_same_profile_gives_the_same_answer_every_time(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, [(text, 3) for text in STACKS.values()])
    answers = {goroutine_categorize(profile, limit=200).model_dump_json() for _ in range(6)}
    assert len(answers) == 1


def test_own_categories_come_before_the_rules_and_alone_when_no_preset_is_asked_for(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, [(text, 1) for text in STACKS.values()])
    found = goroutine_categorize(
        profile, categories=["app=^example\\.com/app\\."], presets=["http"], limit=200
    )
    assert counted(found) == {"app": 5, "http_idle_connection": 1, "http_client_connection": 1}
    assert found.presets_used == ["custom", "http"]
    assert found.uncategorized == 8
    alone = goroutine_categorize(profile, categories=["app=^example\\.com/app\\."])
    assert counted(alone) == {"app": 5}
    assert alone.uncategorized == 10


def test_states_of_a_dump_are_those_it_says(tmp_path: Path) -> None:
    rows = [
        ("chan receive", "main.f", 3),
        ("running", "main.f", 1),
        ("runnable", "main.f", 2),
        ("syscall", "main.f", 4),
    ]
    (row,) = goroutine_categorize(dump_of(tmp_path, rows)).categories
    assert (row.name, row.waiting, row.running, row.syscall) == ("own_code", 3, 3, 4)


def test_categories_are_paged_and_the_rest_is_counted(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, [(text, at) for at, text in enumerate(STACKS.values(), 1)])
    first = goroutine_categorize(profile, limit=4)
    second = goroutine_categorize(profile, limit=200, cursor=first.cursor)
    assert len(first.categories) == 4
    assert first.left_out.rows == len(second.categories) == len(STACKS) - 4
    assert first.left_out.goroutines == sum(row.count for row in second.categories)


def test_wrong_options_say_what_exists() -> None:
    with pytest.raises(InvalidArgumentError) as unknown:
        goroutine_categorize(AFTER, presets=["sync"])
    assert "temporal" in str(unknown.value.details["available"])
    with pytest.raises(InvalidPatternError):
        goroutine_categorize(AFTER, categories=["x=("])
    with pytest.raises(WrongProfileKindError):
        goroutine_categorize(CPU)


def test_an_empty_profile_is_an_answer_with_a_warning(tmp_path: Path) -> None:
    found = goroutine_categorize(profile_of(tmp_path, []))
    assert (found.categories, found.uncategorized, found.total_goroutines) == ([], 0, 0)
    assert found.warnings


def test_rules_have_names_of_their_own_and_fit_into_a_mark() -> None:
    names = [purpose.name for purpose in purposes()]
    assert len(names) == len(set(names)) > 20
    assert len(names) + 50 < 255

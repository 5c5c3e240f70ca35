"""What pprof.temporal_analysis must get right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.results.goroutine import TemporalAnalysisResult
from pprof_mcp.tools.pprof import temporal_analysis as declared

from tests.cases import CPU, Cases
from tests.support import DATA
from tests.tools.pprof.goroutine_stacks import profile_of

AFTER = str(DATA / "go" / "main" / "goroutine.after.pb.gz")
SDK = "go.temporal.io/sdk/internal."
WAIT = "runtime.gopark < runtime.selectgo"
CLIENT = "go.temporal.io/api/workflowservice/v1.(*workflowServiceClient)"
GRPC = f"{WAIT} < google.golang.org/grpc.(*ClientConn).Invoke < {CLIENT}"
LOOP = f"{SDK}(*baseWorker).pollTask < {SDK}(*baseWorker).runPoller"
YIELD = f"runtime.gopark < runtime.chanrecv < {SDK}(*coroutineState).yield < {SDK}(*state).yield"
EXECUTE = f"{SDK}(*workflowEnvironmentInterceptor).ExecuteWorkflow"
RUN = f"reflect.Value.Call < {EXECUTE} < {SDK}(*syncWorkflowDefinition).Execute.func1"
ACT = f"reflect.Value.Call < {SDK}(*activityTaskHandlerImpl).Execute < {SDK}(*activityTaskPoller).ProcessTask"
FUTURE = f"{SDK}(*channelImpl).Receive < {SDK}(*decodeFutureImpl).Get"
WORKER = [
    (f"{WAIT} < {SDK}(*basePoller).doPoll < {SDK}(*activityTaskPoller).PollTask < {LOOP}", 4),
    (f"{GRPC}.PollActivityTaskQueue < {SDK}(*activityTaskPoller).poll < {SDK}(*basePoller).doPoll.func1", 4),
    (f"{WAIT} < {SDK}(*basePoller).doPoll < {SDK}(*workflowTaskPoller).PollTask < {LOOP}", 2),
    (f"{GRPC}.PollWorkflowTaskQueue < {SDK}(*workflowTaskPoller).poll < {SDK}(*basePoller).doPoll.func1", 1),
    (f"runtime.gopark < time.Sleep < example.com/app.fetch < example.com/app.(*Acts).Charge < {ACT}", 7),
    (f"{YIELD} < {SDK}(*selectorImpl).Select < example.com/app.OrderWorkflow < {RUN}", 30),
    (f"{YIELD} < {FUTURE} < example.com/app.OrderWorkflow < {RUN}", 20),
    (f"runtime.asyncPreempt < example.com/app.compute < example.com/app.BillWorkflow < {RUN}", 3),
    (f"{WAIT} < {SDK}(*temporalInvoker).internalHeartBeat.func1", 5),
    (f"{WAIT} < {SDK}(*baseWorker).runTaskDispatcher", 2),
    (f"{WAIT} < {SDK}(*baseWorker).runEagerTaskDispatcher", 2),
    (f"{WAIT} < google.golang.org/grpc/internal/transport.(*http2Client).reader", 1),
    ("runtime.gopark < runtime.chanrecv < example.com/app.other", 6),
]

CASES = Cases(good=[{"profile": AFTER}], wrong=[("profile", CPU), ("profile", "missing.pb.gz")])


def temporal_analysis(given: Any, **options: Any) -> TemporalAnalysisResult:
    return declared.temporal_analysis(given, **options)


def test_every_goroutine_of_a_worker_has_one_role(tmp_path: Path) -> None:
    found = temporal_analysis(profile_of(tmp_path, WORKER))
    assert {name: count for name, count in found.counts.items() if count} == {
        "activity_pollers_do_poll": 4, "activity_pollers_in_grpc": 4, "workflow_pollers_do_poll": 2,
        "workflow_pollers_in_grpc": 1, "activities_executing": 7, "workflows_in_selector": 30,
        "workflows_awaiting_future": 20, "workflows_executing": 3, "workflows_cached": 53,
        "heartbeat_goroutines": 5, "task_dispatchers": 2, "eager_dispatchers": 2, "grpc_streams": 1,
    }  # fmt: skip
    assert (found.has_temporal, found.temporal_goroutines, found.total_goroutines) == (True, 80, 87)
    assert found.inferred_settings is not None
    assert found.inferred_settings.max_concurrent_activity_task_pollers == 4
    assert found.inferred_settings.max_concurrent_workflow_task_pollers == 2
    assert any("2 workflow pollers are the default" in note for note in found.inferred_settings.notes)


def test_workflows_and_activities_are_named_by_their_functions(tmp_path: Path) -> None:
    found = temporal_analysis(profile_of(tmp_path, WORKER))
    assert [(row.name, row.count, row.state) for row in found.workflow_breakdown] == [
        ("example.com/app.OrderWorkflow", 30, "selector"),
        ("example.com/app.OrderWorkflow", 20, "awaiting_future"),
        ("example.com/app.BillWorkflow", 3, "executing"),
    ]
    assert [(row.name, row.count) for row in found.activity_breakdown] == [
        ("example.com/app.(*Acts).Charge", 7)
    ]
    assert found.advice == []


def test_labels_name_the_task_queue(tmp_path: Path) -> None:
    samples = [(text, count, (("task_queue", f"q{at % 2}"),)) for at, (text, count) in enumerate(WORKER[:-2])]
    found = temporal_analysis(profile_of(tmp_path, samples))
    assert found.task_queue_label == "task_queue"
    rows = [(row.task_queue, row.goroutines, row.activities_executing) for row in found.task_queues]
    assert rows == [("q0", 40, 7), ("q1", 40, 0)]
    assert all(sum(row.counts.values()) == row.goroutines for row in found.task_queues)


def test_advice_comes_with_its_numbers_and_not_without(tmp_path: Path) -> None:
    slots = [(f"{WAIT} < {SDK}(*baseWorker).runPoller", 4), (f"main.act < {ACT}", 950)]
    found = temporal_analysis(profile_of(tmp_path, slots))
    assert [item.evidence for item in found.advice] == [
        "4 pollers wait for a slot, none polls, 950 activities execute",
        "950 activities execute",
    ]
    busy = temporal_analysis(profile_of(tmp_path, [(f"main.f < main.W < {RUN}", 12), (WORKER[5][0], 9)]))
    assert [item.evidence for item in busy.advice] == [
        "12 of 21 goroutines of workflows are in none of the SDK's waits"
    ]


def test_a_process_without_the_sdk_is_told_so() -> None:
    found = temporal_analysis(AFTER)
    assert (found.has_temporal, found.inferred_settings, found.temporal_goroutines) == (False, None, 0)
    assert any("Temporal" in warning for warning in found.warnings)
    assert found.total_goroutines == 1362


def test_an_empty_profile_and_another_kind_are_told_apart(tmp_path: Path) -> None:
    found = temporal_analysis(profile_of(tmp_path, []))
    assert (found.has_temporal, found.total_goroutines) == (False, 0)
    assert found.warnings
    with pytest.raises(WrongProfileKindError):
        temporal_analysis(CPU)

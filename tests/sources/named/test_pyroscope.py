"""`source=pyroscope`, against an imitation of what is published, and a real one if there is one."""

from __future__ import annotations

import os
from datetime import datetime, timezone

import pytest
from pprof_mcp.errors import (
    BadAnswerError,
    HostNotAllowedError,
    InvalidArgumentError,
    NotConfiguredError,
    PprofMcpError,
    ProfileGoneError,
    SourceFailedError,
    UnauthorizedError,
    WrongHostError,
)
from pprof_mcp.session.session import Session
from pprof_mcp.sources.protobuf import fields

from tests.cases import OUT
from tests.imitations.pyroscope import SERVICE, Pyroscope
from tests.imitations.serving import LOGIN, Reply, redirect
from tests.imitations.stored import Stored
from tests.sources.named.calling import accepted_by, call, download
from tests.sources.named.conftest import described, fetching
from tests.support import DATA

GO = DATA / "go" / "main"
AT = datetime(2026, 3, 4, 12, 0, tzinfo=timezone.utc)
MILLIS = int(AT.timestamp() * 1_000)
WINDOW = {"from": "2026-03-04T11:55:00Z", "to": "2026-03-04T12:05:00Z"}


def stored(name: str, file: str, service: str = "shop", minutes: int = 0, **labels: str) -> Stored:
    content = (GO / file).read_bytes()
    return Stored(name, {"service_name": service, **labels}, MILLIS + minutes * 60_000, content)


PROFILES = [
    stored("process_cpu", "cpu.pb.gz", region="eu"),
    stored("process_cpu", "cpu.pb.gz", region="us", minutes=2),
    stored("process_cpu", "cpu.pb.gz", minutes=-60),
    stored("memory", "heap.before.pb.gz"),
    stored("memory", "heap.after.pb.gz", service="cart"),
    stored("mutex", "mutex.after.pb.gz"),
    stored("block", "block.after.pb.gz"),
    stored("goroutines", "goroutine.after.pb.gz"),
]


def asking(server: Pyroscope, headers: str = "") -> Session:
    return fetching(server=True, PPROF_MCP_PYROSCOPE_URL=server.base, PPROF_MCP_HOST_HEADERS=headers)


@pytest.mark.parametrize("old", [False, True])
def test_one_merged_profile_of_each_kind_is_fetched(*, old: bool) -> None:
    with Pyroscope(PROFILES, old=old) as server:
        session = asking(server)
        found = download(session, "pyroscope", service="shop", **WINDOW)
        assert described(found) == {
            "block.delay.pb.gz": "block",
            "goroutines.goroutine.pb.gz": "goroutine",
            "memory.inuse_space.pb.gz": "heap",
            "mutex.delay.pb.gz": "mutex",
            "process_cpu.cpu.pb.gz": "cpu",
        }
        cpu = next(row.handle for row in found.files if row.type == "cpu")
        merged = session.profile(cpu).shared.meta["sample_types"][0]["total"]
        once = download(
            session, "pyroscope", query='{service_name="shop", region="eu"}', kinds=["cpu"], **WINDOW
        )
        single = session.profile(once.files[0].handle).shared.meta["sample_types"][0]["total"]
        assert merged == 2 * single > 0


def test_every_analysis_takes_what_pyroscope_gives() -> None:
    with Pyroscope(PROFILES) as server:
        session = fetching(server=True, roots=[OUT], PPROF_MCP_PYROSCOPE_URL=server.base)
        found = download(session, "pyroscope", service="shop", **WINDOW)
        taken = accepted_by(session, {row.type: row.handle for row in found.files}, found.bundle)
        assert len(taken) >= 25


def test_the_numbers_are_those_of_the_profile_that_was_pushed() -> None:
    with Pyroscope(PROFILES) as server:
        session = fetching(server=False, PPROF_MCP_PYROSCOPE_URL=server.base)
        found = download(session, "pyroscope", service="shop", query='region="eu"', kinds=["cpu"], **WINDOW)
        theirs = call(session, "pprof.top", profile=found.files[0].handle)
        ours = call(session, "pprof.top", profile=str(GO / "cpu.pb.gz"), sample_index="cpu")
        assert [(row.name, row.flat, row.cum) for row in theirs.rows] == [
            (row.name, row.flat, row.cum) for row in ours.rows
        ]


def test_a_profile_type_is_fetched_by_its_whole_name() -> None:
    with Pyroscope(PROFILES) as server:
        wanted = "memory:alloc_space:bytes:space:bytes"
        found = download(asking(server), "pyroscope", service="shop", kinds=[wanted, "cpu"], **WINDOW)
        assert set(described(found)) == {"memory.alloc_space.pb.gz", "process_cpu.cpu.pb.gz"}


def test_a_service_is_sent_as_one_label_whatever_it_holds() -> None:
    with Pyroscope(PROFILES) as server:
        with pytest.raises(ProfileGoneError):
            download(asking(server), "pyroscope", service='x"} or {y="\\', kinds=["cpu"], **WINDOW)
        sent = [dict(fields(one.body)) for one in server.asked if one.path.endswith("Stacktraces")]
        assert sent == [
            {
                1: b"process_cpu:cpu:nanoseconds:cpu:nanoseconds",
                2: rb'{service_name="x\"} or {y=\"\\"}',
                3: MILLIS - 300_000,
                4: MILLIS + 300_000,
                6: 4,
            }
        ]


@pytest.mark.parametrize(("hours", "millis"), [({}, 3_600_000), ({"hours": 72}, 72 * 3_600_000)])
def test_the_window_is_an_hour_unless_another_is_named(hours: dict[str, object], millis: int) -> None:
    with Pyroscope(PROFILES) as server:
        found = download(
            asking(server), "pyroscope", query="{}", kinds=["cpu"], to="2026-03-04T12:05:00Z", **hours
        )
        (sent,) = [dict(fields(one.body)) for one in server.asked if one.path.endswith("Stacktraces")]
        start, end = sent[3], sent[4]
        assert isinstance(start, int)
        assert isinstance(end, int)
        assert end - start == millis
        assert found.to_ts == "2026-03-04T12:05:00Z"


def test_what_is_not_there_is_told_with_what_is() -> None:
    with Pyroscope(PROFILES) as server:
        session = asking(server)
        with pytest.raises(InvalidArgumentError, match="cart, shop"):
            download(session, "pyroscope", **WINDOW)
        with pytest.raises(InvalidArgumentError, match="no 'wall' profile; there are kinds cpu, heap, mutex"):
            download(session, "pyroscope", service="shop", kinds=["wall"], **WINDOW)
        with pytest.raises(ProfileGoneError, match="matches"):
            download(session, "pyroscope", service="nobody", kinds=["cpu"], **WINDOW)
        with pytest.raises(InvalidArgumentError, match=r"does not understand .*parse error"):
            download(session, "pyroscope", query="{region=}", kinds=["cpu"], **WINDOW)


def test_a_kind_without_profiles_of_the_service_leaves_the_others() -> None:
    with Pyroscope(PROFILES) as server:
        found = download(asking(server), "pyroscope", service="cart", **WINDOW)
        assert described(found) == {"memory.inuse_space.pb.gz": "heap"}
        assert {one.code for one in found.not_fetched} == {"profile_gone"}
        assert len(found.not_fetched) == 4


def test_a_tenant_and_a_login_are_the_operators_to_give() -> None:
    with Pyroscope(PROFILES, tenant="acme", authorization="Basic dXNlcjpwYXNz") as server:
        good = f"{server.host} X-Scope-OrgID: acme; {server.host} Authorization: Basic dXNlcjpwYXNz"
        found = download(asking(server, good), "pyroscope", service="shop", kinds=["cpu"], **WINDOW)
        assert found.kinds == ["cpu"]
        login = f"{server.host} Authorization: Basic dXNlcjpwYXNz"
        with pytest.raises(UnauthorizedError, match="tenant"):
            download(asking(server, login), "pyroscope", service="shop", **WINDOW)
        with pytest.raises(UnauthorizedError, match="401"):
            download(asking(server), "pyroscope", service="shop", **WINDOW)


def test_behind_grafana_the_path_of_the_data_source_comes_first() -> None:
    with Pyroscope(PROFILES, prefix="/api/datasources/proxy/uid/abc") as server:
        found = download(asking(server), "pyroscope", service="shop", kinds=["cpu"], **WINDOW)
        assert found.kinds == ["cpu"]


@pytest.mark.parametrize(
    ("method", "fault", "error"),
    [
        ("ProfileTypes", LOGIN, WrongHostError),
        ("ProfileTypes", redirect("http://169.254.169.254/"), WrongHostError),
        ("ProfileTypes", Reply(b"[]"), BadAnswerError),
        ("ProfileTypes", Reply(b'{"profileTypes": 7}'), BadAnswerError),
        ("ProfileTypes", Reply(b"404 page not found", 404), ProfileGoneError),
        ("SelectMergeStacktraces", LOGIN, WrongHostError),
        ("SelectMergeStacktraces", Reply(b"\xff\xff\xff"), BadAnswerError),
        (
            "SelectMergeStacktraces",
            Reply.json({"code": "internal", "message": "boom"}, 500),
            SourceFailedError,
        ),
    ],
)
def test_what_is_no_pyroscope_is_told(method: str, fault: Reply, error: type[PprofMcpError]) -> None:
    with Pyroscope(PROFILES) as server:
        server.faults[f"{SERVICE}{method}"] = fault
        with pytest.raises(error):
            download(asking(server), "pyroscope", service="shop", kinds=["cpu"], **WINDOW)


def test_none_configured_or_another_one_named_by_an_agent_is_refused() -> None:
    with pytest.raises(NotConfiguredError, match="no Pyroscope"):
        download(fetching(server=True), "pyroscope", service="shop")
    with Pyroscope(PROFILES) as server, pytest.raises(HostNotAllowedError):
        download(fetching(server=True), "pyroscope", service="shop", url=server.base)


@pytest.mark.skipif(
    "PPROF_MCP_TEST_PYROSCOPE" not in os.environ, reason="names a Pyroscope that has profiles"
)
def test_a_real_pyroscope_answers_alike() -> None:
    session = fetching(server=False, PPROF_MCP_PYROSCOPE_URL=os.environ["PPROF_MCP_TEST_PYROSCOPE"])
    found = download(session, "pyroscope", query="{}")
    assert found.files
    assert accepted_by(session, {row.type: row.handle for row in found.files}, found.bundle)

"""`source=parca`, against an imitation of the published definitions, and a real one where there is one."""

from __future__ import annotations

import os
import struct

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

from tests.cases import OUT
from tests.imitations.parca import SERVICE, Parca
from tests.imitations.serving import LOGIN, Reply, redirect
from tests.imitations.stored import Stored
from tests.sources.named.calling import accepted_by, call, download
from tests.sources.named.conftest import described, fetching
from tests.sources.named.test_pyroscope import GO, MILLIS, WINDOW


def stored(name: str, file: str, job: str = "shop", minutes: int = 0, **labels: str) -> Stored:
    return Stored(name, {"job": job, **labels}, MILLIS + minutes * 60_000, (GO / file).read_bytes())


PROFILES = [
    stored("process_cpu", "cpu.pb.gz", instance="a"),
    stored("process_cpu", "cpu.pb.gz", instance="b", minutes=2),
    stored("memory", "heap.after.pb.gz"),
    stored("mutex", "mutex.after.pb.gz"),
    stored("block", "block.after.pb.gz"),
    stored("goroutine", "goroutine.after.pb.gz", job="cart"),
]


def asking(server: Parca, headers: str = "") -> Session:
    return fetching(server=True, PPROF_MCP_PARCA_URL=server.url, PPROF_MCP_HOST_HEADERS=headers)


def test_one_merged_profile_of_each_kind_is_fetched() -> None:
    with Parca(PROFILES) as server:
        session = asking(server)
        found = download(session, "parca", query="{}", **WINDOW)
        assert described(found) == {
            "block.delay.pb.gz": "block",
            "goroutine.goroutine.pb.gz": "goroutine",
            "memory.inuse_space.pb.gz": "heap",
            "mutex.delay.pb.gz": "mutex",
            "process_cpu.cpu.pb.gz": "cpu",
        }


def test_every_analysis_takes_what_parca_gives() -> None:
    with Parca(PROFILES) as server:
        session = fetching(server=True, roots=[OUT], PPROF_MCP_PARCA_URL=server.url)
        found = download(session, "parca", query="{}", **WINDOW)
        taken = accepted_by(session, {row.type: row.handle for row in found.files}, found.bundle)
        assert len(taken) >= 25


def test_the_numbers_are_those_of_the_profile_that_was_scraped() -> None:
    with Parca(PROFILES) as server:
        session = fetching(server=False, PPROF_MCP_PARCA_URL=server.url)
        found = download(session, "parca", service="shop", query='instance="a"', kinds=["cpu"], **WINDOW)
        theirs = call(session, "pprof.top", profile=found.files[0].handle)
        ours = call(session, "pprof.top", profile=str(GO / "cpu.pb.gz"), sample_index="cpu")
        assert [(row.name, row.flat, row.cum) for row in theirs.rows] == [
            (row.name, row.flat, row.cum) for row in ours.rows
        ]


def test_a_type_is_fetched_by_its_whole_name_with_or_without_delta() -> None:
    with Parca(PROFILES) as server:
        cpu = "process_cpu:samples:count:cpu:nanoseconds"
        for wanted in (cpu, f"{cpu}:delta"):
            found = download(asking(server), "parca", service="shop", kinds=[wanted], **WINDOW)
            assert set(described(found)) == {"process_cpu.samples.pb.gz"}


@pytest.mark.parametrize("in_headers", [False, True])
def test_what_is_not_there_is_told_with_what_is(*, in_headers: bool) -> None:
    with Parca(PROFILES, in_headers=in_headers) as server:
        session = asking(server)
        with pytest.raises(InvalidArgumentError, match="cart, shop"):
            download(session, "parca", **WINDOW)
        with pytest.raises(InvalidArgumentError, match="no 'wall' profile"):
            download(session, "parca", service="shop", kinds=["wall"], **WINDOW)
        with pytest.raises(ProfileGoneError, match="in the window"):
            download(session, "parca", service="nobody", kinds=["cpu"], **WINDOW)
        with pytest.raises(InvalidArgumentError, match="does not understand the query"):
            download(session, "parca", query="{region=}", kinds=["cpu"], **WINDOW)


@pytest.mark.parametrize("in_headers", [False, True])
def test_a_token_is_the_operators_to_give(*, in_headers: bool) -> None:
    with Parca(PROFILES, authorization="Bearer psc_v1_0123", in_headers=in_headers) as server:
        good = f"{server.host} Authorization: Bearer psc_v1_0123"
        found = download(asking(server, good), "parca", service="shop", kinds=["cpu"], **WINDOW)
        assert found.kinds == ["cpu"]
        with pytest.raises(UnauthorizedError, match="gRPC 16"):
            download(asking(server), "parca", service="shop", kinds=["cpu"], **WINDOW)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LOGIN, WrongHostError),
        (redirect("http://169.254.169.254/"), WrongHostError),
        (Reply(b""), BadAnswerError),
        (Reply(b"\0\0"), BadAnswerError),
        (Reply(struct.pack(">BI", 0, 100) + b"short"), BadAnswerError),
        (Reply(struct.pack(">BI", 1, 1) + b"x"), BadAnswerError),
        (Reply(struct.pack(">BI", 0x80, 14) + b"grpc-status: 8"), SourceFailedError),
        (Reply(b"boom", 502), SourceFailedError),
    ],
)
@pytest.mark.parametrize("method", ["ProfileTypes", "Query"])
def test_what_is_no_parca_is_told(method: str, fault: Reply, error: type[PprofMcpError]) -> None:
    with Parca(PROFILES) as server:
        server.faults[f"{SERVICE}{method}"] = fault
        with pytest.raises(error):
            download(asking(server), "parca", service="shop", kinds=["cpu"], **WINDOW)


def test_none_configured_or_another_one_named_by_an_agent_is_refused() -> None:
    with pytest.raises(NotConfiguredError, match="no Parca"):
        download(fetching(server=True), "parca", service="shop")
    with Parca(PROFILES) as server, pytest.raises(HostNotAllowedError):
        download(fetching(server=True), "parca", service="shop", url=server.url)


@pytest.mark.skipif("PPROF_MCP_TEST_PARCA" not in os.environ, reason="it names a Parca with profiles")
def test_a_real_parca_answers_alike() -> None:
    session = fetching(server=False, PPROF_MCP_PARCA_URL=os.environ["PPROF_MCP_TEST_PARCA"])
    found = download(session, "parca", query="{}")
    assert found.files
    assert accepted_by(session, {row.type: row.handle for row in found.files}, found.bundle)

"""`source=gcp`, against an imitation of the published list."""

from __future__ import annotations

import pytest
from pprof_mcp.errors import (
    BadAnswerError,
    ForbiddenError,
    InvalidArgumentError,
    NotConfiguredError,
    PprofMcpError,
    ProfileGoneError,
    UnauthorizedError,
    WrongHostError,
)
from pprof_mcp.session.session import Session

from tests.imitations.cloud_profiler import CloudProfiler, Collected
from tests.imitations.serving import LOGIN, Reply, redirect
from tests.sources.named.calling import call, download
from tests.sources.named.conftest import described, fetching
from tests.sources.named.test_pyroscope import GO, WINDOW

TOKEN = "ya29.a-token-0123456789"
CPU = (GO / "cpu.pb.gz").read_bytes()
HEAP = (GO / "heap.after.pb.gz").read_bytes()


def collected(kind: str, minute: int, content: bytes, target: str = "shop") -> Collected:
    return Collected(kind, target, f"2026-03-04T12:{minute:02d}:00.123456789Z", content)


PROFILES = [
    collected("HEAP", 3, (GO / "heap.before.pb.gz").read_bytes()),
    collected("CPU", 2, CPU),
    collected("HEAP", 4, HEAP),
    collected("CPU", 1, CPU, target="cart"),
    collected("CONTENTION", 4, (GO / "mutex.after.pb.gz").read_bytes()),
    collected("THREADS", 0, (GO / "goroutine.after.pb.gz").read_bytes()),
    collected("CPU", 30, CPU),
]


def asking(server: CloudProfiler, token: str = TOKEN) -> Session:
    return fetching(
        server=True,
        PPROF_MCP_GCP_URL=server.url,
        PPROF_MCP_GCP_PROJECT=server.project,
        PPROF_MCP_GCP_TOKEN=token,
    )


@pytest.mark.parametrize("page", [1, 3, 1_000])
def test_the_newest_of_each_kind_is_fetched_over_all_pages(page: int) -> None:
    with CloudProfiler(PROFILES, token=TOKEN, page=page) as server:
        session = asking(server)
        found = download(session, "gcp", service="shop", **WINDOW)
        assert described(found) == {
            "shop.cpu.pb.gz": "cpu",
            "shop.goroutine.pb.gz": "goroutine",
            "shop.heap.pb.gz": "heap",
            "shop.mutex.pb.gz": "mutex",
        }
        heap = next(row.handle for row in found.files if row.type == "heap")
        assert (
            session.profile(heap).shared.digest
            == fetching(server=False).profile(str(GO / "heap.after.pb.gz")).shared.digest
        )
        assert any("5 profiles fit, the 4 newest" in warning for warning in found.warnings)
        assert call(session, "pprof.hotspot_summary", bundle=found.bundle).goroutine_count


def test_several_of_a_kind_and_kinds_by_either_name() -> None:
    with CloudProfiler(PROFILES, token=TOKEN) as server:
        found = download(asking(server), "gcp", service="shop", kinds=["HEAP"], limit=5, **WINDOW)
        assert described(found) == {"shop.heap.pb.gz": "heap", "shop-2.heap.pb.gz": "heap"}
        assert download(asking(server), "gcp", kinds=["mutex"], **WINDOW).kinds == ["mutex"]
        with pytest.raises(InvalidArgumentError, match="cpu, wall, heap"):
            download(asking(server), "gcp", kinds=["disk"], **WINDOW)


def test_a_list_that_goes_on_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pprof_mcp.sources.gcp.MOST_PAGES", 2)
    with CloudProfiler(PROFILES, token=TOKEN, page=2) as server:
        found = download(asking(server), "gcp", service="shop", **WINDOW)
        assert any("behind the 4 profiles" in warning for warning in found.warnings)


def test_what_is_not_there_is_told_with_what_is() -> None:
    with CloudProfiler(PROFILES, token=TOKEN) as server, pytest.raises(ProfileGoneError, match="cart, shop"):
        download(asking(server), "gcp", service="nobody", **WINDOW)


def test_project_and_token_are_the_operators_to_give_and_are_not_told() -> None:
    with pytest.raises(NotConfiguredError, match="PPROF_MCP_GCP_PROJECT and PPROF_MCP_GCP_TOKEN"):
        download(fetching(server=True), "gcp", service="shop")
    with CloudProfiler(PROFILES, token=TOKEN) as server:
        wrong = "ya29.wrong-0123456789"
        with pytest.raises(UnauthorizedError, match="invalid authentication") as caught:
            download(asking(server, wrong), "gcp", service="shop", **WINDOW)
        assert wrong not in str(caught.value) + str(caught.value.details)
        assert "gcloud auth print-access-token" in caught.value.hint
        server.project = "another"
        session = fetching(
            server=True, PPROF_MCP_GCP_URL=server.url, PPROF_MCP_GCP_PROJECT="x", PPROF_MCP_GCP_TOKEN=TOKEN
        )
        with pytest.raises(ForbiddenError, match=r"cloudprofiler\.profiles\.list"):
            download(session, "gcp", service="shop", **WINDOW)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LOGIN, WrongHostError),
        (redirect("https://accounts.example/"), WrongHostError),
        (Reply(b"[]"), BadAnswerError),
        (Reply.json({"profiles": 1}), BadAnswerError),
        (Reply.json({"profiles": [{"profileType": "CPU", "profileBytes": "%%%"}]}), BadAnswerError),
        (Reply.json({}), ProfileGoneError),
    ],
)
def test_what_is_no_list_is_told(fault: Reply, error: type[PprofMcpError]) -> None:
    with CloudProfiler(PROFILES, token=TOKEN) as server:
        server.faults["*"] = fault
        with pytest.raises(error):
            download(asking(server), "gcp", service="shop", **WINDOW)

"""Bundles of every runtime that Datadog's profilers write: what is in them, and how it is called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.capture import CaptureResult
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof.tags import TagsResult

from tests.datadog import session_of
from tests.fake_datadog import FakeDatadog
from tests.fake_datadog.runtimes import RUNTIMES

KINDS = {
    "go": {"cpu.pprof": "cpu", "delta-heap.pprof": "heap", "delta-mutex.pprof": "mutex",
           "delta-block.pprof": "block", "goroutines.pprof": "goroutine"},
    "python": {"profile.pprof": "cpu"},
    "node": {"wall.pprof": "cpu", "space.pprof": "heap", "events.pprof": "other"},
    "ruby": {"profile.pprof": "cpu"},
    "php": {"profile.pprof": "cpu"},
    "dotnet": {"profile.pprof": "cpu"},
    "native": {"profile.pprof": "cpu"},
    "host": {"cpu.pprof": "cpu"},
    "java": {},
}  # fmt: skip
"""Files and their main kinds. Source: the sample types that the tracer of each runtime writes."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with FakeDatadog("runtimes") as fake:
        folder: Path = tmp_path_factory.mktemp("runtimes")
        yield session_of(fake, folder)


def opened(session: Session, runtime: str) -> CaptureResult:
    found = run(load("profiles.download_latest_bundle"), {"service": f"shop-{runtime}"}, session=session)
    assert isinstance(found, CaptureResult)
    return found


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_the_bundle_of_each_runtime_opens_with_its_kinds(session: Session, runtime: str) -> None:
    found = opened(session, runtime)
    assert {one.name: one.type for one in found.files} == KINDS[runtime]
    for other in found.others:
        assert other.reason
    if runtime == "java":
        assert any("JFR" in other.reason for other in found.others)
        assert any("no pprof profile" in warning for warning in found.warnings)


@pytest.mark.parametrize("key", ["thread id", "thread_id", "Thread.ID"])
@pytest.mark.parametrize("runtime", ["python", "ruby", "dotnet", "native", "host"])
def test_labels_are_found_however_a_runtime_spells_them(session: Session, runtime: str, key: str) -> None:
    file = opened(session, runtime).files[0]
    found = run(load("pprof.tags"), {"profile": file.handle, "key": key}, session=session)
    assert isinstance(found, TagsResult)
    assert [one.key.lower().replace("_", " ").replace(".", " ") for one in found.keys] == ["thread id"]
    assert found.keys[0].values

"""Whole calls on the shipped CPU profile: opening, asking, a drop-in report. Times are only reported."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp import _native
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import Answer, answer
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence

Measure = Callable[[Callable[[], object]], object]
"""What pytest-benchmark hands in: it calls a function often and gives what it returned."""

CPU = Path(__file__).resolve().parents[2] / "tests" / "data" / "go" / "main" / "cpu.pb.gz"
TOTAL = pp.open_profile(CPU).top().total

LARGE = Path(__file__).resolve().parents[2] / "target" / "bench" / "corpus" / "one1.pb.gz"
"""A profile of about 1 MB that `make bench` writes before."""

TOOLS = ("pprof.top", "pprof.peek", "pprof.tags", "pprof.traces_head", "pprof.focus_paths", "pprof.meta")


@pytest.fixture(autouse=True)
def only_release_builds() -> None:
    """A debug build would be measured for nothing."""
    assert pp.build_info()["profile"] == "release"


def test_opening_bytes(benchmark: Measure) -> None:
    content = CPU.read_bytes()
    opened: object = benchmark(lambda: pp.open_profile(io.BytesIO(content)))
    assert isinstance(opened, pp.Profile)
    assert len(opened) == 765


@pytest.mark.parametrize("question", ["top", "peek", "tags", "traces", "paths"])
def test_asking_an_opened_profile(benchmark: Measure, question: str) -> None:
    native = _native.Profile.decode(CPU.read_bytes())
    spec = json.dumps({"limit": 15, "regex": "pricing", "function": "pricing"})
    answer: object = benchmark(lambda: getattr(_native, question)(native, spec))
    assert isinstance(answer, bytes)
    assert json.loads(answer)["total"] == TOTAL


def test_a_tool_with_its_typed_result(benchmark: Measure) -> None:
    profile = pp.open_profile(CPU)
    total: object = benchmark(lambda: profile.top(cum=True).total)
    assert total == TOTAL


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_call_on_an_opened_profile_of_a_megabyte(benchmark: Measure, name: str) -> None:
    session = Session(fence=Fence([LARGE.parent]))
    opened = json.loads(answer(load("profiles.open"), {"path": str(LARGE)}, session=session, most=None).json)
    matching = {"pprof.peek": {"regex": "codec"}, "pprof.focus_paths": {"function": "codec"}}
    arguments = {"profile": opened["profiles"][0]["handle"], **matching.get(name, {})}
    spec = load(name)
    most = session.settings.answer_bytes
    answered: object = benchmark(lambda: answer(spec, arguments, session=session, most=most))
    assert isinstance(answered, Answer)
    assert json.loads(answered.json)


def test_merging_a_profile_with_itself(benchmark: Measure) -> None:
    profile = _native.Profile.decode(LARGE.read_bytes())
    merged: object = benchmark(lambda: _native.merge([profile] * 4))
    assert isinstance(merged, _native.Profile)
    one, four = (json.loads(_native.top(each, "{}"))["total"] for each in (profile, merged))
    assert four == 4 * one > 0


def test_a_drop_in_report_from_the_shell(benchmark: Measure) -> None:
    command = [sys.executable, "-m", "pprof_mcp", "pprof", "-top", str(CPU)]
    printed: object = benchmark(lambda: subprocess.run(command, capture_output=True, check=True).stdout)
    assert isinstance(printed, bytes)
    assert b"Total samples = 7" in printed

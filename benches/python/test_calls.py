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

Measure = Callable[[Callable[[], object]], object]
"""What pytest-benchmark hands in: it calls a function often and gives what it returned."""

CPU = Path(__file__).resolve().parents[2] / "tests" / "data" / "go" / "main" / "cpu.pb.gz"


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
    assert json.loads(answer)["total"] == 7_890_000_000


def test_a_tool_with_its_typed_result(benchmark: Measure) -> None:
    profile = pp.open_profile(CPU)
    total: object = benchmark(lambda: profile.top(cum=True).total)
    assert total == 7_890_000_000


def test_a_drop_in_report_from_the_shell(benchmark: Measure) -> None:
    command = [sys.executable, "-m", "pprof_mcp", "pprof", "-top", str(CPU)]
    printed: object = benchmark(lambda: subprocess.run(command, capture_output=True, check=True).stdout)
    assert isinstance(printed, bytes)
    assert b"Total samples = 7" in printed

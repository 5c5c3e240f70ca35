"""Against `go tool pprof` itself, where Go is there: the binary formats above all."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import DATA

GO = shutil.which("go")
GO_PROFILES = ("go/main/cpu.pb.gz", "go/main/heap.after.pb.gz", "go/main/mutex.after.pb.gz")
RUNTIMES = ("python", "node", "rust")

pytestmark = [
    pytest.mark.go,
    pytest.mark.skipif(GO is None, reason="Go is not here: nothing to compare with"),
]


def profiles() -> list[Path]:
    """One profile of each runtime and kind."""
    found = [DATA / name for name in GO_PROFILES]
    for runtime in RUNTIMES:
        found.extend(sorted(path for path in (DATA / runtime).rglob("*.p*") if path.is_file())[:2])
    return found


def run(command: list[str]) -> bytes:
    environment = {**os.environ, "TZ": "UTC"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=110)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


@pytest.fixture(scope="session")
def pprof() -> list[str]:
    """The command of pprof itself; Go builds it on first use."""
    return [str(GO), "tool", "pprof", "-symbolize=none"]


OURS = [sys.executable, "-m", "pprof_mcp", "pprof", "-symbolize=none"]


@pytest.mark.parametrize("report", ["-proto", "-topproto"])
@pytest.mark.parametrize("options", [[], ["-focus=shop"], ["-divide_by=2"]], ids=" ".join)
def test_profiles_written_are_those_that_pprof_writes(
    report: str, options: list[str], pprof: list[str]
) -> None:
    compared = 0
    for path in profiles():
        arguments = [report, *options, str(path)]
        if path.suffix not in {".gz", ".pprof"}:
            continue
        theirs = subprocess.run([*pprof, *arguments], capture_output=True, check=False, timeout=110)
        if theirs.returncode:
            continue  # A form that pprof does not read (zstd).
        assert gzip.decompress(run([*OURS, *arguments])) == gzip.decompress(theirs.stdout), arguments
        compared += 1
    assert compared >= 4


@pytest.mark.parametrize("report", ["-top", "-tree", "-raw", "-tags", "-traces", "-dot"])
def test_texts_are_those_that_pprof_prints_here(report: str, pprof: list[str]) -> None:
    path = str(DATA / "go" / "main" / "heap.after.pb.gz")
    assert run([*OURS, report, path]) == run([*pprof, report, path])

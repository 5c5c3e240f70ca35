"""Against `go tool pprof` itself, where Go is there: the binary formats above all."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pprof_mcp as pp
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
def pprof(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of pprof itself, built once: each test has a cache of its own, which is empty."""
    built = tmp_path_factory.mktemp("pprof") / "pprof"
    run([str(GO), "build", "-o", str(built), "cmd/pprof"])
    return [str(built), "-symbolize=none"]


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


PAIRS = [
    ("go/main/heap.before.pb.gz", "go/main/heap.after.pb.gz", "inuse_space"),
    ("go/main/heap.before.pb.gz", "go/main/heap.after.pb.gz", "alloc_objects"),
    ("go/main/mutex.before.pb.gz", "go/main/mutex.after.pb.gz", "delay"),
]


@pytest.mark.parametrize("granularity", ["functions", "lines", "addresses"])
@pytest.mark.parametrize("options", [{}, {"focus": "shop", "hide": "runtime"}], ids=["all", "filtered"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(pair[1:]))
def test_paths_change_by_what_is_left_when_pprof_subtracts(
    pair: tuple[str, str, str], options: dict[str, str], granularity: str, pprof: list[str]
) -> None:
    before, after, sample_index = pair
    sides = [str(DATA / name) for name in (before, after)]
    flags = [f"-{name}={value}" for name, value in options.items()]
    # Values without a unit are whole: pprof prints no more than a few digits of the others.
    unit = [] if sample_index == "alloc_objects" else ["-unit=" + ("ns" if sample_index == "delay" else "B")]
    command = [*pprof, f"-base={sides[0]}", "-traces", f"-{granularity}", *unit, *flags]
    theirs = traces(run([*command, f"-sample_index={sample_index}", sides[1]]).decode())
    one, other = (pp.open_profile(side) for side in sides)
    rows: list[Any] = []
    cursor = ""
    while cursor is not None:
        filters: Any = {"sample_index": sample_index, "granularity": granularity, **options}
        page = one.diff_paths(other, limit=200, max_depth=2_000, cursor=cursor, **filters)
        rows += page.rows
        cursor = page.cursor
    assert {tuple(row.frames): row.delta for row in rows} == theirs
    assert len(rows) > 3


def traces(text: str) -> dict[tuple[str, ...], float]:
    """Values by path, root first, of what `-traces` prints; those that add up to nothing are left out."""
    found: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for block in re.split(r"^-+\+-+\n", text, flags=re.MULTILINE)[1:]:
        lines = [line for line in block.splitlines() if not re.match(r" *\S+:  ", line)]
        if lines:
            value = re.match(r" *(-?[0-9.]+)[A-Za-z]* {3}", lines[0])
            assert value, lines[0]
            frames = [line[value.end() :].removesuffix(" (inline)") for line in lines[:1]]
            frames += [line.strip().removesuffix(" (inline)") for line in lines[1:]]
            found[tuple(reversed(frames))] += float(value[1])
    return {path: value for path, value in found.items() if value}

"""What pprof.pgo must get right; Go's own reader is asked where it is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import (
    InvalidArgumentError,
    InvalidProfileError,
    PathNotAllowedError,
    PprofMcpError,
    WrongProfileKindError,
)
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.merge import merge
from pprof_mcp.tools.pprof.pgo import pgo

from tests.cases import BUNDLE, CPU, HEAPS, Cases
from tests.tools.pprof.heaps import heap_of

CASES = Cases(
    good=[{"profiles": [CPU]}, {"profiles": [BUNDLE]}],
    wrong=[("profiles", HEAPS), ("keep_locations", -1)],
)

GO = shutil.which("go")
CPU_TYPES = (("samples", "count"), ("cpu", "nanoseconds"))


def totals(profile: pp.Profile) -> list[int]:
    """Sum each sample type."""
    return [item["total"] for item in profile.shared.meta["sample_types"]]


def test_labels_and_outer_frames_go_and_values_stay(cpu: str, tmp_path: Path) -> None:
    out = tmp_path / "default.pgo"
    result = pgo([cpu], output_path=str(out))
    made = pp.open_profile(out)
    given = pp.open_profile(cpu)
    assert made.shared.meta["label_keys"] == []
    assert totals(made) == totals(given)
    assert made.shared.meta["quality"]["max_depth"] == 5
    assert result.samples == len(made) < len(given)
    assert result.cpu_samples == totals(given)[0]
    assert result.output_bytes == out.stat().st_size < Path(cpu).stat().st_size
    assert (result.leaf_named_pct, result.leaf_placed_pct, result.usable_calls_pct) == (100, 100, 100)
    assert 0 < result.hot_calls < result.calls
    assert {row.name: row.flat for row in made.top(nodecount=500, nodefraction=0).rows if row.flat} == {
        row.name: row.flat for row in given.top(nodecount=500, nodefraction=0).rows if row.flat
    }
    whole = pgo([cpu], keep_locations=0)
    assert whole.output_bytes > result.output_bytes
    assert (whole.calls, whole.hot_calls) == (result.calls, result.hot_calls)


def test_the_order_of_the_profiles_changes_nothing(data: Path, cpu: str, tmp_path: Path) -> None:
    other = str(data / "go" / "healthy" / "cpu.pb.gz")
    files = [tmp_path / name for name in ("a.pgo", "b.pgo")]
    for file, order in zip(files, ([cpu, other], [other, cpu]), strict=True):
        assert pgo(order, output_path=str(file)).input_count == 2
    assert files[0].read_bytes() == files[1].read_bytes()
    one, two, both = (totals(pp.open_profile(path)) for path in (cpu, other, files[0]))
    assert both == [a + b for a, b in zip(one, two, strict=True)]


def test_other_kinds_and_runtimes_are_refused_with_a_reason(data: Path) -> None:
    result = pgo([str(data / "bundle.zip"), str(data / "rust" / "cpu.pb"), str(data / "node" / "wall.pb.gz")])
    assert (result.input_count, result.refused_count, result.failed_count) == (1, 6, 0)
    reasons = {row.name.rpartition("#")[2].rpartition("/")[2]: row.reason for row in result.refused}
    assert "alloc_space/bytes" in reasons["delta-heap.pprof"]
    assert "goroutine/count" in reasons["goroutines.pprof"]
    assert "no Go program" in reasons["cpu.pb"]
    assert "no Go program" in reasons["wall.pb.gz"]
    assert any("6 profiles are no CPU profiles" in warning for warning in result.warnings)
    with pytest.raises(WrongProfileKindError, match="none of 1 profiles is a CPU profile of a Go program"):
        pgo([str(data / "go" / "main" / "heap.after.pb.gz")])


def test_broken_inputs_fail_it_or_are_listed(data: Path, cpu: str) -> None:
    broken = str(data / "broken" / "cut.gz.pb.gz")
    with pytest.raises(PprofMcpError, match=r"cut\.gz"):
        pgo([cpu, broken])
    result = pgo([cpu, broken], keep_going=True)
    assert (result.input_count, result.failed_count) == (1, 1)
    assert result.failures[0].name.endswith("cut.gz.pb.gz")


def test_a_file_is_never_replaced_unasked_nor_written_outside_the_fence(cpu: str, tmp_path: Path) -> None:
    out = tmp_path / "default.pgo"
    out.write_text("mine")
    with pytest.raises(PprofMcpError, match="exists"):
        pgo([cpu], output_path=str(out))
    assert out.read_text() == "mine"
    assert pgo([cpu], output_path=str(out), overwrite=True).output_bytes == out.stat().st_size
    inside = tmp_path / "inside"
    inside.mkdir()
    session = Session(fence=Fence([inside, Path(cpu).parent]))
    with pytest.raises(PathNotAllowedError):
        pgo([cpu], output_path=str(tmp_path / "other.pgo"), session=session)
    assert not (tmp_path / "other.pgo").exists()
    for wrong in ({"output_path": "-"}, {"keep_locations": 1}):
        with pytest.raises(InvalidArgumentError):
            pgo([cpu], **wrong)  # pyright: ignore[reportArgumentType]


def test_profiles_the_compiler_would_refuse_or_not_use_are_told(tmp_path: Path, empty: str) -> None:
    without_start = heap_of(tmp_path, "perf.pb", [("main.f:3 < main.g:4", (1, 10))], types=CPU_TYPES)
    with pytest.raises(InvalidProfileError, match="on which line it starts"):
        pgo([without_start])
    nothing = pgo([empty])
    assert (nothing.samples, nothing.calls, nothing.usable_calls_pct) == (0, 0, 0)
    assert any("changes nothing" in warning for warning in nothing.warnings)


def test_few_samples_and_lost_lines_are_warned_of(cpu: str, tmp_path: Path) -> None:
    few = pgo([cpu])
    assert any("samples are few" in warning for warning in few.warnings)
    lost = heap_of(tmp_path, "lost.pb", [("main.f:3 < main.g:4", (9_000, 9 * 10**10))], types=CPU_TYPES)
    mixed = pgo([cpu, lost])
    assert mixed.usable_calls_pct < 50
    assert any("lines or start lines are missing" in warning for warning in mixed.warnings)


@pytest.mark.go
@pytest.mark.skipif(GO is None, reason="Go is not here: nothing to ask")
def test_go_reads_the_very_calls_that_were_counted(data: Path, cpu: str, tmp_path: Path) -> None:
    out = tmp_path / "default.pgo"
    result = pgo([cpu, str(data / "go" / "healthy" / "cpu.pb.gz")], output_path=str(out))
    read = tmp_path / "read.txt"
    subprocess.run(
        [str(GO), "tool", "preprofile", "-i", str(out), "-o", str(read)],
        check=True,
        capture_output=True,
        timeout=110,
    )
    # A header, then caller, callee, and offset with weight.
    lines = read.read_text().splitlines()[1:]
    assert len(lines) == 3 * result.calls > 0
    # What is kept of stacks changes nothing of it, and neither do labels.
    plain = tmp_path / "merged.pb.gz"
    merge([cpu, str(data / "go" / "healthy" / "cpu.pb.gz")], output_path=str(plain))
    whole = subprocess.run(
        [str(GO), "tool", "preprofile", "-i", str(plain), "-o", "/dev/stdout"],
        check=True, capture_output=True, timeout=110, text=True,
    ).stdout.splitlines()[1:]  # fmt: skip

    def calls(lines: list[str]) -> list[tuple[str, str, str]]:
        return sorted(zip(lines[::3], lines[1::3], lines[2::3], strict=True))

    assert calls(whole) == calls(lines)


@pytest.mark.go
@pytest.mark.skipif(GO is None, reason="Go is not here: nothing to ask")
def test_go_build_takes_the_file_and_says_so_in_the_binary(cpu: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/shop\n\ngo 1.21\n")
    (tmp_path / "main.go").write_text('package main\n\nfunc main() { println("ready") }\n')
    pgo([cpu], output_path=str(tmp_path / "default.pgo"))
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    built = subprocess.run(
        [str(GO), "build", "-pgo=default.pgo", "-o", "shop", "."],
        cwd=tmp_path, env=environment, check=False, capture_output=True, timeout=280, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    told = subprocess.run(
        [str(GO), "version", "-m", "shop"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
        text=True,
    )
    assert "-pgo=" in told.stdout
    assert "default.pgo" in told.stdout

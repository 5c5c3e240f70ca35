"""The gates of the benchmarks: what refuses to measure, what fails on growth."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benches.python import counts, peers
from benches.python.process import BenchError, measured
from benches.python.rows import Places, Top

WHERE = {"rustc": "1.95.0", "host": "x86_64-unknown-linux-gnu"}


def judged(found: dict[str, int], where: dict[str, str] = WHERE) -> list[str]:
    record: dict[str, Any] = {"where": WHERE, "counts": {"decode/heap": 1_000, "top/heap": 1_000}}
    return counts.judge(record, where, found)


def test_a_debug_build_is_not_measured() -> None:
    peers.refuse_debug({"profile": "release"})
    with pytest.raises(BenchError, match="debug build; make a release build: make setup"):
        peers.refuse_debug({"profile": "debug"})


def test_more_instructions_than_the_tolerance_are_a_fault_and_fewer_are_news(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert judged({"decode/heap": 1_019, "top/heap": 900}) == []
    assert "top/heap: -10.0%" in capsys.readouterr().out
    assert judged({"decode/heap": 1_021, "top/heap": 1_000}) == [
        "decode/heap: 1,000 -> 1,021 instructions, +2.1%"
    ]


def test_a_bench_without_record_or_a_record_without_bench_is_a_fault() -> None:
    faults = judged({"decode/heap": 1_000, "new/heap": 5})
    assert faults == ["new/heap is not in the record", "top/heap is in the record and not counted"]


def test_another_compiler_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    judged({"decode/heap": 1_000, "top/heap": 1_000}, {**WHERE, "rustc": "1.99.0"})
    said = capsys.readouterr().out
    assert "1.95.0" in said
    assert "1.99.0" in said


def test_every_counted_bench_is_in_the_record() -> None:
    recorded = json.loads(counts.RECORD.read_text(encoding="utf-8"))["counts"]
    assert set(recorded) == {f"{stage}/{workload}" for stage, workload, _ in counts.BENCHES}
    assert len(recorded) >= 10


def test_a_failing_command_and_a_missing_workload_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"ended with 3: out of luck"):
        measured([sys.executable, "-c", "import sys; print('out of luck', file=sys.stderr); sys.exit(3)"])
    with pytest.raises(BenchError, match="make bench-workloads"):
        Places(tmp_path, None, tmp_path).files("heap")


def test_texts_that_differ_in_one_byte_or_are_no_tables_are_not_timed(tmp_path: Path) -> None:
    row, places = Top("one1", "5x faster"), Places(tmp_path, None, tmp_path)
    text = "".join(f"{line} ms\n" for line in range(20))

    def write(ours: str, peer: str) -> None:
        (tmp_path / "top-one1.ours.txt").write_text(ours, encoding="utf-8")
        (tmp_path / "top-one1.peer.txt").write_text(peer, encoding="utf-8")

    write(text, text)
    row.compare(places, ["ours", "peer"])
    write(text, text.replace("7 ms", "8 ms"))
    with pytest.raises(BenchError, match="the texts differ"):
        row.compare(places, ["ours", "peer"])
    write("", "")
    with pytest.raises(BenchError, match="too short"):
        row.compare(places, ["ours", "peer"])

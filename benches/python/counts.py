"""`make bench-counts`: instructions of fixed stages, compared with those checked in."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parents[1] / "counts.json"
TOLERANCE = 0.02
"""Relative growth that is let pass. Source: measured, repeated runs differ by less than a thousandth."""

BENCHES = (
    ("decode", "heap", 2),
    ("decode", "labelled", 2),
    ("decode", "locations", 1),
    ("decode_gzip", "heap", 2),
    ("encode", "heap", 2),
    ("encode", "locations", 1),
    ("top", "heap", 2),
    ("top", "one1", 1),
    ("merge", "heap", 4),
    ("merge", "labelled", 4),
    ("merge", "locations", 2),
)
"""Stage, workload, files."""


class CountError(Exception):
    """Nothing can be counted; the message says what to do."""


def instructions(program: Path, stage: str, workload: str, files: int, times: int) -> int:
    """Count the instructions of a whole process, all threads.

    Raises:
        CountError: It failed.
    """
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    told = [str(program), stage, workload, str(files), str(times)]
    done = subprocess.run([*command, *told], capture_output=True, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not collected:
        raise CountError(f"{' '.join(told)} failed: {done.stderr.strip()[-2000:]}")
    return int(collected[1])


def count(program: Path) -> dict[str, int]:
    """Count every bench: what running the stage once more adds."""
    found: dict[str, int] = {}
    for stage, workload, files in BENCHES:
        # The second time finds memory that the first has warmed up, the third finds the same.
        two, three = (instructions(program, stage, workload, files, times) for times in (2, 3))
        found[f"{stage}/{workload}"] = three - two
        print(f"{stage}/{workload:<10} {three - two:>14,}", flush=True)
    return found


def here() -> dict[str, str]:
    """Name what the counts depend on besides the code."""
    told = subprocess.run(
        ["rustc", "--version", "--verbose"], capture_output=True, text=True, check=True
    ).stdout
    named = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
    return {"rustc": named["release"], "host": named["host"]}


def judge(record: dict[str, Any], where: dict[str, str], found: dict[str, int]) -> list[str]:
    """Compare with the record; what is over the tolerance, or not in it."""
    if record["where"] != where:
        print(
            f"NOTE: the record was made with {record['where']}, this is {where}: differences may be the "
            "compiler's. Compare two states of the code with one compiler before you believe them."
        )
    faults: list[str] = []
    for name, now in found.items():
        before = record["counts"].get(name)
        if before is None:
            faults.append(f"{name} is not in the record")
            continue
        change = now / before - 1
        if change > TOLERANCE:
            faults.append(f"{name}: {before:,} -> {now:,} instructions, {change:+.1%}")
        elif change < -TOLERANCE:
            print(f"{name}: {change:+.1%}, better than the record; keep it with --update")
    faults.extend(
        f"{name} is in the record and not counted" for name in record["counts"] if name not in found
    )
    return faults


def main() -> int:
    """Count, then compare or record; the exit status is 1 when something grew."""
    parser = argparse.ArgumentParser(prog="python -m benches.python.counts", description=__doc__)
    parser.add_argument("program", type=Path, help="the release build of benches/core/src/bin/stage.rs")
    parser.add_argument("--update", action="store_true", help="record the counts instead of comparing them")
    chosen = parser.parse_args()
    if not shutil.which("valgrind"):
        print("bench-counts: no valgrind here; install it from your system's packages", file=sys.stderr)
        return 1
    try:
        where, found = here(), count(chosen.program)
    except CountError as problem:
        print(f"bench-counts: {problem}", file=sys.stderr)
        return 1
    if chosen.update:
        RECORD.write_text(json.dumps({"where": where, "counts": found}, indent=2) + "\n", encoding="utf-8")
        print(f"recorded in {RECORD.name}")
        return 0
    faults = judge(json.loads(RECORD.read_text(encoding="utf-8")), where, found)
    for fault in faults:
        print(f"bench-counts: {fault}", file=sys.stderr)
    if faults:
        print("bench-counts: if that is meant: make bench-counts UPDATE=1", file=sys.stderr)
    else:
        print(f"{len(found)} counts, none more than {TOLERANCE:.0%} above the record")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

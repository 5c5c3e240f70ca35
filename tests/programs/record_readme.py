"""Writes ``tests/data/README.md``: every file with its size and where it comes from."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import tools

ORIGINS = (
    ("bundle.zip", "go", "the main run packed as Datadog's Go tracer uploads it, with `event.json`"),
    ("bundle-python.zip", "python", "the Python profile packed the same way; its profile is zstd"),
    ("planted.json", "go", "every planted fault: place, designed and recorded size (`programs/PLANTED.md`)"),
    ("go/*/cpu.pb.gz", "go", "CPU of 10 s at 100 Hz, labels tenant, endpoint and step"),
    ("go/*/heap.before.pb.gz", "go", "heap before the load"),
    ("go/*/heap.after.pb.gz", "go", "heap after the load"),
    ("go/*/goroutine.before.pb.gz", "go", "goroutines before the load"),
    ("go/*/goroutine.after.pb.gz", "go", "goroutines after the load"),
    ("go/*/mutex.*.pb.gz", "go", "mutex contention since the start, before or after the load"),
    ("go/*/block.*.pb.gz", "go", "blocking since the start, before or after the load"),
    ("go/*/delta-*.pb.gz", "go", "after less before: counters subtracted, inuse kept as it is"),
    ("go/*/allocs.pb.gz", "go", "the same as heap.after, alloc_space by default"),
    ("go/*/threadcreate.pb.gz", "go", "threads created"),
    ("go/*/*.debug1.txt*", "go", "the text that `?debug=1` gives; long ones compressed"),
    (
        "go/*/*.debug2.txt*",
        "go",
        "the stacks that `?debug=2` gives, with states and ages; long ones compressed",
    ),
    ("go/*/metrics.json", "go", "runtime metrics of the recorded window"),
    ("go/*/run.json", "go", "what the run did: counts, sizes, holds, times"),
    ("node/wall.pb.gz", "node", "wall and CPU time with labels, no line of the sample"),
    ("node/wall-lines.pb.gz", "node", "wall time by line, without labels"),
    ("node/heap.pb.gz", "node", "live heap"),
    ("python/profile.pprof", "python", "20 sample types, as the profiler wrote it (zstd)"),
    ("python/profile.pb.gz", "python", "the same profile as gzip"),
    ("rust/cpu.pb", "rust", "CPU, not compressed"),
    ("legacy/*", "legacy", "an invented program in one of the formats older than profile.proto"),
    ("broken/*", "broken", "no profile, or not quite one"),
    ("goldens/*", "goldens", "reports of `go tool pprof` for these files"),
)

HEAD = """# Recorded data

Every file here was written by a program in `tests/programs/`; the last column names the step of
`python tests/programs/record.py STEP` that writes it. All of it is this project's own work under its licence,
Apache-2.0. `go/main/` is the shop with planted faults, `go/healthy/` the same load without any.

A line of `goldens/*.jsonl.gz` is a JSON object with `args`, `profiles`, `stdout`, `stderr` and `exit`: what
`pprof -symbolize=none ARGS PROFILES` of the Go distribution gave in this folder with `TZ=UTC`. The cases are
those of `programs/golden_cases.py` that gave the same answer each time, less very long ones. `-list` cases
find their source with `-source_path=../programs/goservice`, so the sources there must stay as recorded.

| file | bytes | what | step |
|---|---|---|---|
"""


def origin(name: str) -> tuple[str, str]:
    """Gives the step that writes a file, and what the file is.

    Raises:
        LookupError: The file has no entry in ORIGINS.
    """
    for pattern, step, what in ORIGINS:
        if fnmatch(name, pattern):
            return step, what
    raise LookupError(f"{name} has no entry in ORIGINS of record_readme.py")


def record(_scratch: Path) -> None:
    """Writes the table."""
    rows = ""
    for path in sorted(p for p in tools.DATA.rglob("*") if p.is_file()):
        name = path.relative_to(tools.DATA).as_posix()
        if name != "README.md":
            step, what = origin(name)
            rows += f"| {name} | {path.stat().st_size} | {what} | {step} |\n"
    (tools.DATA / "README.md").write_text(HEAD + rows, encoding="utf-8")

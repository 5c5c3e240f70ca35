"""Records the Go service, healthy and with its planted faults, and packs the bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import cast

import plants
import tools

HOME = Path("/srv/shop")
"""Where the service is built and run: the path that its profiles name as mapping. Source: chosen."""
HEALTHY = (
    "cpu.pb.gz", "heap.before.pb.gz", "heap.after.pb.gz", "goroutine.before.pb.gz", "goroutine.after.pb.gz",
    "mutex.after.pb.gz", "block.after.pb.gz", "goroutine.debug2.txt", "metrics.json", "run.json",
)  # fmt: skip
BUNDLE = {
    "cpu.pprof": "cpu.pb.gz",
    "delta-heap.pprof": "delta-heap.pb.gz",
    "delta-mutex.pprof": "delta-mutex.pb.gz",
    "delta-block.pprof": "delta-block.pb.gz",
    "goroutines.pprof": "goroutine.after.pb.gz",
    "metrics.json": "metrics.json",
}


def record(scratch: Path) -> None:
    """Builds and runs the service twice; the run with faults takes a minute more, so that waits have ages."""
    HOME.mkdir(parents=True)
    try:
        tools.go_build(tools.PROGRAMS / "goservice", ".", HOME / "shop")
        for name, flags in (("main", ("-age", "61s")), ("healthy", ("-healthy",))):
            (scratch / name).mkdir()
            tools.run("nice", "-n", "-15", HOME / "shop", "-out", scratch / name, *flags, cwd=HOME)
    finally:
        shutil.rmtree(HOME)
    deltas(scratch)
    for name in ("main", "healthy"):
        target = tools.DATA / "go" / name
        shutil.rmtree(target, ignore_errors=True)
        for path in sorted((scratch / name).iterdir()):
            if name == "main" or path.name in HEALTHY:
                tools.keep(path, target)
    bundle()
    planted(scratch)


def deltas(scratch: Path) -> None:
    """Adds the differences between the two snapshots to the recorded files."""
    tools.go_build(tools.PROGRAMS / "proftools", "./cmd/delta", scratch / "delta")
    main = scratch / "main"
    for kind in ("heap", "mutex", "block"):
        before, after = main / f"{kind}.before.pb.gz", main / f"{kind}.after.pb.gz"
        out = main / f"delta-{kind}.pb.gz"
        tools.run(scratch / "delta", "-before", before, "-after", after, "-out", out)


def bundle() -> None:
    """Packs the run as a continuous profiler uploads it."""
    main = tools.DATA / "go" / "main"
    run = cast("dict[str, int | str]", json.loads((main / "run.json").read_text(encoding="utf-8")))
    counts = {"GET /quote": "quotes", "GET /search": "searches", "POST /cart": "carts"}
    counts |= {"POST /checkout": "checkouts", "GET /rates": "rates"}
    tags = {
        "service": "shop", "env": "test", "version": "1.0.0", "host": "shop-1", "runtime": "go",
        "language": "go", "runtime_version": "go1.26", "profile_seq": "1",
        "runtime-id": "00000000-0000-4000-8000-000000000001", "runtime_os": "linux", "runtime_arch": "amd64",
    }  # fmt: skip
    event = {
        "start": run["start"],
        "end": run["end"],
        "attachments": sorted(BUNDLE),
        "tags_profiler": ",".join(f"{k}:{v}" for k, v in tags.items()),
        "family": "go",
        "version": "4",
        "endpoint_counts": {endpoint: run[key] for endpoint, key in sorted(counts.items())},
        "custom_attributes": ["endpoint", "step", "tenant"],
    }
    members = [(name, (main / file).read_bytes()) for name, file in BUNDLE.items()]
    members.append(("event.json", (json.dumps(event, indent=2) + "\n").encode()))
    tools.archive(tools.DATA / "bundle.zip", members)


def planted(scratch: Path) -> None:
    """Writes planted.json and PLANTED.md."""
    tool = tools.pprof(scratch)

    def top(plant: plants.Plant) -> str:
        flags = ["-symbolize=none", "-top", "-lines", "-trim=false", f"-unit={plant.unit}"]
        command = [str(tool), *flags, f"-sample_index={plant.sample_type}", plant.profile]
        return subprocess.run(
            command, cwd=tools.DATA, check=True, capture_output=True, encoding="utf-8"
        ).stdout

    run = cast("dict[str, int]", json.loads((tools.DATA / "go/main/run.json").read_text(encoding="utf-8")))
    rows = plants.table(tools.PROGRAMS / "goservice", run, top)
    if off := plants.off(rows):
        raise RuntimeError(f"these plants are not as designed, is the machine busy? {'; '.join(off)}")
    (tools.DATA / "planted.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    (tools.PROGRAMS / "PLANTED.md").write_text(plants.markdown(rows), encoding="utf-8")

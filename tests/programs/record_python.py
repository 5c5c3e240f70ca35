"""Records the Python service with ddtrace, whose profiles are compressed with zstd."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import tools

HOME = Path("/srv/orders")
"""Where the service and its environment are: its profile names this path. Source: chosen."""
QUIET = {
    "DD_TRACE_ENABLED": "false",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_PROFILING_UPLOAD_INTERVAL": "60",
}
UNPACK = """
import sys, zstandard
reader = zstandard.ZstdDecompressor().stream_reader(sys.stdin.buffer)
sys.stdout.buffer.write(reader.read())
"""


def interpreter() -> Path:
    """Makes an interpreter below HOME.

    One that is installed in somebody's home folder is copied, since its frames would name that folder.
    """
    base = Path(sys.base_prefix)
    program = Path("bin") / f"python3.{sys.version_info.minor}"
    if base not in (Path("/usr"), Path("/usr/local")):
        shutil.copytree(
            base, HOME / "python", symlinks=True, ignore=shutil.ignore_patterns("site-packages", "test")
        )
        base = HOME / "python"
    tools.run(base / program, "-m", "venv", HOME / "venv")
    return HOME / "venv/bin/python"


def record(scratch: Path) -> None:
    """Runs the service in an environment of its own and keeps its profile as written and as gzip."""
    shutil.copytree(tools.PROGRAMS / "python-service", HOME)
    try:
        python = interpreter()
        tools.run(python, "-m", "pip", "install", "--quiet", "-r", HOME / "requirements.txt")
        tools.run(
            python, "main.py", cwd=HOME, env={**QUIET, "DD_PROFILING_OUTPUT_PPROF": str(scratch / "out")}
        )
        written = next(scratch.glob("out.*.pprof")).read_bytes()
        plain = tools.pipe(written, python, "-c", UNPACK)
    finally:
        shutil.rmtree(HOME)
    folder = tools.DATA / "python"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "profile.pprof").write_bytes(written)
    (folder / "profile.pb.gz").write_bytes(tools.squeeze(plain))
    provenance = {
        "v1": [{"kind": "", "name": "orders", "version": "1.0.0", "paths": ["/srv/orders/main.py"]}]
    }
    members = [("profile.pprof", written), ("code-provenance.json", json.dumps(provenance).encode())]
    tools.archive(tools.DATA / "bundle-python.zip", members)

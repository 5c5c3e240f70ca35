"""Records the Rust service with pprof-rs, which writes profiles that are not compressed."""

from __future__ import annotations

import shutil
from pathlib import Path

import tools

HOME = Path("/srv/ledger")
"""Where the service is built: the path that its profile names in its frames. Source: chosen."""


def record(scratch: Path) -> None:
    """Builds and runs the service."""
    shutil.copytree(tools.PROGRAMS / "rust-service", HOME, ignore=shutil.ignore_patterns("target"))
    remap = f"--remap-path-prefix={Path.home()}/.cargo/registry/src=/cargo"
    try:
        env = {"RUSTFLAGS": remap, "CARGO_TARGET_DIR": str(HOME / "target")}
        tools.run("cargo", "build", "--release", "--locked", "--quiet", cwd=HOME, env=env)
        tools.run(HOME / "target/release/ledger", scratch / "cpu.pb", cwd=HOME)
    finally:
        shutil.rmtree(HOME)
    tools.keep(scratch / "cpu.pb", tools.DATA / "rust")

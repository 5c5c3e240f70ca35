"""Records the Node service."""

from __future__ import annotations

import shutil
from pathlib import Path

import tools

HOME = Path("/srv/storefront")
"""Where the service runs: the path that its profiles name in their frames. Source: chosen."""


def record(scratch: Path) -> None:
    """Installs the service's one dependency and runs it."""
    source = tools.PROGRAMS / "node-service"
    shutil.copytree(source, HOME, ignore=shutil.ignore_patterns("node_modules"))
    try:
        tools.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=HOME)
        tools.run("node", "main.js", scratch, cwd=HOME)
    finally:
        shutil.rmtree(HOME)
    for path in sorted(scratch.glob("*.pb.gz")):
        tools.keep(path, tools.DATA / "node")

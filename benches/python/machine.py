"""Where a measurement was made."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path


def facts(peers: Path | None) -> dict[str, str]:
    """Name the machine and the versions of everything that counts.

    Args:
        peers: The Go programs, whose versions are named too.
    """
    found = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Rust": _said("rustc", "--version"),
    }
    if peers:
        told = _said("go", "version", "-m", str(peers / "pprof")).splitlines()
        module = next(line.split() for line in told if line.split()[0] == "mod")
        found["Go"] = told[0].rpartition(" ")[2]
        found["google/pprof"] = module[2]
    return found


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

"""Writes the legacy forms to ``tests/data/legacy`` and makes sure that pprof reads each."""

from __future__ import annotations

import shutil
from pathlib import Path

import tools
from legacy.forms import files


def record(scratch: Path) -> None:
    """Writes and checks them all.

    Raises:
        subprocess.CalledProcessError: pprof does not read one of them.
    """
    folder = tools.DATA / "legacy"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)
        tools.run(
            tools.pprof(scratch), "-symbolize=none", f"-output={scratch / 'out'}", "-proto", folder / name
        )

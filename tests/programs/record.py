"""Records everything below ``tests/data`` anew: ``python record.py [STEP ...]``, all steps without a name.

Needs Go; the steps node, python and rust need their own toolchains. What a step records depends on the
machine and the moment, so tests read the committed files and this program is run only to change them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import goldens
import record_broken
import record_go
import record_legacy
import record_node
import record_python
import record_readme
import record_rust

STEPS: dict[str, Callable[[Path], None]] = {
    "go": record_go.record,
    "node": record_node.record,
    "python": record_python.record,
    "rust": record_rust.record,
    "legacy": record_legacy.record,
    "broken": record_broken.record,
    "goldens": goldens.record,
    "readme": record_readme.record,
}


def main() -> None:
    """Runs the named steps in their fixed order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(STEPS))
    wanted: list[str] = parser.parse_args().steps
    unknown = sorted(set(wanted) - set(STEPS))
    if unknown:
        parser.error(f"unknown step {', '.join(unknown)}; there are {', '.join(STEPS)}")
    os.environ["TZ"] = "UTC"
    for name, step in STEPS.items():
        if not wanted or name in wanted:
            with tempfile.TemporaryDirectory() as scratch:
                step(Path(scratch))
            print(f"{name}: recorded")


if __name__ == "__main__":
    main()

"""Calls of every tool, written beside its own tests, for the tests that hold all tools to the same rules.

`tests/tools/pprof/test_x.py` says in `CASES` how `pprof.x` is called; nothing else has to know of a new tool.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from pprof_mcp.registry.discover import load_all

from tests.support import DATA

Arguments = dict[str, Any]

CPU = str(DATA / "go" / "main" / "cpu.pb.gz")
HEAPS = [str(DATA / "go" / "main" / f"heap.{when}.pb.gz") for when in ("before", "after")]
BUNDLE = str(DATA / "bundle.zip")
_OUT = tempfile.TemporaryDirectory(prefix="pprof-mcp-cases-")
OUT = Path(_OUT.name)
"""Where tools may write; gone with the process."""


@dataclass(frozen=True)
class Cases:
    """How one tool is called.

    Attributes:
        good: Arguments of calls that answer, the usual one first.
        wrong: One bad argument each; every call is an error.
        nothing: Arguments besides `profile` of calls that find nothing; made on a profile with samples and on
            one without. The answer warns.
        is_steady: Whether the same call gives the same bytes and may be made at any time.
    """

    good: list[Arguments]
    wrong: list[tuple[str, object]]
    nothing: list[Arguments] = field(default_factory=list[Arguments])
    is_steady: bool = True


@cache
def cases() -> dict[str, Cases]:
    """Give the cases of every tool, by dotted name.

    Raises:
        AttributeError: The tests of a tool have no `CASES`.
    """
    found: dict[str, Cases] = {}
    for spec in load_all():
        *groups, name = spec.name.split(".")
        module = import_module(".".join(["tests", "tools", *groups, f"test_{name}"]))
        found[spec.name] = module.CASES
    return found

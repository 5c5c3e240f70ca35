"""Marks functions by what rules know about their names, and has the core group samples by it."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

from pprof_mcp import _native
from pprof_mcp.filters import spec
from pprof_mcp.insight.runtime import runtime_of, runtime_of_names
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows, ask

KIND: Final = 0xFF
PLUMBING: Final = 0x100
OWN: Final = 0x200
WRAPS: Final = 0x400
"""The bits of a mark, as the core reads them."""

Marking = Callable[[str, str, "str | None"], int]
"""From name, file and runtime to a mark."""


class Marked:
    """The functions of a profile under filters, to be marked and grouped as often as needed.

    Args:
        profile: The profile.
        filters: The shared options.
        runtime: Where it comes from, when that is known, as for a part of what was looked at before.

    Raises:
        PprofMcpError: As the core says.
    """

    def __init__(self, profile: Profile, filters: Mapping[str, object], runtime: str | None = None) -> None:
        self.profile = profile
        self.filters = filters
        self.functions: Rows = ask(_native.functions, profile, filters)
        names, files, cum = (self.functions[key] for key in ("name", "file", "cum"))
        self.runtime = (
            runtime
            or runtime_of(zip(files, cum, strict=True))
            or runtime_of_names(zip(names, cum, strict=True))
        )

    def groups(self, marking: Marking, **query: object) -> Rows:
        """Group the samples.

        Args:
            marking: Marks a function; asked once for each.
            **query: What the core is asked besides.
        """
        found = _native.groups(self.profile.native, spec(self.filters, **query), self.marks(marking))
        return cast("Rows", json.loads(found))

    def marks(self, marking: Marking) -> bytes:
        """Mark every function, as the core reads it."""
        names, files = self.functions["name"], self.functions["file"]
        marked = (marking(name, file, self.runtime) for name, file in zip(names, files, strict=True))
        return packed("H", marked)


def packed(code: str, numbers: Iterable[int]) -> bytes:
    """Write numbers as the core reads them, the lowest byte first.

    Args:
        code: Of the module array: `H` for two bytes, `I` for four.
        numbers: What to write.
    """
    written = array(code, numbers)
    if sys.byteorder == "big":
        written.byteswap()
    return written.tobytes()

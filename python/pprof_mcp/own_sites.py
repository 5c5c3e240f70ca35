"""Has the core group samples by lines of the user's own code."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from pprof_mcp import _native
from pprof_mcp.filters import spec
from pprof_mcp.insight.own_code import own_code
from pprof_mcp.insight.runtime import runtime_of
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows, ask

PLUMBING: Final = 0x100
OWN: Final = 0x200
"""The bits of a mark, as the core reads them; the low byte is the kind."""

Kind = Callable[[str, str], int]
"""From name and file to a kind, 0 for none."""


class OwnSites:
    """The functions of a profile, marked, to be grouped as often as needed.

    Args:
        profile: The profile.
        filters: The shared options.
        prefixes: What is own code; found from the profile when empty.
        kind: Gives the kind of a function; asked once for each.

    Raises:
        PprofMcpError: As the core says.
    """

    def __init__(
        self,
        profile: Profile,
        filters: Mapping[str, object],
        prefixes: Sequence[str] = (),
        kind: Kind | None = None,
    ) -> None:
        self.profile = profile
        self.filters = filters
        found: Rows = ask(_native.functions, profile, filters)
        names, files, weights = found["name"], found["file"], found["cum"]
        # Where all values are zero, the number of functions decides.
        self.runtime = runtime_of(zip(files, (abs(weight) + 1 for weight in weights), strict=True))
        self.own = own_code(zip(names, files, weights, strict=True), self.runtime, prefixes)
        self.warnings: list[str] = found["warnings"]
        marks = array("H")
        for name, file in zip(names, files, strict=True):
            mark = OWN if self.own(name, file) else 0
            if self.runtime == "go" and name.startswith(("runtime.", "internal/runtime/")):
                mark |= PLUMBING
            marks.append(mark | (kind(name, file) if kind else 0))
        if sys.byteorder == "big":
            marks.byteswap()
        self._marks = marks.tobytes()

    def groups(self, **query: object) -> Rows:
        """Group the samples; see `GroupsQuery` of the core for what can be asked.

        Raises:
            PprofMcpError: As the core says.
        """
        filters = {**self.filters, **{key: query.pop(key) for key in ("sample_index",) if key in query}}
        return cast(
            "Rows", json.loads(_native.groups(self.profile.native, spec(filters, **query), self._marks))
        )


def frame_text(frame: Mapping[str, object]) -> str:
    """Write a frame: the function and, if known, file name and line."""
    file, line = str(frame["file"]), frame["line"]
    base = file.replace("\\", "/").rpartition("/")[2]
    if base in ("", "."):
        return str(frame["function"])
    return f"{frame['function']} {base}:{line}" if line else f"{frame['function']} {base}"
